"""Numbers as they are written."""

import re

_MANTISSA = re.compile(r"\s*[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?\s*")
SMALLEST = 5e-324  # the smallest floating-point number above 0


def vanishes(text: str) -> bool:
    """Return whether a decimal number is 0 in floating point though it is not 0 as written."""
    found = _MANTISSA.fullmatch(text)
    return bool(found) and found[1].strip("0.") != "" and float(text) == 0

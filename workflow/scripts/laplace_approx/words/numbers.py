"""Numbers as a reader wants them: few digits, a true minus sign, a dash where there is none.

A number that is none is None in a record and NaN in a table; `or_none` and `or_nan` go between.
"""

import math
import sys

ABSENT = "–"


def number(value, digits: int = 4) -> str:
    """Return a number with `digits` significant digits; a dash for None and NaN."""
    if math.isnan(or_nan(value)):
        return ABSENT
    if math.isinf(value):
        return minus("-∞" if value < 0 else "∞")
    if value != 0 and not 1e-4 <= abs(value) < 1e7:
        mantissa, exponent = f"{value:.{max(digits - 2, 0)}e}".split("e")
        return minus(f"{float(mantissa):g}e{int(exponent)}")
    written = f"{value:,.{digits}g}" if abs(value) < 10**digits else f"{value:,.0f}"
    return minus(written)


# Digits of a number of which nobody knows the error; doubled, it seems to be known as others are.
UNSURE_DIGITS = 2


def known(value, error, digits: int = 4) -> str:
    """Return a number with the digits that its absolute error leaves it, `digits` at the most.

    The last one has the place of the first digit of the error: 3.45 of 3.4491 known to 0.02. Where
    the error is not known it has two.
    """
    if or_none(value) is None:
        return number(value)
    rounded, left = _left_by(value, error, digits)
    return number(rounded, left) if left > 0 else minus(f"{rounded:,.{_after_point(error)}f}")


def known_plain(value: float, error, digits: int = 4) -> str:
    """Return the same as plain text, without marks between thousands: for a record."""
    rounded, left = _left_by(value, error, digits)
    return f"{rounded:.{left}g}" if left > 0 else f"{rounded:.{_after_point(error)}f}"


def known_pair(values, errors, digits: int = 4) -> str:
    """Return an interval with the digits that the errors of its ends leave them."""
    low, high = map(known, values, errors, (digits, digits))
    return f"{low} to {high}"


def _left_by(value: float, error, digits: int) -> tuple[float, int]:
    """Return the number rounded to the digits that its error leaves, and how many these are."""
    if or_none(error) is None:
        return value, min(digits, UNSURE_DIGITS)
    # an error below the spacing of numbers at the value leaves it every digit, as none does
    if not error > max(math.ulp(value), sys.float_info.min):
        return value, digits
    place = math.floor(math.log10(error))
    rounded = float(f"{round(value / 10.0**place) * 10.0**place:.15g}")
    if rounded == 0:
        return 0.0, 0
    return rounded, min(digits, math.floor(math.log10(abs(rounded))) - place + 1)


def _after_point(error: float) -> int:
    return max(-math.floor(math.log10(error)), 0)


def rounded_up(width: float) -> str:
    """Return a width with two digits, of which the last is not too small."""
    unit = 10.0 ** (math.floor(math.log10(width)) - 1) if 0 < width < math.inf else 1.0
    return f"{math.ceil(width / unit) * unit:.2g}" if math.isfinite(width) else str(width)


def or_none(value) -> float | None:
    """Return a float for a record; None for None and for what is not finite."""
    return float(value) if value is not None and math.isfinite(value) else None


def or_nan(value) -> float:
    """Return a number of a record for a table; NaN for None."""
    return math.nan if value is None else value


def quoted(value) -> str:
    """Return a number in the shortest form that 12 digits allow."""
    return f"{value:.12g}"


def significant(value, digits: int = 3) -> str:
    """Return a number with `digits` significant digits, trailing zeros kept; a dash for NaN."""
    return ABSENT if math.isnan(or_nan(value)) else f"{value:#.{digits}g}".rstrip(".")


def signed(value: float) -> str:
    """Return a number with its sign and two decimals."""
    return ABSENT if math.isnan(value) else f"{value:+.2f}"


def to_scale(value, span: float) -> str:
    """Return `value` to about a thousandth of `span`."""
    value = float(value)
    if math.isnan(value):
        return "none"
    if math.isinf(value):
        return minus("-∞" if value < 0 else "∞")
    if abs(value) >= 1e7 or 0 < span < 1e-3:
        return scientific(value, 3)
    text = f"{value:,.{decimals(span)}f}"
    return minus(text if float(text.replace(",", "")) else text.lstrip("-"))


def error_sd(value) -> str:
    """Return an error in exact SDs with two decimals: "0.40", "<0.01"."""
    if or_none(value) is None:
        return ABSENT
    if 0 < abs(value) < 0.005:
        return "<0.01"
    return minus(f"{value:.2f}")


def share(value) -> str:
    """Return a probability in per cent with one decimal where that tells it from 0 and 100."""
    if or_none(value) is None:
        return ABSENT
    if 0.0005 <= value <= 0.9995 or value in (0, 1):
        return f"{100 * value:.1f} %"
    return percent(value)


def mass(value) -> str:
    """Return a small share in per cent with two significant digits."""
    return ABSENT if or_none(value) is None else percent(value)


def count(value) -> str:
    """Return a whole number with its thousands apart."""
    return ABSENT if or_none(value) is None else f"{value:,.0f}"


def counted(number_of: int, noun: str) -> str:
    """Return "1 draw" or "1,500 draws"."""
    return f"{int(number_of):,} {noun}{'' if number_of == 1 else 's'}"


def byte_size(size: int) -> str:
    """Return "4294967296 bytes (4 GiB)"."""
    return f"{size} bytes ({size / 2**30:.3g} GiB)"


def nominal(probability: float) -> str:
    """Return a probability that is given, not found, in per cent: "2.5 %", "95 %"."""
    return f"{100 * probability:g} %"


def pair(values, digits: int = 4) -> str:
    """Return an interval, "3.448 to 25.30"."""
    return f"{number(values[0], digits)} to {number(values[1], digits)}"


def listed(words) -> str:
    """Return words as a list of a sentence: "a", "a and b", "a, b and c"."""
    words = list(words)
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def capital(text: str) -> str:
    """Return a text with its first letter large, as a sentence begins."""
    return text[:1].upper() + text[1:]


def minus(text: str) -> str:
    """Return a formatted number with a true minus sign."""
    return text.replace("-", "\N{MINUS SIGN}")


def percent(share: float) -> str:
    """Return a share in per cent with two significant digits: "5.6 %", "0.0004 %", "100 %"."""
    share = float(share)
    if not math.isfinite(share):
        return "unknown"
    value = 100 * share
    if value == 0 or value >= 10:
        # 99.96 % must not be called 100 %: digits are added until the distance to it shows
        digits = 0 if value in (0, 100) else max(0, 1 - math.floor(math.log10(abs(100 - value))))
        return f"{value:.{min(digits, 6)}f} %"
    if abs(value) < 1e-4:
        return f"{scientific(value, 1)} %"
    return minus(f"{value:.{1 - math.floor(math.log10(abs(value)))}f} %")


def scientific(value: float, digits: int) -> str:
    """Return "1.5e9" or "2.9e-6" (with a true minus sign), `digits` after the point."""
    mantissa, exponent = f"{value:.{digits}e}".split("e")
    return minus(f"{mantissa}e{int(exponent)}")


def decimals(span: float) -> int:
    """Return how many decimals show a value to a thousandth of `span`, between 0 and 6."""
    if not (math.isfinite(span) and span > 0):
        return 3
    return min(max(3 - math.floor(math.log10(span)), 0), 6)


def power(value: float) -> str:
    """Return a tick of a logarithmic axis: "0.001", "200", "1,000,000", "1e-6", "5e12"."""
    if 1e-3 <= value <= 1e6:
        return f"{value:,.9g}"
    return scientific(value, 0)

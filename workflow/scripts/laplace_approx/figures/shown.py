"""Which quantities are shown where there are too many to show."""

import math

MOST = 6  # panels, curves or pictures of one kind


def shown_names(names, verdict: dict) -> tuple[tuple[str, ...], str]:
    """Return the names to show, and a sentence about those that are not ("" where all are).

    Above six, they are the six whose 95 % interval is furthest off according to the record of the
    verdict, furthest first; what is not known comes last, in the order of the model.
    """
    names = tuple(names)
    if len(names) <= MOST:
        return names, ""

    def off(name):
        value = verdict["quantities"][name]["endpoint_error_sd"]["95"]["value"]
        return -math.inf if value is None else value

    shown = tuple(sorted(names, key=lambda name: -off(name))[:MOST])
    known = math.isfinite(off(shown[0]))
    which = "those whose 95 % interval is furthest off" if known else "the first"
    return shown, f"{MOST} of {len(names)} are shown: {which}"

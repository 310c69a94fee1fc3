"""The classes of a verdict, and which of them distances that are known with errors leave open.

Each end of an interval is held against the tolerance by a state: it is within, it is not, or its
error leaves that open.
"""

import numpy as np

# From best to worst. "unknown" is for a judge with standard errors: what is within bounds is known.
ORDER = ("fine", "fine_for_50", "unknown", "remedy", "sample", "declined")
VERDICTS = tuple(each for each in ORDER if each != "unknown")
GOOD, OPEN, BAD = "good", "open", "bad"


def state(off, error, tolerance: float) -> str:
    """Return whether all distances `off` (n,) are within the tolerance, their errors counted."""
    if np.all(np.abs(off) + error <= tolerance):
        return GOOD
    return BAD if np.any(np.abs(off) - error > tolerance) else OPEN


def possible(half: str, wide: str, remedy: str) -> list[str]:
    """Return every verdict that the states leave open, from best to worst.

    `half` and `wide` are those of the 50 and the 95 % interval of the normal, `remedy` that of the
    best of everything else. An interval serves only with all within it.
    """
    found = set()
    if half != BAD:
        found |= {"fine"} if wide == GOOD else {"fine_for_50"}
        found |= {"fine", "fine_for_50"} if wide == OPEN else set()
    if half != GOOD:
        found |= {"remedy"} if remedy == GOOD else {"sample"}
        found |= {"remedy", "sample"} if remedy == OPEN else set()
    return sorted(found, key=ORDER.index)


def decided(half: bool, wide: bool, remedy: bool) -> str:
    """Return the one verdict where each is known to be within the tolerance, or is taken not to."""
    return possible(*(GOOD if each else BAD for each in (half, wide, remedy)))[0]


def worst(verdicts) -> str:
    """Return the worst of several verdicts."""
    return max(verdicts, key=ORDER.index)

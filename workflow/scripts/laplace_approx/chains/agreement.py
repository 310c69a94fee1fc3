"""Two exact sides of one posterior, end by end: do they agree within their errors?"""

import numpy as np
from scipy.special import ndtri

from laplace_approx.comparison.intervals import JUDGED_ENDS

# Of pairs of sides that are both right, so many are said to disagree: a tenth of it lets sides be
# 15 % farther apart, and ten times it refuses a case in a hundred.
FALSE_ALARMS = 1e-3
GRID = "grid"
NOT_COMPARED = {"agrees": None, "compared": 0, "limit": None, "farthest": None}


def agreement(kind: str, judge, other, names) -> dict:
    """Return how far two exact sides are apart at the ends of the 50 and 95 % intervals.

    `judge` is the side that a verdict rests on, of that `kind`, and `other` one of draws. At the
    end a of the judge, whose level is p, the other has the share F(a) below, with a standard error
    s; what the error of a moves F by is that of the judge. Apart they are by abs(F(a) - p) over
    both errors combined, sqrt(s^2 + moved^2); the error of a grid is a bound, and goes off the
    distance. s is at least what it would be if F(a) were p: a tail in which hardly a draw lies has
    no small error. They disagree where any of the m ends is apart by more than the normal quantile
    at 1 - alpha / (2 m), alpha = 0.001 (Bonferroni 1936). An end that a side does not know is not
    compared; where there is none, nothing is said.
    """
    found = [end for name in names for end in _ends(kind, judge, other, name)]
    if not found:
        return dict(NOT_COMPARED)
    limit = float(-ndtri(FALSE_ALARMS / (2 * len(found))))
    farthest = max(found, key=lambda end: end["apart"])
    return {
        "agrees": bool(farthest["apart"] <= limit),
        "compared": len(found),
        "limit": limit,
        "farthest": farthest,
    }


def _ends(kind: str, judge, other, name: str):
    ours, theirs = judge.quantiles(name, JUDGED_ENDS), other.quantiles(name, JUDGED_ENDS)
    for p, *numbers in zip(JUDGED_ENDS.tolist(), *ours, *theirs, strict=True):
        a, error_a, b, error_b = map(float, numbers)
        if np.isfinite([a, error_a, b, error_b]).all():
            apart = _apart(kind == GRID, other, name, (p, a, error_a))
            yield {
                "quantity": name,
                "probability": p,
                "value": a,
                "error": error_a,
                "other": b,
                "other_error": error_b,
                "apart": apart,
            }


def _apart(bound: bool, other, name: str, end) -> float:
    """Return by how many errors the other's share below an end (p, value, error) is off from p."""
    p, value, error = end
    (low, share, high), (*_, s, _) = _shares(other, name, [value - error, value, value + error])
    # an atom of the quantity lies on both sides of its level: any share up to its own will do
    before = other.cdf(name, [np.nextafter(value, -np.inf)]).value[0]
    nearest = float(np.clip(p, min(before, share), share))
    with np.errstate(divide="ignore", invalid="ignore"):
        s = s * max(1.0, np.sqrt(p * (1 - p) / (share * (1 - share)))) if 0 < share < 1 else s
    if bound:
        distance = max(low - p, p - high, 0.0) if nearest != p else 0.0
        combined = s
    else:
        distance, combined = abs(nearest - p), float(np.hypot(s, 0.5 * (high - low)))
    if distance == 0:
        return 0.0
    return float(min(distance / combined, LARGEST)) if combined > 0 else LARGEST


def _shares(other, name: str, values):
    found = other.cdf(name, np.array(values))
    return tuple(map(float, found.value)), tuple(map(float, found.error))


LARGEST = 1e300  # of what a record can hold


def disagreement(judged: str, other: str, found: dict) -> str:
    """Return the sentence about two sides, as a person calls them, that do not agree."""
    end = found["farthest"]
    return (
        f"{judged} and {other} disagree: the {100 * end['probability']:g} % end of "
        f"{end['quantity']} is {end['value']:.4g} (error {end['error']:.1g}) by the first and "
        f"{end['other']:.4g} (error {end['other_error']:.1g}) by the second, {end['apart']:.3g} "
        f"standard errors apart where {found['limit']:.2g} may be chance. One of them is of "
        "another posterior, or misses a part of this one: compare model, data and prior with what "
        "was sampled, and look for modes."
    )

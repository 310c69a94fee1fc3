"""What rays out from a mode show that no posterior may have: mass without end, a period, a spike.

Each function returns what is to be warned of, or raises `Declined`; none climbs anything.
"""

import numpy as np

from laplace_approx.density.evaluation import Evaluator
from laplace_approx.errors import Declined
from laplace_approx.mode.checks import decay
from laplace_approx.mode.checks.digits import highest_between
from laplace_approx.mode.ends import Ends
from laplace_approx.mode.reasons import tails

MOST_ESCAPES = 4  # unfinished ascents that are followed out: each costs a ray each way


def require_no_period(evaluator: Evaluator, ends: Ends) -> None:
    """Decline a log density that comes back in a coordinate without bounds, turn after turn."""
    found = tails.periodic(evaluator, ends.proven(), ends.best())
    if found is not None:
        raise found


def escapes(attempts, best) -> np.ndarray:
    """Return the directions (n, d) in which unfinished ascents left the mode, one SD long each."""
    moves = [a.end - best.x for a in attempts if not a.converged]
    moves = [
        move / length
        for move in moves[:MOST_ESCAPES]
        if np.isfinite(length := np.linalg.norm(move / best.factored.sd)) and length > 1
    ]
    return np.array(moves).reshape(-1, best.x.size)


def floor_or_declined(evaluator: Evaluator, seen, best) -> list[str]:
    """Return a warning where a log density ends in a floor that somebody wrote into it; decline
    where it keeps mass without end."""
    if not np.any(seen.endless):
        return []
    if not decay.is_coded_floor(seen, best.log_density):
        raise tails.endless_mass(evaluator, seen, best)
    return [tails.coded_floor(seen, best)]


def require_digits_between(evaluator: Evaluator, ends: Ends, seen) -> None:
    """Decline where rounding stands above the mode between the points of the rays."""
    best = ends.best()
    x = highest_between(evaluator, seen.rays, seen.values, best.log_density)
    if x is None or not evaluator.far(x) > best.log_density + ends.margin(best):
        return
    if ends.is_lost(x):
        raise ends.without_digits(x)


def spike_or_declined(evaluator: Evaluator, ends: Ends, seen, top) -> str:
    """Return a warning of a log density that exceeds the mode's near a bound, at the ray and point
    `top`; decline where that mass counts."""
    if ends.is_lost(seen.rays.points[top]):
        raise ends.without_digits(seen.rays.points[top])
    said = tails.higher(evaluator, seen, ends.best(), top)
    if isinstance(said, Declined):
        raise said
    return said

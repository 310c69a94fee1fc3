"""Whether the log likelihood has a value wherever a mode has its mass."""

import numpy as np

from laplace_approx.density.undefined import (
    MOST,
    MOST_ASKED,
    alone,
    border_next_to,
    normal_level,
    refusal,
)
from laplace_approx.words import places

# SDs of the normal: a NaN farther away is none that the normal at the mode tells of; a lattice or
# draws look there. Halved or doubled, what was tried of tests/mode comes out the same
REACH = 1e3
SHOWN = 1000  # draws of the normal, of which the share without a value is told: known to 0.02
SEED = 0  # of these draws: any other shows the same


def require_defined(evaluator, x, top: float, frame) -> None:
    """Decline a log density that is NaN in the region that holds the mass about x (d,), its highest
    place, or next to it.

    `top` is the log density there and `frame` (d, d) a factor of the covariance, or lengths over
    which it changes. The places that the search found without density are asked for; from x the way
    to each that is NaN is halved, and the log density before it is held against that of a normal on
    the border of its region of highest density (`normal_level`). Nothing is evaluated where the
    search met no place without density. A point that is NaN between places that are not
    (`undefined.alone`) holds nothing, and whether the search met it is chance: it is passed over.
    """
    holes = _nearest(evaluator.without_density, x, frame)
    if not len(holes):
        return
    holes = holes[evaluator.undefined(holes)]
    if not len(holes):
        return
    holes = holes[~alone(evaluator.undefined, holes, frame)][:MOST]
    if not len(holes):
        return
    level = normal_level(top, evaluator.size)
    origins = np.tile(x, (len(holes), 1))
    border = border_next_to(evaluator.far, evaluator.undefined, origins, holes, level)
    if border is not None:
        raise refusal(evaluator.names, border, top, _seen(evaluator, x, frame))


def _nearest(points, x, frame):
    """Return those of points (n, d) that lie within `REACH` frames of x, the nearest first."""
    with np.errstate(all="ignore"):
        distance = np.linalg.norm(np.linalg.solve(frame, (points - x).T), axis=0)
    near = np.flatnonzero(distance <= REACH * np.sqrt(x.size))
    return points[near[np.argsort(distance[near], kind="stable")]][:MOST_ASKED]


def _seen(evaluator, x, frame) -> str:
    rng = np.random.default_rng(SEED)
    points = x + rng.standard_normal((SHOWN, x.size)) @ frame.T
    points = points[evaluator.inside(points)]
    share = float(np.mean(evaluator.undefined(points))) if len(points) else 0.0
    return (
        f"Of {len(points)} places drawn about the highest ({places.point(evaluator.names, x)}), "
        f"{share:.1%} are NaN"
    )

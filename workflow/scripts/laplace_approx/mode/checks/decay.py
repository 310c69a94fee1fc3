"""Whether a log density falls fast enough, far from its mode, to be that of a proper posterior.

Along a ray x + t v in a fixed direction v, from base points x drawn at random, the density can
only be integrable if log p + log t falls without end, almost surely (Fubini's theorem); along rays
in a random direction of m coordinates, if log p + m log t does (polar coordinates). Near an edge of
the support the same holds with the distance to the edge in the place of t. The rays run in powers
of two to where floating point ends, so that what is a limit on paper is a number here.
"""

from typing import NamedTuple

import numpy as np

from laplace_approx.mode.checks import rays as ray_sets
from laplace_approx.mode.checks.boundary import is_end_of_arithmetic
from laplace_approx.mode.checks.rays import DOUBLINGS, Rays
from laplace_approx.words import places

# of log p + m log t against log t: what is no fall; halved or doubled, what was tried of
# tests/mode comes out the same
SLOPE = 1e-6
# SDs: what is flat to here is flat; halved or doubled, its logarithm changes by a hundredth
FAR = 2.0**100
LAST = 3  # points at the end of a ray that are judged: two differences; of one point there is none
# relative, of a log density: 50 last digits; halved or doubled, what was tried of tests/mode comes
# out the same
ROUNDING = 1e-14
# relative change of the log density on a plateau; halved or doubled, what was tried of tests/mode
# comes out the same
LEVEL = 1e-6
# below the mode: a plateau in all directions deeper than this is a coded floor (log 1e-11);
# halved, one of 4e-6 of the height would be
FLOOR_DEPTH = 25.0


class Decay(NamedTuple):
    """What the rays saw: `values` (R, K) of the log density, `endless` (R,) where it does not fall
    fast enough to be integrable, `level` (R,) where it does not fall at all, `last` (R,) its last
    value.
    """

    rays: Rays
    values: np.ndarray
    endless: np.ndarray
    level: np.ndarray
    last: np.ndarray


def look_out(evaluator, x, factored, rng, extra=()) -> Decay:
    """Return what the log density does far from x (d,), along axes, principal axes, random
    directions and the `extra` ones, and near every edge of the support.
    """
    rays = ray_sets.around(evaluator, x, factored, rng, extra)
    values = evaluator.far(rays.points)
    k, enough = _last_points(values, rays.weight)
    at = np.arange(values.shape[0])[:, None]
    end = values[at, k]
    with np.errstate(invalid="ignore", over="ignore"):
        mass = end + rays.weight[at, k]
        span = np.abs(np.diff(rays.log_t[at, k]))
        falls = np.any(np.diff(mass) < -SLOPE * span, axis=1)
        # so far down that rounding hides a fall of one per unit of log t
        hidden = np.any(ROUNDING * np.abs(end) > np.min(span, axis=1, keepdims=True), axis=1)
        level = enough & (np.ptp(end, axis=1) <= LEVEL * (1 + np.abs(end[:, -1])))
    endless = enough & ~falls & ~hidden
    for row in np.flatnonzero(endless):
        endless[row] = _never_ends(rays, evaluator, row, k[row], bool(level[row]))
    return Decay(rays, values, endless, level, end[:, -1])


def _last_points(values, weight):
    """Return the indices (R, 3) of the last finite points of each ray, and whether there are four
    in all.
    """
    usable = np.isfinite(values) & np.isfinite(weight)
    order = np.where(usable, np.arange(values.shape[1]), -1)
    last = np.sort(order, axis=1)[:, -LAST:]
    return np.maximum(last, 0), usable.sum(axis=1) > LAST


def _never_ends(rays, evaluator, row, k, level):
    """Whether the ray goes on for ever, or stops only where the arithmetic does."""
    if rays.bound[row] >= 0 or k[-1] == DOUBLINGS.size - 1 or np.exp2(DOUBLINGS[k[-1]]) >= FAR:
        return True
    if not level:
        return False
    return _stops_where_exp_does(evaluator, rays.points[row, k[-1]], rays.points[row, k[-1] + 1])


def _stops_where_exp_does(evaluator, last, beyond):
    """Bisect for the end of the support between two points; is it where exp overflows?"""
    for _ in range(40):
        middle = 0.5 * (last + beyond)
        if np.isfinite(evaluator.far(middle)):
            last = middle
        else:
            beyond = middle
    if not evaluator.inside(beyond):
        return False
    return bool(np.any(is_end_of_arithmetic(last)))


def is_coded_floor(decay: Decay, top) -> bool:
    """Whether the log density is level in all directions, far below the mode's `top`.

    That is the floor of a likelihood computed as log(p + tiny) or with p clipped: an artefact of
    the code and no property of the posterior.
    """
    random = decay.rays.random & (decay.rays.bound < 0)
    floor = decay.level & (decay.last < top - FLOOR_DEPTH)
    if not np.any(random) or not np.mean(floor[random]) > 0.5:
        return False
    return bool(np.all(floor[decay.endless]))


def describe(evaluator, decay: Decay, row, scale) -> str:
    """Return in words where the ray of that row goes."""
    i, direction = decay.rays.bound[row], decay.rays.direction[row]
    if i < 0:
        return f"along {places.direction(evaluator.names, direction, scale)}"
    verb = "falls" if direction[i] < 0 else "rises"
    edge = evaluator.lower[i] if direction[i] < 0 else evaluator.upper[i]
    where = f"its bound {edge:g}" if np.isfinite(edge) else "the edge of its support"
    return f"as {evaluator.names[i]} {verb} to {where}"


def share_near_edge(decay: Decay, row, proof) -> float:
    """Return the mass where the ray to an edge is above the mode, beside that of the normal.

    Both on the line of that coordinate through the mode.
    """
    value, log_t = decay.values[row], decay.rays.log_t[row]
    high = np.isfinite(value) & np.isfinite(log_t) & (value > proof.log_density)
    if high.sum() < 2:
        return 0.0
    density = np.exp(value[high] - proof.log_density + log_t[high])
    mass = np.trapezoid(density[::-1], log_t[high][::-1])
    sd = proof.factored.sd[decay.rays.bound[row]]
    return float(mass / (mass + np.sqrt(2 * np.pi) * sd))


def bumps(decay: Decay):
    """Return the points (n, d) at which the log density rises again on the way out, highest first.

    On each ray at most one, its highest point beyond a lower one: the sign of another mode.
    """
    straight = decay.rays.bound < 0
    values = np.where(np.isfinite(decay.values), decay.values, -np.inf)
    with np.errstate(invalid="ignore"):
        rises = values[:, 1:] > values[:, :-1] + LEVEL * (1 + np.abs(values[:, 1:]))
    rises &= straight[:, None]
    height = np.where(rises, values[:, 1:], -np.inf)
    rows = np.flatnonzero(rises.any(axis=1))
    rows = rows[np.argsort(-height[rows].max(axis=1), kind="stable")]
    return decay.rays.points[rows, 1 + np.argmax(height[rows], axis=1)]

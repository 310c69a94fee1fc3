"""Rays on which a log density is looked at far from its mode, and near the edges of its support."""

from typing import NamedTuple

import numpy as np

from laplace_approx.numerics.batched import MANY

# binary logarithms of SDs, dense, so as not to step over another mode: each 1.4 times as far;
# twice as dense, a ray has 68 points, not 48
NEAR = np.arange(0.0, 10.0, 0.5)
DOUBLINGS = np.concatenate(
    [NEAR, np.arange(10.0, 17.0), np.arange(24.0, 65.0, 8.0), np.arange(96.0, 993.0, 64.0)]
)
LARGEST = 1e300  # coordinates beyond it are cut to it: just short of where floating point ends
# points that fixed rays begin at, in few dimensions and in more, where there are more rays: each
# costs 4 d rays; one alone may lie on a line that is special
BASES, FEW_BASES = 3, 2
FEW_DIMENSIONS = 3  # doubled, a search in six costs 24 rays more
# SDs of the base points about the mode; halved or doubled, what was tried of tests/mode comes out
# the same
SPREAD = 0.5
# doubled, a search costs 5 % more, halved 3 % less; each sees a cone of improper directions that
# fills a share s of all with probability s
RANDOM_RAYS = 32
# axes taken: each costs 48 points a side and base; in more dimensions some go unseen
MOST_AXES = 32
FEW_AXES, FEW_RANDOM_RAYS = 2, 6  # above 50 dimensions, from one base point
# below the mode: no edge is looked for where the log density has fallen further; halved or
# doubled, what was tried of tests/mode comes out the same
EDGE_DEPTH = 1e3


class Rays(NamedTuple):
    """R rays of K points (R, K, d) with the log of the measure that each point stands for.

    `weight` (R, K) is m log t or m log(distance to the edge), `log_t` (R, K) without the m;
    `direction` (R, d); `random` (R,) whether the direction was drawn; `bound` (R,) the coordinate
    whose edge is approached, -1 for rays to infinity.
    """

    points: np.ndarray
    weight: np.ndarray
    log_t: np.ndarray
    direction: np.ndarray
    random: np.ndarray
    bound: np.ndarray


def around(evaluator, x, factored, rng, extra) -> Rays:
    """Return the rays around the mode x (d,), in units of its covariance `factored`.

    From two or three random base points: along both ends of the axes, of the principal axes, of the
    `extra` directions (n, d), and towards every edge of the support. From the mode: in random
    directions, and towards all bounds at once. Above 32 dimensions only 32 of the axes are taken,
    drawn at random, and no principal ones; above 50 only 2, from one base point.
    """
    bases = _bases(evaluator, x, factored.cholesky, rng)
    d = x.size
    n_axes = min(d, MOST_AXES)
    if d > MANY:
        bases, n_axes = bases[:1], FEW_AXES
    axes = np.arange(d) if d == n_axes else np.sort(rng.choice(d, n_axes, replace=False))
    fixed = np.concatenate([_principal(factored), np.reshape(extra, (-1, d))])
    lower, upper = _edges(evaluator, x, axes, factored.sd)
    groups = []
    for base in bases:
        groups.append(_axis_rays(evaluator, base, axes, factored.sd))
        groups.append(_straight(base, fixed))
        groups += [_edge_rays(base, [i], side) for i in axes for side in (lower, upper)]
    groups.append(_random_rays(evaluator, x, factored.cholesky, rng))
    bounded = np.flatnonzero(np.isfinite(evaluator.lower) | np.isfinite(evaluator.upper))
    if bounded.size > 1:
        nearest = np.where(np.isfinite(evaluator.lower), evaluator.lower, evaluator.upper)
        groups.append(_edge_rays(bases[0], bounded, nearest))
    groups = [group for group in groups if group is not None]
    return Rays(*(np.concatenate(parts) for parts in zip(*groups, strict=True)))


def _bases(evaluator, x, cholesky, rng):
    """Return random points about half an SD from x, inside the support."""
    count = BASES if x.size <= FEW_DIMENSIONS else FEW_BASES
    u = rng.standard_normal((count, x.size)) / max(1.0, np.sqrt(x.size) / 2)
    length = np.full(count, SPREAD)
    for _ in range(20):
        bases = x + length[:, None] * (u @ cholesky.T)
        lost = ~np.isfinite(evaluator.far(bases))
        if not np.any(lost):
            return bases
        length[lost] /= 2
    return np.where(lost[:, None], x, bases)


def _principal(factored):
    """Return both ends of the axes of the correlation matrix, one SD long each, (2n, d)."""
    d = factored.sd.size
    if d == 1 or d > MOST_AXES:
        return np.zeros((0, d))
    _, axes = np.linalg.eigh(factored.correlation)
    directions = axes.T * factored.sd
    return np.concatenate([directions, -directions])


def _edges(evaluator, x, axes, sd):
    """Return the lower and upper edges (d,) of the support on the axes through x.

    Declared bounds where there are any; else where the log density is found to end, by bisection,
    within 2^10 SDs and not more than 1000 below its value at x; infinite where it does not.
    """
    lower, upper = evaluator.lower.copy(), evaluator.upper.copy()
    value = evaluator.far(x)
    for sign, side in ((-1.0, lower), (1.0, upper)):
        open_ = axes[np.isinf(side[axes])]
        if open_.size == 0:
            continue
        unit = sign * np.diag(sd)[open_]
        values = evaluator.far(x + np.exp2(NEAR)[:, None] * unit[:, None, :])
        ended = ~np.isfinite(values)
        first = np.argmax(ended, axis=1)
        rows = np.arange(open_.size)
        before = np.where(first > 0, values[rows, first - 1], value)
        found = ended.any(axis=1) & (before > value - EDGE_DEPTH)
        for i, k in zip(open_[found], first[found], strict=True):
            near = x[i] + sign * sd[i] * (np.exp2(NEAR[k - 1]) if k else 0.0)
            side[i] = _bisected(evaluator, x, i, near, x[i] + sign * sd[i] * np.exp2(NEAR[k]))
    return lower, upper


def _bisected(evaluator, x, i, near, far):
    """Return the coordinate between near (finite) and far (not) at which the density ends.

    An end within rounding of zero is taken to be zero, where floating point is dense.
    """
    point = x.copy()
    for _ in range(80):
        point[i] = 0.5 * (near + far)
        if point[i] in (near, far):
            break
        if np.isfinite(evaluator.far(point)):
            near = point[i]
        else:
            far = point[i]
    return 0.0 if near * far <= 0 or abs(near) < 1e-12 * abs(x[i]) else far


def _axis_rays(evaluator, base, axes, sd):
    """Rays along each axis to infinity, where there is no bound on that side."""
    unit = np.diag(sd)[axes]
    up, down = np.isinf(evaluator.upper[axes]), np.isinf(evaluator.lower[axes])
    return _straight(base, np.concatenate([unit[up], -unit[down]]))


def _random_rays(evaluator, x, cholesky, rng):
    """Rays in random directions, turned inwards where there is a bound, within two still."""
    u = rng.standard_normal((RANDOM_RAYS if x.size <= MANY else FEW_RANDOM_RAYS, x.size))
    directions = (u / np.linalg.norm(u, axis=1, keepdims=True)) @ cholesky.T
    up, down = np.isinf(evaluator.upper), np.isinf(evaluator.lower)
    directions = np.where(up & down, directions, np.abs(directions) * (up * 1.0 - down * 1.0))
    return _straight(x, directions, int(np.sum(up | down)))


def _straight(base, directions, dimension=None):
    """Rays base + t v, v random in `dimension` coordinates, or fixed (None)."""
    directions = directions[np.any(directions != 0, axis=1)]
    if directions.shape[0] == 0:
        return None
    log_t = np.broadcast_to(DOUBLINGS * np.log(2), (directions.shape[0], DOUBLINGS.size))
    with np.errstate(over="ignore"):
        points = base + np.exp2(DOUBLINGS)[:, None] * directions[:, None, :]
    points = np.clip(points, -LARGEST, LARGEST)
    random = np.full(directions.shape[0], dimension is not None)
    return points, (dimension or 1) * log_t, log_t, directions, random, np.full(random.size, -1)


def _edge_rays(base, coordinates, side):
    """The ray on which the distances of the coordinates to their edges halve again and again."""
    some = [i for i in coordinates if np.isfinite(side[i])]
    if len(some) < len(coordinates):
        return None
    edge = side[some]
    points = np.repeat(base[None], DOUBLINGS.size, axis=0)
    points[:, some] = edge + (base[some] - edge) * np.exp2(-DOUBLINGS)[:, None]
    with np.errstate(divide="ignore"):
        distance = np.log(np.abs(points[:, some] - edge))
    direction = np.zeros(base.size)
    direction[some] = edge - base[some]
    one = (points, distance.sum(axis=1), distance[:, 0], direction, len(some) > 1, some[0])
    return tuple(np.array([part]) for part in one)

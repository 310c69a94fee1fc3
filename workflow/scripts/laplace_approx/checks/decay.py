"""Whether a log density falls fast enough, far from its mode, to be that of a proper posterior.

Along a ray x + t v in a fixed direction v, from base points x drawn at random, the density can
only be integrable if log p + log t falls without end, almost surely (Fubini's theorem); along rays
in a random direction of m coordinates, if log p + m log t does (polar coordinates). Near a finite
bound the same holds with the distance to the bound in the place of t. The rays run in powers of two
to where floating point ends, so that what is a limit on paper is a number here.
"""

from typing import NamedTuple

import numpy as np

from laplace_approx import words

DOUBLINGS = np.concatenate(
    [np.arange(0.0, 17.0), np.arange(20.0, 65.0, 4.0), np.arange(96.0, 993.0, 32.0)]
)
SLOPE = 1e-6  # of log p + m log t against log t: what is no fall
FAR = 2.0**100  # SDs: what is flat to here is flat
# where exp(z), exp(2 z), ... overflow or vanish: an end of the arithmetic, not of the support
ENDS = np.array([709.78, 745.13, 708.4]) / np.array([0.5, 1.0, 2.0, 3.0, 4.0])[:, None]
BASES = 3
RANDOM_RAYS = 32
MOST_AXES = 32
FLOOR_DEPTH = 25.0  # below the mode; a plateau in all directions deeper than this is a coded floor


class Rays(NamedTuple):
    """R rays of K points (R, K, d) with the log of the measure that each point stands for.

    `weight` (R, K) is m log t or m log(distance to the bound), `log_t` (R, K) without the m;
    `direction` (R, d); `random` (R,) whether the direction was drawn; `bound` (R,) the coordinate
    whose bound is approached, -1 for rays to infinity.
    """

    points: np.ndarray
    weight: np.ndarray
    log_t: np.ndarray
    direction: np.ndarray
    random: np.ndarray
    bound: np.ndarray


class Decay(NamedTuple):
    """What the rays saw: `values` (R, K) of the log density, `endless` (R,) where it does not fall
    fast enough to be integrable, `plateau` (R,) the last value of each ray.
    """

    rays: Rays
    values: np.ndarray
    endless: np.ndarray
    plateau: np.ndarray


def look_out(evaluator, x, factored, rng, extra=()) -> Decay:
    """Return what the log density does far from x (d,), along axes, principal axes, random
    directions and the `extra` ones, and near every finite bound.
    """
    rays = _rays(evaluator, x, factored, rng, extra)
    values = evaluator.log_density(rays.points)
    endless, plateau = _endless(rays, values, evaluator)
    return Decay(rays, values, endless, plateau)


def _rays(evaluator, x, factored, rng, extra):
    bases = _bases(evaluator, x, factored.cholesky, rng)
    axes = _chosen_axes(x.size, rng)
    groups = []
    for base in bases:
        groups.append(_axis_rays(evaluator, base, axes, factored.sd))
        fixed = _principal(factored)
        if len(extra):
            fixed = np.concatenate([fixed, extra])
        groups.append(_straight(evaluator, base, fixed, random=False))
        groups.append(_bound_rays(evaluator, base, [[i] for i in axes]))
    active = np.isinf(evaluator.lower) | np.isinf(evaluator.upper)
    if np.any(active):
        groups.append(_straight(evaluator, x, _random(x.size, factored.cholesky, rng), random=True))
    bounded = np.flatnonzero(np.isfinite(evaluator.lower) | np.isfinite(evaluator.upper))
    if bounded.size > 1:
        groups.append(_bound_rays(evaluator, bases[0], [bounded]))
    return Rays(*(np.concatenate(parts) for parts in zip(*groups, strict=True)))


def _bases(evaluator, x, cholesky, rng):
    """Return random points about half an SD from x, inside the support."""
    u = rng.standard_normal((BASES, x.size)) / max(1.0, np.sqrt(x.size) / 2)
    length = np.full(BASES, 0.5)
    for _ in range(20):
        bases = x + length[:, None] * (u @ cholesky.T)
        lost = ~np.isfinite(evaluator.log_density(bases))
        if not np.any(lost):
            return bases
        length[lost] /= 2
    return np.where(lost[:, None], x, bases)


def _chosen_axes(d, rng):
    return np.arange(d) if d <= MOST_AXES else np.sort(rng.choice(d, MOST_AXES, replace=False))


def _principal(factored):
    """Return both ends of the axes of the correlation matrix, one SD long each, (2n, d)."""
    d = factored.sd.size
    if d == 1 or d > MOST_AXES:
        return np.zeros((0, d))
    _, axes = np.linalg.eigh(factored.correlation)
    directions = axes.T * factored.sd
    return np.concatenate([directions, -directions])


def _random(d, cholesky, rng):
    u = rng.standard_normal((RANDOM_RAYS, d))
    return (u / np.linalg.norm(u, axis=1, keepdims=True)) @ cholesky.T


def _axis_rays(evaluator, base, axes, sd):
    """Rays along each axis to infinity, where there is no bound on that side."""
    unit = np.diag(sd)[axes]
    up, down = np.isinf(evaluator.upper[axes]), np.isinf(evaluator.lower[axes])
    return _straight(evaluator, base, np.concatenate([unit[up], -unit[down]]), random=False)


def _straight(evaluator, base, directions, random):
    """Rays base + t v. Components that would meet a bound are turned inwards, or held still."""
    up, down = np.isinf(evaluator.upper), np.isinf(evaluator.lower)
    if random:
        directions = np.where(up & down, directions, np.abs(directions) * (up * 1.0 - down * 1.0))
    count = np.sum(directions != 0, axis=1) if random else np.ones(directions.shape[0])
    kept = np.any(directions != 0, axis=1)
    directions, count = directions[kept], count[kept]
    log_t = np.broadcast_to(DOUBLINGS * np.log(2), (directions.shape[0], DOUBLINGS.size))
    with np.errstate(over="ignore", invalid="ignore"):
        points = base + np.exp2(DOUBLINGS)[:, None] * directions[:, None, :]
    points = np.where(np.isfinite(points), points, np.sign(points) * 1e300)
    flags = np.full(directions.shape[0], random)
    return points, count[:, None] * log_t, log_t, directions, flags, np.full(flags.size, -1)


def _bound_rays(evaluator, base, sets):
    """Rays on which the distances of a set of coordinates to their nearer bounds halve."""
    lower, upper = evaluator.lower, evaluator.upper
    rays = []
    for coordinates in sets:
        for side in (lower, upper):
            some = [i for i in coordinates if np.isfinite(side[i])]
            if not some or (len(coordinates) > 1 and len(some) < 2):
                continue
            points = np.repeat(base[None], DOUBLINGS.size, axis=0)
            bound = side[some]
            points[:, some] = bound + (base[some] - bound) * np.exp2(-DOUBLINGS)[:, None]
            with np.errstate(divide="ignore"):
                distance = np.log(np.abs(points[:, some] - bound))
            direction = np.zeros(base.size)
            direction[some] = bound - base[some]
            rays.append((points, distance.sum(axis=1), distance[:, 0], direction, len(some) > 1,
                         some[0]))  # fmt: skip
    if not rays:
        d, k = base.size, DOUBLINGS.size
        return (np.zeros((0, k, d)), np.zeros((0, k)), np.zeros((0, k)), np.zeros((0, d)),
                np.zeros(0, dtype=bool), np.zeros(0, dtype=int))  # fmt: skip
    return tuple(np.array(part) for part in zip(*rays, strict=True))


def _endless(rays, values, evaluator):
    """Return where log p + weight does not fall at the end of the ray, and the last value."""
    usable = np.isfinite(values) & np.isfinite(rays.weight)
    n = values.shape[0]
    endless, plateau = np.zeros(n, dtype=bool), np.full(n, -np.inf)
    for row in range(n):
        k = np.flatnonzero(usable[row])
        if k.size == 0:
            continue
        plateau[row] = values[row, k[-1]]
        if k.size < 4:
            continue
        k = k[-3:]
        with np.errstate(over="ignore"):
            mass = values[row, k] + rays.weight[row, k]
            span = np.abs(np.diff(rays.log_t[row, k]))
            falls = np.diff(mass) < -SLOPE * span
        if np.any(falls) or k[-1] - k[0] > 4:
            continue
        endless[row] = _never_ends(rays, values, evaluator, row, k)
    return endless, plateau


def _never_ends(rays, values, evaluator, row, k):
    """Whether the ray goes on for ever, or stops only where the arithmetic does."""
    if rays.bound[row] >= 0 or k[-1] == DOUBLINGS.size - 1 or np.exp2(DOUBLINGS[k[-1]]) >= FAR:
        return True
    level = values[row, k[-1]]
    if np.ptp(values[row, k]) > 1e-6 * (1 + abs(level)):
        return False
    return _stops_where_exp_does(evaluator, rays.points[row, k[-1]], rays.points[row, k[-1] + 1])


def _stops_where_exp_does(evaluator, last, beyond):
    """Bisect for the end of the support between two points; is it where exp overflows?"""
    for _ in range(40):
        middle = 0.5 * (last + beyond)
        if np.isfinite(evaluator.log_density(middle)):
            last = middle
        else:
            beyond = middle
    if not np.all(evaluator.inside(beyond)):
        return False
    return bool(np.any(np.abs(np.abs(last)[:, None, None] / ENDS - 1) < 0.02))


def is_coded_floor(decay: Decay, top) -> bool:
    """Whether the log density is flat in all directions, far below the mode's `top`.

    That is the floor of a likelihood computed as log(p + tiny) or with p clipped: an artefact of
    the code and no property of the posterior.
    """
    straight = decay.rays.bound < 0
    random = straight & decay.rays.random
    if not np.any(random) or not np.mean(decay.endless[random]) > 0.5:
        return False
    return bool(np.max(decay.plateau[straight & decay.endless]) < top - FLOOR_DEPTH)


def describe(evaluator, decay: Decay, row, scale) -> str:
    """Return in words where the ray of that row goes."""
    i = decay.rays.bound[row]
    if i >= 0:
        side = evaluator.lower if decay.rays.direction[row, i] < 0 else evaluator.upper
        return (
            f"as {evaluator.names[i]} falls to its bound {side[i]:g}"
            if (decay.rays.direction[row, i] < 0)
            else f"as {evaluator.names[i]} rises to its bound {side[i]:g}"
        )
    towards = words.direction(evaluator.names, decay.rays.direction[row], scale)
    return f"along {towards}"


def share_near_bound(decay: Decay, row, proof) -> float:
    """Return the mass of the ray towards a bound, beside that of the normal on the same line."""
    rays = decay.rays
    usable = np.isfinite(decay.values[row]) & np.isfinite(rays.log_t[row])
    log_mass = decay.values[row, usable] - proof.log_density + rays.weight[row, usable]
    high = decay.values[row, usable] > proof.log_density
    log_t = rays.log_t[row, usable]
    if high.sum() < 2:
        return 0.0
    mass = np.trapezoid(np.exp(log_mass[high][::-1]), log_t[high][::-1])
    sd = proof.factored.sd[rays.bound[row]]
    return float(mass / (mass + np.sqrt(2 * np.pi) * sd))

"""Whether the log density around a point is the quadratic that its curvature says.

In units of the standard deviation, with E(h) the second difference divided by that of the normal
and O(h) = 2 [f(h) - f(-h) - 2 h f'] / h^2 the difference of the curvatures to the right and to the
left, a log density with a third derivative has E -> 1 and O ~ h. A kink has E ~ 1/h, a quartic
E ~ h^2, a jump of the second derivative a constant O.
"""

from typing import NamedTuple

import numpy as np

STEPS = np.array([1.0, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001, 1e-4, 1e-5])  # in SDs
RESOLUTION = 0.01  # SDs: a curvature that does not last so far describes no distribution
MOST_AXES = 20
RANDOM_DIRECTIONS = 8
NOISY = 0.02  # steps whose second difference rounding spoils by more are not looked at


class Shape(NamedTuple):
    """`even` (m, K) is E and `odd` (m, K) is O along m directions at K steps, NaN where no value.

    `steps` (K,) in SDs, `directions` (m, d) one SD long each, `noise` (K,) the rounding of E.
    """

    steps: np.ndarray
    directions: np.ndarray
    even: np.ndarray
    odd: np.ndarray
    noise: np.ndarray


def probe(evaluator, x, value, gradient, cholesky, noise, rng) -> Shape:
    """Return the `Shape` at x (d,) of a normal with the covariance cholesky cholesky'.

    Looked along: the columns of the factor, each coordinate alone, and random directions.
    `gradient` (d,) at x is taken out of O; `noise` is the rounding of the log density.
    """
    directions = _directions(cholesky, rng)
    move = STEPS[:, None] * directions[:, None, :]
    forward, backward = evaluator.log_density(np.stack([x + move, x - move])) - value
    usable = np.isfinite(forward) & np.isfinite(backward)
    slope = 2 * STEPS * (directions @ gradient)[:, None]
    with np.errstate(invalid="ignore", over="ignore"):
        even = np.where(usable, -(forward + backward) / STEPS**2, np.nan)
        odd = np.where(usable, 2 * (forward - backward - slope) / STEPS**2, np.nan)
    return Shape(STEPS, directions, even, odd, 4 * noise / STEPS**2)


def _directions(cholesky, rng):
    d = cholesky.shape[0]
    inverse_rows = np.linalg.solve(cholesky, np.eye(d)) if d <= MOST_AXES else None
    random = rng.standard_normal((RANDOM_DIRECTIONS, d))
    random = (random / np.linalg.norm(random, axis=1, keepdims=True)) @ cholesky.T
    if inverse_rows is None:
        return np.concatenate([cholesky.T[:MOST_AXES], random])
    alone = np.diag(1 / np.linalg.norm(inverse_rows, axis=0))
    return np.concatenate([cholesky.T, alone, random])


class Misfit(NamedTuple):
    """Along which direction (d,), at which step (SDs), and with what E the quadratic fails.

    `kind` is "edge" (no density within the resolution), "grows" (more curvature away from the
    point: a quartic), "kink" (less: a kink or a spike) or "jump" (another one on either side).
    """

    kind: str
    direction: np.ndarray
    step: float
    ratio: float


def misfit(shape: Shape):
    """Return the worst `Misfit` at the resolution, or None where the quadratic holds."""
    seen = np.flatnonzero((shape.steps <= RESOLUTION) & (shape.noise < NOISY))
    if seen.size == 0:
        seen = np.flatnonzero(shape.noise < NOISY)[-1:]
    if seen.size == 0:
        return None
    even = shape.even[:, seen]
    lost = np.flatnonzero(np.isnan(even).all(axis=1))
    if lost.size:
        return Misfit("edge", shape.directions[lost[0]], float(shape.steps[seen[-1]]), np.nan)
    # the coarsest of the fine steps that has a density on both sides
    k = np.argmax(~np.isnan(even), axis=1)
    rows = np.arange(k.size)
    ratio = even[rows, k]
    with np.errstate(divide="ignore", invalid="ignore"):
        distance = np.where(ratio > 0, np.abs(np.log2(np.maximum(ratio, 1e-300))), np.inf)
    worst = int(np.argmax(distance))
    if distance[worst] > 1:
        kind = "grows" if ratio[worst] > 1 else "kink"
        step = float(shape.steps[seen[k[worst]]])
        return Misfit(kind, shape.directions[worst], step, float(ratio[worst]))
    jumps = jump(shape)
    worst = int(np.argmax(jumps))
    if jumps[worst] > 0.1:
        return Misfit("jump", shape.directions[worst], RESOLUTION, float(jumps[worst]))
    return None


def jump(shape: Shape):
    """Return the jump of the curvature at the point along each direction, (m,), 0 where unseen.

    O extrapolated to h = 0 from two neighbouring steps; what rounding may have done is taken off.
    """
    fine = np.flatnonzero((shape.steps <= 0.1) & (shape.noise < 0.1 * NOISY))
    if fine.size < 2:
        return np.zeros(shape.odd.shape[0])
    best = np.full(shape.odd.shape[0], np.inf)
    for a, b in zip(fine[:-1], fine[1:], strict=True):
        ratio = shape.steps[a] / shape.steps[b]
        limit = (ratio * shape.odd[:, b] - shape.odd[:, a]) / (ratio - 1)
        limit = np.maximum(np.abs(limit) - 4 * shape.noise[b], 0.0)
        best = np.fmin(best, limit)
    return np.where(np.isfinite(best), best, 0.0)

"""Whether the log density around a point is the quadratic that its curvature says.

In units of the standard deviation, with E(h) the second difference divided by that of the normal
and O(h) = 2 [f(h) - f(-h) - 2 h f'] / h^2 the difference of the curvatures to the right and to the
left, a log density with a third derivative has E -> 1 and O ~ h. A kink has E ~ 1/h, a quartic
E ~ h^2, a jump of the second derivative a constant O.
"""

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from laplace_approx.derivatives.directional import rounding_of_moves
from laplace_approx.derivatives.noise import EPS
from laplace_approx.numerics.batched import MANY
from laplace_approx.words import places

# in SDs, each of about a third of the one before, as `jump` needs: two points a direction
STEPS = np.array([1.0, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001, 3e-4, 1e-4, 1e-5])
# SDs: a curvature that does not last so far describes no distribution; halved or doubled, what was
# tried of tests/mode comes out the same
RESOLUTION = 1e-3
# SDs, one of `STEPS`: a curvature that does not last so far is worth a warning; also the widest at
# which a jump is looked for
NEAR = 0.1
MOST_AXES = 20  # columns of the factor looked along: each costs 20 points
FEW_AXES = 4  # above 50 dimensions, where the log density is dear
RANDOM_DIRECTIONS = 8  # each costs 20 points a proof, and sees what is bent across the axes
# of E: what rounding may do at a step that is looked at; halved or doubled, what was tried of
# tests/mode comes out the same
NOISY = 0.02
# difference of the curvatures of the two sides that is declined: the SD is then off by a quarter
# of it on either; doubled, by 1 %
JUMP = 0.02
# O(h/3) / O(h) above which O does not go to zero; one third where it does: halfway. Doubled, no
# jump is ever seen
STRAIGHT = 0.7


class Shape(NamedTuple):
    """`even` (m, K) is E and `odd` (m, K) is O along m directions at K steps, NaN where no value.

    `steps` (K,) in SDs, `directions` (m, d) one SD long each, `noise` (m, K) the rounding of E.
    """

    steps: np.ndarray
    directions: np.ndarray
    even: np.ndarray
    odd: np.ndarray
    noise: np.ndarray


class Misfit(NamedTuple):
    """Along which direction (d,), at which step (SDs), and with what ratio the quadratic fails.

    `kind` is "edge" (no density within the resolution), "grows" (more curvature away from the
    point, as of a quartic), "kink" (less, or ever more as the step falls), "jump" (another one on
    either side, by `ratio`) or "noise" (rounding hides all).
    """

    kind: str
    direction: np.ndarray
    step: float
    ratio: float


def probe(evaluator, point, cholesky, noise, rng) -> Shape:
    """Return the `Shape` at a `Point` for the normal with covariance cholesky cholesky'.

    Looked along: the columns of the factor, each coordinate alone, and random directions. The
    slope at the point is taken out of O; `noise` is that of the log density.
    """
    x, value, gradient = point.x, point.log_density, point.gradient
    directions = _directions(cholesky, rng)
    move = STEPS[:, None] * directions[:, None, :]
    forward, backward = evaluator.far(np.stack([x + move, x - move])) - value
    usable = np.isfinite(forward) & np.isfinite(backward)
    slope = 2 * STEPS * (directions @ gradient)[:, None]
    with np.errstate(invalid="ignore", over="ignore"):
        even = np.where(usable, -(forward + backward) / STEPS**2, np.nan)
        odd = np.where(usable, 2 * (forward - backward - slope) / STEPS**2, np.nan)
        height = np.maximum(np.abs(forward), np.abs(backward))
        blur = rounding_of_moves(x, move, cholesky)
        rounding = noise + (EPS + 2 * blur) * height + blur * np.abs(slope) / 2
        return Shape(STEPS, directions, even, odd, 4 * rounding / STEPS**2)


def _directions(cholesky, rng):
    d = cholesky.shape[0]
    random = rng.standard_normal((RANDOM_DIRECTIONS if d <= MANY else FEW_AXES, d))
    random = (random / np.linalg.norm(random, axis=1, keepdims=True)) @ cholesky.T
    if d > MOST_AXES:
        return np.concatenate([cholesky.T[: MOST_AXES if d <= MANY else FEW_AXES], random])
    alone = np.diag(1 / np.linalg.norm(np.linalg.solve(cholesky, np.eye(d)), axis=0))
    return np.concatenate([cholesky.T, alone, random])


def misfit(shape: Shape):
    """Return the worst `Misfit` at the resolution, or None where the quadratic holds."""
    fine = np.flatnonzero(shape.steps <= RESOLUTION)
    lost = np.flatnonzero(np.isnan(shape.even[:, fine]).all(axis=1))
    if lost.size:
        return Misfit("edge", shape.directions[lost[0]], RESOLUTION, np.nan)
    worst = None
    for row in range(shape.even.shape[0]):
        found = _row_misfit(shape, row)
        if found is not None and (worst is None or _size(found) > _size(worst)):
            worst = found
    if worst is not None:
        return worst
    jumps = jump(shape)
    row = int(np.argmax(jumps))
    if jumps[row] > JUMP:
        return Misfit("jump", shape.directions[row], NEAR, float(jumps[row]))
    return None


def _size(found):
    return np.inf if found.kind == "noise" else abs(np.log(max(abs(found.ratio), 1e-300)))


def _row_misfit(shape, row):
    """Return the `Misfit` along one direction at the largest step within the resolution."""
    even, noise = shape.even[row], shape.noise[row]
    seen = _seen(even, noise)
    at = np.flatnonzero(seen & (shape.steps <= RESOLUTION))
    if at.size == 0:  # too noisy for so small a step: the smallest that can be seen
        at = np.flatnonzero(seen)[-1:]
    if at.size == 0:
        return Misfit("noise", shape.directions[row], 1.0, np.nan)
    ratio, last = even[at[0]], even[at[-1]]
    if 0.5 < ratio < 2 and (at.size < 2 or last < 2):
        return None
    kind = "grows" if ratio > 2 and not last > 1.2 * ratio else "kink"
    return Misfit(kind, shape.directions[row], float(shape.steps[at[0]]), float(ratio))


def _seen(even, noise):
    """Whether E is known well enough to be looked at, or is wrong beyond any noise."""
    with np.errstate(invalid="ignore"):
        return np.isfinite(even) & ((noise < NOISY) | (np.abs(even - 1) > 10 * noise))


def jump(shape: Shape):
    """Return the jump of the curvature at the point along each direction, (m,), 0 where none seen.

    It is |O(h/3)| where that is no smaller than most of |O(h)|, for steps up to 0.1 SD, less
    what rounding may have done.
    """
    jumps = np.zeros(shape.odd.shape[0])
    steps = np.flatnonzero(shape.steps <= NEAR)
    for a, b in pairwise(steps):
        wide, close = np.abs(shape.odd[:, a]), np.abs(shape.odd[:, b])
        clear = close - 10 * shape.noise[:, b]
        with np.errstate(invalid="ignore"):
            straight = (clear > STRAIGHT * wide) & (shape.noise[:, b] < NOISY)
        jumps = np.where(straight, np.fmax(jumps, clear), jumps)
    return jumps


def warning(names, shape: Shape, scale):
    """Return a sentence where the quadratic does not hold at 0.1 SD, or None."""
    at = int(np.flatnonzero(shape.steps == NEAR)[0])
    even = np.where(_seen(shape.even[:, at], shape.noise[:, at]), shape.even[:, at], 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        size = np.abs(np.log(np.maximum(even, 1e-300)))
    if np.all(np.isnan(size)) or not np.nanmax(size) > np.log(2):
        return None
    row = int(np.nanargmax(size))
    return (
        f"the curvature at the mode does not last: {NEAR:g} SDs away, along "
        f"{places.direction(names, shape.directions[row], scale)}, the log density has fallen "
        f"{even[row]:.3g} times as far as the normal says, so its SDs describe no part of the "
        "posterior of that size"
    )

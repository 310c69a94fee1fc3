"""Directions in which a log density rises for ever: separation, and densities without a mode."""

from typing import NamedTuple

import numpy as np

from laplace_approx.derivatives.scales import axis_scales
from laplace_approx.mode.checks.boundary import is_end_of_arithmetic

# of the length over which the log density changes by 1: to 1.7e7 of them; each costs a point a ray
DOUBLINGS = np.arange(-4.0, 25.0)
# relative rounding of the log density that is no fall; halved or doubled, what was tried of
# tests/mode comes out the same
TOLERANCE = 1e-9
LEVEL = 4  # doublings without a change after which a ray has reached its plateau; the same
# chords, of three points each: a log density that bends up on a share s of them is missed with
# probability (1 - s)^64
PAIRS = 64
# of the second half of a path, which must have gained alike in each; with twice as many a pause
# half as long counts
PARTS = 5
# of a linear form, in the box, that is more than the rounding of the linear programme: the
# tolerance of HiGHS is 1e-7 too
GAIN = 1e-7


class Recession(NamedTuple):
    """A direction (d,) along which the log density never falls, from several points.

    `rise` is the largest gain seen, `limit` the value reached, `bounded` whether it levels off.
    """

    direction: np.ndarray
    rise: float
    limit: float
    bounded: bool


def certificate(monotone):
    """Return a direction (d,) of complete or quasi-complete separation, or None.

    `monotone` (m, d) holds linear forms whose increase never lowers the likelihood. A direction v
    with monotone v >= 0, not all zero, is one along which the likelihood rises for ever (Albert
    and Anderson 1984, Biometrika 71, 1). A linear programme finds it in the box |v| <= 1, rows and
    columns scaled to one (Konis 2007, DPhil thesis, Oxford).
    """
    rows = np.asarray(monotone, dtype=float)
    columns = np.abs(rows).max(axis=0, initial=0.0)
    columns = np.where(columns > 0, columns, 1.0)
    rows = rows / columns
    length = np.linalg.norm(rows, axis=1)
    rows = rows[length > 0] / length[length > 0, None]
    if rows.size == 0:
        return None
    return _steepest(rows, columns)


def _steepest(rows, columns):
    """Return the direction whose least gain is largest; if that is zero, whose total gain is."""
    from scipy.optimize import linprog

    m, d = rows.shape
    box = [(-1, 1)] * d
    even = np.hstack([-rows, np.ones((m, 1))])
    found = linprog([0.0] * d + [-1.0], A_ub=even, b_ub=np.zeros(m), bounds=[*box, (None, 1)])
    if found.status == 0 and -found.fun > GAIN:
        return found.x[:d] / columns
    found = linprog(-rows.sum(axis=0), A_ub=-rows, b_ub=np.zeros(m), bounds=box)
    return found.x / columns if found.status == 0 and -found.fun > GAIN else None


def recession(evaluator, bases, directions, certified=False):
    """Return the first of the directions (m, d) along which the log density never falls, or None.

    It must not fall, by more than its rounding, along the rays from any of the points bases
    (n, d), and must rise along one of them. A ray on which it ends while still rising leads to an
    edge, unless the direction is `certified`: then it ends where the model's arithmetic does.
    """
    directions = directions[np.linalg.norm(directions, axis=1) > 0]
    if directions.shape[0] == 0:
        return None
    directions = directions * axis_scales(evaluator.far, bases[0], directions)[:, None]
    step = np.exp2(DOUBLINGS)[:, None]
    for direction in directions:
        values = evaluator.far(bases[:, None, :] + step * direction)
        start = evaluator.far(bases)
        values = np.concatenate([start[:, None], values], axis=1)
        found = _never_falls(values, certified)
        if found is not None:
            return Recession(direction, *found)
    return None


def _never_falls(values, certified):
    """Return (rise, limit, bounded) of rays of values (n, K), or None."""
    finite = np.isfinite(values)
    if not finite[:, 0].all():
        return None
    length = np.where(finite.all(axis=1), values.shape[1], np.argmin(finite, axis=1))
    if np.min(length) < 6 or np.any(finite.sum(axis=1) != length):
        return None
    rise, limit, last = 0.0, -np.inf, 0.0
    for row, n in zip(values, length, strict=True):
        slack = TOLERANCE * (1 + np.abs(row[0]))
        n = _until_level(row[:n], slack)
        if np.any(np.diff(row[:n]) < -slack):
            return None
        rise = max(rise, row[n - 1] - row[0])
        limit = max(limit, row[n - 1])
        last = max(last, row[n - 1] - row[n - 2])
    if not rise > 1e3 * TOLERANCE * (1 + abs(limit)):
        return None
    bounded = bool(last <= 1e-3 * (rise + TOLERANCE))
    if not (bounded or certified) and np.min(length) < values.shape[1]:
        return None  # it rises to an edge, not for ever
    return float(rise), float(limit), bounded


def endless_plateau(evaluator, x, directions):
    """Return the first of the directions (m, d) along which x (d,) lies on a plateau, or None.

    A plateau goes on for ever on one side, with the log density of x, and ends on the other: a
    ridge that is flat on both sides is none.
    """
    directions = directions[np.linalg.norm(directions, axis=1) > 0]
    value = float(evaluator.far(x))
    slack = TOLERANCE * max(1.0, abs(value))
    step = np.exp2(np.arange(-30.0, 200.0, 2.0))[:, None]
    for direction in directions:
        unit = direction / np.abs(direction).max() * max(1.0, np.abs(x).max())
        ahead, behind = evaluator.far(np.stack([x + step * unit, x - step * unit])) - value
        ahead = ahead[: _finite_length(ahead)]
        if ahead.size < 20 or np.any(np.abs(ahead) > slack):
            continue
        if np.min(behind) < -1.0:
            return direction
    return None


def _until_level(row, slack):
    """Return how many of the values come before and on the first stretch without a change."""
    still = np.abs(np.diff(row)) <= slack
    runs = np.convolve(still, np.ones(LEVEL), mode="valid") == LEVEL
    return int(np.argmax(runs)) + LEVEL + 1 if runs.any() else row.size


def _finite_length(values):
    finite = np.isfinite(values)
    return values.size if finite.all() else int(np.argmin(finite))


def is_concave(evaluator, centre, scale, rng) -> bool:
    """Whether the log density is concave on random chords about the centre (d,)."""
    reach = np.exp2(rng.uniform(-2, 6, (2, PAIRS, 1)))
    ends = centre + reach * scale * rng.standard_normal((2, PAIRS, centre.size))
    values = evaluator.far(ends)
    middle = evaluator.far(ends.mean(axis=0))
    finite = np.isfinite(values).all(axis=0) & np.isfinite(middle)
    with np.errstate(invalid="ignore"):
        chord = values.mean(axis=0)
        slack = TOLERANCE * (1 + np.abs(values).sum(axis=0))
        return bool(np.all(middle[finite] >= (chord - slack)[finite]))


class Growth(NamedTuple):
    """A path along which the log density kept rising: `direction` (d,) of its last part, `gain`
    over that part, and the `limit` reached.
    """

    direction: np.ndarray
    gain: float
    limit: float


def unbounded_path(evaluator, path, top):
    """Return the `Growth` of a path (n, d) that never arrived, or None where it had levelled off.

    Over its second half, cut in five, it must have gained in each part, at least 10 in log density
    together, in the last a tenth of what it gained in any, and ended no more than one part below
    `top`, the highest log density known.
    """
    if path.shape[0] <= PARTS:
        return None
    marks = np.linspace(path.shape[0] // 2, path.shape[0] - 1, PARTS + 1).astype(int)
    values = evaluator.far(path[np.unique(marks)])
    gains = np.diff(values)
    # not alike: an ascent that takes longer and longer steps gains most at its end
    steady = np.min(gains) > 1.0 and gains[-1] > 0.1 * np.max(gains)
    if not (steady and np.sum(gains) > 10 and values[-1] > top - gains[-1]):
        return None
    return Growth(path[-1] - path[marks[0]], float(np.sum(gains)), float(values[-1]))


def ends_with_arithmetic(evaluator, x):
    """Return the `Growth` of an ascent that was stopped at x (d,) by overflow, or None.

    Some coordinates are then where exp or a power has no more numbers, and the log density is
    lower by 10 half way back.
    """
    gone = is_end_of_arithmetic(x)
    half = np.where(gone, 0.5 * x, x)
    gain = float(evaluator.far(x) - evaluator.far(half))
    if not (np.any(gone) and gain > 10):
        return None
    return Growth(x - half, gain, float(evaluator.far(x)))

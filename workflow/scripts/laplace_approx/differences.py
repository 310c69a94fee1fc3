"""Derivatives along directions from values or gradients, with an error for each.

Central differences at steps h, h/2, h/4, ... are extrapolated to h = 0 (Richardson 1911; Ridders
1982, Advances in Engineering Software 4(2)), in the entry of the table whose own error estimate is
least. Where the table does not settle, or a point of the stencil has no density, the steps shrink.
`scipy.differentiate` was tried first: it gives up (status -3) at the first stencil point outside
the support, knows nothing of the rounding of a log density of 10^6, and costs half a second to
import.
"""

import math
from typing import NamedTuple

import numpy as np

from laplace_approx.scales import MANY

EPS = np.finfo(float).eps
LEVELS = 9  # steps h, h/2, ..., h/256 in a round
ROUNDS = 5  # each round starts where the one before ended
SPANS = 2.0 ** np.array([-30.0, -25.0, -20.0, -15.0, -11.0, -8.0, -6.0])
SETTLED = 1e-7  # relative error at which no smaller steps are tried
BLURRED = 1e-3  # share of a step that rounding of the point may change
LEAST_LENGTH = 1e-10  # of a direction, for differences of gradients
MOST_NUMBERS = 4_000_000  # coordinates of stencil points held at once


class Directional(NamedTuple):
    """First and second derivatives along m directions, each with an error bound: four (m,) arrays.

    Where no finite stencil was found the derivative is NaN and its error is infinite.
    """

    first: np.ndarray
    first_error: np.ndarray
    second: np.ndarray
    second_error: np.ndarray


def rounding_noise(log_density, x, value, directions) -> float:
    """Return the standard deviation of the noise of log_density near x (d,), whatever its cause.

    From differences of order 4, 5 and 6 of values at 9 equidistant points (More and Wild 2011,
    SIAM J. Sci. Comput. 33, 1292: ECNoise), along the rows of `directions` (m, d), each about one
    SD long, at several spacings. Noise gives the same estimate at every order and at two spacings
    in a row; smooth functions and kinks do not. Values that stay the same where a normal would
    have changed come in steps, as in single precision, and have the noise of a step. Never below
    the rounding of the value itself.
    """
    floor = EPS * max(abs(value), 1.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        least = np.max(
            64 * EPS * np.abs(x) / np.abs(directions), axis=1, where=directions != 0, initial=0.0
        )
    spacing = np.maximum(SPANS[:, None], np.minimum(least, 1e-3))
    points = x + (spacing[:, :, None] * np.arange(-4.0, 5.0))[..., None] * directions[:, None, :]
    noise, before, stuck, smallest = floor, 0.0, False, np.inf
    for span, rows in zip(SPANS, log_density(points), strict=True):  # rows (m, 9)
        rows = rows[np.isfinite(rows).all(axis=1)]
        # where the log density has changed much, its rounding is not that at x
        rows = rows[np.max(np.abs(rows - value), axis=1) <= 0.1 * max(abs(value), 1.0)]
        if rows.size == 0:
            continue
        steps = np.abs(np.diff(rows))
        stuck |= bool(not np.any(steps) and 3.5 * span**2 > 8 * floor)
        smallest = min(smallest, np.min(steps, where=steps > 0, initial=np.inf))
        size = _noise_of(rows)
        noise, before = max(noise, min(size, 4 * before)), size
    return max(noise, smallest / 3) if stuck and np.isfinite(smallest) else noise


def _noise_of(rows):
    """Return the noise of values (m, 9), 0 where the differences do not agree on one."""
    sizes = []
    for k in (4, 5, 6):
        factor = math.factorial(k) ** 2 / math.factorial(2 * k)
        sizes.append(math.sqrt(factor * np.mean(np.diff(rows, k) ** 2)))
    return max(sizes) if max(sizes) <= 4 * min(sizes) else 0.0


def extrapolate(levels, noise):
    """Return the limit of levels (K, ...) as the step falls, and its error, both (...).

    Level k was made with step h 2^-k and errs by a series in h^2, plus `noise` (K, ...), the size
    of its rounding error. NaN levels are skipped. The error is the larger of the two last changes
    in the table plus the rounding; it is infinite where fewer than two levels are finite.
    """
    row = [np.where(np.isfinite(level), level, np.nan) for level in levels]
    shape = row[0].shape
    best, least = np.full(shape, np.nan), np.full(shape, np.inf)
    with np.errstate(invalid="ignore", over="ignore"):
        for order in range(1, len(levels)):
            column = [None] * len(levels)
            for k in range(order, len(levels)):
                column[k] = row[k] + (row[k] - row[k - 1]) / (4.0**order - 1)
                change = np.maximum(np.abs(column[k] - row[k]), np.abs(column[k] - row[k - 1]))
                error = change + 2 * noise[k]
                better = error < least
                best, least = np.where(better, column[k], best), np.where(better, error, least)
            row = column
    return best, least


def along(log_density, x, value, directions, noise=0.0, levels=LEVELS, rounds=ROUNDS):
    """Return the `Directional` derivatives of log_density at x (d,) along rows (m, d) from values.

    `value` is the log density at x and `noise` its rounding error. The first step is a whole row,
    so each row should be about as long as the scale on which the log density changes by one.
    """
    m = directions.shape[0]
    found = Directional(
        np.full(m, np.nan), np.full(m, np.inf), np.full(m, np.nan), np.full(m, np.inf)
    )
    length, open_ = np.ones(m), np.arange(m)
    noise = max(noise, EPS * max(abs(value), 1.0))
    back = units_of(directions)
    for _ in range(rounds):
        block = max(1, MOST_NUMBERS // (2 * levels * x.size))
        for i in range(0, open_.size, block):
            rows = open_[i : i + block]
            stencil = (directions, length[rows], rows, back, levels)
            _round(log_density, x, value, noise, stencil, found)
        length[open_] *= 2.0**-levels
        limit = np.maximum(1.0, np.abs(found.second[open_]))
        unsettled = ~(found.second_error[open_] <= SETTLED * limit)
        # where rounding alone is already too large, smaller steps can only be worse
        open_ = open_[unsettled & (4 * noise / length[open_] ** 2 < 1e3 * np.fmax(limit, 1.0))]
        if open_.size == 0:
            break
    return found


def _round(log_density, x, value, noise, stencil, found):
    """One round of steps along the given rows; keeps in `found` what errs less than before."""
    directions, length, rows, back, levels = stencil
    steps = length * 2.0 ** -np.arange(levels)[:, None]  # (K, r)
    move = steps[:, :, None] * directions[rows]
    points = np.stack([x + move, x - move])
    forward, backward = log_density(points)
    with np.errstate(invalid="ignore", over="ignore"):
        magnitude = np.maximum(np.abs(forward - value), np.abs(backward - value))
        blur = _blur(x, points, move, back)
        rounding = noise + (EPS + 2 * blur) * magnitude
        bend = ((forward - value) + (backward - value)) / steps**2
        slope = (forward - backward) / (2 * steps)
        usable = np.isfinite(forward) & np.isfinite(backward) & (blur < BLURRED)
        bend, slope = np.where(usable, bend, np.nan), np.where(usable, slope, np.nan)
    for target, error, series, scale in (
        (found.second, found.second_error, bend, 4 / steps**2),
        (found.first, found.first_error, slope, 1 / steps),
    ):
        limit, size = extrapolate(series, np.where(usable, rounding * scale, np.inf))
        better = size < error[rows]
        target[rows[better]], error[rows[better]] = limit[better], size[better]


def _blur(x, points, move, back):
    """Return the share of each move that is lost in the rounding of x + move, in units of u."""
    with np.errstate(invalid="ignore", over="ignore"):
        lost = ((points[0] - x) - move) @ back.T
        return np.linalg.norm(lost, axis=-1) / np.linalg.norm(move @ back.T, axis=-1)


def rounding_of_moves(x, move, frame):
    """Return the share of moves (..., d) lost in rounding x + move, in units of frame (d, d).

    Above 50 dimensions in units of the lengths of its rows, which no matrix need be inverted for.
    """
    if x.size > MANY:
        length = np.linalg.norm(frame, axis=1)
        lost = np.linalg.norm(((x + move - x) - move) / length, axis=-1)
        return lost / np.linalg.norm(move / length, axis=-1)
    return _blur(x, np.stack([x + move]), move, units_of(frame.T))


def units_of(directions):
    """Return back (d, d), which takes x to units in which the directions (m, d) are of order one.

    The inverse of the first d directions where they are independent, else a diagonal matrix.
    """
    d = directions.shape[1]
    if directions.shape[0] >= d:
        length = np.linalg.norm(directions[:d], axis=1)
        try:
            return np.linalg.inv((directions[:d] / length[:, None]).T) / length[:, None]
        except np.linalg.LinAlgError:
            pass
    scale = np.abs(directions).max(axis=0)
    return np.diag(1 / np.where(scale > 0, scale, 1.0))


def hessian_from_values(log_density, x, value, frame, noise=0.0, levels=LEVELS, rounds=ROUNDS):
    """Return gradient (d,), its error (d,), Hessian (d, d) and its error (d, d) in the frame.

    They are derivatives in u at u = 0 of log_density(x + frame u), frame (d, d). The off-diagonal
    ones come from second derivatives along e_i, e_j and (e_i + e_j)/sqrt 2.
    """
    d = x.size
    i, j = np.triu_indices(d, 1)
    columns = frame.T
    directions = np.concatenate([columns, (columns[i] + columns[j]) / math.sqrt(2)])
    found = along(log_density, x, value, directions, noise, levels, rounds)
    hessian, error = np.diag(found.second[:d]), np.diag(found.second_error[:d])
    single, single_error = found.second[:d], found.second_error[:d]
    hessian[i, j] = hessian[j, i] = found.second[d:] - 0.5 * (single[i] + single[j])
    error[i, j] = error[j, i] = found.second_error[d:] + 0.5 * (single_error[i] + single_error[j])
    return found.first[:d], found.first_error[:d], hessian, error


def gradient_along(gradient, x, directions, basis, levels=LEVELS, rounds=ROUNDS, length=1.0):
    """Return second derivatives (m, k) and their errors (m, k) from differences of the gradient.

    Entry [a, b] is v_a' H w_b for the rows v_a of `directions` (m, d) and the columns w_b of
    `basis` (d, k), by central differences of basis' gradient along v_a, from a step of `length` on.
    """
    m, k = directions.shape[0], basis.shape[1]
    found, error = np.full((m, k), np.nan), np.full((m, k), np.inf)
    open_, back = np.arange(m), units_of(directions)
    for _ in range(rounds):
        block = max(1, MOST_NUMBERS // (2 * levels * x.size))
        for i in range(0, open_.size, block):
            rows = open_[i : i + block]
            series, noise = _gradient_levels(
                gradient, x, directions[rows], basis, back, length, levels
            )
            limit, size = extrapolate(series, noise)
            better = size.max(axis=1) < error[rows].max(axis=1)
            found[rows[better]], error[rows[better]] = limit[better], size[better]
        length *= 2.0**-levels
        limit = np.fmax(1.0, np.abs(found[open_]).max(axis=1))
        open_ = open_[~(error[open_].max(axis=1) <= SETTLED * limit)]
        if open_.size == 0 or length < LEAST_LENGTH:
            break
    return found, error


def _gradient_levels(gradient, x, directions, basis, back, length, levels):
    """Return central differences (K, m, k) of basis' gradient at steps length 2^-k, and rounding.

    The entries whose points rounding would not tell apart, or that are not finite, are NaN.
    """
    steps = length * 2.0 ** -np.arange(levels)[:, None, None]
    move = steps * directions
    points = np.stack([x + move, x - move])
    with np.errstate(invalid="ignore", over="ignore"):
        forward, backward = gradient(points) @ basis
        blur = _blur(x, points, move, back)[..., None]
        series = np.where(blur < BLURRED, (forward - backward) / (2 * steps), np.nan)
        noise = EPS * (np.abs(forward) + np.abs(backward) + 1.0) / steps + blur * np.abs(series)
    return series, np.where(np.isfinite(series), noise, np.inf)


def hessian_from_gradient(gradient, x, frame, levels=LEVELS, rounds=ROUNDS, length=1.0):
    """Return the Hessian (d, d) and its error (d, d) in the frame (d, d) from gradients alone.

    The asymmetry, which exact derivatives would not have, counts as error.
    """
    hessian, error = gradient_along(gradient, x, frame.T, frame, levels, rounds, length)
    asymmetry = np.abs(hessian - hessian.T) / 2
    return 0.5 * (hessian + hessian.T), 0.5 * (error + error.T) + asymmetry

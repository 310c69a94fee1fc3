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

from laplace_approx.derivatives.noise import EPS
from laplace_approx.numerics.batched import MANY

LEVELS = 9  # steps h, h/2, ..., h/256 in a round
ROUNDS = 5  # each round starts where the one before ended
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


def extrapolate(levels, noise):
    """Return the limit of levels (K, ...) as the step falls, and its error, both (...).

    Level k was made with step h 2^-k and errs by a series in h^2, plus `noise` (K, ...), the size
    of its rounding error. NaN levels are skipped. The error is the larger of the two last changes
    in the table plus the rounding; it is infinite where fewer than two levels are finite.
    """
    row = np.where(np.isfinite(levels), levels, np.nan)
    limits, errors = [], []
    with np.errstate(invalid="ignore", over="ignore"):
        for order in range(1, len(row)):
            coarse, fine = row[:-1], row[1:]
            row = fine + (fine - coarse) / (4.0**order - 1)
            change = np.maximum(np.abs(row - fine), np.abs(row - coarse))
            limits.append(row)
            errors.append(change + 2 * noise[order:])
    limits, errors = np.concatenate(limits), np.concatenate(errors)
    errors[np.isnan(errors)] = np.inf
    first = np.argmin(errors, axis=0)[None]  # of the least: the lowest order, the widest step
    best, least = (np.take_along_axis(table, first, axis=0)[0] for table in (limits, errors))
    return np.where(least < np.inf, best, np.nan), least


def along(log_density, x, value, directions, noise=0.0, levels=LEVELS, rounds=ROUNDS, back=None):  # noqa: PLR0913
    """Return the `Directional` derivatives of log_density at x (d,) along rows (m, d) from values.

    `value` is the log density at x and `noise` its rounding error. The first step is a whole row,
    so each row should be about as long as the scale on which the log density changes by one. For
    rows at points of their own x is (m, d), `value` and `noise` are (m,), and `back` (m, d, d) is
    what `units_of` gives for the directions at the point of each.

    Many arguments: the function at its point, its rounding, and what a stencil may cost.
    """
    m, d = directions.shape
    x = np.broadcast_to(x, (m, d))
    value, noise = np.broadcast_to(value, m), np.broadcast_to(noise, m)
    found = Directional(
        np.full(m, np.nan), np.full(m, np.inf), np.full(m, np.nan), np.full(m, np.inf)
    )
    length, open_ = np.ones(m), np.arange(m)
    noise = np.maximum(noise, EPS * np.maximum(np.abs(value), 1.0))
    back = units_of(directions) if back is None else back
    for _ in range(rounds):
        block = max(1, MOST_NUMBERS // (2 * levels * d))
        for i in range(0, open_.size, block):
            rows = open_[i : i + block]
            stencil = (directions[rows], length[rows], rows, _of_rows(back, rows), levels)
            _round(log_density, x[rows], value[rows], noise[rows], stencil, found)
        length[open_] *= 2.0**-levels
        limit = np.maximum(1.0, np.abs(found.second[open_]))
        unsettled = ~(found.second_error[open_] <= SETTLED * limit)
        # where rounding alone is already too large, smaller steps can only be worse
        clear = 4 * noise[open_] / length[open_] ** 2 < 1e3 * np.fmax(limit, 1.0)
        open_ = open_[unsettled & clear]
        if open_.size == 0:
            break
    return found


def _round(log_density, x, value, noise, stencil, found):
    """One round of steps along r rows, numbered `rows`, from x (r, d); keeps in `found` what errs
    less than before."""
    directions, length, rows, back, levels = stencil
    steps = length * 2.0 ** -np.arange(levels)[:, None]  # (K, r)
    move = steps[:, :, None] * directions
    points = np.stack([x + move, x - move])
    forward, backward = log_density(points)
    with np.errstate(invalid="ignore", over="ignore"):
        magnitude = np.maximum(np.abs(forward - value), np.abs(backward - value))
        blur = _blur(x, points, move, back)
        rounding = noise + (EPS + 2 * blur) * magnitude
        bend = ((forward - value) + (backward - value)) / steps**2
        slope = (forward - backward) / (2 * steps)
        usable = np.isfinite(forward) & np.isfinite(backward) & (blur < BLURRED)
        series = np.stack([bend, slope], axis=1)  # (K, 2, r)
        error = np.stack([4 / steps**2, 1 / steps], axis=1) * rounding[:, None]
        usable = usable[:, None]
        limit, size = extrapolate(np.where(usable, series, np.nan), np.where(usable, error, np.inf))
    targets = (found.second, found.second_error), (found.first, found.first_error)
    for k, (target, error) in enumerate(targets):
        better = size[k] < error[rows]
        target[rows[better]], error[rows[better]] = limit[k, better], size[k, better]


def _of_rows(matrices, rows):
    """Return the matrices (m, ., .) of the rows, or the one (., .) that is the same for all."""
    return matrices if matrices.ndim == 2 else matrices[rows]


def _product(vectors, matrices):
    """Return vectors (..., r, d) times matrices (r, d, k), or times the one (d, k) for all."""
    if matrices.ndim == 2:
        return vectors @ matrices
    return np.einsum("...rd,rdk->...rk", vectors, matrices)


def _blur(x, points, move, back):
    """Return the share of each move (..., d) that is lost in the rounding of x + move, in units of
    u."""
    with np.errstate(invalid="ignore", over="ignore"):
        both = np.stack([(points[0] - x) - move, move])
        lost, whole = _product(both, np.swapaxes(back, -1, -2))
        return np.sqrt(np.sum(lost * lost, axis=-1) / np.sum(whole * whole, axis=-1))


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
        length = np.sqrt(np.sum(directions[:d] ** 2, axis=1))
        try:
            return np.linalg.inv((directions[:d] / length[:, None]).T) / length[:, None]
        except np.linalg.LinAlgError:
            pass
    scale = np.abs(directions).max(axis=0)
    return np.diag(1 / np.where(scale > 0, scale, 1.0))


def hessian_from_values(log_density, x, value, frame, noise=0.0, levels=LEVELS, rounds=ROUNDS):  # noqa: PLR0913
    """Return gradient (d,), its error (d,), Hessian (d, d) and its error (d, d) in the frame.

    They are derivatives in u at u = 0 of log_density(x + frame u), frame (d, d). The off-diagonal
    ones come from second derivatives along e_i, e_j and (e_i + e_j)/sqrt 2.

    Many arguments: those of `along`.
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


def gradient_along(  # noqa: PLR0913
    gradient, x, directions, basis, levels=LEVELS, rounds=ROUNDS, length=1.0, back=None
):
    """Return second derivatives (m, k) and their errors (m, k) from differences of the gradient.

    Entry [a, b] is v_a' H w_b for the rows v_a of `directions` (m, d) and the columns w_b of
    `basis` (d, k), by central differences of basis' gradient along v_a, from a step of `length`
    on. For rows at points of their own x is (m, d), `basis` (m, d, k), and `back` (m, d, d) as in
    `along`.

    Many arguments: those of `along`, and the basis.
    """
    (m, d), k = directions.shape, basis.shape[-1]
    x, back = np.broadcast_to(x, (m, d)), units_of(directions) if back is None else back
    found, error = np.full((m, k), np.nan), np.full((m, k), np.inf)
    open_ = np.arange(m)
    for _ in range(rounds):
        block = max(1, MOST_NUMBERS // (2 * levels * d))
        for i in range(0, open_.size, block):
            rows = open_[i : i + block]
            shared = _of_rows(basis, rows), _of_rows(back, rows)
            stencil = (directions[rows], *shared, length, levels)
            limit, size = extrapolate(*_gradient_levels(gradient, x[rows], stencil))
            better = size.max(axis=1) < error[rows].max(axis=1)
            found[rows[better]], error[rows[better]] = limit[better], size[better]
        length *= 2.0**-levels
        limit = np.fmax(1.0, np.abs(found[open_]).max(axis=1))
        open_ = open_[~(error[open_].max(axis=1) <= SETTLED * limit)]
        if open_.size == 0 or length < LEAST_LENGTH:
            break
    return found, error


def _gradient_levels(gradient, x, stencil):
    """Return central differences (K, r, k) of basis' gradient at steps length 2^-k, and rounding.

    The entries whose points rounding would not tell apart, or that are not finite, are NaN.
    """
    directions, basis, back, length, levels = stencil
    steps = length * 2.0 ** -np.arange(levels)[:, None, None]
    move = steps * directions
    points = np.stack([x + move, x - move])
    with np.errstate(invalid="ignore", over="ignore"):
        forward, backward = _product(gradient(points), basis)
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

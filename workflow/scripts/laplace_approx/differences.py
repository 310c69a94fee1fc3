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
    """Return the noise of log_density near one x (d,), given rows (m, d); see `rounding_noises`."""
    return rounding_noises(log_density, x[None], np.array([value]), directions[None])[0]


def rounding_noises(log_density, x, values, directions) -> list[float]:
    """Return the standard deviation of the noise of log_density near each x (p, d), whatever its
    cause; `values` (p,) are the log densities there.

    From differences of order 4, 5 and 6 of values at 9 equidistant points (More and Wild 2011,
    SIAM J. Sci. Comput. 33, 1292: ECNoise), along the rows of `directions` (p, m, d), each about
    one SD long, at several spacings. Noise gives the same estimate at every order and at two
    spacings in a row; smooth functions and kinks do not. Values that stay the same where a normal
    would have changed come in steps, as in single precision, and have the noise of a step. Never
    below the rounding of the value itself.
    """
    magnitude = np.maximum(np.abs(values), 1.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = 64 * EPS * np.abs(x)[:, None, :] / np.abs(directions)
        least = np.max(ratio, axis=2, where=directions != 0, initial=0.0)  # (p, m)
    spacing = np.maximum(SPANS[:, None], np.minimum(least, 1e-3)[:, None])  # (p, S, m)
    move = (spacing[..., None] * np.arange(-4.0, 5.0))[..., None] * directions[:, None, :, None, :]
    found = log_density(x[:, None, None, None] + move)  # (p, S, m, 9)
    with np.errstate(invalid="ignore"):
        # where the log density has changed much, its rounding is not that at x; NaN is no number
        change = np.max(np.abs(found - values[:, None, None, None]), axis=3)
        usable = change <= 0.1 * magnitude[:, None, None]
    found, count = np.where(usable[..., None], found, 0.0), usable.sum(axis=2)
    sizes = _noises(found, count)
    steps = np.abs(found[..., 1:] - found[..., :-1])
    floors = EPS * magnitude
    seen = (floors[:, None] < 3.5 / 8 * SPANS**2) & (count > 0)
    still = seen & ~steps.any(axis=(2, 3))
    return [
        _largest_noise(floors[i], sizes[i, count[i] > 0], steps[i], bool(still[i].any()))
        for i in range(len(x))
    ]


def _largest_noise(noise, sizes, steps, stuck) -> float:
    """Return the noise that two spacings in a row agree on, or that of the least of the steps."""
    before = 0.0
    for size in sizes.tolist():
        noise, before = max(noise, min(size, 4 * before)), size
    if not stuck:
        return float(noise)
    smallest = float(np.min(steps, where=steps > 0, initial=np.inf))
    return float(max(noise, smallest / 3)) if math.isfinite(smallest) else float(noise)


def _noises(values, count):
    """Return the noise (p, S) of values (p, S, m, 9), of which the rows that do not count, all but
    `count` (p, S), are zero; 0 where the differences do not agree on one."""
    sizes, change = [], values
    for k in range(1, 7):
        change = change[..., 1:] - change[..., :-1]
        if k >= 4:
            factor = math.factorial(k) ** 2 / math.factorial(2 * k)
            squares = np.einsum("psmi,psmi->ps", change, change)
            sizes.append(factor * squares / np.maximum(count * change.shape[-1], 1))
    sizes = np.sqrt(sizes)
    largest = sizes.max(axis=0)
    return np.where(largest <= 4 * sizes.min(axis=0), largest, 0.0)


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


def along(log_density, x, value, directions, noise=0.0, levels=LEVELS, rounds=ROUNDS, back=None):
    """Return the `Directional` derivatives of log_density at x (d,) along rows (m, d) from values.

    `value` is the log density at x and `noise` its rounding error. The first step is a whole row,
    so each row should be about as long as the scale on which the log density changes by one. For
    rows at points of their own x is (m, d), `value` and `noise` are (m,), and `back` (m, d, d) is
    what `units_of` gives for the directions at the point of each.
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
    """Return the share of moves (..., d) lost in rounding x + move, in units of frame (d, d)."""
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


def gradient_along(gradient, x, directions, basis, levels=LEVELS, rounds=ROUNDS, back=None):
    """Return second derivatives (m, k) and their errors (m, k) from differences of the gradient.

    Entry [a, b] is v_a' H w_b for the rows v_a of `directions` (m, d) and the columns w_b of
    `basis` (d, k), by central differences of basis' gradient along v_a. For rows at points of
    their own x is (m, d), `basis` (m, d, k), and `back` (m, d, d) as in `along`.
    """
    (m, d), k = directions.shape, basis.shape[-1]
    x, back = np.broadcast_to(x, (m, d)), units_of(directions) if back is None else back
    found, error = np.full((m, k), np.nan), np.full((m, k), np.inf)
    open_, length = np.arange(m), 1.0
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


def hessian_from_gradient(gradient, x, frame, levels=LEVELS, rounds=ROUNDS):
    """Return the Hessian (d, d) and its error (d, d) in the frame (d, d) from gradients alone.

    The asymmetry, which exact derivatives would not have, counts as error.
    """
    hessian, error = gradient_along(gradient, x, frame.T, frame, levels, rounds)
    asymmetry = np.abs(hessian - hessian.T) / 2
    return 0.5 * (hessian + hessian.T), 0.5 * (error + error.T) + asymmetry

"""Whether the derivatives that a model supplies are those of its log density."""

from typing import NamedTuple

import numpy as np

from laplace_approx.derivatives.directional import along, gradient_along, units_of
from laplace_approx.derivatives.noise import rounding_noises
from laplace_approx.derivatives.scales import axis_scales
from laplace_approx.errors import Declined
from laplace_approx.numerics.batched import MANY
from laplace_approx.words import places

# disagreement that no rounding explains, beside 20 times the numerical error; halved or doubled,
# derivatives of tests/mode that are off by 0.2 % and 1 % are found, and no right one is blamed
RELATIVE = 1e-4
TRUSTED = 1e-3  # numerical derivatives with a larger relative error have no say; the same
# dimensions up to which every axis is looked along, and random directions in more; each costs 18
# points or more
MOST_DIRECTIONS = 8
FEW_DIRECTIONS = 2  # above 50 dimensions: doubled, 0.7 % of the log densities of a search in 60
# of differences: steps of a round, each half as long, and rounds; a level more costs two points a
# direction, and is of use where the scale is 2^5 times too long
STEPS = {"levels": 5, "rounds": 5}
# of a direction, steps of one-sided slopes; halved, rounding weighs twice as much in them
ONE_SIDED = np.array([[1e-3], [1e-4], [1e-5]])


def check_supplied(evaluator, points, rng, scale=None):
    """Raise `Declined` (gradient_check_failed) unless the derivatives at points (n, d) are right.

    Along up to eight directions at each point, scaled to where the log density changes by one,
    the analytic gradient is held against differences of values, and the analytic Hessian against
    differences of the gradient. A numerical derivative counts only where its own error is small,
    so that kinks, edges and cancellation near a point give no false alarm; a disagreement counts
    only if it is found again with other steps. `scale` (d,), where it is known, saves the sweeps
    for the length over which the log density changes by one on each axis.
    """
    if not evaluator.has_gradient:
        return
    values, gradients = evaluator.log_density(points), evaluator.gradient(points)
    usable = np.isfinite(values) & np.isfinite(gradients).all(axis=1)
    if not usable.any():
        return
    usable = np.flatnonzero(usable)
    together = points.shape[1] <= MOST_DIRECTIONS  # else a matrix for every row would be large
    for some in [usable] if together else np.split(usable, usable.size):
        rows = _rows(points[some], scaled_directions(evaluator, points[some], rng, scale))
        _check_gradient(evaluator, rows, values[some], gradients[some])
        if evaluator.has_hessian:
            _check_hessian(evaluator, rows)


def scaled_directions(evaluator, points, rng, scale=None):
    """Return directions (p, m, d), the axes in few dimensions, as long as the local scale at each
    of the points (p, d)."""
    p, d = points.shape
    if d <= MOST_DIRECTIONS:
        directions = np.broadcast_to(np.eye(d), (p, d, d))
    else:
        n = MOST_DIRECTIONS if d <= MANY else FEW_DIRECTIONS
        length = np.maximum(1.0, np.abs(points))[:, None] if scale is None else 1.0
        directions = rng.standard_normal((p, n, d)) * length / np.sqrt(d)
    if scale is not None:
        return directions * scale
    return directions * _lengths(evaluator, points, directions)[..., None]


def _lengths(evaluator, points, directions):
    """Return the multiple of each direction over which the log density changes by about one."""
    if points.shape[1] > MANY and evaluator.has_hessian and len(points) == 1:
        (x,), (own,) = points, directions
        bend = np.einsum("mi,mi->m", own @ evaluator.hessian(x), own)
        size = np.abs(bend) + (own @ evaluator.gradient(x)) ** 2
        if np.isfinite(size).all() and np.all(size > 0):
            return 1 / np.sqrt(size)[None]
    return axis_scales(evaluator.far, points, directions)


class _Rows(NamedTuple):
    """The directions (p, m, d) at points (p, d) in one list of r = p m: `x` (r, d), `direction`
    (r, d) and the number `of` (r,) of the point. `back` and `basis` are as in `gradient_along`,
    one for all rows where there is one point."""

    points: np.ndarray
    directions: np.ndarray
    x: np.ndarray
    direction: np.ndarray
    of: np.ndarray
    back: np.ndarray
    basis: np.ndarray

    def only(self, i) -> dict:
        """Return what differences along a direction a little shorter than number i take."""
        return {"x": self.x[i], "directions": 0.37 * self.direction[i : i + 1]}

    def column(self, i, j):
        """Return direction j at the point of row i, as a column (d, 1)."""
        return self.directions[self.of[i], j][:, None]


def _rows(points, directions) -> _Rows:
    p, m, d = directions.shape
    of = np.repeat(np.arange(p), m)
    back = np.array([units_of(each) for each in directions])
    basis = np.swapaxes(directions, 1, 2)
    shared = (back[0], basis[0]) if p == 1 else (back[of], basis[of])
    return _Rows(points, directions, points[of], directions.reshape(-1, d), of, *shared)


def _check_gradient(evaluator, rows, values, gradients):
    function = evaluator.log_density
    few = rows.directions[:, : 3 if rows.points.shape[1] <= MANY else 1]
    noises = rounding_noises(function, rows.points, values, few)
    value, noise = values[rows.of], np.array(noises)[rows.of]
    analytic = np.einsum("rd,rd->r", rows.direction, gradients[rows.of])
    found = along(function, rows.x, value, rows.direction, noise, **STEPS, back=rows.back)
    for i in np.flatnonzero(_differ(analytic, found.first, found.first_error)):
        x, direction, gap = rows.x[i], rows.direction[i], abs(analytic[i] - found.first[i])
        if not _smooth(lambda p, i=i: function(p) - value[i], x, direction, gap):
            continue
        other = along(function, value=value[i], noise=noise[i], **STEPS, **rows.only(i))
        numerical, error = other.first / 0.37, other.first_error / 0.37
        if _differ(analytic[i : i + 1], numerical, error)[0]:
            raise _failure(evaluator, "gradient", x, direction, analytic[i], numerical[0])


def _check_hessian(evaluator, rows):
    hessian, directions = evaluator.hessian(rows.points), rows.directions
    analytic = directions @ hessian @ np.swapaxes(directions, 1, 2)
    analytic = analytic.reshape(len(rows.x), -1)  # a NaN differs from nothing

    def gradient(points):
        inside = np.isfinite(evaluator.far(points))
        if inside.all():
            return evaluator.gradient(points)
        return np.where(inside[..., None], evaluator.gradient(points), np.nan)

    stencil = rows.x, rows.direction, rows.basis
    found, error = gradient_along(gradient, *stencil, **STEPS, back=rows.back)
    for i, j in np.argwhere(_differ(analytic, found, error)):
        x, direction, column = rows.x[i], rows.direction[i], rows.column(i, j)
        gap = abs(analytic[i, j] - found[i, j])
        if not _smooth(
            lambda p, x=x, column=column: (gradient(p) - gradient(x)) @ column[:, 0],
            *(x, direction, gap),
        ):
            continue
        again, size = gradient_along(gradient, basis=column, **STEPS, **rows.only(i))
        numerical = again[0, 0] / 0.37
        if _differ(analytic[i, j], numerical, size[0, 0] / 0.37):
            raise _failure(evaluator, "Hessian", x, direction, analytic[i, j], numerical)


def _smooth(change, x, direction, gap):
    """Whether the slopes of change(x +- h v) on the two sides meet as h falls, to well below gap.

    `change` maps (n, d) to (n,) and is zero at x. Where they do not meet, a derivative does not
    exist and nothing can be said against the one supplied.
    """
    ahead, behind = change(x + ONE_SIDED * direction), change(x - ONE_SIDED * direction)
    with np.errstate(invalid="ignore"):
        apart = np.abs(ahead + behind) / ONE_SIDED[:, 0]
    return bool(np.min(apart) < 0.2 * gap)


def _differ(analytic, numerical, error):
    """Whether two derivatives differ by more than the numerical one can be wrong."""
    with np.errstate(invalid="ignore"):
        size = np.abs(analytic) + np.abs(numerical)
        trusted = error <= TRUSTED * np.maximum(size, 1.0)
        return trusted & ~(
            np.abs(analytic - numerical) <= RELATIVE * np.maximum(size, 0.1) + 20 * error
        )


def _failure(evaluator, which, x, direction, analytic, numerical) -> Declined:
    along_ = places.direction(evaluator.names, direction)
    return Declined(
        "gradient_check_failed",
        f"the {which} of the model at {places.point(evaluator.names, x)} gives {analytic:.6g} "
        f"along {along_} (a step of {np.linalg.norm(direction):.3g}), where differences of "
        f"{'the log density' if which == 'gradient' else 'its gradient'} give {numerical:.6g}. "
        "Correct it, or leave it out: it will then be found numerically.",
        derivative=which.lower(),
        point=x.tolist(),
        direction=direction.tolist(),
        analytic=float(analytic),
        numerical=float(numerical),
    )

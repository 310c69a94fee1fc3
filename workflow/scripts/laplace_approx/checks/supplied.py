"""Whether the derivatives that a model supplies are those of its log density."""

import numpy as np

from laplace_approx import words
from laplace_approx.differences import along, gradient_along, rounding_noise
from laplace_approx.errors import Declined
from laplace_approx.scales import MANY, axis_scales

RELATIVE = 1e-4  # disagreement that no rounding explains, beside 20 times the numerical error
TRUSTED = 1e-3  # numerical derivatives with a larger relative error have no say
MOST_DIRECTIONS = 8
FEW_DIRECTIONS = 2  # above 50 dimensions
ONE_SIDED = np.array([[1e-3], [1e-4], [1e-5]])  # steps of one-sided slopes, of a direction


def check_supplied(evaluator, points, rng):
    """Raise `Declined` (gradient_check_failed) unless the derivatives at points (n, d) are right.

    Along up to eight directions at each point, scaled to where the log density changes by one,
    the analytic gradient is held against differences of values, and the analytic Hessian against
    differences of the gradient. A numerical derivative counts only where its own error is small,
    so that kinks, edges and cancellation near a point give no false alarm; a disagreement counts
    only if it is found again with other steps.
    """
    if not evaluator.has_gradient:
        return
    for x in points:
        value = float(evaluator.log_density(x))
        gradient = evaluator.gradient(x)
        if not (np.isfinite(value) and np.isfinite(gradient).all()):
            continue
        directions = scaled_directions(evaluator, x, rng)
        _check_gradient(evaluator, x, value, gradient, directions)
        if evaluator.has_hessian:
            _check_hessian(evaluator, x, directions)


def scaled_directions(evaluator, x, rng):
    """Return directions (m, d), the axes in few dimensions, as long as the local scale."""
    d = x.size
    if d <= MOST_DIRECTIONS:
        directions = np.eye(d)
    else:
        n = MOST_DIRECTIONS if d <= MANY else FEW_DIRECTIONS
        directions = rng.standard_normal((n, d)) * np.maximum(1.0, np.abs(x))
        directions /= np.sqrt(d)
    return directions * _lengths(evaluator, x, directions)[:, None]


def _lengths(evaluator, x, directions):
    """Return the multiple of each direction over which the log density changes by about one."""
    if x.size > MANY and evaluator.has_hessian:
        bend = np.einsum("mi,mi->m", directions @ evaluator.hessian(x), directions)
        size = np.abs(bend) + (directions @ evaluator.gradient(x)) ** 2
        if np.isfinite(size).all() and np.all(size > 0):
            return 1 / np.sqrt(size)
    return axis_scales(evaluator.far, x, directions)


def _check_gradient(evaluator, x, value, gradient, directions):
    function = evaluator.log_density
    noise = rounding_noise(function, x, value, directions[: 3 if x.size <= MANY else 1])
    analytic = directions @ gradient
    found = along(function, x, value, directions, noise, rounds=3)
    for i in np.flatnonzero(_differ(analytic, found.first, found.first_error)):
        gap = abs(analytic[i] - found.first[i])
        if not _smooth(lambda p: function(p) - value, x, directions[i], gap):
            continue
        other = along(function, x, value, 0.37 * directions[i : i + 1], noise, rounds=3)
        numerical, error = other.first / 0.37, other.first_error / 0.37
        if _differ(analytic[i : i + 1], numerical, error)[0]:
            raise _failure(evaluator, "gradient", x, directions[i], analytic[i], numerical[0])


def _check_hessian(evaluator, x, directions):
    hessian = evaluator.hessian(x)
    if not np.isfinite(hessian).all():
        return
    basis = directions.T
    analytic = directions @ hessian @ basis

    def gradient(points):
        inside = np.isfinite(evaluator.far(points))
        return np.where(inside[..., None], evaluator.gradient(points), np.nan)

    found, error = gradient_along(gradient, x, directions, basis, rounds=3)
    for i, j in np.argwhere(_differ(analytic, found, error)):
        gap = abs(analytic[i, j] - found[i, j])
        if not _smooth(
            lambda p, j=j: (gradient(p) - gradient(x)) @ basis[:, j], x, directions[i], gap
        ):
            continue
        other = 0.37 * directions[i : i + 1]
        again, size = gradient_along(gradient, x, other, basis[:, j : j + 1], rounds=3)
        if _differ(analytic[i, j], again[0, 0] / 0.37, size[0, 0] / 0.37):
            raise _failure(
                evaluator, "Hessian", x, directions[i], analytic[i, j], again[0, 0] / 0.37
            )


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
    along_ = words.direction(evaluator.names, direction)
    return Declined(
        "gradient_check_failed",
        f"the {which} of the model at {words.point(evaluator.names, x)} gives {analytic:.6g} along "
        f"{along_} (a step of {np.linalg.norm(direction):.3g}), where differences of "
        f"{'the log density' if which == 'gradient' else 'its gradient'} give {numerical:.6g}. "
        "Correct it, or leave it out: it will then be found numerically.",
        derivative=which.lower(),
        point=x.tolist(),
        direction=direction.tolist(),
        analytic=float(analytic),
        numerical=float(numerical),
    )

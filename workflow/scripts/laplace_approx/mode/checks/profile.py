"""The highest density over all other parameters, on the way of one of them out of a mode."""

from typing import NamedTuple

import numpy as np

from laplace_approx.derivatives.central import slope, slope_and_curvature
from laplace_approx.derivatives.scales import axis_scales
from laplace_approx.derivatives.whitened import whitened
from laplace_approx.numerics.newton import newton_rows
from laplace_approx.numerics.precision import factor

# parameters: in more, a Hessian at each of 64 places takes more than 13 000 evaluations, and
# nothing is said; doubled, four times as many
MOST_DIMENSIONS = 10
# SDs of the others from their highest place, which is then 5e-5 of log density away; halved, a
# quarter of that
TOLERANCE = 1e-2
MOST_STEPS = 30  # of Newton's method: with fewer, a bent ridge is left below its highest place


class Profile(NamedTuple):
    """At each of n values of one parameter the highest of the others: `points` (n, d) and their
    `log_density` (n,); `log_width` (n,), the log of the volume of the others' normal there, NaN
    where they have none; and the `sd` of the parameter under the normal at the mode."""

    points: np.ndarray
    log_density: np.ndarray
    log_width: np.ndarray
    sd: float


def profile(evaluator, x, i: int, values) -> Profile | None:
    """Return the `Profile` of parameter i at `values` (n,), by Newton's method for the others.

    It begins where the line through x (d,) or the regression on parameter i under the normal at x
    is higher, and goes in coordinates v in which that normal is standard given parameter i. With
    log_density + log_width for the log of a marginal density it is Laplace's (Tierney and Kadane
    1986, JASA 81, section 4). None where the log density at x has no normal, or the others are too
    many.
    """
    factored = _factor(evaluator, x) if x.size <= MOST_DIMENSIONS else None
    if factored is None:
        return None
    sd = float(np.linalg.norm(factored[i]))
    starts = _starts(evaluator, x, i, values, factored @ factored[i] / sd**2)
    if x.size == 1:
        return Profile(starts, evaluator.far(starts), np.zeros(len(values)), sd)
    # those moves of the normal that leave parameter i where it is
    basis = factored @ np.linalg.svd(factored[i : i + 1])[2][1:].T
    basis[i] = 0.0
    return _climbed(evaluator, starts, basis, sd)


def _factor(evaluator, x):
    """Return a factor (d, d) of the covariance of the normal at x, None where there is none."""
    local = whitened(evaluator, x)
    found = factor(-local.hessian) if np.isfinite(local.hessian).all() else None
    return None if found is None else local.frame @ found.cholesky


def _starts(evaluator, x, i, values, regression):
    line = np.repeat(x[None], len(values), axis=0)
    bent = x + (values - x[i])[:, None] * regression
    line[:, i] = bent[:, i] = values
    higher = evaluator.far(bent) > evaluator.far(line)
    return np.where(higher[:, None], bent, line)


def _climbed(evaluator, starts, basis, sd: float) -> Profile:
    given = evaluator.has_gradient, evaluator.has_hessian
    density = evaluator.density._replace(
        log_density=evaluator.far,
        gradient=evaluator.gradient if given[0] else None,
        hessian=evaluator.hessian if given[1] else None,
    )
    directions = np.broadcast_to(basis.T, (len(starts), *basis.T.shape))
    scale = axis_scales(evaluator.far, starts, directions)

    def at(rows, v):
        return starts[rows] + v @ basis.T

    found = newton_rows(
        lambda rows, v: evaluator.far(at(rows, v)),
        lambda rows, v: slope(density, at(rows, v), basis, scale[rows]),
        lambda rows, v: slope_and_curvature(density, at(rows, v), basis, scale[rows])[1],
        np.zeros((len(starts), basis.shape[1])),
        tolerance=TOLERANCE,
        max_iterations=MOST_STEPS,
    )
    points = at(np.arange(len(starts)), found.x)
    _, hessian = slope_and_curvature(density, points, basis, scale)
    return Profile(points, found.log_density, _log_width(hessian), sd)


def _log_width(hessian):
    """Return -log det(-H) / 2 of matrices (n, k, k), NaN where -H is not positive definite."""
    known = np.isfinite(hessian).all(axis=(1, 2))
    curvature = np.linalg.eigvalsh(np.where(known[:, None, None], -hessian, 0.0))
    positive = np.where(curvature > 0, curvature, np.nan)
    return -0.5 * np.sum(np.log(positive), axis=1)

"""A curvature that is none, has the wrong sign, or cannot be measured."""

import numpy as np

from laplace_approx.derivatives.scales import rough_scales
from laplace_approx.errors import Declined
from laplace_approx.mode.checks import digits, ridge, stairs
from laplace_approx.mode.reasons.smoothness import in_steps
from laplace_approx.words import places

# curvature in scaled coordinates that is none: rounding of a Hessian leaves 1e-16 times its
# condition; doubled, an SD that is 7,000 times that of a slice is called none
SINGULAR = 1e-8


def scaled_curvature(proof):
    """Return the least curvature in scaled coordinates, its uncertainty, and its direction (d,).

    The scaling is the frame of the differences, or 1/sqrt|H_ii| for an analytic Hessian.
    """
    if proof.local is not None:
        frame = proof.local.frame
        matrix = -proof.local.hessian
        error = float(np.abs(proof.local.hessian_error).sum(axis=0).max())
    else:
        diagonal = np.abs(np.diag(proof.hessian))
        largest = diagonal.max(initial=0.0)
        frame = np.diag(1 / np.sqrt(np.where(diagonal > 0, diagonal, largest or 1.0)))
        matrix = -frame @ proof.hessian @ frame
        error = 0.0
    if not np.isfinite(matrix).all():
        return np.nan, np.inf, np.zeros(proof.x.size)
    values, axes = np.linalg.eigh(matrix)
    size = max(1.0, float(np.abs(values).max()))
    return float(values[0]), 2 * error + SINGULAR * size, frame @ axes[:, 0]


def level_line(evaluator, proof, elsewhere, scale):
    """Return the `Declined` for a line along which nothing changes, through the point of the proof
    and through another, at whose curvature the direction is better known, or None."""
    least, uncertainty, weak = scaled_curvature(elsewhere)
    through = np.stack([proof.x, elsewhere.x])
    if not abs(least) <= uncertainty or not ridge.is_level(evaluator, through, weak):
        return None
    along = places.direction(evaluator.names, weak, scale)
    at, why = places.point(evaluator.names, proof.x), ridge.why(evaluator.names, weak, scale)
    return Declined(
        "singular_hessian",
        f"the log density does not change at all along {along}, neither at {at} nor elsewhere: the "
        f"data and the prior say nothing about that combination ({why}). "
        "Drop a parameter, or give one of them a proper prior.",
        point=proof.x.tolist(),
        direction=weak.tolist(),
        curvature=least,
        uncertainty=uncertainty,
    )


def no_curvature(evaluator, proof):
    """Return the `Declined` for the direction of the least curvature; None where none is known."""
    least, uncertainty, weak = scaled_curvature(proof)
    if not np.isfinite(least):
        return None
    scale = rough_scales(evaluator, proof.x)
    stair = stairs.stair(evaluator, proof.x, weak)
    if stair is not None:
        return in_steps(evaluator, proof, weak, stair, scale)
    along = places.direction(evaluator.names, weak, scale)
    at = places.point(evaluator.names, proof.x)
    if least < -uncertainty:
        return Declined(
            "indefinite_hessian",
            f"the search ended at {at}, which is no maximum: along {along} the log density curves "
            f"upwards ({least:.3g} in scaled coordinates). Start elsewhere.",
            point=proof.x.tolist(),
            direction=weak.tolist(),
            curvature=least,
        )
    return Declined(
        "singular_hessian",
        f"the log density has no curvature along {along} at {at} ({least:.2g} in scaled "
        f"coordinates, uncertain by {uncertainty:.1g}): the data and the prior say nothing about "
        "that combination. Give it a proper prior, or drop a parameter.",
        point=proof.x.tolist(),
        direction=weak.tolist(),
        curvature=least,
        uncertainty=uncertainty,
    )


def flat_top(evaluator, proof):
    """Return the `Declined` for a maximum beside which the log density falls ever faster."""
    misfit = proof.misfit
    along = places.direction(evaluator.names, misfit.direction)
    return Declined(
        "singular_hessian",
        f"the log density is flatter at its maximum ({places.point(evaluator.names, proof.x)}) "
        f"than any normal, along {along}: {misfit.step:.2g} of the standard deviation that the "
        f"curvature gives, it has already fallen {misfit.ratio:.3g} times as far as the curvature "
        "says. The Hessian is singular there (as of -x^4); use a grid or quantiles.",
        mode=proof.x.tolist(),
        direction=misfit.direction.tolist(),
        step_sd=misfit.step,
        ratio=misfit.ratio,
    )


def unsafe(evaluator, proof):
    """Return the `Declined` for a curvature that rounding or noise hides."""
    factored = proof.factored
    if proof.problem == "noise":
        return _all_noise(evaluator, proof)
    values, axes = np.linalg.eigh(factored.correlation)
    weak = axes[:, -1] * factored.sd
    along = places.direction(evaluator.names, weak, factored.sd)
    if proof.error == factored.rounding:
        text = (
            f"the Hessian is singular to working precision: rounding alone may change the "
            f"covariance by a relative {proof.error:.1g}, the limit is 1e-05. The log density "
            f"is all but flat along {along}"
        )
        reason, remedy = "singular_hessian", "Drop or combine parameters, or give them a prior."
    else:
        text = (
            f"the curvature at the mode cannot be measured: its relative error is "
            f"{proof.error:.1g}, for a log density whose own noise is {proof.noise:.1g}"
        )
        reason, remedy = "non_smooth_mode", f"{digits.CURES}."
    return Declined(
        reason,
        f"{text}. {remedy}",
        mode=proof.x.tolist(),
        error=float(proof.error),
        direction=weak.tolist(),
        least_correlation_eigenvalue=float(values[0]),
    )


def _all_noise(evaluator, proof):
    return Declined(
        "non_smooth_mode",
        f"the log density is only known to {proof.noise:.1g} around its maximum at "
        f"{places.point(evaluator.names, proof.x)}, which hides the curvature even one standard "
        f"deviation away. {digits.CURES}.",
        mode=proof.x.tolist(),
        noise=proof.noise,
    )

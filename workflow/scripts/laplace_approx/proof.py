"""The proof that a point is a mode, and the covariance that its curvature gives."""

from typing import NamedTuple

import numpy as np

from laplace_approx.checks import shape as local_shape
from laplace_approx.differences import EPS, rounding_noise
from laplace_approx.frames import Local, inverse, whitened
from laplace_approx.precision import (
    SAFE_CONDITION,
    Factored,
    factor,
    in_frame,
)

SHIFT_LIMIT = 1e-6  # SDs: how near to the mode a proven point is
NOISY_SHIFT_LIMIT = 1e-2  # SDs: the same where the rounding of the log density allows no better
POLISHES = 6
ERROR_LIMIT = 1e-2  # of the covariance, relative: beyond it the curvature is not known


class Proof(NamedTuple):
    """What was measured at x (d,), and the `problem` if it is no mode that a normal can serve.

    `gradient` (d,), `hessian` (d, d) in the coordinates of x, `factored` the covariance (None
    where -hessian is not positive definite), `shift` (d,) the next Newton step of each coordinate
    in its SD, `decrement` its length in SDs, `shift_limit` what was allowed, `error` the relative
    error of the covariance by its own account, `local` the differences it came from (None where
    the Hessian is analytic), `noise` the rounding of the log density, `shape` how well the
    quadratic holds, `problem` None or one of "derivatives", "curvature", "shift", "edge", "grows",
    "kink", "jump", "error", with `misfit` for those of the shape.
    """

    x: np.ndarray
    log_density: float
    gradient: np.ndarray
    hessian: np.ndarray
    factored: Factored | None
    shift: np.ndarray
    decrement: float
    shift_limit: float
    error: float
    method: str
    local: Local | None
    noise: float
    shape: local_shape.Shape | None
    problem: str | None
    misfit: local_shape.Misfit | None

    @property
    def proven(self) -> bool:
        """Whether x is a mode with a covariance."""
        return self.problem is None


def prove(evaluator, x, rng, frame=None) -> Proof:
    """Return the `Proof` at x (d,), moved to the mode by a few last steps where that helps.

    With an analytic Hessian the curvature is that, unless rounding could spoil its inverse by
    more than 1e-5 and differences in whitened coordinates are safer. `frame` (d, d) is where
    numerical differences begin.
    """
    x = np.asarray(x, dtype=float)
    if evaluator.has_hessian:
        proof = _analytic(evaluator, x, rng)
        if proof.problem in (None, "error") and proof.factored.rounding > SAFE_CONDITION:
            numerical = _numerical(evaluator, x, rng, proof.factored.cholesky)
            if numerical.proven and numerical.error < proof.factored.rounding:
                return numerical
        return proof
    return _numerical(evaluator, x, rng, frame)


def _analytic(evaluator, x, rng) -> Proof:
    value = float(evaluator.log_density(x))
    gradient, hessian = evaluator.gradient(x), evaluator.hessian(x)
    if not (np.isfinite(gradient).all() and np.isfinite(hessian).all()):
        return _unproven(x, value, gradient, hessian, "analytic", None, "derivatives")
    factored = factor(-hessian)
    if factored is None:
        return _unproven(x, value, gradient, hessian, "analytic", None, "curvature")
    noise = rounding_noise(evaluator.log_density, x, value, factored.cholesky.T[:3])
    return _judged(
        evaluator,
        rng,
        x,
        value,
        gradient,
        hessian,
        factored,
        SHIFT_LIMIT,
        factored.rounding,
        "analytic",
        None,
        noise,
    )


def _numerical(evaluator, x, rng, frame) -> Proof:
    local = whitened(evaluator, x, frame)
    for _ in range(POLISHES):
        step = _polish(local)
        if step is None:
            break
        moved = whitened(evaluator, local.x + local.frame @ step, local.frame)
        if not np.linalg.norm(moved.gradient) < 0.5 * np.linalg.norm(local.gradient):
            break
        local = moved
    back = inverse(local.frame)
    if evaluator.has_gradient:
        gradient = evaluator.gradient(local.x)
    else:
        gradient = back.T @ local.gradient
    hessian = back.T @ local.hessian @ back
    hessian = 0.5 * (hessian + hessian.T)
    method = local.method
    if not (np.isfinite(local.gradient).all() and np.isfinite(local.hessian).all()):
        return _unproven(
            local.x, local.log_density, gradient, hessian, method, local, "derivatives"
        )
    error = float(np.abs(local.hessian_error).sum(axis=0).max())
    curvature = np.linalg.eigvalsh(-local.hessian)
    if not (np.isfinite(hessian).all() and curvature[0] > 2 * error):
        return _unproven(local.x, local.log_density, gradient, hessian, method, local, "curvature")
    factored = in_frame(local.frame, -local.hessian)
    error = error / curvature[0] + factored.rounding
    reach = 10 * float(np.max(local.gradient_error))
    limit = min(max(SHIFT_LIMIT, reach), NOISY_SHIFT_LIMIT)
    return _judged(
        evaluator,
        rng,
        local.x,
        local.log_density,
        gradient,
        hessian,
        factored,
        limit,
        error,
        method,
        local,
        local.noise,
    )


def _polish(local):
    """Return the Newton step in the frame, or None where there is nothing to gain."""
    if not (np.isfinite(local.hessian).all() and np.isfinite(local.gradient).all()):
        return None
    if np.linalg.norm(local.gradient) <= 1e-12 or factor(-local.hessian) is None:
        return None
    step = np.linalg.solve(-local.hessian, local.gradient)
    return step if np.linalg.norm(step) < 0.5 else None


def _judged(
    evaluator, rng, x, value, gradient, hessian, factored, limit, error, method, local, noise
) -> Proof:
    whitened_gradient = factored.cholesky.T @ gradient
    shift = np.abs(factored.cholesky @ whitened_gradient) / factored.sd
    decrement = float(np.linalg.norm(whitened_gradient))
    shape = local_shape.probe(evaluator, x, value, gradient, factored.cholesky, noise, rng)
    misfit, problem = local_shape.misfit(shape), None
    if misfit is not None:
        problem = misfit.kind
    elif not np.max(shift) <= limit:
        problem = "shift"
    elif not error <= (SAFE_CONDITION if error == factored.rounding else ERROR_LIMIT):
        problem = "error"
    return Proof(
        x,
        value,
        gradient,
        hessian,
        factored,
        shift,
        decrement,
        limit,
        error,
        method,
        local,
        noise,
        shape,
        problem,
        misfit,
    )


def _unproven(x, value, gradient, hessian, method, local, problem) -> Proof:
    nothing = np.full(x.size, np.nan)
    noise = EPS * max(1.0, abs(value)) if local is None else local.noise
    return Proof(
        x,
        value,
        gradient,
        hessian,
        None,
        nothing,
        float("nan"),
        SHIFT_LIMIT,
        float("inf"),
        method,
        local,
        noise,
        None,
        problem,
        None,
    )

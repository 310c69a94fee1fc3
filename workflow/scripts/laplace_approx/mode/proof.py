"""The proof that a point is a mode, and the covariance that its curvature gives."""

from typing import NamedTuple

import numpy as np

from laplace_approx.derivatives.noise import rounding_noise
from laplace_approx.derivatives.whitened import Local, inverse, whitened
from laplace_approx.mode.checks import shape as local_shape
from laplace_approx.numerics.batched import MANY
from laplace_approx.numerics.precision import SAFE_CONDITION, Factored, factor, in_frame

# times as fast as the curvature says that the log density falls, if that is of whole ripples;
# a tenth: the rim of a plateau, where the posterior is improper, is taken for a ripple
BETWEEN_RIPPLES = 10.0
SHIFT_LIMIT = 1e-6  # SDs: how near to the mode a proven point is
NOISY_SHIFT_LIMIT = 1e-2  # SDs: the same where the rounding of the log density allows no better
POLISHES = 6  # full Newton steps from an end: each squares what is left
CLOSE = 1e-12  # SDs, where there is nothing left to polish
FARTHEST = 0.5  # SDs, the longest step of a polish
ERROR_LIMIT = 1e-2  # of the covariance, relative: beyond it the curvature is not known


class Point(NamedTuple):
    """The derivatives at x (d,), in its coordinates: `gradient` (d,), `hessian` (d, d).

    `method` is "analytic", "gradient_differences" or "value_differences"; `local` holds the
    differences in the frame that they were made in, None where the Hessian is analytic.
    """

    x: np.ndarray
    log_density: float
    gradient: np.ndarray
    hessian: np.ndarray
    method: str
    local: Local | None


class Proof(NamedTuple):
    """A `Point` (its six fields), and the `problem` if it is no mode that a normal can serve.

    `factored` is the covariance (None where -hessian is not positive definite), `shift` (d,) the
    next Newton step of each coordinate in its SD, `decrement` its length in SDs, `shift_limit`
    what was allowed, `error` the relative error of the covariance by its own account, `noise` that
    of the log density, `shape` how well the quadratic holds. `problem` is None or one of
    "derivatives", "curvature", "shift", "error", or the kind of the `misfit` of the shape.
    `evaluations` counts the points that x and the derivatives there took, the proof itself not.
    """

    x: np.ndarray
    log_density: float
    gradient: np.ndarray
    hessian: np.ndarray
    method: str
    local: Local | None
    factored: Factored | None
    shift: np.ndarray
    decrement: float
    shift_limit: float
    error: float
    noise: float
    shape: local_shape.Shape | None
    problem: str | None
    misfit: local_shape.Misfit | None
    evaluations: int = 0

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
    if not evaluator.has_hessian:
        return _on_its_scale(evaluator, _numerical(evaluator, x, rng, frame), rng)
    proof = _analytic(evaluator, x, rng)
    if proof.problem in (None, "error") and proof.factored.rounding > SAFE_CONDITION:
        numerical = _numerical(evaluator, x, rng, proof.factored.cholesky)
        if numerical.proven and numerical.error < proof.factored.rounding:
            return numerical
    return proof


def _on_its_scale(evaluator, proof: Proof, rng) -> Proof:
    """Return the proof with a curvature measured closer to the point, where it was measured over so
    wide a stretch that it is not the one there: between ripples, which equal steps may miss."""
    if proof.problem != "grows" or not proof.misfit.ratio > BETWEEN_RIPPLES:
        return proof
    frame = proof.local.frame / np.sqrt(proof.misfit.ratio)
    closer = _numerical(evaluator, proof.x, rng, frame)
    return closer if closer.proven else proof


def _analytic(evaluator, x, rng) -> Proof:
    value = float(evaluator.log_density(x))
    point = Point(x, value, evaluator.gradient(x), evaluator.hessian(x), "analytic", None)
    if not (np.isfinite(point.gradient).all() and np.isfinite(point.hessian).all()):
        return _unproven(point, "derivatives")
    factored = factor(-point.hessian)
    if factored is None:
        return _unproven(point, "curvature")
    judged = _judged(evaluator, rng, point, factored, factored.rounding)
    return judged._replace(evaluations=3)  # a value, a gradient and a Hessian


def _numerical(evaluator, x, rng, frame) -> Proof:
    before = evaluator.evaluations
    local = _polished(evaluator, whitened(evaluator, x, frame))
    back = inverse(local.frame)
    gradient = back.T @ local.gradient
    if evaluator.has_gradient:
        gradient = evaluator.gradient(local.x)
    cost = evaluator.evaluations - before
    hessian = back.T @ local.hessian @ back
    hessian = 0.5 * (hessian + hessian.T)
    point = Point(local.x, local.log_density, gradient, hessian, local.method, local)
    if not (np.isfinite(local.gradient).all() and np.isfinite(local.hessian).all()):
        return _unproven(point, "derivatives")
    error = float(np.abs(local.hessian_error).sum(axis=0).max())
    curvature = np.linalg.eigvalsh(-local.hessian)
    if not (np.isfinite(hessian).all() and curvature[0] > 2 * error):
        return _unproven(point, "curvature")
    factored = in_frame(local.frame, -local.hessian)
    error = error / curvature[0] + factored.rounding
    return _judged(evaluator, rng, point, factored, error)._replace(evaluations=cost)


def _polished(evaluator, local: Local) -> Local:
    """Return the derivatives at the end of a few Newton steps, while the gradient halves."""
    for _ in range(POLISHES):
        finite = np.isfinite(local.hessian).all() and np.isfinite(local.gradient).all()
        if not finite or np.linalg.norm(local.gradient) <= CLOSE or factor(-local.hessian) is None:
            break
        step = np.linalg.solve(-local.hessian, local.gradient)
        if not np.linalg.norm(step) < FARTHEST:
            break
        moved = whitened(evaluator, local.x + local.frame @ step, local.frame)
        if not np.linalg.norm(moved.gradient) < 0.5 * np.linalg.norm(local.gradient):
            break
        local = moved
    return local


def _judged(evaluator, rng, point, factored, error) -> Proof:
    """Hold a positive definite curvature to the log density around it."""
    x, cholesky = point.x, factored.cholesky
    slope = cholesky.T @ point.gradient
    shift = np.abs(cholesky @ slope) / factored.sd
    few = cholesky.T[: 3 if x.size <= MANY else 1]
    noise = rounding_noise(evaluator.far, x, point.log_density, few)
    shape = local_shape.probe(evaluator, point, cholesky, noise, rng)
    misfit, limit, problem = local_shape.misfit(shape), _shift_limit(point), None
    if misfit is not None:
        problem = misfit.kind
    elif not np.max(shift) <= limit:
        problem = "shift"
    elif not error <= (SAFE_CONDITION if point.local is None else ERROR_LIMIT):
        problem = "error"
    decrement = float(np.linalg.norm(slope))
    return Proof(*point, factored, shift, decrement, limit, error, noise, shape, problem, misfit)


def _shift_limit(point) -> float:
    """Return how near to the mode a point must be, in SDs: 1e-6, or what rounding allows."""
    if point.local is None:
        return SHIFT_LIMIT
    reach = 10 * float(np.max(point.local.gradient_error))
    return min(max(SHIFT_LIMIT, reach), NOISY_SHIFT_LIMIT)


def _unproven(point, problem) -> Proof:
    noise = float("nan") if point.local is None else point.local.noise
    nothing = (None, np.full(point.x.size, np.nan), float("nan"), SHIFT_LIMIT, float("inf"))
    return Proof(*point, *nothing, noise, None, problem, None)

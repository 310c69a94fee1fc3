"""The curvature at the mode, and the normal that it gives, with an error for both."""

from typing import NamedTuple

import numpy as np

from laplace_approx.curvature.cross_check import triangulate
from laplace_approx.density.density import Density
from laplace_approx.density.evaluation import Evaluator
from laplace_approx.errors import Declined
from laplace_approx.mode.checks import shape as local_shape
from laplace_approx.mode.diagnosis import diagnose_point
from laplace_approx.mode.proof import prove
from laplace_approx.numerics.batched import MANY
from laplace_approx.numerics.precision import log_evidence
from laplace_approx.words import places

# SDs: further away the point given is not the mode; doubled, each quantile may be off by 0.002 SD
# for it
AT_MODE = 1e-3
# eigenvalue of the correlation-scaled precision that is worth a word: decides no number
FLAT = 1e-3
# least eigenvalue beside the largest that is known to nine digits; halved, to 0.3 digits less
WELL_CONDITIONED = 1e-6
# of the directions that are looked along at random: any other looks along as many others
SEED = 20240229


class Curvature(NamedTuple):
    """The Hessian at the mode and the normal N(x, covariance) that it gives, in d dimensions.

    `hessian` (d, d) of the log density, negative definite; `covariance` -hessian^-1 with its lower
    factor `cholesky`, `sd` (d,) and `correlation`; `eigenvalues` (d,), ascending, and
    `eigenvectors` (columns) of the correlation-scaled precision S(-H)S, S = diag(-H)^-1/2: the
    first column, times S, is the direction that the data say least about; `condition_number` of
    that matrix and `condition_number_raw` of the covariance itself; `log_determinant` of the
    covariance; `log_evidence` = log density + d/2 log(2 pi) + 1/2 log det covariance.
    `hessian_method` is "analytic", "hessian_vector_products", "gradient_differences" or
    "value_differences";
    `hessian_check` lists the same curvature by other ways, as the largest `relative_difference`
    of a variance among the directions looked along, for steps in SDs (`extrapolated`: from that
    step to zero); `hessian_error` is the relative error of the covariance, from them and from
    rounding. `flat_directions` are in places. `n_evaluations` counts the points at which the
    density and its derivatives were evaluated, all of them to check what the search found already.
    """

    hessian: np.ndarray
    covariance: np.ndarray
    cholesky: np.ndarray
    sd: np.ndarray
    correlation: np.ndarray
    eigenvalues: np.ndarray
    eigenvectors: np.ndarray
    condition_number: float
    condition_number_raw: float
    log_determinant: float
    log_evidence: float
    hessian_method: str
    hessian_check: list[dict]
    hessian_error: float
    n_evaluations: int
    flat_directions: list[str]
    warnings: list[str]


@np.errstate(all="ignore")  # what overflows is looked at, not warned of
def measure_curvature(density: Density, x) -> Curvature:
    """Return the `Curvature` at the mode x (d,), or raise `Declined` where there is none to trust.

    Declined are: a point that is not a mode (not_converged), a Hessian that is singular or
    indefinite, or describes the log density for less than 0.01 SD (singular_hessian,
    indefinite_hessian, non_smooth_mode, mode_on_boundary), and an analytic Hessian that
    differences of the gradient or of values contradict (gradient_check_failed).
    """
    evaluator = Evaluator(density)
    rng = np.random.default_rng(SEED)
    x = np.asarray(x, dtype=float)
    proof = prove(evaluator, x, rng)
    if proof.problem not in (None, "shift"):
        raise diagnose_point(evaluator, proof)
    _require_mode(evaluator, x, proof)
    checks, error = triangulate(evaluator, proof, rng)
    return _described(evaluator, proof, checks, max(error, proof.error))


def _require_mode(evaluator, x, proof):
    moved = np.max(np.abs(x - proof.x) / proof.factored.sd)
    shift = max(float(np.max(proof.shift)), float(moved))
    if not shift <= AT_MODE:
        raise Declined(
            "not_converged",
            f"the point {places.point(evaluator.names, x)} is not the mode: the next Newton step "
            f"is {shift:.2g} posterior standard deviations long, the limit is {AT_MODE:g}. Find "
            "the mode again, and keep all its digits.",
            point=x.tolist(),
            shift_sd=shift,
        )


def _described(evaluator, proof, checks, error) -> Curvature:
    factored = proof.factored
    precision = _in_sd(proof)
    scale = 1 / np.sqrt(np.diag(precision))
    values, vectors = np.linalg.eigh(precision * scale[:, None] * scale)
    signs = np.where(vectors[np.argmax(np.abs(vectors), axis=0), np.arange(values.size)] < 0, -1, 1)
    vectors = vectors * signs
    weak = [vectors[:, k] * scale for k in np.flatnonzero(values < FLAT)]
    warnings = []
    bent = local_shape.warning(evaluator.names, proof.shape, factored.sd)
    if bent is not None:
        warnings.append(bent)
    jump = float(np.max(local_shape.jump(proof.shape)))
    if jump > 10 * max(error, 1e-4):
        warnings.append(
            f"the curvature jumps by {100 * jump:.2g} % from one side of the mode to the other"
        )
        error = max(error, jump)
    return Curvature(
        proof.hessian,
        factored.covariance,
        factored.cholesky,
        factored.sd,
        factored.correlation,
        values,
        vectors,
        float(values[-1] / values[0]),
        _raw_condition(proof),
        factored.log_determinant,
        log_evidence(proof.log_density, factored),
        evaluator.density.hessian_method if proof.local is None else proof.method,
        checks,
        float(error),
        evaluator.evaluations,
        [f"flat along {places.direction(evaluator.names, v, scale)}" for v in weak],
        warnings,
    )


def _in_sd(proof):
    """Return the precision (d, d) in units of the standard deviations."""
    sd = proof.factored.sd
    if sd.size > MANY and proof.local is None:  # as good, and the factor need not be inverted
        return -proof.hessian * sd[:, None] * sd
    inverse = np.linalg.solve(proof.factored.cholesky / sd[:, None], np.eye(sd.size))
    return inverse.T @ inverse


def _raw_condition(proof) -> float:
    """Return the condition number of the covariance, by its largest eigenvalue and its inverse's.

    The largest is known to all digits; the least only as far as it is not lost beside the largest.
    """
    values = np.linalg.eigvalsh(-proof.hessian)
    if values[0] > WELL_CONDITIONED * values[-1]:
        return float(values[-1] / values[0])
    return float(np.linalg.eigvalsh(proof.factored.covariance)[-1] * values[-1])

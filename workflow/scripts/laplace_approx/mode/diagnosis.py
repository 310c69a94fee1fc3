"""Why a posterior has no mode that a normal can serve: the reasons in the order they are tried."""

import numpy as np

from laplace_approx.derivatives.scales import rough_scales
from laplace_approx.errors import Declined
from laplace_approx.mode.proof import prove
from laplace_approx.mode.reasons.boundary import boundary_maximum, declined_edge
from laplace_approx.mode.reasons.curvature import flat_top, level_line, no_curvature, unsafe
from laplace_approx.mode.reasons.growth import endless, grows_along_path, rises_for_ever
from laplace_approx.mode.reasons.smoothness import kink, not_smooth, step_beside
from laplace_approx.mode.without_slope import summit
from laplace_approx.words import places
from laplace_approx.words.numbers import or_none

POINT_SEED = 0  # of the directions in which a kink is looked for: any other finds the same kinks


def diagnose(evaluator, attempts, proof, start, monotone, rng) -> Declined:
    """Return the `Declined` for attempts of which the first ended at the highest point known.

    Looked for, in this order: a direction in which the log density rises for ever, one in which it
    does not change at all, a maximum at a bound, a kink, growth along the path, the edge of the
    support, missing curvature.
    """
    scale, attempt = rough_scales(evaluator, start), attempts[0]
    wide = np.maximum(scale, np.abs(proof.x - start))
    return (
        rises_for_ever(evaluator, attempt, proof, start, monotone, rng)
        or level_line(evaluator, proof, prove(evaluator, start, rng), scale)
        or boundary_maximum(evaluator, proof.x, wide)
        or kink(evaluator, summit(evaluator, proof.x), rng)
        or grows_along_path(evaluator, attempts, start, scale)
        or endless(evaluator, proof, start, wide)
        or boundary_maximum(evaluator, proof.x, wide, declared=False)
        or _from_proof(evaluator, proof)
        or step_beside(evaluator, proof, scale)
        or _not_converged(evaluator, attempt, proof)
    )


def diagnose_point(evaluator, proof) -> Declined:
    """Return the `Declined` for a point given as the mode, whose proof failed."""
    rng = np.random.default_rng(POINT_SEED)
    failed = (
        level_line(evaluator, proof, proof, rough_scales(evaluator, proof.x))
        or kink(evaluator, proof.x, rng)
        or _from_proof(evaluator, proof)
    )
    return failed or _not_converged(evaluator, None, proof)


def _from_proof(evaluator, proof):
    """Return the `Declined` that the proof at a point earns by itself, or None."""
    if proof.problem == "curvature":
        return no_curvature(evaluator, proof)
    if proof.problem == "edge":
        return declined_edge(evaluator, proof)
    if proof.problem in ("kink", "jump"):
        return not_smooth(evaluator, proof)
    if proof.problem == "grows":
        return flat_top(evaluator, proof)
    if proof.problem in ("error", "noise"):
        return unsafe(evaluator, proof)
    return None


def _not_converged(evaluator, attempt, proof):
    decrement = proof.decrement
    if attempt is not None and not np.isfinite(decrement):
        decrement = attempt.decrement
    known = np.isfinite(decrement)
    step = f"a Newton step of {decrement:.2g} standard deviations" if known else "no Newton step"
    tried = "the point given" if attempt is None else f"the best attempt, by {attempt.method},"
    said = "" if attempt is None else f" ({attempt.message})"
    return Declined(
        "not_converged",
        f"no mode was found: {tried} is at {places.point(evaluator.names, proof.x)}, with log "
        f"density {proof.log_density:.8g}, gradient {np.array2string(proof.gradient, precision=3)} "
        f"and {step}, limit {proof.shift_limit:.0e}{said}. Try another start or another space.",
        point=proof.x.tolist(),
        log_density=float(proof.log_density),
        gradient=[or_none(value) for value in proof.gradient],
        newton_decrement=or_none(decrement),
    )

"""Why a posterior has no mode that a normal can serve, in a message with a next step."""

import numpy as np

from laplace_approx.derivatives.noise import EPS
from laplace_approx.derivatives.scales import rough_scales
from laplace_approx.errors import Declined
from laplace_approx.mode.checks import corridor, digits, ridge, runaway, stairs
from laplace_approx.mode.checks.boundary import edge_maximum
from laplace_approx.mode.proof import prove
from laplace_approx.mode.summit import summit
from laplace_approx.words import places
from laplace_approx.words.numbers import or_none

SINGULAR = 1e-8  # curvature in scaled coordinates that is none
STATIONARY = 1e-6  # SDs: an ascent that ended with so short a step was not on its way
KINK_STEPS = np.array([1e-2, 1e-3, 1e-4, 1e-5])  # of the axis scales
MOST_AXES = 32
BASES = 5
CROSSWISE = 8  # random directions in which a kink is looked for, beside the axes
DROP = 0.7  # of a fall as the step falls to a tenth: more is a step of the log density, no kink
POINT_SEED = 0
BESIDE = 1e-3  # of a coordinate, or of one: on a step and not on its edge
GAIN = 10.0  # of log density from the start, of a search that went somewhere
MASS_GOES_ON = (
    "so that the posterior is improper: it has no quantiles, and no sampler helps. Give every "
    "parameter a proper prior, as no data hold this direction (a flat prior on a log is 1/x on the "
    "natural scale)."
)
WAY_OUT = "Fit it in a space"


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
        or _ridge(evaluator, proof, prove(evaluator, start, rng), scale)
        or boundary_maximum(evaluator, proof.x, wide)
        or _kink(evaluator, summit(evaluator, proof.x), rng)
        or _grows_along_path(evaluator, attempts, start, scale)
        or _endless(evaluator, proof, start)
        or boundary_maximum(evaluator, proof.x, wide, declared=False)
        or _from_proof(evaluator, proof)
        or _step_beside(evaluator, proof, scale)
        or _not_converged(evaluator, attempt, proof)
    )


def diagnose_point(evaluator, proof) -> Declined:
    """Return the `Declined` for a point given as the mode, whose proof failed."""
    rng = np.random.default_rng(POINT_SEED)
    failed = (
        _ridge(evaluator, proof, proof, rough_scales(evaluator, proof.x))
        or _kink(evaluator, proof.x, rng)
        or _from_proof(evaluator, proof)
    )
    return failed or _not_converged(evaluator, None, proof)


def _from_proof(evaluator, proof):
    """Return the `Declined` that the proof at a point earns by itself, or None."""
    if proof.problem == "curvature":
        return _no_curvature(evaluator, proof)
    if proof.problem == "edge":
        return _declined_edge(evaluator, proof)
    if proof.problem in ("kink", "jump"):
        return _not_smooth(evaluator, proof)
    if proof.problem == "grows":
        return _flat_top(evaluator, proof)
    if proof.problem in ("error", "noise"):
        return _unsafe(evaluator, proof)
    return None


def rises_for_ever(evaluator, attempt, proof, start, monotone, rng, *, sure=False):
    """Return the `Declined` for a log density that rises without end in some direction, or None.

    From the start and points around it, and from the `proof` at the end of the attempt. `monotone`
    (m, d) is what the model knows of separation. With `sure`, only what rules out a mode anywhere
    else counts: a certificate, growth without bound, or a plateau of a concave log density.
    """
    scale = rough_scales(evaluator, start)
    bases = start + scale * rng.standard_normal((BASES, start.size))
    bases[0] = start
    bases = bases[np.isfinite(evaluator.log_density(bases))]
    if bases.size == 0:
        return None
    if monotone is not None and len(monotone):
        direction = runaway.certificate(monotone)
        if direction is not None:
            found = runaway.recession(evaluator, bases, direction[None], certified=True)
            if found is not None:
                return _separation(evaluator, found, scale, certified=True)
    suspects = _suspects(attempt, proof, start, scale)
    found = runaway.recession(evaluator, bases, suspects)
    if found is None:
        if sure:
            return None
        plateau = runaway.endless_plateau(evaluator, proof.x, suspects)
        return None if plateau is None else _plateau(evaluator, proof.log_density, plateau, scale)
    along = places.direction(evaluator.names, found.direction, scale)
    if not found.bounded:
        return Declined(
            "not_converged",
            f"the log density grows without bound along {along} (it has gained {found.rise:.4g} "
            "when floating point ends), so there is no mode. Give a proper prior to what this "
            "direction moves.",
            direction=found.direction.tolist(),
            rise=found.rise,
        )
    if runaway.is_concave(evaluator, start, scale, rng):
        if _is_free(evaluator, found.direction):
            return _separation(evaluator, found, scale, certified=False)
    elif sure:
        return None
    return _plateau(evaluator, found.limit, found.direction, scale)


def _is_free(evaluator, direction):
    """Whether what moves in a direction has no bound, as the coefficients of a predictor."""
    bounded = np.isfinite(evaluator.lower) | np.isfinite(evaluator.upper)
    return not np.any(bounded & (direction != 0))


def _plateau(evaluator, limit, direction, scale):
    along = places.direction(evaluator.names, direction, scale)
    return Declined(
        "improper",
        f"the log density rises along {along} to a plateau at {limit:.6g} that never ends: "
        "there is no mode, and the posterior cannot be normalised. Give a proper prior to what "
        "this direction moves.",
        direction=direction.tolist(),
        limit=limit,
    )


def _suspects(attempt, proof, start, scale):
    """Return directions (m, d) in which the iterates may have run away."""
    moves = [proof.x - start]
    if attempt.path.shape[0] > 1:
        moves.append(attempt.path[-1] - attempt.path[-2])
    if np.isfinite(proof.gradient).all():
        moves.append(proof.gradient * scale**2)
    _, _, weak = scaled_curvature(proof)
    moves += [weak, -weak]
    axes = np.diag(scale)[:MOST_AXES]
    return np.concatenate([np.array(moves), axes, -axes])


def _separation(evaluator, found, scale, certified):
    along = places.direction(evaluator.names, found.direction, scale)
    how = (
        "a linear programme finds that the data are separated"
        if certified
        else "as with separated data, or counts that are all zero"
    )
    return Declined(
        "separation",
        f"the likelihood has no maximum: it never falls along {along}, and only approaches a limit "
        f"({how}). Give these parameters a proper prior, for "
        "example normal with standard deviation 2.5 for a predictor of unit scale.",
        direction=found.direction.tolist(),
        limit=found.limit,
        certified=certified,
    )


def _grows_along_path(evaluator, attempts, start, scale):
    top = attempts[0].log_density
    for attempt in attempts:
        if attempt.converged or attempt.decrement <= STATIONARY:
            continue
        found = runaway.unbounded_path(evaluator, attempt.path, top)
        if found is not None:
            break
    else:
        attempt, found = attempts[0], runaway.ends_with_arithmetic(evaluator, attempts[0].end)
        if found is None:
            return None
    return _growth(evaluator, attempt, found, start, scale)


def _endless(evaluator, proof, start):
    """Return the `Declined` of a search that ended where the arithmetic does, with no end of the
    mass on the way."""
    went = proof.log_density > float(evaluator.far(start)) + GAIN
    if proof.problem != "derivatives" or not went:
        return None
    if not corridor.mass_goes_on(evaluator, start, proof.x):
        return None
    return Declined(
        "improper",
        f"there is no mode: the search ended at {places.point(evaluator.names, proof.x)}, where "
        f"the log density is {proof.log_density:.6g} and the arithmetic ends. The density times "
        f"its width does not fall on the way there, {MASS_GOES_ON}",
        direction=(proof.x - start).tolist(),
        log_density=proof.log_density,
        end=proof.x.tolist(),
    )


def _growth(evaluator, attempt, found, start, scale):
    """Return the `Declined` of an ascent without an end: improper where the mass beside the path
    does not end either."""
    along = places.direction(evaluator.names, found.direction, scale)
    endless = corridor.mass_goes_on(evaluator, start, attempt.end)
    what = (
        f"and the mass on the way, density times width, does not fall either, {MASS_GOES_ON}"
        if endless
        else "though the posterior may be proper. Integrate the parameters out that go with it, or "
        "give it a proper prior that keeps away from that end."
    )
    return Declined(
        "improper" if endless else "not_converged",
        f"there is no mode: on the last iterations, along {along}, the log density grew by "
        f"{found.gain:.4g} to {found.limit:.6g} and was still growing, without bound as far as it "
        f"was followed (to {places.point(evaluator.names, attempt.end)}), {what}",
        direction=found.direction.tolist(),
        gain=found.gain,
        log_density=found.limit,
        end=attempt.end.tolist(),
    )


def _ridge(evaluator, proof, elsewhere, scale):
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


def boundary_maximum(evaluator, x, scale, declared=True):
    """Return the `Declined` for a maximum at a declared bound near x (d,), or at an end that was
    found within `scale` (d,); None where there is none."""
    found = edge_maximum(evaluator, x, scale)
    if found is None or found.declared is not declared:
        return None
    return boundary(evaluator, found)


def boundary(evaluator, edge) -> Declined:
    """Return the `Declined` for a maximum at an `Edge`; its way out begins with `WAY_OUT`."""
    name = evaluator.names[edge.index]
    if edge.endless:
        return Declined(
            "improper",
            f"the density rises like 1/distance or more as {name} goes from {edge.value:.6g} to "
            f"{edge.bound:.6g}, so that the mass there is infinite: the posterior is improper. "
            f"Give {name} a proper prior (1/{name} is flat on its log).",
            parameter=name,
            bound=edge.bound,
        )
    kind = "its bound"
    if not edge.declared:
        kind = "the edge of its support (or where the model gives NaN), found at"
    bounded = np.isfinite(evaluator.lower[edge.index]) and np.isfinite(evaluator.upper[edge.index])
    remedy = "logit" if bounded else "log"
    return Declined(
        "mode_on_boundary",
        f"the log density rises all the way as {name} goes from {edge.value:.6g} to {kind} "
        f"{edge.bound:.6g}: the maximum is on the boundary, where there is no slope of zero and no "
        f"normal. {WAY_OUT} where {name} has no bound ({remedy} of the distance to it), "
        "whose Jacobian moves the mode inside, or use a prior that vanishes at the bound.",
        parameter=name,
        bound=edge.bound,
        declared=edge.declared,
        rise=edge.rise,
    )


def _declined_edge(evaluator, proof):
    along = places.direction(evaluator.names, proof.misfit.direction)
    return Declined(
        "mode_on_boundary",
        f"the support ends less than {proof.misfit.step:.1g} standard deviations from the mode "
        f"({places.point(evaluator.names, proof.x)}), along {along}: no normal describes it. Fit "
        "it in a space without that bound, for example log of the distance to it.",
        mode=proof.x.tolist(),
        direction=proof.misfit.direction.tolist(),
    )


def _kink(evaluator, x, rng):
    """Whether second differences, on an axis or across, grow like 1/h as h falls.

    A step of the log density makes them grow like 1/h^2, and its noise as well: no kinks.
    """
    value = float(evaluator.log_density(x))
    scale = rough_scales(evaluator, x)
    across = rng.standard_normal((CROSSWISE if x.size > 1 else 0, x.size))
    across /= np.linalg.norm(across, axis=1, keepdims=True)
    directions = np.concatenate([np.eye(x.size)[:MOST_AXES], across]) * scale
    move = KINK_STEPS[:, None] * directions[:, None, :]
    forward, backward = evaluator.far(np.stack([x + move, x - move])) - value
    noise = max(
        100 * EPS * max(1.0, abs(value)),
        30 * float(digits.scatter_at(evaluator, x[None], scale)[0]),
    )
    with np.errstate(invalid="ignore"):
        fall = -(forward + backward)
        bend = fall / KINK_STEPS**2
        down = np.all((fall > noise) & (np.maximum(forward, backward) <= noise), axis=1)
        growing = np.all(bend[:, 1:] > 1.4 * bend[:, :-1], axis=1)
        growing &= np.all(fall[:, 1:] < DROP * fall[:, :-1], axis=1)
    kinked = np.flatnonzero(down & growing)
    if kinked.size == 0:
        return None
    i = kinked[0]
    length = np.linalg.norm(directions[i])
    return _declined_kink(
        evaluator, x, move[i, 0], bend[i].tolist(), (KINK_STEPS * length).tolist()
    )


def _declined_kink(evaluator, x, direction, curvatures, steps):
    along = places.direction(evaluator.names, direction)
    return Declined(
        "non_smooth_mode",
        f"the log density has a kink at its maximum ({places.point(evaluator.names, x)}), along "
        f"{along}: its second difference grows from {curvatures[0]:.3g} to {curvatures[-1]:.3g} as "
        f"the step falls from {steps[0]:.1g} to {steps[-1]:.1g}: it has no curvature there. "
        "Use a smooth prior or likelihood, or describe this posterior by quantiles.",
        mode=x.tolist(),
        direction=np.asarray(direction).tolist(),
        steps=steps,
        second_differences=curvatures,
    )


def _not_smooth(evaluator, proof):
    misfit = proof.misfit
    along = places.direction(evaluator.names, misfit.direction)
    if misfit.kind == "jump":
        text = (
            f"the curvature of the log density jumps at the mode along {along}: on the two "
            f"sides it differs by {100 * misfit.ratio:.0f} %"
        )
    else:
        text = (
            f"the curvature at the mode does not last: {misfit.step:.2g} standard deviations "
            f"away, along {along}, the log density has fallen only {misfit.ratio:.2g} times as "
            "far as the curvature says, as at a kink or a spike"
        )
    return Declined(
        "non_smooth_mode",
        f"{text} ({places.point(evaluator.names, proof.x)}). No normal describes it; use a smooth "
        "prior or likelihood, or describe this posterior by quantiles.",
        mode=proof.x.tolist(),
        direction=misfit.direction.tolist(),
        step_sd=misfit.step,
        ratio=misfit.ratio,
    )


def _flat_top(evaluator, proof):
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


def _no_curvature(evaluator, proof):
    least, uncertainty, weak = scaled_curvature(proof)
    if not np.isfinite(least):
        return None
    scale = rough_scales(evaluator, proof.x)
    stair = stairs.stair(evaluator, proof.x, weak)
    if stair is not None:
        return _in_steps(evaluator, proof, weak, stair, scale)
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


def _step_beside(evaluator, proof, scale):
    """Return the `Declined` of a search that ended on the very edge of a step, or None."""
    value = float(evaluator.far(proof.x))
    for direction in np.diag(np.maximum(1.0, np.abs(proof.x)))[:MOST_AXES]:
        for beside in (proof.x + BESIDE * direction, proof.x - BESIDE * direction):
            if float(evaluator.far(beside)) < value - EPS * max(1.0, abs(value)):
                continue
            stair = stairs.stair(evaluator, beside, direction)
            if stair is not None:
                return _in_steps(evaluator, proof, direction, stair, scale)
    return None


def _in_steps(evaluator, proof, direction, stair, scale):
    along = places.direction(evaluator.names, direction, scale)
    low, high = (places.point(evaluator.names, end) for end in stair.ends)
    return Declined(
        "non_smooth_mode",
        f"the log density goes in steps along {along}: at its maximum it is the same from {low} to "
        f"{high}, where it jumps by {stair.jump:.4g}, as at a change point or a rounded parameter. "
        "It has no curvature there, and no normal describes it. Sum the likelihood over the steps, "
        "one for each place of the change, or describe this posterior by a grid of them.",
        mode=proof.x.tolist(),
        direction=np.asarray(direction).tolist(),
        ends=[end.tolist() for end in stair.ends],
        jump=stair.jump,
    )


def _unsafe(evaluator, proof):
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

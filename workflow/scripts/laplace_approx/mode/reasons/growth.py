"""A log density that rises for ever: separation, plateaus, and growth without a bound."""

import numpy as np

from laplace_approx.derivatives.scales import rough_scales
from laplace_approx.errors import Declined
from laplace_approx.mode.checks import corridor, runaway
from laplace_approx.mode.checks.boundary import SAME_EDGE, edge_maximum
from laplace_approx.mode.reasons.curvature import scaled_curvature
from laplace_approx.words import places

# SDs: an ascent that ended with so short a step was not on its way; halved or doubled, what was
# tried of tests/mode comes out the same
STATIONARY = 1e-6
# axes taken for directions in which the iterates may have run away: each costs 60 points a base
MOST_AXES = 32
# points from which no ray may fall: what rises for ever from one may fall from another; each costs
# as many points as the first
BASES = 5
# of log density from the start, of a search that went somewhere: 2e4 times the density; halved,
# 150 times
GAIN = 10.0
MASS_GOES_ON = (
    "so that the posterior is improper: it has no quantiles, and no sampler helps. Give every "
    "parameter a proper prior, as no data hold this direction (a flat prior on a log is 1/x on the "
    "natural scale)."
)


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


def grows_along_path(evaluator, attempts, start, scale):
    """Return the `Declined` of ascents of which one kept gaining and never arrived, or None."""
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


def endless(evaluator, proof, start, scale):
    """Return the `Declined` of a search that ended where the arithmetic does, with no end of the
    mass on the way; None where the support ends there, and with it the mass."""
    went = proof.log_density > float(evaluator.far(start)) + GAIN
    if proof.problem != "derivatives" or not went:
        return None
    if not corridor.mass_goes_on(evaluator, start, proof.x):
        return None
    edge = edge_maximum(evaluator, proof.x, scale)
    if edge is not None and not _gives_way(evaluator, edge, start, scale):
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


def _gives_way(evaluator, edge, start, scale):
    """Whether there is a density beyond an edge where the other coordinates are those of the start
    (d,): then it is the wall of a corridor, and no end of the support."""
    beyond, move = start.copy(), SAME_EDGE * scale[edge.index]
    beyond[edge.index] = edge.bound + (move if edge.upper else -move)
    return bool(np.isfinite(evaluator.far(beyond)))


def _growth(evaluator, attempt, found, start, scale):
    """Return the `Declined` of an ascent without an end: improper where the mass beside the path
    does not end either."""
    along = places.direction(evaluator.names, found.direction, scale)
    endless = corridor.mass_goes_on(evaluator, start, attempt.end)
    what = (
        f"and the mass on the way, density times width, does not fall either, {MASS_GOES_ON}"
        if endless
        else "though the posterior may be proper. Integrate the parameters out that go with it; "
        "write effects that shrink with their scale as the scale times standard normal ones "
        "(non-centred); or give it a proper prior that keeps away from that end."
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

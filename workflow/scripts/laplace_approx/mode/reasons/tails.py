"""What is seen far from a mode: a period, mass without an end, and places that are higher."""

import numpy as np

from laplace_approx.errors import Declined
from laplace_approx.mode.checks import decay, turn
from laplace_approx.mode.reasons.boundary import way_out
from laplace_approx.mode.result import NOTABLE_SHARE
from laplace_approx.words import places

PERIOD_SEED = 0  # of the places at which a period is tried


def periodic(evaluator, proofs, best):
    """Return the `Declined` for a log density that comes back in a coordinate without bounds, as
    two of the proven modes show; None where it does not."""
    if len(proofs) < 2:
        return None
    pairs = [(proof.x, proof.log_density) for proof in proofs]
    rng = np.random.default_rng(PERIOD_SEED)
    found = turn.period(evaluator, pairs, best.factored.sd, rng)
    if found is None:
        return None
    i, length = found
    name = evaluator.names[i]
    words = "2 pi" if abs(length - 2 * np.pi) < 1e-5 else f"{length:.6g}"
    return Declined(
        "improper",
        f"the log density is periodic in {name}, which has no bounds: it comes back after "
        f"{words}, turn after turn, and each holds the same mass. The posterior is improper. "
        f"Give {name} the support of one turn, cut where the density is lowest.",
        parameter=name,
        period=length,
    )


def coded_floor(seen, best) -> str:
    """Return the warning for a log density that is level in every direction far below the mode."""
    depth = best.log_density - np.max(seen.last[seen.endless])
    return (
        f"the log density stops falling {depth:.4g} below the mode in every direction, "
        "like a likelihood with a floor (log(p + tiny), clipped p): as written the "
        "posterior is improper; compute it with logaddexp or log1p"
    )


def endless_mass(evaluator, seen, best) -> Declined:
    """Return the `Declined` for the highest ray along which the mass does not end."""
    endless = np.flatnonzero(seen.endless)
    row = endless[np.argmax(seen.last[endless])]
    depth = best.log_density - seen.last[row]
    where = decay.describe(evaluator, seen, row, best.factored.sd)
    end = seen.rays.points[row][np.flatnonzero(np.isfinite(seen.values[row]))[-1]]
    return Declined(
        "improper",
        f"there is a local mode at {places.point(evaluator.names, best.x)}, but {where} "
        f"the density does not fall fast enough to be integrable: at "
        f"{places.point(evaluator.names, end)} the log density is {abs(depth):.4g} "
        f"{'below' if depth >= 0 else 'above'} the mode, and the mass does not end however far "
        "the box is widened. The posterior is improper: "
        "give this direction a proper prior (a flat prior on the logarithm of x is 1/x for "
        "x itself), or include the Jacobian of the transform.",
        direction=seen.rays.direction[row].tolist(),
        mode=best.x.tolist(),
        log_density_below_mode=float(depth),
        end=end.tolist(),
    )


def higher(evaluator, seen, best, top) -> Declined | str:
    """Return what to say of the place `top` of a ray, which is higher than the mode: the warning
    for a spike at a bound that holds next to no mass, else the `Declined`."""
    row = top[0]
    i = int(seen.rays.bound[row])
    where = decay.describe(evaluator, seen, row, best.factored.sd)
    value = float(seen.values[top])
    if i < 0:
        return Declined(
            "not_converged",
            f"{where} the log density reaches {value:.6g}, above that of the local mode at "
            f"{places.point(evaluator.names, best.x)} ({best.log_density:.6g}), and no ascent "
            "from there arrives at a mode. Start nearer to it.",
            mode=best.x.tolist(),
            higher=seen.rays.points[top].tolist(),
        )
    share = decay.share_near_edge(seen, row, best)
    if share < NOTABLE_SHARE:
        return (
            f"{where} the log density exceeds that of the mode ({value:.4g} against "
            f"{best.log_density:.4g}), in a spike that holds {share:.2g} of the mass of "
            "the line through the mode"
        )
    scale = best.factored.sd
    edge = (evaluator.lower if seen.rays.direction[row][i] < 0 else evaluator.upper)[i]
    return Declined(
        "mode_on_boundary",
        f"{where} the log density rises above that of the local mode at "
        f"{places.point(evaluator.names, best.x)} ({value:.6g} against "
        f"{best.log_density:.6g}). {way_out(evaluator, seen.rays.points[top], i, edge, scale)}",
        parameter=evaluator.names[i],
        mode=best.x.tolist(),
    )

"""What the spacing of a lattice costs, measured against the same lattice with wider spacing."""

import math

import numpy as np

from laplace_approx.exact.box_sums import BoxSums
from laplace_approx.exact.marginal import Marginal, half_interval, quantile_from_marginal
from laplace_approx.exact.marginal_table import build_marginal

PROBES = (0.005, 0.025, 0.25, 0.5, 0.75, 0.975, 0.995)  # probabilities at which marginals are held
# in log evidence, and in half the central 68.3 % interval for a quantile; doubled, a certified grid
# may owe twice as much
NEGLIGIBLE = 1e-6
# gain of a doubling of the nodes from which on it is believed; doubled, a normal of unknown scale
# states 18 times the error, halved, nothing changes
FAST = 16.0
# gain of the doubling before: that of a jump is 2, and of a kink 4; doubled, a funnel takes 1.1
# times the evaluations, halved, nothing changes, but a kink would be believed
SMOOTH = 8.0
# of a change to the one before that is believed at the least; doubled, errors are 2 to 3 times as
# large, halved, half as large
LEAST_RATIO = 0.1
# in log evidence and half intervals: a change up to here is not taken to go on falling; doubled,
# errors of that size are doubled, and halved, halved: they are a hundredth of `NEGLIGIBLE`
BELIEVED = 1e-8
# of the highest density: a step from a node to the next that may be a jump; halved or doubled,
# nothing changes
JUMP = 1e-3
# of the largest step among half of the nodes: what is left of a jump, of which nearly all is, and
# half of a slope's; halved, slopes pass for jumps: 1.0 to 2.8 times the evaluations, and errors up
# to 1e-6; doubled, no jump is seen
UNSHRUNK = 0.75
MEANING = (
    "the change when every other node is left out: of the log evidence, and of the marginal "
    "quantiles (the largest for probabilities 0.005 to 0.995) in units of half the central 68.3 % "
    "interval, which is the SD of a normal"
)


def spacing_error(sums: BoxSums) -> dict:
    """Return what the spacing of a plain box costs, in log evidence and quantiles.

    Both lattices are those of the odd number of nodes that they share: leaving out every other
    one keeps both ends. The error of the full lattice is smaller than the change, by a power of
    two where the density is smooth. None where fewer than three nodes an axis would be left.
    """
    fine, coarse = sums.fine, sums.coarse
    record = unknown_spacing(sums.whole.frame.names)
    if fine is None or not min(fine.integral, coarse.integral) > 0:
        return record
    record["log_evidence"] = abs(math.log(fine.integral / coarse.integral))
    for k, name in enumerate(fine.frame.names):
        tables = (build_marginal(each.frame, k, each.densities[k]) for each in (fine, coarse))
        record["quantiles_sd"][name] = quantile_change(*tables)
    return record


def unknown_spacing(names) -> dict:
    """Return the record of a lattice of which nothing can be told."""
    return {"log_evidence": None, "quantiles_sd": dict.fromkeys(names), "means": MEANING}


def quantile_change(one: Marginal, other: Marginal) -> float | None:
    """Return the largest change of a quantile between two tables, in half the central 68.3 %
    interval of the first (None where that has no width)."""
    scale = half_interval(one)
    return largest_change(probed(one), probed(other), scale) if scale > 0 else None


def probed(marginal: Marginal):
    """Return the quantiles by which a table is held against another."""
    return quantile_from_marginal(marginal, PROBES)


def largest_change(one, other, scale: float) -> float:
    """Return the largest change between the quantiles that `probed` gave, in scales."""
    return float(np.max(np.abs(one - other), initial=0.0) / scale)


def owed(last, before, earlier, jumps: bool = False):
    """Return bounds of what the spacing still owes to numbers, (n,).

    `last` (n,) are their changes from half the nodes to all of them, `before` (shifts, n) those
    from a quarter of the nodes, begun at different nodes, and `earlier` those from an eighth.
    Where the errors fall by more than `SMOOTH`, and then by more than `FAST` and no less than that,
    as they do for a smooth density, they go on in that ratio r at the least: with changes c and
    c / r from all nodes, the rest is c r / (1 - 2 r) if errors fall as a power of the step. Up to
    `BELIEVED` it is no less than what halving the nodes may change (`_halved`). Where they do not
    (a jump, a kink, a pole, or what one of little mass leaves when the smooth rest is gone), the
    error of all nodes is a quarter of that of a quarter of them, or chance: it is bounded by the
    change, and by a third of the largest change of the shifted quarters, which a single jump
    reaches three eighths of a step away from the nodes. Where the density `jumps`, there may be
    several places, whose errors cancel by chance on some of the lattices: then it is twice that at
    the least, and three times a seventh of the largest change of the shifted eighths, however fast
    the changes fell.
    """
    before, earlier = np.max(before, axis=0), np.max(earlier, axis=0)
    single = np.maximum(last, before / 3)
    if jumps:
        several = np.where(np.isfinite(earlier), earlier / 7, single)  # too few nodes for it
        return np.maximum(2 * single, 3 * several)
    fast = (last * FAST < before) & (before * SMOOTH < earlier)
    fast &= last * earlier <= before * before
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.maximum(last / before, LEAST_RATIO)
        smooth = last * ratio / (1 - 2 * ratio)
    smooth = np.maximum(smooth, np.minimum(_halved(last, before, earlier), BELIEVED))
    return np.where(fast, smooth, single)


def _halved(last, before, earlier):
    """Return what leaving out half of the nodes may change, (n,), where changes fall ever faster.

    The change itself may be small by chance: where all that is left of a density is a cone or a
    kink of little mass, its error goes as the cosine of the place of that among the nodes, which is
    0 midway between two of them. A quarter of the nodes, begun at several of them, sees that from
    two sides. So it is the change `before` once more divided by its own ratio to the `earlier` one
    at the least: no power of the step falls faster.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.fmax(last, before * (before / earlier))


def jumps_along(p, k: int) -> bool:
    """Return whether a density at the nodes of a lattice jumps along axis k: its largest step from
    a node to the next hardly shrinks as the nodes come closer, where that of another halves."""
    p = np.moveaxis(p, k, 0)
    fine, coarse = (float(np.max(np.abs(np.diff(each, axis=0)))) for each in (p, p[::2]))
    return fine > JUMP * float(np.max(p)) and fine > UNSHRUNK * coarse


def spacing_faults(record: dict) -> list[str]:
    """Return a sentence for every number that the spacing costs more than is negligible."""
    costs = {"the log evidence": record["log_evidence"]}
    costs |= {f"the quantiles of {name}": x for name, x in record["quantiles_sd"].items()}
    faults = []
    for what, size in costs.items():
        if size is None:
            faults.append(f"too few nodes to tell what the spacing costs {what}")
        elif not size < NEGLIGIBLE:
            unit = "" if what == "the log evidence" else " of half the central 68.3 % interval"
            faults.append(f"too coarse: the spacing may cost {what} {size:.1e}{unit}")
    return faults

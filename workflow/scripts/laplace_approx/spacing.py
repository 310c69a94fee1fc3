"""What the spacing of a lattice costs, measured against the same lattice with wider spacing."""

import math

import numpy as np

from laplace_approx.lattice import Frame, trapezoid_weights
from laplace_approx.marginal import (
    Marginal,
    build_marginal,
    marginal_density,
    quantile_from_marginal,
)

PROBES = (0.005, 0.025, 0.25, 0.5, 0.75, 0.975, 0.995)  # probabilities at which marginals are held
NEGLIGIBLE = 1e-6  # in log evidence, and in posterior SDs of a quantile
MEANING = (
    "the change when every other node is left out: of the log evidence, and of the marginal "
    "quantiles (the largest for probabilities 0.005 to 0.995) in posterior SDs"
)


def trapezoid(p, frame: Frame) -> float:
    """Return the trapezoid rule's integral over the frame of p, a density per unit of u."""
    for axis in reversed(frame.axes):
        p = p @ trapezoid_weights(axis)
    return float(p)


def spacing_error(p, frame: Frame, sd) -> dict:
    """Return what the spacing of a plain box costs, in log evidence and quantiles.

    Both lattices are those of the odd number of nodes that they share: leaving out every other
    one keeps both ends. The error of the full lattice is smaller than the change, by a power of
    two where the density is smooth. None where fewer than three nodes an axis would be left.
    """
    record = unknown_spacing(frame.names)
    odd = tuple((n - 1) // 2 * 2 + 1 for n in frame.shape)
    if min(odd) < 5:
        return record
    fine = p[tuple(slice(n) for n in odd)]
    frame = frame._replace(
        axes=tuple(
            axis._replace(upper=axis.lower + axis.step * (n - 1), points=n)
            for axis, n in zip(frame.axes, odd, strict=True)
        )
    )
    coarse = fine[(slice(None, None, 2),) * p.ndim]
    thin = frame._replace(axes=tuple(axis.thin() for axis in frame.axes))
    totals = trapezoid(fine, frame), trapezoid(coarse, thin)
    if not min(totals) > 0:
        return record
    record["log_evidence"] = abs(math.log(totals[0] / totals[1]))
    for k, name in enumerate(frame.names):
        tables = (
            build_marginal(frame, k, marginal_density(fine, k)),
            build_marginal(thin, k, marginal_density(coarse, k)),
        )
        record["quantiles_sd"][name] = quantile_change(*tables, sd[k])
    return record


def unknown_spacing(names) -> dict:
    """Return the record of a lattice of which nothing can be told."""
    return {"log_evidence": None, "quantiles_sd": dict.fromkeys(names), "means": MEANING}


def quantile_change(one: Marginal, other: Marginal, sd: float) -> float | None:
    """Return the largest change of a quantile between two tables, in SDs (None for no SD)."""
    if not sd > 0:
        return None
    moved = quantile_from_marginal(one, PROBES) - quantile_from_marginal(other, PROBES)
    return float(np.max(np.abs(moved)) / sd)


def spacing_faults(record: dict) -> list[str]:
    """Return a sentence for every number that the spacing costs more than is negligible."""
    costs = {"the log evidence": record["log_evidence"]}
    costs |= {f"the quantiles of {name}": x for name, x in record["quantiles_sd"].items()}
    faults = []
    for what, size in costs.items():
        if size is None:
            faults.append(f"too few nodes to tell what the spacing costs {what}")
        elif not size < NEGLIGIBLE:
            unit = "" if what == "the log evidence" else " posterior SD"
            faults.append(f"too coarse: the spacing may cost {what} {size:.1e}{unit}")
    return faults

"""The certified grid put together from the lattices of the single parameters."""

import math

import numpy as np

from laplace_approx.exact.ends import edge_record, outside_record, side_faults
from laplace_approx.exact.grid import MOMENTS, Grid
from laplace_approx.exact.moments import moments
from laplace_approx.exact.off_the_nodes import LIMIT
from laplace_approx.exact.outermost import with_lost
from laplace_approx.exact.parameter_lattice import ParameterLattice
from laplace_approx.exact.shared import shared_lattice, unresolved
from laplace_approx.exact.spacing import spacing_faults

MEANING = (
    "what further doublings of the points can change at the most, from the changes when half, "
    "three quarters and seven eighths of the nodes of each axis are left out, summed over the "
    "axes: of the log evidence, and of the marginal quantiles (the largest for probabilities 0.005 "
    "to 0.995) in units of half the central 68.3 % interval, which is the SD of a normal"
)


def assembled(own: list[ParameterLattice]) -> Grid:
    """Return the grid whose evidence, moments and marginals are those of the parameters' own
    lattices, and whose cells those of the one that serves for all (`shared`)."""
    own = [_against(own, each) for each in own]
    main, errors = shared_lattice(own)
    mass = main.mass()
    spread, thin = moments(main.frame, mass), main.thin()
    coarse = moments(thin.frame, thin.mass())
    sides = [side for each in own for side in each.sides]
    evidence = [each.numbers.log_evidence for each in own]
    names = main.frame.names
    spacing = {
        "log_evidence": max(each.evidence_change for each in own) + max(evidence) - min(evidence),
        "quantiles_sd": {names[each.parameter]: each.change for each in own},
        "means": MEANING,
    }
    sd = np.array([each.numbers.sd for each in own])
    faults = [*side_faults(sides), *(fault for each in own for fault in each.faults)]
    faults += spacing_faults(spacing) + unresolved(errors)
    return Grid(
        kind="certified",
        lattice=main,
        mass=mass,
        log_evidence=evidence[0],
        mean=np.array([each.numbers.mean for each in own]),
        sd=sd,
        skewness=np.array([each.numbers.skewness for each in own]),
        correlation=np.where(np.isnan(sd[:, None] * sd), np.nan, spread.correlation),
        bounds=np.array([[side.bound for side in each.sides] for each in own]),
        edge_mass=edge_record(sides),
        outside_mass=outside_record(sides),
        discretisation_error=spacing,
        lattice_error=errors.record(),
        certified=not faults,
        reasons=tuple(faults),
        marginals={names[each.parameter]: each.marginal for each in own},
        **_moment_errors(own),
        correlation_error=_correlation_error(spread, coarse, sd),
    )


def _against(own: list[ParameterLattice], each: ParameterLattice) -> ParameterLattice:
    """Return a parameter's lattice with what it leaves out when it is held against the others.

    All of them integrate one density: one of less evidence, by more than the spacing of both
    explains, misses that share of the mass, and nobody knows on which side: it may lie as far from
    the mean as either bound.
    """
    highest = max(own, key=lambda other: other.numbers.log_evidence)
    apart = highest.numbers.log_evidence - each.numbers.log_evidence
    if not apart > highest.evidence_change + each.evidence_change:
        return each
    share = -math.expm1(-apart)
    errors = math.nan if share > LIMIT else each.moment_errors + _moved_by(each, share)
    errors = np.broadcast_to(errors, len(MOMENTS)).copy()
    return each._replace(sides=with_lost(each.sides, share), moment_errors=errors)


def _moved_by(each: ParameterLattice, share: float) -> np.ndarray:
    """Return by how much a share of the mass at the farther bound moves mean, SD and skewness; NaN
    where a bound is infinite, and of what is none."""
    numbers = each.numbers
    far = max(abs(side.bound - numbers.mean) for side in each.sides)
    in_sd = far / numbers.sd if numbers.sd > 0 else math.nan
    moved = np.array([far, far * in_sd / 2, in_sd**3 + 3 * in_sd])
    return np.where(np.isfinite(moved), share * moved, math.nan)


def _moment_errors(own: list[ParameterLattice]) -> dict:
    errors = np.array([each.moment_errors for each in own]).T
    return {f"{moment}_error": row for moment, row in zip(MOMENTS, errors, strict=True)}


def _correlation_error(spread, coarse, sd):
    """Return what a correlation on the main lattice can be off by, NaN where there is none: what
    every other node gives, and what the lattices of the single parameters know of the SDs."""
    with np.errstate(invalid="ignore"):
        apart = np.abs(spread.sd / sd - 1)
        error = np.abs(spread.correlation - coarse.correlation) + apart[:, None] + apart
    error = np.where(np.isnan(sd[:, None] * sd), np.nan, np.minimum(error, 2.0))
    error[np.diag_indices(sd.size)] = np.where(np.isnan(sd), np.nan, 0.0)
    return error

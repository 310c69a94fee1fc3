"""How far the intervals of a normal are from the exact ones, and what they truly cover."""

import math

import numpy as np

from laplace_approx.comparison.coverage import interval_coverage
from laplace_approx.comparison.distances import Nodes, total_variation
from laplace_approx.normal.draws import approximation_log_density

LEVELS = (0.5, 0.95)  # nominal probabilities of the intervals that the chapter asks for
PROBABILITIES = np.array([0.025, 0.25, 0.5, 0.75, 0.975])
_ENDS = {0.5: (1, 3), 0.95: (0, 4)}  # places of the ends of each level among the probabilities


def interval_errors(side, name: str, exact, exact_cdf, scale: float) -> dict:
    """Return quantiles of the normal, their errors in exact SDs and the coverage of its intervals.

    `exact` are the exact quantiles at `PROBABILITIES` and `exact_cdf` the exact CDF. A lower end
    that falls outside the support has nothing below it; its quantile and error are NaN.
    """
    quantiles = side.quantiles(name, PROBABILITIES).value
    lower, upper = ([quantiles[_ENDS[level][end]] for level in LEVELS] for end in (0, 1))
    lower = np.where(np.isnan(lower), -math.inf, lower)
    covered = interval_coverage(exact_cdf, lower, np.array(upper), LEVELS)
    return {
        "quantiles": quantiles,
        "error_sd": (quantiles - exact) / scale,
        "coverage": dict(zip(map(str, LEVELS), covered.coverage.tolist(), strict=True)),
    }


def joint_distance(case) -> float:
    """Return the total variation between the exact posterior and the normal of a case.

    TV = integral of (p - q)+ over the nodes of the grid, on the natural scale.
    """
    lattice, space = case.exact.cells.lattice, case.laplace.space
    z = space.unconstrain(lattice.nodes())
    log_q = approximation_log_density(case.laplace.normal, space, z)
    log_q = np.where(np.isnan(log_q), -np.inf, log_q)  # no coordinate: the normal has no mass there
    with np.errstate(divide="ignore"):
        log_weights = np.log(lattice.weights())
    return total_variation(Nodes(lattice.log_density, log_q, log_weights))


def density_curves(cases, name: str, points: int = 801):
    """Return values x, the exact density there, and that of the normal in each case's space."""
    exact = cases[0].exact.side
    ends = [exact.quantiles(name, np.array([1e-4, 1 - 1e-3])).value]
    ends += [case.side.quantiles(name, np.array([5e-3, 1 - 5e-3])).value for case in cases]
    support = np.array(cases[0].record["support"][name], dtype=float)
    ends = np.where(np.isnan(ends), support, ends)  # the normal reaches beyond the support
    x = np.linspace(np.nanmin(ends), np.nanmax(ends), points)
    return x, exact.density(name, x), {case.space: case.side.density(name, x) for case in cases}

"""A lattice of the posterior with the normal at its nodes, and what sums over them say of a rule
that looks at other places."""

import math
from typing import NamedTuple

import numpy as np

from laplace_approx.comparison.distances import Measure, Nodes
from laplace_approx.exact.lattice import Lattice
from laplace_approx.normal.fit import Fit

COVERED = 1e-9  # of the mass: what sums over the nodes are not asked for
UNSURE = 3.0  # times what leaving out every other node changes: what a sum may be off by


class Laid(NamedTuple):
    """Both log densities at the `nodes` of a lattice, of its shape, and their squared `distance`
    from the mode in the normal's coordinates."""

    nodes: Nodes
    distance: np.ndarray


def laid_out(fit: Fit, lattice: Lattice) -> tuple[Laid, Laid]:
    """Return what is at the odd number of nodes of a lattice, and at every other one of them."""
    fine = lattice.odd()
    theta = fine.nodes()
    log_q, distance = fit.log_approximation(theta), fit.distance(theta)
    thin = fine.thin()
    return (
        Laid(Nodes(fine.log_density, log_q, fine.log_weights()), distance),
        Laid(
            Nodes(thin.log_density, every_other(log_q), thin.log_weights()), every_other(distance)
        ),
    )


def every_other(values):
    """Return the values at every other node along every axis, as `Lattice.thin` keeps them."""
    return values[(slice(None, None, 2),) * values.ndim]


def held(measure: Measure, fine: float, coarse: float) -> Measure:
    """Return a measure by another rule with an error that bears what sums over all nodes, and over
    every other one, say of it.

    Where the sums differ from it by more than the error and three times what leaving out every
    other node changes in them, one of both has not seen something: the difference is then the
    error.
    """
    if measure.error is None or not math.isfinite(fine + coarse):
        return measure
    apart, own = abs(measure.value - fine), abs(fine - coarse)
    if apart <= measure.error + UNSURE * own + COVERED:
        return measure
    return measure._replace(error=apart + own)

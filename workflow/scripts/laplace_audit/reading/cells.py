"""The exact side of a scenario: its grid as the record describes it, cells computed anew where the
sweep did not keep them."""

import math

import numpy as np

from laplace_audit.laws.marginals import marginals_of
from laplace_audit.numerics.lattice import Lattice
from laplace_audit.numerics.sides import GridSide
from laplace_audit.numerics.target import Target
from laplace_audit.reading.artifacts import Table

INWARD = 1e-6  # of a step: where a density on the end of its support is looked at


def grid_side(target: Target, record: dict, kept: dict) -> GridSide:
    """Return the exact side; `kept` has the columns of `mass` and `marginals` that there are.

    Without stored marginals a parameter is measured along the lines of the lattice, as a derived
    quantity is.
    """
    lattice = Lattice(record["lattice"])
    cells = Table(kept["mass"], {}, {}) if "mass" in kept else cells_of(target, lattice)
    marginals = marginals_of(Table(kept["marginals"], {}, {})) if "marginals" in kept else {}
    return GridSide(target, record, lattice, cells, marginals)


def cells_of(target: Target, lattice: Lattice) -> Table:
    """Return the cells of a lattice: mass = density times volume, normalised by their sum."""
    theta = lattice.theta
    log_density = target.log_density(theta)
    on_end = np.any((theta == target.lower) | (theta == target.upper), axis=1)
    if on_end.any():
        inward = np.where(theta <= target.lower, INWARD, 0.0)
        inward = np.where(theta >= target.upper, -INWARD, inward)
        near = target.log_density(theta[on_end] + inward[on_end] * lattice.step)
        log_density[on_end] = np.where(np.isfinite(near), near, -np.inf)
    weight = log_density + lattice.log_volume
    mass = np.exp(weight - np.max(weight))
    columns = dict(zip(lattice.parameters, theta.T, strict=True))
    columns |= {"log_density": log_density, "mass": mass / math.fsum(mass)}
    return Table(columns, {}, {})

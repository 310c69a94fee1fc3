"""The laws of draws from a grid: the cells and places of the stated seed, within their cells."""

import math

import numpy as np

from laplace_audit.laws.draws import (
    FALSE_ALARM,
    ULPS,
    density_laws,
    distance_to,
    dkw,
    parameters_of,
)
from laplace_audit.laws.mode import relative
from laplace_audit.ledger import Page
from laplace_audit.numerics.lattice import Lattice
from laplace_audit.numerics.target import Target
from laplace_audit.reading.artifacts import Table


def grid_draws_laws(page: Page, table: Table, target: Target, grid, seed: int, n: int) -> None:
    """Hold the draws from a grid against its generator, its cells, its marginals and densities.

    `grid` is (lattice, cells, marginals), None where there is no grid.
    """
    page.true("count of draws", table.rows == (n if grid else 0), f"{table.rows} rows")
    if grid is None or not table.rows:
        return
    lattice, cells, marginals = grid
    theta = parameters_of(table, target)
    mass = cells.columns["mass"]
    cell, due = redrawn(lattice, mass, seed, table.rows)
    size = np.abs(due) + np.ptp(lattice.theta, axis=0)
    page.most("draws are those of the seed", np.abs(theta - due) / size, ULPS)
    u = lattice.locate(theta)
    off = np.abs(u - lattice.u[cell]) / lattice.step
    page.most("draws lie in their cells", off, 0.5 + 1e-7)
    density_laws(page, table, target, theta)
    with np.errstate(divide="ignore"):
        due = np.log(mass[cell]) - math.log(math.prod(lattice.step)) - lattice.log_slope(u)
    page.most(
        "log approximation recomputed", relative(table.columns["log_approximation"], due), 1e-9
    )
    cube = mass.reshape(lattice.points)
    widest = max(
        cube.sum(axis=tuple(j for j in range(cube.ndim) if j != k)).max() for k in range(cube.ndim)
    )
    limit = dkw(table.rows, FALSE_ALARM) + widest  # within a cell the draws are uniform
    apart = [distance_to(marginals[p].cdf_at(theta[:, i])) for i, p in enumerate(target.parameters)]
    page.most("distances of the draws", apart, limit)


def redrawn(lattice: Lattice, mass, seed: int, n: int):
    """Return (cells (n,), theta (n, d)) of the draws of a seed: a uniform number a draw chooses the
    cell by the rising mass, then d more its place within half a cell; what falls beyond the support
    is reflected into it."""
    generator = np.random.Generator(np.random.PCG64(seed))
    rising = np.cumsum(mass)
    chosen = np.searchsorted(rising, generator.random(n) * rising[-1], side="right")
    chosen = np.minimum(chosen, np.flatnonzero(mass > 0)[-1])
    jitter = generator.random((n, len(lattice.points))) - 0.5
    theta = lattice.place(lattice.u[chosen] + jitter * lattice.step)
    low, high = lattice.support
    theta = np.where(theta < low, 2 * low - theta, theta)
    return chosen, np.where(theta > high, 2 * high - theta, theta)

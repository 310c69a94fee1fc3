"""Draws from a grid: a cell by its mass, jittered by half a cell each way, and their density."""

from typing import NamedTuple

import numpy as np

from laplace_approx.exact.grid import jittered_draws
from laplace_approx.exact.lattice import Lattice
from laplace_approx.normal.draws import draw_columns, no_draws


class Cells(NamedTuple):
    """The cells of a grid read back: the lattice, and the mass of every node, of its shape."""

    lattice: Lattice
    mass: np.ndarray


def grid_draws(cells: Cells, rng: np.random.Generator, n: int):
    """Return n draws theta (n, d) with the normalised log density (n,) that they come from.

    The density is constant in a cell, in the lattice's own coordinates u:
    q(theta) = mass of the cell / (its volume in u * |d theta / d u|).
    """
    theta = jittered_draws(cells, rng, n)
    return theta, _log_density(cells, theta)


def _log_density(cells: Cells, theta):
    frame = cells.lattice.frame
    u = frame.locate(theta)
    first = np.array([axis.lower for axis in frame.axes])
    step = np.array([axis.step for axis in frame.axes])
    last = np.array(frame.shape) - 1
    # a draw on the border of two cells, or reflected at the support, belongs to the nearest node
    index = np.clip(np.rint((u - first) / step), 0, last).astype(int)
    with np.errstate(divide="ignore"):
        mass = np.log(cells.mass[tuple(index.T)])
    return mass - np.sum(np.log(step)) - frame.log_slope(u)


def grid_draws_step(posterior, cells, seed: int, n_draws: int) -> dict:
    """Return the columns of draws from the cells of a grid, of which None has none."""
    if cells is None:
        return no_draws(posterior.model)
    theta, log_approximation = grid_draws(cells, np.random.default_rng(seed), n_draws)
    return draw_columns(posterior.model, posterior.density(), theta, log_approximation)

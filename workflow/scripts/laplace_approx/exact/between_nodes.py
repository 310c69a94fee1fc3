"""What a lattice says of the density between its nodes, and what the density is there.

Both are densities per unit of the lattice's own u, relative to the highest node. The lattice is
read by polynomials through the nodes around a place, of the log density and of the density itself:
the first are exact for a normal, the second serve where nodes without density are near. An excess
is what the density has above that of the two readings which is nearer to it, so that only what no
reading explains is one.
"""

from collections.abc import Callable
from functools import cached_property

import numpy as np

from laplace_approx.exact.lattice import Lattice, log_density_at
from laplace_approx.numerics.quadrature import interpolation_weights

# nodes an axis through which a polynomial runs, by dimension; halved or doubled, nothing changes
ORDER = {1: 10, 2: 10, 3: 8}
AT_ONCE = 2**20  # nodes gathered at once, 8 MiB of numbers; doubled, twice that
# log density above the highest node that is still told apart; e^709 is the largest number, so that
# half of it or a fifth more tell all that occurs
LARGEST = 600.0
# of the density: nearer to it no second reading is made; halved or doubled, nothing changes
WELL = 1e-7
# of the log density: nearer to the straight line between nodes there is no excess; halved or
# doubled, nothing changes
NEAR = 0.02
# log density below the highest node at which nothing counts any more: 1e-26 of it; halved, 1e-13
LOW = -60.0


class Between:
    """A lattice as a function of u, and the density that it stands for."""

    def __init__(self, lattice: Lattice, log_density: Callable):
        self.frame, self._log_density = lattice.frame, log_density
        values = lattice.log_density + self.frame.log_volume()
        self.highest = float(np.max(values))
        self.log_nodes = values - self.highest
        self._cell = float(np.prod([axis.step for axis in self.frame.axes]))

    @cached_property
    def nodes(self):
        """The density at the nodes, the highest 1."""
        with np.errstate(under="ignore"):
            return np.exp(self.log_nodes)

    @cached_property
    def total(self) -> float:
        """The sum over the nodes: the mass, in these units."""
        return float(np.sum(self.nodes)) * self._cell

    def log_truth(self, u):
        """Return the log of the density at u (n, d), -inf where there is none."""
        with np.errstate(all="ignore"):
            z = self.frame.unconstrained(u)
            value = log_density_at(self.frame, self._log_density, z) + self.frame.log_slope(u)
        return np.where(np.isnan(value), -np.inf, value) - self.highest

    def excess(self, u, truth, fully: bool = False):
        """Return the density at u (n, d), and what of it the lattice does not say, below zero where
        it says more than there is: both as shares of all mass per unit of u. `truth` (n,) is the
        log density there, as of `log_truth`.

        Unless `fully`, there is no excess where the straight line between the nodes tells the log
        density to `NEAR`.
        """
        density, excess = np.exp(np.minimum(truth, LARGEST)), np.zeros(len(u))
        with np.errstate(invalid="ignore"):
            line = self._read(self.log_nodes, u, 2)
            told = (np.abs(truth - line) < NEAR) & (not fully)
            rows = np.flatnonzero(~told & ~((truth < LOW) & (line < LOW)))
        if rows.size:
            excess[rows] = self._unexplained(u[rows], density[rows])
        return density / self.total, excess / self.total

    def log_ratio(self, u):
        """Return the log of the density at u (n, d) over what the lattice says, by the reading that
        is nearer to it; 0 where neither is a number, or nothing counts."""
        truth = self.log_truth(u)
        with np.errstate(all="ignore"):
            readings = self._read(self.log_nodes, u), np.log(self._read(self.nodes, u))
            apart = [truth - np.maximum(each, LOW) for each in readings]
            found = np.where(np.abs(apart[0]) <= np.abs(apart[1]), *apart)
            found = np.where(np.isnan(found), np.where(np.isnan(apart[0]), *apart[::-1]), found)
        return np.where((truth < LOW) | np.isnan(found), 0.0, found)

    def _unexplained(self, u, density):
        with np.errstate(all="ignore"):
            found = density - np.exp(np.minimum(self._read(self.log_nodes, u), LARGEST))
            rows = np.flatnonzero(~(np.abs(found) < WELL * density))
            other = density[rows] - np.maximum(self._read(self.nodes, u[rows]), 0.0)
            first = np.abs(found[rows]) <= np.abs(other)  # not where the first is no number
        found[rows] = np.where(first, found[rows], other)
        return found

    def _read(self, values, u, order: int | None = None):
        """Return the polynomial through `order` nodes an axis at u (n, d), NaN beside -inf."""
        d, found = u.shape[1], np.empty(len(u))
        order = order or ORDER[d]
        rows = max(1, AT_ONCE // order**d)
        places = [self._stencil(k, u[:, k], order) for k in range(d)]
        for start in range(0, len(u), rows):
            part = slice(start, start + rows)
            index = [_outward(first[part], k, d) for k, (first, _) in enumerate(places)]
            read = values[tuple(index)]
            for _, weights in reversed(places):
                read = np.einsum("n...k,nk->n...", read, weights[part])
            found[part] = read
        return found

    def _stencil(self, k: int, u, order: int):
        """Return the nodes of axis k around u (n,) and their weights, both (n, order)."""
        axis = self.frame.axes[k]
        order = min(order, axis.points)
        position = np.clip((u - axis.lower) / axis.step, 0, axis.points - 1)
        interval = np.minimum(position.astype(int), axis.points - 2)
        first = np.clip(interval - (order - 2) // 2, 0, axis.points - order)
        weights = interpolation_weights(position - interval, interval - first, order)
        return first[:, None] + np.arange(order), weights


def _outward(index, k: int, d: int):
    """Give the nodes (n, order) of axis k their own place among the axes of a stencil."""
    return index.reshape(len(index), *(-1 if j == k else 1 for j in range(d)))

"""The integral of a density along lines, up to where they leave a region."""

import numpy as np

from laplace_approx.exact.derived.borders import Borders
from laplace_approx.numerics.quadrature import (
    ORDER,
    bounded_increments,
    interpolation_weights,
    stencils,
)


class Along:
    """The integral of a density along lines from their first nodes to every other node, `rising`
    (L, n), in units of a step; the nodes are `every` steps apart."""

    def __init__(self, rising, every: int = 1):
        self.rising, self.every = rising, every

    def joined(self, other: "Along") -> "Along":
        """Return these lines and, after them, others."""
        return Along(np.concatenate([self.rising, other.rising]), self.every)

    def masses(self, borders: Borders):
        """Return the mass inside the borders on the line of every pair, (N,).

        Between the nodes the integral is that polynomial through eight of them.
        """
        n = self.rising.shape[1]
        place = borders.place / self.every
        cell = np.clip(place.astype(int), 0, n - 2)
        order = min(ORDER, n)
        first, local = stencils(cell, n)
        nodes = self.rising.ravel()
        window = nodes[(borders.line * n + first)[:, None] + np.arange(order)]
        weights = interpolation_weights(place - cell, local, order)
        start = borders.line * n + cell
        amount = np.clip(np.einsum("to,to->t", window, weights), nodes[start], nodes[start + 1])
        last = np.where(borders.ends_inside, self.rising[borders.lines, -1], 0.0)
        total = np.bincount(borders.pair, borders.sign * amount, minlength=last.size)
        return np.maximum(total + last, 0.0)


def rising_integral(density, every: int = 1):
    """Return the integral of a density (..., n) from the first node to each, in steps."""
    rising = np.zeros(density.shape)
    np.cumsum(every * bounded_increments(density), axis=-1, out=rising[..., 1:])
    return rising


def rising_at(rising, row, place):
    """Return the integral along lines at places (P, m) of rows (P,), between those at which
    it is known (rows, lines, nodes): (P m, nodes)."""
    n = rising.shape[1]
    order = min(ORDER, n)
    stretch = np.clip(place[:, :1].astype(int), 0, n - 2)
    first, local = stencils(stretch, n)
    window = rising[row[:, None], first + np.arange(order)]
    weights = interpolation_weights(place - stretch, local, order)
    return (weights @ window).reshape(-1, rising.shape[2])

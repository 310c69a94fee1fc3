"""A lattice: the log density at the nodes of a frame, and what each of them weighs."""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from laplace_approx.density.edges import log_gaps
from laplace_approx.exact.axis import along_axis, trapezoid_weights
from laplace_approx.exact.frame import Frame
from laplace_approx.numerics.batched import keep_small_arrays

LARGEST = 690.0  # e to this power is still a number


class Lattice(NamedTuple):
    """A frame and the unnormalised natural-scale log density at its nodes, of the frame's shape."""

    frame: Frame
    log_density: np.ndarray

    def relative(self) -> tuple[np.ndarray, float]:
        """Return (p, shift): the density per unit of u is p exp(shift), and max p = 1.

        Where no node has positive density, p is 0 everywhere and shift is -inf; likewise inf where
        a density is infinite.
        """
        volume = self.frame.log_volume()
        if volume.size == 1:  # the same at every node: no array is made for it
            p, added = self.log_density, float(volume.item())
        else:
            p, added = self.log_density + volume, 0.0
        highest = float(np.max(p))
        if math.isinf(highest):
            return np.zeros_like(p), highest
        relative = np.subtract(p, highest, out=None if volume.size == 1 else p)
        with np.errstate(under="ignore"):
            return np.exp(relative, out=relative), highest + added

    def mass(self):
        """Return the share of every cell in the sum over cells: p(node) |d theta / d u| / total."""
        p, _ = self.relative()
        total = np.sum(p)
        if not total > 0:
            raise ValueError("no node of the lattice has positive density: there is no mass")
        p /= total
        return p

    def weights(self):
        """Return the trapezoid weight of every node, Jacobian included.

        sum(weights * exp(log_density)) is the evidence in the box, and sum(weights * exp(f)) the
        integral of any other density exp(f) on the natural scale.
        """
        # far out on a heavy tail a cell is larger than numbers are, and holds nothing
        volume = np.exp(np.minimum(self.frame.log_volume(), LARGEST))
        weights = volume * np.ones(self.frame.shape)
        for k, axis in enumerate(self.frame.axes):
            weights *= along_axis(trapezoid_weights(axis), k, len(self.frame.axes))
        return weights

    def log_weights(self):
        """Return the logarithms of these weights, -inf where one is 0."""
        with np.errstate(divide="ignore"):
            return np.log(self.weights())

    def nodes(self):
        """Return theta at every node, shape (*lattice, d)."""
        return np.concatenate([theta for _, theta in self.frame.blocks()], axis=0)

    def columns(self) -> dict[str, np.ndarray]:
        """Return each parameter at every node, by name, in C order."""
        if self.frame.is_box:
            return {name: self._spread(k) for k, name in enumerate(self.frame.names)}
        nodes = self.nodes().reshape(-1, len(self.frame.names))
        return {name: nodes[:, k] for k, name in enumerate(self.frame.names)}

    def _spread(self, k: int):
        values = self.frame.values(k, self.frame.axes[k].nodes())
        along = along_axis(values, k, len(self.frame.axes))
        return np.broadcast_to(along, self.frame.shape).ravel()

    def odd(self) -> "Lattice":
        """Return the lattice without the last node of each axis that has an even number."""
        axes = tuple(axis.cut(axis.points - (axis.points + 1) % 2) for axis in self.frame.axes)
        kept = self.log_density[tuple(slice(axis.points) for axis in axes)]
        return Lattice(self.frame._replace(axes=axes), kept)

    def thin(self) -> "Lattice":
        """Return the lattice of every other node along every axis, from the first."""
        axes = tuple(axis.thin() for axis in self.frame.axes)
        kept = self.log_density[(slice(None, None, 2),) * len(axes)]
        return Lattice(self.frame._replace(axes=axes), kept)


def evaluate(frame: Frame, log_density: Callable) -> Lattice:
    """Return the lattice of a log density that maps theta (..., d) to (...).

    The nodes are visited in blocks, so nothing of d times the size of the lattice is ever held.
    """
    keep_small_arrays()
    values = np.empty(frame.shape)
    for rows, z in frame.unconstrained_blocks():
        values[rows] = log_density_at(frame, log_density, z)
    return Lattice(frame, values)


def log_density_at(frame: Frame, log_density: Callable, z):
    """Return the log density of theta (...) at the unconstrained z (..., d), which is overwritten:
    next to an end of the support by the distance to it, where the density is told that."""
    near = getattr(log_density, "near", None)
    if near is None:
        return log_density(frame.constrained(z))
    theta = frame.constrained(z.copy(order="K"))
    return near(theta, *log_gaps(frame.transforms, z, theta, *frame.support))

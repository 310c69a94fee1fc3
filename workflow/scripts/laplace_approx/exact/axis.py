"""One axis of a lattice: equally spaced nodes, and how they are stretched."""

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from laplace_approx.exact import humps

LEAST_POINTS = 9  # of an axis whose spacing is chosen here; halved or doubled, nothing changes


class Axis(NamedTuple):
    """Equally spaced nodes from u = `lower` to `upper`; w = sinh(stretch u) / stretch, or where the
    axis has the (centre, width) of several humps, that of `humps`."""

    lower: float
    upper: float
    points: int
    stretch: float = 0.0
    centres: tuple[tuple[float, float], ...] = ()

    @property
    def step(self) -> float:
        return (self.upper - self.lower) / (self.points - 1)

    def nodes(self):
        """Return the nodes u, shape (points,), not to be written to."""
        return _nodes(self.lower + 0.0, self.upper + 0.0, self.points)  # 0 and -0 are one key

    def stretched(self, u):
        """Return w(u)."""
        if self.centres:
            return humps.place(u, self.centres)
        return np.sinh(self.stretch * u) / self.stretch if self.stretch else u

    def slope(self, u):
        """Return dw/du."""
        if self.centres:
            return humps.slope(humps.place(u, self.centres), self.centres)
        return np.cosh(self.stretch * u) if self.stretch else np.ones_like(u)

    def inverse(self, w):
        """Return u(w)."""
        if self.centres:
            return humps.coordinate(w, self.centres)
        return np.arcsinh(self.stretch * w) / self.stretch if self.stretch else w

    def record(self) -> dict:
        """Return the axis as plain JSON values, `centres` only where there are any."""
        fields = self._asdict()
        centres = fields.pop("centres")
        return fields | ({"centres": [list(pair) for pair in centres]} if centres else {})

    def spaced(self, step: float) -> "Axis":
        """Return the axis with an odd number of nodes, at most `step` apart."""
        half = math.ceil((self.upper - self.lower) / (2 * step))
        return self._replace(points=max(2 * half + 1, LEAST_POINTS))

    def cut(self, points: int) -> "Axis":
        """Return the first `points` nodes."""
        return self._replace(upper=self.lower + self.step * (points - 1), points=points)

    def thin(self) -> "Axis":
        """Return every other node, from the first."""
        return self.every(2)

    def every(self, times: int, first: int = 0) -> "Axis":
        """Return the nodes first, first + times, first + 2 times, ..."""
        points, lower = (self.points - first - 1) // times + 1, self.lower + first * self.step
        return self._replace(
            lower=lower, upper=lower + times * self.step * (points - 1), points=points
        )


@lru_cache(maxsize=16)  # a lattice asks for the nodes of its axes again and again
def _nodes(lower: float, upper: float, points: int):
    nodes = np.linspace(lower, upper, points)
    nodes.flags.writeable = False
    return nodes


def trapezoid_weights(axis: Axis):
    """Return the trapezoid weights of an axis in units of u: the step, halved at the two ends."""
    weights = np.full(axis.points, axis.step)
    weights[[0, -1]] /= 2
    return weights


def along_axis(values, k: int, dimensions: int):
    """Reshape a vector so that it runs along axis k of an array with that many dimensions."""
    return values.reshape((-1,) + (1,) * (dimensions - 1 - k))


def summed_to(p, k: int):
    """Return the sums of an array over all its axes but k."""
    return p.sum(axis=tuple(j for j in range(p.ndim) if j != k))

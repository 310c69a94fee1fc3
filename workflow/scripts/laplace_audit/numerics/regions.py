"""The probability that a derived quantity lies below a level, line by line, by bisection.

Along every line of a lattice (one axis runs) the places where the statement "the quantity is
looked at and lies below the level" begins or ceases to be true are found by halving; between them
the mass of the line is that of its own CDF. Over the other axes the trapezoid rule adds up. Where
the border of the region runs along the lines that sum is rough, so lines of every direction are
tried, and for each level those count of which leaving out every other one changes least. No
derivative and no interpolation of the quantity is used.
"""

import math
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import numpy as np

from laplace_audit.numerics.lattice import Lattice
from laplace_audit.numerics.normal import Normal
from laplace_audit.numerics.target import Target

REACH = 8.5  # SDs of a normal each way
OUTER, INNER = {1: 1, 2: 601, 3: 61}, {1: 4001, 2: 201, 3: 101}  # nodes by dimension
HALVINGS = 24


class Lines(NamedTuple):
    """Lines of nodes: `u` (lines, nodes, d) in coordinates that `place` maps to theta, `share` the
    mass between neighbouring nodes (lines, nodes - 1) and `part(line, node, t)` its part up to t.
    `thinned` is the weight of each line when every other one is left out."""

    u: np.ndarray
    place: Callable
    share: np.ndarray
    part: Callable
    thinned: np.ndarray


class Region:
    """A quantity under a density: P(quantity <= level | it is looked at), and what is left out."""

    def __init__(self, bundles: list[Lines], target: Target, name: str):
        self.bundles, self.target, self.name = bundles, target, name
        self.ways = [_Way(lines, target, name) for lines in bundles]
        self.below = cache(self._below)
        self.excluded = float(self._best([way.excluded() for way in self.ways]))

    def cdf(self, levels):
        """Return P(quantity <= level | it is looked at) for levels (n,)."""
        return np.array([self.below(float(level)) for level in levels])

    def _below(self, level: float) -> float:
        return self._best([way.below(level) for way in self.ways])

    @staticmethod
    def _best(pairs) -> float:
        """Return the first of the pair whose two numbers are the nearest to each other."""
        return min(pairs, key=lambda pair: abs(pair[0] - pair[1]))[0]


class _Way:
    """A quantity on the lines of one direction; each answer is (all lines, every other line)."""

    def __init__(self, lines: Lines, target: Target, name: str):
        self.lines, self.target, self.name = lines, target, name
        self.value = self._at(lines.u)
        self.included = self._mass(lambda value: ~np.isnan(value))

    def excluded(self):
        return 1 - self.included / self._sums(self.lines.share.sum(axis=1))

    def below(self, level: float):
        if math.isnan(level) or not self.included[0] > 0:
            return np.full(2, math.nan)
        return self._mass(lambda value: value <= level) / self.included

    def _at(self, u):
        """Return the quantity at u, NaN where it is not looked at."""
        theta = self.lines.place(u)
        flat = theta.reshape(-1, theta.shape[-1])
        return self.target.looked_at(self.name, flat).reshape(theta.shape[:-1])

    def _mass(self, holds):
        inside = holds(self.value)
        masses = np.where(inside[:, 1:] & inside[:, :-1], self.lines.share, 0.0).sum(axis=1)
        line, node = np.nonzero(inside[:, 1:] != inside[:, :-1])
        if line.size:
            first = inside[line, node]
            before = self.lines.part(line, node, self._change(holds, line, node, first))
            after = self.lines.share[line, node] - before
            np.add.at(masses, line, np.where(first, before, after))
        return self._sums(masses)

    def _change(self, holds, line, node, first):
        """Return where between two nodes, from 0 to 1, a statement changes."""
        start = self.lines.u[line, node]
        move = self.lines.u[line, node + 1] - start
        low, high = np.zeros(line.size), np.ones(line.size)
        for _ in range(HALVINGS):
            t = (low + high) / 2
            same = holds(self._at(start + t[:, None] * move)) == first
            low, high = np.where(same, t, low), np.where(same, high, t)
        return (low + high) / 2

    def _sums(self, masses):
        return np.array([masses.sum(), masses @ self.lines.thinned])


def normal_lines(normal: Normal) -> list[Lines]:
    """Return lines under a normal in every direction of the coordinates in which it is standard;
    none above three dimensions."""
    d = normal.mean.size
    return [_normal_lines(normal, axis) for axis in range(d)] if d in OUTER else []


def _normal_lines(normal: Normal, axis: int) -> Lines:
    from scipy.special import ndtr

    d = normal.mean.size
    outer, inner = (np.linspace(-REACH, REACH, n) for n in (OUTER[d], INNER[d]))
    axes = [outer] * d
    axes[axis] = inner
    u = _lines_of(np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1), axis)
    step, width = 2 * REACH / max(outer.size - 1, 1), inner[1] - inner[0]
    squares = np.sum(np.delete(u[:, 0], axis, axis=-1) ** 2, axis=-1)
    weight = np.exp(-squares / 2) * (step / math.sqrt(2 * math.pi)) ** (d - 1)
    rising = ndtr(inner)

    def part(line, node, t):
        return weight[line] * (ndtr(inner[node] + t * width) - rising[node])

    def place(u):
        return normal.space.theta(normal.mean + u @ normal.factor.T)

    share = weight[:, None] * np.diff(rising)
    return Lines(u, place, share, part, _thinned([outer.size] * (d - 1)))


def lattice_lines(lattice: Lattice, log_density) -> list[Lines]:
    """Return the lines of a grid along each axis, with a cubic spline through every density."""
    p = log_density + lattice.log_volume
    p = np.exp(p - np.max(p)).reshape(lattice.points)
    return [_lattice_lines(lattice, p, axis) for axis in range(p.ndim)]


def _lattice_lines(lattice: Lattice, p, axis: int) -> Lines:
    from scipy.interpolate import CubicSpline

    d, n = p.ndim, lattice.points[axis]
    weight = np.moveaxis(lattice.trapezoid.reshape(p.shape), axis, -1).reshape(-1, n)
    weight = weight[:, n // 2] if n > 2 else weight[:, 0]
    density = np.moveaxis(p, axis, -1).reshape(-1, n) * weight[:, None]
    spline = CubicSpline(np.arange(n), density, axis=1)
    powers = np.arange(4, 0, -1)[:, None]
    integral = spline.c.reshape(4, n - 1, -1) / powers[:, :, None]  # of t, from the node

    def part(line, node, t):
        return np.sum(integral[:, node, line] * t**powers, axis=0)

    u = _lines_of(lattice.u.reshape(*lattice.points, d), axis)
    others = [m for k, m in enumerate(lattice.points) if k != axis]
    return Lines(u, lattice.place, integral.sum(axis=0).T, part, _thinned(others))


def _lines_of(u, axis: int):
    """Return nodes u (..., d) as lines along an axis, (lines, nodes, d)."""
    return np.moveaxis(u, axis, -2).reshape(-1, u.shape[axis], u.shape[-1])


def _thinned(points):
    """Return the weights of lines when every other one of each axis is left out."""
    weights = np.ones(1)
    for n in points:
        weights = np.multiply.outer(weights, np.where(np.arange(n) % 2, 0.0, 2.0)).ravel()
    return weights

"""The lines of a lattice along which a parameter runs: its marginal is their sum.

A parameter runs along the last axis that moves it; the axes after that are summed, and between the
nodes of a line its density is known to high order. The sum over the lines is a trapezoid rule, as
exact as their spacing allows.
"""

import numpy as np

from laplace_approx.exact.axis import along_axis, trapezoid_weights
from laplace_approx.exact.derived.along import rising_integral
from laplace_approx.exact.lattice import Lattice
from laplace_approx.numerics.quadrature import ORDER, read_between, stencils

# numbers up to which the lines are filled in by Fourier's series, 64 MiB; doubled, twice that
FILLED = 2**23
# as many places a node as they are filled in with, those that fit; doubled, twice the memory, and a
# polynomial of order 8 between places half as far apart errs 256 times less
TIMES = (4, 2, 1)
# of a line and a value, looked up at once: they stay in the processor's cache; any other number
# gives the same sums
PAIRS = 2**15


class MarginalLines:
    """The density along the lines of a lattice on which a parameter runs, and its sum over them.

    They are filled in with as many places a node as fit, or with so many `times`.
    """

    def __init__(self, lattice: Lattice, parameter: int, times: int | None = None):
        frame = lattice.frame
        self.lattice, self.parameter = lattice, parameter
        self.last = int(np.flatnonzero(frame.shear[parameter])[-1])
        p, self.shift = lattice.relative()
        for axis in reversed(frame.axes[self.last + 1 :]):
            p = p @ trapezoid_weights(axis)
        for k, axis in enumerate(frame.axes[: self.last]):
            p = p * along_axis(trapezoid_weights(axis), k, p.ndim)
        self.shape = p.shape[:-1]
        self.axis = frame.axes[self.last]
        self.start, self.scale = self._places(frame, parameter)
        self.times = times or next(each for each in TIMES if each == 1 or p.size * each <= FILLED)
        self.p = self._filled(p.reshape(-1, p.shape[-1]))

    def _places(self, frame, parameter):
        """Return (z, dz / dw) of every line at w = 0 of its axis, (L,) each."""
        w = [
            along_axis(axis.stretched(axis.nodes()), k, self.last)
            for k, axis in enumerate(frame.axes[: self.last])
        ]
        v, log_scale = list(w), 0.0
        for k, spline in enumerate(frame.ridge[: self.last], start=1):
            centre, log_scale = spline.at(*w[:k])
            if k == self.last:
                v.append(centre)
            else:
                v[k] = centre + np.exp(log_scale) * w[k]
        row = frame.shear[parameter]
        start = frame.origin[parameter] + sum(row[k] * x for k, x in enumerate(v))
        scale = row[self.last] * np.exp(log_scale)
        return (np.broadcast_to(x, self.shape).ravel() for x in (start, scale))

    def _filled(self, p):
        """Return the density at more places of each line."""
        n, times = p.shape[1], self.times
        if times == 1:
            return p
        spectrum = np.fft.rfft(p, axis=1)
        if n % 2 == 0:
            spectrum[:, -1] /= 2
        dense = np.fft.irfft(spectrum, n * times, axis=1)[:, : (n - 1) * times + 1] * times
        dense[:, ::times] = p
        return np.maximum(dense, 0.0)

    def density(self, z, weight=None):
        """Return the marginal density per unit of z, less its shift, at z (M,); the lines weighed
        by `weight` (L,), or by several (W, L) at once: then (W, M)."""

        def of_pairs(z, line):
            place, u = self._place(z, line)
            p = np.maximum(self._between(self.p, place, line), 0.0)
            return p / (np.abs(self.scale[line]) * self.axis.slope(u))

        return self._summed(z, of_pairs, weight)

    def cdf(self, z):
        """Return the share of the mass below each z (M,)."""
        rising = rising_integral(self.p)

        def of_pairs(z, line):
            place, _ = self._place(z, line)
            return self._between(rising, place, line)

        total = rising[:, -1]
        ends = self._ends()
        above = ends[1][None, :] <= z[:, None]  # lines that lie below z as a whole
        falls = self.scale < 0
        found = self._summed(z, of_pairs, np.where(falls, -1.0, 1.0))
        touched = ~above & (ends[0][None, :] < z[:, None])
        return (found + above @ total + touched @ np.where(falls, total, 0.0)) / total.sum()

    def _summed(self, z, of_pairs, weight):
        """Return, for each z, the sum of `of_pairs(z, line)` over the lines on which it lies."""
        order = np.argsort(z, kind="stable")
        low, high = self._ends()
        first = np.searchsorted(z[order], low, "right")
        count = np.maximum(np.searchsorted(z[order], high, "left") - first, 0)
        weights = np.ones((1, low.size)) if weight is None else np.atleast_2d(weight)
        count = np.where(np.any(weights != 0, axis=0), count, 0)
        found, blocks = np.zeros((len(weights), z.size)), np.cumsum(count) // PAIRS
        for block in np.unique(blocks[count > 0]):
            lines = np.flatnonzero((blocks == block) & (count > 0))
            line = np.repeat(lines, count[lines])
            began = np.repeat(np.cumsum(count[lines]) - count[lines], count[lines])
            value = order[np.repeat(first[lines], count[lines]) + np.arange(line.size) - began]
            p = of_pairs(z[value], line)
            for row, each in zip(found, weights, strict=True):
                row += np.bincount(value, p * each[line], minlength=z.size)
        return found if np.ndim(weight) == 2 else found[0]

    def _ends(self):
        """Return the lowest and the highest z of every line, (L,) each."""
        reach = np.array([self.axis.stretched(u) for u in (self.axis.lower, self.axis.upper)])
        return np.sort(self.start + np.multiply.outer(reach, self.scale), axis=0)

    def _place(self, z, line):
        """Return where on its line each z lies, in nodes from the first, and in u."""
        u = self.axis.inverse((z - self.start[line]) / self.scale[line])
        place = (u - self.axis.lower) / self.axis.step * self.times
        return np.clip(place, 0, self.p.shape[1] - 1), u

    @staticmethod
    def _between(values, place, line):
        """Return values (L, n) of lines at places between their nodes."""
        n = values.shape[1]
        cell = np.minimum(place.astype(int), n - 2)
        order = min(ORDER, n)
        first, local = stencils(cell, n)
        return read_between(values.ravel(), line * n + first, place - cell + local, order)

    def halved(self):
        """Return weights (1 + k, L) of the lines: of all, and of every other one of each axis."""
        halves = [self.thinned(k, 2) for k in range(self.last)]
        return np.array([np.ones(self.start.size), *halves])

    def every(self, times: int) -> "MarginalLines":
        """Return the same lines with only every `times`-th of their nodes, filled in as these are:
        else what they differ by would be that of two rules, and not of their nodes."""
        frame, log_density = self.lattice
        axes = list(frame.axes)
        axes[self.last] = axes[self.last].every(times)
        kept = (slice(None),) * self.last + (slice(None, None, times),)
        thin = Lattice(frame._replace(axes=tuple(axes)), log_density[kept])
        return MarginalLines(thin, self.parameter, self.times)

    def thinned(self, k: int, times: int):
        """Return the weights (L,) of the lines when of axis k only every `times`-th is kept."""
        weight = np.zeros(self.shape[k])
        weight[::times] = times
        return np.broadcast_to(along_axis(weight, k, len(self.shape)), self.shape).ravel()

    def quantiles(self, probabilities):
        """Return quantiles of z over the nodes of the lines."""
        u = self.axis.nodes()
        z = self.start[:, None] + self.scale[:, None] * self.axis.stretched(u)
        z, mass = z.ravel(), self.p[:, :: self.times].ravel()
        order = np.argsort(z)
        rising = np.cumsum(mass[order])
        return z[order][np.searchsorted(rising, rising[-1] * np.asarray(probabilities))]

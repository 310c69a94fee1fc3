"""Lines through a density: the mass of each where a quantity is at or below a level.

Along a line the density is integrated by the rule of `quadrature`, cut where the quantity crosses
the level. Where the quantity itself begins, ends, jumps or turns back between two nodes is found
beforehand, so that no piece of a line hides between them.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from laplace_approx.lattice import Frame
from laplace_approx.quadrature import ORDER, bounded_increments, partial_weights, stencils
from laplace_approx.roots import crossings

CLOSE = 1e-9  # of a step: how well a crossing is known
BISECTIONS = 34  # of an interval in search of a break


class Breaks(NamedTuple):
    """Places inside an interval where the quantity begins, ends, jumps or turns back.

    `fraction` is how far along its interval (`line`, `cell`) each lies; `before` and `after` are
    the quantity on its two sides, NaN where it has no value. There is one at most an interval.
    """

    line: np.ndarray
    cell: np.ndarray
    fraction: np.ndarray
    before: np.ndarray
    after: np.ndarray


class Pieces(NamedTuple):
    """Pieces low..high of intervals, with the level (by its place) that is asked of each, and the
    mass of the interval and the value of the quantity at the two ends of the piece."""

    level: np.ndarray
    line: np.ndarray
    cell: np.ndarray
    low: np.ndarray
    high: np.ndarray
    mass_low: np.ndarray
    mass_high: np.ndarray
    value_low: np.ndarray
    value_high: np.ndarray


class Bundle:
    """Lines with the same axis running: `outer` (L, d) holds u with that axis's entry unused.

    `density` and `values` (L, n) are the density and the quantity at the nodes of each line.
    """

    def __init__(self, frame: Frame, axis: int, outer, density, quantity: Callable):
        self.frame, self.axis, self.quantity = frame, axis, quantity
        self.outer, self.density = outer, density
        self.steps = bounded_increments(density)
        self.values = self._between(0.0, 0)
        self.breaks = self._breaks()
        self.break_masses = self._part(*self.breaks[:3])
        self.whole = np.ones(self.steps.shape, dtype=bool)
        self.whole[self.breaks.line, self.breaks.cell] = False
        self.whole_steps = np.where(self.whole, self.steps, 0.0)

    def masses(self, levels):
        """Return the mass of every line where quantity <= level, (levels, L), for levels (C,)."""
        inside = self.values <= levels[:, None, None]
        begins, ends = inside[..., :-1], inside[..., 1:]
        total = np.einsum("ln,cln->cl", self.whole_steps, begins & ends)
        pieces = self._crossed((begins != ends) & self.whole, levels.size)
        share = self._shares(pieces, levels[pieces.level])
        place = pieces.level * total.shape[1] + pieces.line
        return total + np.bincount(place, share, minlength=total.size).reshape(total.shape)

    def _crossed(self, crossing, n_levels) -> Pieces:
        """Return every interval with a crossing, and both pieces of every one with a break."""
        level, line, cell = np.unravel_index(np.flatnonzero(crossing), crossing.shape)
        zero, one, whole = np.zeros(line.size), np.ones(line.size), self.steps[line, cell]
        ends = self.values[line, cell], self.values[line, cell + 1]
        crossed = Pieces(level, line, cell, zero, one, zero, whole, *ends)
        level = np.repeat(np.arange(n_levels), self.breaks.line.size)
        line, cell, at, before, after = (np.tile(x, n_levels) for x in self.breaks)
        part = np.tile(self.break_masses, n_levels)
        zero, one, whole = np.zeros(line.size), np.ones(line.size), self.steps[line, cell]
        ends = self.values[line, cell], self.values[line, cell + 1]
        left = Pieces(level, line, cell, zero, at, zero, part, ends[0], before)
        right = Pieces(level, line, cell, at, one, part, whole, after, ends[1])
        return Pieces(*(np.concatenate(x) for x in zip(crossed, left, right, strict=True)))

    def _shares(self, pieces: Pieces, level):
        """Return the mass of each piece where quantity <= level."""
        first, last = pieces.value_low <= level, pieces.value_high <= level
        crossing = pieces.mass_high.copy()
        mixed = np.flatnonzero(first != last)
        cut = Pieces(*(x[mixed] for x in pieces))
        crossing[mixed] = self._part(cut.line, cut.cell, self._crossings(cut, level[mixed]))
        begin = np.where(first, pieces.mass_low, crossing)
        end = np.where(last, pieces.mass_high, crossing)
        return np.where(first | last, np.maximum(end - begin, 0.0), 0.0)

    def _crossings(self, pieces: Pieces, level):
        """Return where each piece crosses its level."""

        def excess(fraction, which):
            return self._at(pieces.line[which], pieces.cell[which], fraction) - level[which]

        with np.errstate(invalid="ignore"):
            ends = pieces.value_low - level, pieces.value_high - level
            return crossings(excess, pieces.low, pieces.high, *ends, CLOSE)

    def _part(self, line, cell, fraction):
        """Return the mass of the first `fraction` of intervals."""
        n = self.density.shape[1]
        order = min(ORDER, n)
        first, local = stencils(cell, n)
        window = self.density[line[:, None], first[:, None] + np.arange(order)]
        part = np.sum(window * partial_weights(fraction, local, order), axis=1)
        return np.clip(part, 0.0, self.steps[line, cell])

    def _at(self, line, cell, fraction):
        """Return the quantity within the intervals `cell` of the lines `line`."""
        axis = self.frame.axes[self.axis]
        u = self.outer[line]
        u[:, self.axis] = axis.lower + axis.step * (cell + fraction)
        return self.quantity(self.frame.place(u))

    def _between(self, fraction, dropped):
        """Return the quantity on all lines, at the nodes or `fraction` of a step after them."""
        axis = self.frame.axes[self.axis]
        u = np.repeat(self.outer[:, None, :], axis.points - dropped, axis=1)
        u[..., self.axis] = axis.nodes()[: axis.points - dropped] + fraction * axis.step
        return self.quantity(self.frame.place(u))

    def _breaks(self) -> Breaks:
        begin, end, middle = self.values[:, :-1], self.values[:, 1:], self._between(0.5, 1)
        one_sided = np.isnan(begin) != np.isnan(end)
        beyond = (middle < np.minimum(begin, end)) | (middle > np.maximum(begin, end))
        edges = self._edges(*np.nonzero(one_sided))
        line, cell = np.nonzero(beyond)
        jumps, found = self._jumps(line, cell, middle)
        turns = self._turns(line[~found], cell[~found], middle)
        return Breaks(*(np.concatenate(x) for x in zip(edges, jumps, turns, strict=True)))

    def _edges(self, line, cell) -> Breaks:
        """Return where the quantity begins or ends to have a value."""
        low, high = np.zeros(line.size), np.ones(line.size)
        before, after = self.values[line, cell], self.values[line, cell + 1]
        for _ in range(BISECTIONS):
            middle = (low + high) / 2
            value = self._at(line, cell, middle)
            left = np.isnan(value) == np.isnan(before)
            low, high = np.where(left, middle, low), np.where(left, high, middle)
            before, after = np.where(left, value, before), np.where(left, after, value)
        return Breaks(line, cell, (low + high) / 2, before, after)

    def _jumps(self, line, cell, middles) -> tuple[Breaks, np.ndarray]:
        """Return the jumps and poles, and in which of the intervals there is one: what bisection
        toward the larger change ends at, if the change does not vanish."""
        low, high = np.zeros(line.size), np.ones(line.size)
        before, after = self.values[line, cell], self.values[line, cell + 1]
        half = middles[line, cell]
        change = np.maximum(_change(before, half), _change(half, after))
        for _ in range(BISECTIONS):
            middle = (low + high) / 2
            value = self._at(line, cell, middle)
            left = _change(before, value) < _change(value, after)
            low, high = np.where(left, middle, low), np.where(left, high, middle)
            before, after = np.where(left, value, before), np.where(left, after, value)
        jump = _change(before, after) > change / 2
        found = Breaks(*(x[jump] for x in (line, cell, (low + high) / 2, before, after)))
        return found, jump

    def _turns(self, line, cell, middles) -> Breaks:
        """Return the extremes of a smooth quantity inside intervals: those of the parabolas."""
        begin, middle, end = (
            self.values[line, cell],
            middles[line, cell],
            self.values[line, cell + 1],
        )
        fraction = (3 * begin - 4 * middle + end) / (4 * (begin - 2 * middle + end))
        value = self._at(line, cell, fraction)
        return Breaks(line, cell, fraction, value, value)


def _change(a, b):
    with np.errstate(invalid="ignore"):
        return np.nan_to_num(np.abs(b - a), nan=0.0)

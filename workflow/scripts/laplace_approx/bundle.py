"""Lines through a lattice: where each of them enters and leaves the region quantity <= level.

Where the quantity itself begins, ends, jumps or turns back between two nodes is found beforehand,
so that no piece of a line hides between them. `Along` integrates a density up to such places by the
rule of `quadrature`.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from laplace_approx.lattice import Frame
from laplace_approx.quadrature import (
    ORDER,
    bounded_increments,
    interpolation_weights,
    stencils,
)
from laplace_approx.roots import crossings

CLOSE = 1e-9  # of a step: how well a crossing is known
CLOSE_VALUE = 1e-10  # of the distance of the nearer end from the level: likewise
NARROW = 6e-8  # of an interval: how well a break is known
NEAR_VERTEX = (0.25, 0.05)  # of an interval: how close to an extreme it is looked at once more
PLACES = 4096  # looked at together in search of breaks, or 8 in each interval


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
    """Pieces low..high of intervals with the quantity less the level, of unequal sign, at their
    ends; `pair` is the place of level and line in an array of shape (levels, lines)."""

    pair: np.ndarray
    line: np.ndarray
    cell: np.ndarray
    low: np.ndarray
    high: np.ndarray
    value_low: np.ndarray
    value_high: np.ndarray
    level: np.ndarray


class Borders(NamedTuple):
    """Where lines cross the border of a region.

    `place` is counted in nodes from the first one of its `line`, and `sign` is 1 where the line
    leaves the region, -1 where it enters; `pair` as in `Pieces`. `ends_inside` (levels, lines)
    says which lines end inside.
    """

    pair: np.ndarray
    line: np.ndarray
    place: np.ndarray
    sign: np.ndarray
    ends_inside: np.ndarray


class Bundle:
    """Lines with the same axis running: `outer` (L, d) holds u with that axis's entry unused.

    The quantity is known at the ends of intervals of `every` steps (`values`) and in the middle of
    each (`middles`).
    """

    def __init__(self, frame: Frame, axis: int, outer, quantity: Callable, thinned_from=None):
        self.frame, self.axis, self.outer, self.quantity = frame, axis, outer, quantity
        if thinned_from is None:
            self.every = 1
            self.values, self.middles = self._between(0.0, 0), self._between(0.5, 1)
        else:
            self.every = 2
            self.values, self.middles = thinned_from[:, ::2], thinned_from[:, 1::2]
        self.breaks = self._breaks()

    def thin(self) -> "Bundle":
        """Return the same lines with intervals of two steps, of an even number of them."""
        return Bundle(self.frame, self.axis, self.outer, self.quantity, self.values)

    def borders(self, levels) -> Borders:
        """Return the borders of quantity <= level, for levels (C, 1) of all lines or (1, L)."""
        n_lines = self.values.shape[0]
        levels = np.broadcast_to(levels, (levels.shape[0], n_lines))
        inside = self.values <= levels[..., None]
        change = inside[..., 1:] != inside[..., :-1]
        change[:, self.breaks.line, self.breaks.cell] = False
        pair, cell = np.divmod(np.flatnonzero(change), max(change.shape[-1], 1))
        whole = self._pieces(pair, pair % n_lines, cell, levels)
        left, right, jumps = self._broken(levels)
        cut = Pieces(*(np.concatenate(x) for x in zip(whole, left, right, strict=True)))
        place = self.every * (cut.cell + self._crossings(cut))
        sign = np.where(cut.value_low <= cut.level, 1.0, -1.0)
        joined = zip((cut.pair, cut.line, place, sign), jumps, strict=True)
        return Borders(*(np.concatenate(x) for x in joined), inside[..., -1])

    def _pieces(self, pair, line, cell, levels) -> Pieces:
        """Return whole intervals."""
        level, ends = levels.ravel()[pair], (self.values[line, cell], self.values[line, cell + 1])
        return Pieces(pair, line, cell, np.zeros(line.size), np.ones(line.size), *ends, level)

    def _broken(self, levels):
        """Return the pieces before and after breaks in which there is a crossing, and (pair, line,
        place, sign) of the breaks that are a border themselves."""
        line, cell, at, before, after = self.breaks
        level = levels[:, line]
        first, last = self.values[line, cell], self.values[line, cell + 1]
        inside = [value <= level for value in (first, before, after, last)]

        def parts(chosen, low, high, value_low, value_high):
            c, b = np.nonzero(chosen)
            pair = c * levels.shape[1] + line[b]
            ends = (x[b] for x in (low, high, value_low, value_high))
            return Pieces(pair, line[b], cell[b], *ends, level[c, b])

        zero, one = np.zeros(line.size), np.ones(line.size)
        left = parts(inside[0] != inside[1], zero, at, first, before)
        right = parts(inside[2] != inside[3], at, one, after, last)
        c, b = np.nonzero(inside[1] != inside[2])
        place = self.every * (cell[b] + at[b])
        sign = np.where(inside[1][c, b], 1.0, -1.0)
        return left, right, (c * levels.shape[1] + line[b], line[b], place, sign)

    def _crossings(self, pieces: Pieces):
        """Return where each piece crosses its level."""

        def excess(fraction, which):
            value = self._at(pieces.line[which], pieces.cell[which], fraction)
            return value - pieces.level[which]

        with np.errstate(invalid="ignore"):
            ends = pieces.value_low - pieces.level, pieces.value_high - pieces.level
            near = CLOSE_VALUE * np.minimum(*np.abs(ends))
            near = np.where(np.isfinite(near) & (near > 0), near, -1.0)
            return crossings(excess, pieces.low, pieces.high, *ends, CLOSE, near)

    def _at(self, line, cell, fraction):
        """Return the quantity within the intervals `cell` of the lines `line`."""
        axis = self.frame.axes[self.axis]
        u = self.outer[line]
        u[..., self.axis] = axis.lower + axis.step * self.every * (cell + fraction)
        return self.quantity(self.frame.place(u))

    def _between(self, fraction, dropped):
        """Return the quantity on all lines, at the nodes or `fraction` of a step after them."""
        axis = self.frame.axes[self.axis]
        u = [coordinate[:, None] for coordinate in self.outer.T]
        u[self.axis] = (axis.nodes()[: axis.points - dropped] + fraction * axis.step)[None]
        return self.quantity(self.frame.place_product(u))

    def _breaks(self) -> Breaks:
        begin, end, middle = self.values[:, :-1], self.values[:, 1:], self.middles
        one_sided = np.isnan(begin) != np.isnan(end)
        beyond = (middle < np.minimum(begin, end)) | (middle > np.maximum(begin, end))
        edges = self._narrowed(*np.nonzero(one_sided), _begins_or_ends)
        line, cell = np.nonzero(beyond)
        jumps = self._narrowed(line, cell, _change)
        half = middle[line, cell]
        change = np.maximum(_change(begin[line, cell], half), _change(half, end[line, cell]))
        found = _change(jumps.before, jumps.after) > change / 2
        jumps = Breaks(*(x[found] for x in jumps))
        bent = _vertex(begin, middle, end)[1]
        bent[edges.line, edges.cell] = bent[jumps.line, jumps.cell] = False
        turns = self._turns(*np.nonzero(bent))
        return Breaks(*(np.concatenate(x) for x in zip(edges, jumps, turns, strict=True)))

    def _narrowed(self, line, cell, change: Callable) -> Breaks:
        """Return where the quantity changes most: what an interval narrows to, divided again and
        again and left with the part over which `change(before, after)` is largest."""
        low, width = np.zeros(line.size), 1.0
        before, after = self.values[line, cell], self.values[line, cell + 1]
        each = np.arange(line.size)
        parts = min(max(PLACES // max(line.size, 1), 8), 64)
        inner = np.arange(1, parts) / parts
        while line.size and width > NARROW:
            places = low[:, None] + width * inner
            value = self._at(*np.broadcast_arrays(line[:, None], cell[:, None], places))
            value = np.concatenate([before[:, None], value, after[:, None]], axis=1)
            part = np.argmax(change(value[:, :-1], value[:, 1:]), axis=1)
            before, after = value[each, part], value[each, part + 1]
            width /= parts
            low = low + width * part
        return Breaks(line, cell, low + width / 2, before, after)

    def _turns(self, line, cell) -> Breaks:
        """Return the extremes of a smooth quantity inside intervals: those of the parabolas
        through their ends and middle, and then through three places ever closer to that."""
        values = self.values[line, cell], self.middles[line, cell], self.values[line, cell + 1]
        fraction = _vertex(*values)[0]
        for near in NEAR_VERTEX:
            fraction = np.clip(fraction, near, 1 - near)
            places = fraction + near * np.array([[-1.0], [0.0], [1.0]])
            closer, inside = _vertex(*(self._at(line, cell, place) for place in places))
            fraction = np.where(inside, places[0] + 2 * near * closer, fraction)
        value = self._at(line, cell, fraction)
        return Breaks(line, cell, fraction, value, value)


class Along:
    """The integral of a density along lines from their first nodes to every other node, `rising`
    (L, n), in units of a step; the nodes are `every` steps apart."""

    def __init__(self, rising, every: int = 1):
        self.rising, self.every = rising, every

    def masses(self, borders: Borders):
        """Return the mass of every line inside the borders, (levels, lines).

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
        shape = borders.ends_inside.shape
        total = np.bincount(borders.pair, borders.sign * amount, minlength=math.prod(shape))
        return np.maximum(total.reshape(shape) + borders.ends_inside * self.rising[:, -1], 0.0)


def rising_integral(density, every: int = 1):
    """Return the integral of a density (..., n) from the first node to each, in steps."""
    rising = np.zeros(density.shape)
    np.cumsum(every * bounded_increments(density), axis=-1, out=rising[..., 1:])
    return rising


def _vertex(begin, middle, end):
    """Return (where, inside): the vertex of parabolas through the ends and the middle of intervals,
    as a fraction of them, and whether it lies between the ends."""
    with np.errstate(all="ignore"):
        where = (3 * begin - 4 * middle + end) / (4 * (begin - 2 * middle + end))
        return where, (where > 0) & (where < 1)


def _begins_or_ends(a, b):
    return np.isnan(a) != np.isnan(b)


def _change(a, b):
    with np.errstate(invalid="ignore"):
        return np.nan_to_num(np.abs(b - a), nan=0.0)

"""Lines through a lattice: where each of them enters and leaves the region quantity <= level.

Where the quantity itself breaks off or turns back between two nodes is found beforehand (`breaks`),
and a density is integrated up to the borders by the rule of `quadrature` (`along`).
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from laplace_approx.exact.derived.breaks import Breaks, concatenated, find_breaks
from laplace_approx.exact.frame import Frame
from laplace_approx.numerics.roots import crossings

# of a step: how well a crossing is known; halved or doubled, the evaluations change by less than 1
# %, and quantiles move by 1e-10
CLOSE = 1e-9
CLOSE_VALUE = 1e-10  # of the distance of the nearer end from the level: likewise


class Pieces(NamedTuple):
    """Pieces low..high of intervals with the quantity at their ends, of which one is above the
    `level` and the other is not; `pair` is the place of level and line among those asked for."""

    pair: np.ndarray
    line: np.ndarray
    cell: np.ndarray
    low: np.ndarray
    high: np.ndarray
    value_low: np.ndarray
    value_high: np.ndarray
    level: np.ndarray


class Borders(NamedTuple):
    """Where lines cross the border of a region, for pairs of a level and a line.

    `place` is counted in nodes from the first one of its `line`, and `sign` is 1 where the line
    leaves the region, -1 where it enters. `lines` (N,) is the line of each pair, and `ends_inside`
    (N,) whether it ends inside.
    """

    pair: np.ndarray
    line: np.ndarray
    place: np.ndarray
    sign: np.ndarray
    lines: np.ndarray
    ends_inside: np.ndarray


class Bundle(NamedTuple):
    """Lines with the same axis of a frame running.

    `base` (d, L) is where they are in unconstrained coordinates when that axis is at 0. The
    quantity is known at the ends of intervals of `every` steps (`values`) and in the middle of
    each (`middles`); the first of them begins at the node `first` (L,). `breaks` are those of the
    intervals.
    """

    frame: Frame
    axis: int
    quantity: Callable
    every: int
    first: np.ndarray
    base: np.ndarray
    values: np.ndarray
    middles: np.ndarray
    breaks: Breaks | None = None

    def thin(self) -> "Bundle":
        """Return the same lines with intervals of twice as many steps, from every other place at
        which the quantity is known: on every other line those that are left out on the lines
        beside it, so that what is seen at no more than one place is missed on half of them.
        Beyond its ends a line is taken to stay as it is."""
        known, lines = self.known(), len(self.values)
        length = 2 * ((self.values.shape[1] + 2) // 2) + 1
        later = np.arange(lines) % 2 == 1
        places = np.repeat(known[:, -1:], length, axis=1)
        places[~later, : self.values.shape[1]] = known[~later, ::2]
        places[later, 0] = known[later, 0]
        places[later, 1 : self.values.shape[1]] = known[later, 1::2]
        thinned = self._replace(
            every=2 * self.every,
            first=self.first - 0.5 * self.every * later,
            values=places[:, ::2],
            middles=places[:, 1::2],
        )
        return with_breaks(thinned)

    def known(self):
        """Return the quantity at the ends and in the middle of all intervals, in order."""
        lines, cells = self.middles.shape
        known = np.empty((lines, 2 * cells + 1))
        known[:, ::2], known[:, 1::2] = self.values, self.middles
        return known

    def joined(self, other: "Bundle") -> "Bundle":
        """Return these lines and, after them, those of another bundle."""
        breaks = other.breaks._replace(line=other.breaks.line + len(self.values))
        return self._replace(
            first=np.concatenate([self.first, other.first]),
            base=np.concatenate([self.base, other.base], axis=1),
            values=np.concatenate([self.values, other.values]),
            middles=np.concatenate([self.middles, other.middles]),
            breaks=concatenated([self.breaks, breaks]),
        )

    def borders(self, levels, lines=None) -> Borders:
        """Return the borders of quantity <= level, for levels (N,) each of its own of `lines`
        (N,); or for levels (C,), each of all lines, in this order."""
        with np.errstate(invalid="ignore"):
            return self._borders(levels, lines)

    def _borders(self, levels, lines) -> Borders:
        if lines is None:
            inside = (self.values <= levels[:, None, None]).reshape(-1, self.values.shape[1])
            lines = np.tile(np.arange(len(self.values)), levels.size)
            levels = np.repeat(levels, len(self.values))
        else:
            inside = self.values[lines] <= levels[:, None]
        change = inside[:, 1:] != inside[:, :-1]
        pair, found = matches(self.breaks.line, lines)
        change[pair, self.breaks.cell[found]] = False
        crossed, cell = np.divmod(np.flatnonzero(change), max(change.shape[1], 1))
        whole = self._pieces(crossed, lines[crossed], cell, levels)
        left, right, jumps = self._parts(pair, found, levels[pair])
        cut = concatenated([whole, left, right])
        place = self.first[cut.line] + self.every * (cut.cell + self._crossings(cut))
        sign = np.where(cut.value_low <= cut.level, 1.0, -1.0)
        joined = zip((cut.pair, cut.line, place, sign), jumps, strict=True)
        return Borders(*(np.concatenate(x) for x in joined), lines, inside[:, -1])

    def _pieces(self, pair, line, cell, levels) -> Pieces:
        """Return whole intervals."""
        ends = self.values[line, cell], self.values[line, cell + 1]
        low, high = np.zeros(line.size), np.ones(line.size)
        return Pieces(pair, line, cell, low, high, *ends, levels[pair])

    def _parts(self, pair, found, level):
        """Return the pieces before and after breaks in which there is a crossing, and (pair, line,
        place, sign) of the breaks that are a border themselves."""
        line, cell, at, before, after = (x[found] for x in self.breaks)
        first, last = self.values[line, cell], self.values[line, cell + 1]
        inside = [value <= level for value in (first, before, after, last)]
        zero, one = np.zeros(line.size), np.ones(line.size)
        left = Pieces(pair, line, cell, zero, at, first, before, level)
        right = Pieces(pair, line, cell, at, one, after, last, level)
        parts = [
            Pieces(*(x[chosen] for x in part))
            for part, chosen in ((left, inside[0] != inside[1]), (right, inside[2] != inside[3]))
        ]
        border = np.flatnonzero(inside[1] != inside[2])
        place = (self.first[line] + self.every * (cell + at))[border]
        sign = np.where(inside[1][border], 1.0, -1.0)
        return *parts, (pair[border], line[border], place, sign)

    def _crossings(self, pieces: Pieces):
        """Return where each piece crosses its level, looked for in that half of it that does."""
        _, line, cell, low, high, value_low, value_high, level = pieces
        f_low, f_high, f_middle = (
            value - level for value in (value_low, value_high, self.middles[line, cell])
        )
        halved = (low < 0.5) & (high > 0.5) & ~np.isnan(f_middle)
        early = (f_low <= 0) != (f_middle <= 0)
        first, second = halved & early, halved & ~early
        third = np.where(first, high, low), np.where(first, f_high, np.where(second, f_low, np.nan))
        low, f_low = np.where(second, 0.5, low), np.where(second, f_middle, f_low)
        high, f_high = np.where(first, 0.5, high), np.where(first, f_middle, f_high)

        def excess(fraction, which):
            return self.at(line[which], cell[which], fraction) - level[which]

        near = CLOSE_VALUE * np.minimum(np.abs(f_low), np.abs(f_high))
        near = np.where(np.isfinite(near) & (near > 0), near, -1.0)
        return crossings(excess, low, high, f_low, f_high, CLOSE, near, third)

    def at(self, line, cell, fraction):
        """Return the quantity within the intervals `cell` of the lines `line`."""
        axis = self.frame.axes[self.axis]
        u = axis.lower + axis.step * (self.first[line] + self.every * (cell + fraction))
        return self.quantity(self.frame.on_lines(self.base.take(line, axis=1), self.axis, u))


def bundle_of(frame: Frame, axis: int, outer, quantity: Callable) -> Bundle:
    """Return the lines through `outer` (L, d), u with the entry of their axis unused, with
    intervals of one step."""
    base, nodes, step = frame.lines(axis, outer), frame.axes[axis].nodes(), frame.axes[axis].step
    known = (
        quantity(frame.on_lines(base[..., None], axis, u)) for u in (nodes, nodes[:-1] + step / 2)
    )
    return with_breaks(Bundle(frame, axis, quantity, 1, np.zeros(len(outer)), base, *known))


def bundle_between(frame: Frame, axis: int, outer, quantity: Callable) -> Bundle:
    """Return such lines with intervals of two steps, the quantity known at the nodes alone."""
    base = frame.lines(axis, outer)
    values = quantity(frame.on_lines(base[..., None], axis, frame.axes[axis].nodes()))
    known = values[:, ::2], values[:, 1::2]
    return with_breaks(Bundle(frame, axis, quantity, 2, np.zeros(len(outer)), base, *known))


def with_breaks(bundle: Bundle) -> Bundle:
    """Return the bundle with its breaks."""
    return bundle._replace(breaks=find_breaks(bundle))


def matches(listed, wanted):
    """Return (pair, place): for each of the `wanted` keys (N,) every place at which it is `listed`.

    The listed keys, whole numbers, are in order; `pair` (0 to N - 1) is too.
    """
    first = np.searchsorted(listed, wanted, "left")
    count = np.searchsorted(listed, wanted, "right") - first
    pair = np.repeat(np.arange(wanted.size), count)
    return pair, np.arange(pair.size) + np.repeat(first - np.cumsum(count) + count, count)

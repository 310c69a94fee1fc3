"""The mass of a region of a lattice, integrated line by line up to where the region ends.

Along every line of the lattice (one axis runs, the others stand still) the places where a point
enters or leaves the region are found by bisection, and the density is integrated between them by
the rule of `quadrature`. The result is a smooth function of the line as long as the crossings
move smoothly. Where they do not (a corner of the region, a line that begins to meet it), its high
differences betray it, and that stretch is integrated over many lines in between.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from laplace_approx.lattice import Frame, Lattice
from laplace_approx.quadrature import (
    ORDER,
    bounded_increments,
    increments,
    interpolation_weights,
    node_weights,
    partial_weights,
    stencils,
)
from laplace_approx.roots import crossings

CLOSE = 1e-9  # of a step: how well a crossing is known
BISECTIONS = 34  # of an interval in search of a break
ROUGH = 3e-7  # difference of the rule's order, as a share of all, above which to refine
ROUGH_PANEL = 1e-8  # fourth difference of panels, likewise


class Effort(NamedTuple):
    """How rough stretches are refined: in `panels` with two lines each (the nodes of Gauss), and
    those again, `depth` times in all; `most` stretches for each row and level of the quantity, the
    roughest first. Of the bundles of lines between, `kept` are kept for the next levels."""

    panels: int
    depth: int
    most: int
    kept: int


ONE_ROW = Effort(panels=16, depth=2, most=48, kept=16)
MANY_ROWS = Effort(panels=3, depth=1, most=2, kept=1)  # what is left averages out over the rows


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


class Lines:
    """All lines of a lattice along one axis, under a quantity of theta (NaN where it has none)."""

    def __init__(self, lattice: Lattice, axis: int, quantity: Callable):
        frame = lattice.frame
        self.frame, self.axis, self.quantity = frame, axis, quantity
        self.across = [k for k in range(len(frame.axes)) if k != axis]
        order = [*self.across, axis]
        density, _ = lattice.relative()
        # (rows, lines, nodes): one row with two axes, and one row of one line with one axis
        shape = (1, 1, *(frame.shape[k] for k in order))[-3:]
        self.density = np.ascontiguousarray(density.transpose(order).reshape(shape))
        self.row_weights = node_weights(shape[0])
        self.shape = shape[:2]
        u = np.zeros((*shape[:2], len(frame.axes)))
        for place, k in zip((1, 0), reversed(self.across), strict=False):
            u[..., k] = np.expand_dims(frame.axes[k].nodes(), 1 - place)
        self.u = u
        lines = self.density.reshape(-1, shape[-1])
        self.bundle = Bundle(frame, axis, u.reshape(-1, u.shape[-1]), lines, quantity)
        self.effort = ONE_ROW if shape[0] == 1 else MANY_ROWS
        self.bundles = {}

    def masses(self, levels):
        """Return the mass where quantity <= level, for levels (C,): shape (C,).

        The unit is that in which the density is 1 at its highest and every step is 1.
        """
        levels = np.asarray(levels, dtype=float)
        return self._across(lambda bundle: bundle.masses(levels))

    def excluded(self) -> float:
        """Return the mass where the quantity has no value (is NaN)."""
        everything = np.array([np.inf])
        return float(self._across(lambda b: b.steps.sum(axis=1) - b.masses(everything))[0])

    def _across(self, integrate: Callable):
        """Integrate over the lines what `integrate` makes of a bundle: (C, L) becomes (C,)."""
        lines = integrate(self.bundle)
        lines = lines.reshape(-1, *self.shape)
        if self.shape[1] == 1:
            return lines[..., 0] @ self.row_weights
        stretches = increments(lines)
        row, stretch = self._rough(lines)
        if row.size:
            limit = ROUGH_PANEL * np.max(np.sum(lines, axis=(1, 2)))
            parts = self._refined(integrate, row, stretch, 1.0, limit, self.effort.depth)
            stretches[:, row, stretch] = parts
        return stretches.sum(axis=-1) @ self.row_weights

    def _refined(self, integrate, row, start, width, limit, depth):
        """Return the integral over parts of rows, (C, parts), each in panels; where the panels
        themselves change roughly they are refined again."""
        n = self.effort.panels
        lines = integrate(self._between(row, start, width))
        panels = lines.reshape(-1, row.size, n, 2).mean(axis=-1) * width / n
        if depth > 1:
            part, panel = _rough_panels(panels, limit, self.effort.most * len(panels))
            if part.size:
                panels[:, part, panel] = self._refined(
                    integrate,
                    row[part],
                    start[part] + panel * width / n,
                    width / n,
                    limit,
                    depth - 1,
                )
        return panels.sum(axis=-1)

    def _rough(self, lines):
        """Return the rows and stretches where the mass of a line does not change smoothly."""
        n = lines.shape[-1]
        rough = np.zeros((*self.shape[:1], n - 1))
        if n > ORDER:
            difference = np.abs(np.diff(lines, ORDER, axis=-1)).max(axis=0)
            # the stencil of a stretch lies in two windows of nodes: with one more before, or after
            for start in (ORDER // 2 - 1, ORDER // 2):
                part = rough[:, start : start + difference.shape[1]]
                np.maximum(part, difference[:, : part.shape[1]], out=part)
        limit = ROUGH * np.sum(self.bundle.steps) / math.sqrt(self.shape[0])
        row, stretch = np.nonzero(rough > limit)
        worst = np.argsort(-rough[row, stretch], kind="stable")
        worst = np.sort(worst[: self.effort.most * self.shape[0] * len(lines)])
        return row[worst], stretch[worst]

    def _between(self, row, start, width) -> Bundle:
        """Return a bundle of lines between those of the lattice: two in each of the panels that
        divide the parts [start, start + width] of rows, counted in lines."""
        key = width, row.tobytes(), np.asarray(start, dtype=float).tobytes()
        if key in self.bundles:
            return self.bundles[key]
        middle = np.arange(self.effort.panels)[:, None] + 0.5
        nodes = (middle + np.array([-0.5, 0.5]) / math.sqrt(3)) / self.effort.panels
        offset = width * nodes.ravel()
        stretch = np.floor(start).astype(int)
        fraction = (start - stretch)[:, None] + offset
        k = self.across[-1]
        outer = np.repeat(self.u[row, stretch][:, None, :], offset.size, axis=1)
        outer[..., k] += fraction * self.frame.axes[k].step
        order = min(ORDER, self.shape[1])
        first, local = stencils(stretch, self.shape[1])
        window = self.density[row[:, None], first[:, None] + np.arange(order)]
        weights = interpolation_weights(fraction, local[:, None], order)
        density = np.maximum(weights @ window, 0.0)
        bundle = Bundle(
            self.frame,
            self.axis,
            outer.reshape(-1, outer.shape[-1]),
            density.reshape(-1, density.shape[-1]),
            self.quantity,
        )
        if len(self.bundles) >= self.effort.kept:
            self.bundles.clear()
        self.bundles[key] = bundle
        return bundle


def _rough_panels(panels, limit, most):
    """Return the parts and panels, of panels (C, parts, n), that hold what is not smooth: every
    window of five panels around them has a large fourth difference."""
    difference = np.abs(np.diff(panels, 4, axis=-1)).max(axis=0)
    least = np.full(panels.shape[1:], np.inf)
    for start in range(5):
        part = least[:, start : start + difference.shape[1]]
        np.minimum(part, difference, out=part)
    part, panel = np.nonzero((least > limit) & np.isfinite(least))
    worst = np.argsort(-least[part, panel], kind="stable")[:most]
    return part[worst], panel[worst]

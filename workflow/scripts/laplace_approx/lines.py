"""The mass of a region of a lattice, integrated line by line up to where the region ends.

The mass of a line of the lattice (one axis runs, the others stand still; see `bundle`) is a smooth
function of the line as long as the places where it enters and leaves the region move smoothly.
Where they do not (a corner of the region, a line that begins to meet it), its high differences
betray it, and that stretch is integrated over many lines in between.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from laplace_approx.bundle import Bundle
from laplace_approx.lattice import Lattice
from laplace_approx.quadrature import (
    ORDER,
    increments,
    interpolation_weights,
    node_weights,
    stencils,
)

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


ONE_ROW = Effort(panels=8, depth=3, most=48, kept=16)
MANY_ROWS = Effort(panels=3, depth=1, most=2, kept=1)  # what is left averages out over the rows


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
    window of five panels around them has a large fourth difference. Their neighbours come with
    them, for it may lie between the nodes of one and the border of the next."""
    difference = np.abs(np.diff(panels, 4, axis=-1)).max(axis=0)
    least = np.full(panels.shape[1:], np.inf)
    for start in range(5):
        part = least[:, start : start + difference.shape[1]]
        np.minimum(part, difference, out=part)
    widened = least.copy()
    np.maximum(widened[:, 1:], least[:, :-1], out=widened[:, 1:])
    np.maximum(widened[:, :-1], least[:, 1:], out=widened[:, :-1])
    part, panel = np.nonzero(widened > limit)
    worst = np.argsort(-widened[part, panel], kind="stable")[:most]
    return part[worst], panel[worst]

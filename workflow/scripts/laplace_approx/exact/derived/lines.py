"""The mass of a region of a lattice, integrated line by line up to where the region ends.

The mass of a line of the lattice (one axis runs, the others stand still; see `bundle`) is a smooth
function of the line as long as the places where it enters and leaves the region move smoothly.
Where they do not (a corner of the region, a line that begins to meet it), high differences betray
it. A stretch between two lines whose neighbours on one side are smooth is integrated from these;
what is left, from lines in between, by Gauss and Kronrod in ever narrower panels.
"""

import math
from collections.abc import Callable
from functools import cached_property
from typing import NamedTuple

import numpy as np

from laplace_approx.exact.derived.along import Along, rising_at, rising_integral
from laplace_approx.exact.derived.borders import Bundle, bundle_between, bundle_of, matches
from laplace_approx.exact.derived.panels import (
    BEYOND,
    RULES,
    Cut,
    Kept,
    Panels,
    first_panels,
    largest,
    with_lines,
)
from laplace_approx.exact.derived.stretches import (
    one_sided,
    onset_errors,
    row_errors,
    stretch_errors,
)
from laplace_approx.exact.lattice import Lattice
from laplace_approx.numerics.quadrature import ORDER, from_every_other, increments, node_weights

# of a stretch, as a share of all the mass, above which to refine; doubled, 0.8 to 0.99 times the
# evaluations of a quantity, halved, 1.02 to 1.13; quantiles move by a hundredth of their errors
STRETCH_ERROR = 1e-8
# of a panel in it, likewise; doubled, 0.86 to 0.91 times the evaluations, halved, 1.05 to 1.08
PANEL_ERROR = 1e-9
# what all the stretches that are not refined may hide together; doubled, the error of the larger of
# two coordinates is 1.5 times as large, halved, the same: others rule there
LEAST_ERROR = 2e-8


class Effort(NamedTuple):
    """How rough stretches are refined: panels are divided into `parts`, `depth` times at most;
    `most` stretches for each row and level of the quantity, the roughest first."""

    parts: int
    depth: int
    most: int


ONE_ROW = Effort(parts=6, depth=7, most=48)
MANY_ROWS = Effort(parts=1, depth=0, most=2)  # what is left averages out over the rows


class Masses(NamedTuple):
    """Masses (C,): with the density of the lattice, and with that of every other node of it.

    `error` is what the integration over the lines may be off by: of both, as they share the lines.
    `rough` is the mass from the lines of the lattice alone. `cut` are the panels that it took, and
    `kept` their lines.
    """

    fine: np.ndarray
    coarse: np.ndarray
    error: np.ndarray
    rough: np.ndarray
    cut: Cut | None = None
    kept: Kept | None = None

    def first(self, n: int) -> "Masses":
        """Return the first n of them."""
        return self._replace(**{name: getattr(self, name)[:n] for name in self._fields[:4]})


class Lines:
    """All lines of a lattice along one axis, under a quantity of theta (NaN where it has none).

    Each axis has an odd number of nodes.
    """

    def __init__(self, lattice: Lattice, axis: int, quantity: Callable):
        frame = lattice.frame
        self.frame, self.axis, self.quantity = frame, axis, quantity
        self.across = [k for k in range(len(frame.axes)) if k != axis]
        order = [*self.across, axis]
        density, _ = lattice.relative()
        # (rows, lines, nodes): one row with two axes, and one row of one line with one axis
        shape = (1, 1, *(frame.shape[k] for k in order))[-3:]
        density = np.ascontiguousarray(density.transpose(order).reshape(shape))
        self.rising = rising_integral(density)
        self.thin_density = density[::2, ::2, ::2]
        self.row_weights = node_weights(shape[0])
        self.shape = shape[:2]
        u = np.zeros((*shape[:2], len(frame.axes)))
        for place, k in zip((1, 0), reversed(self.across), strict=False):
            u[..., k] = np.expand_dims(frame.axes[k].nodes(), 1 - place)
        self.u = u
        self.bundle = bundle_of(frame, axis, u.reshape(-1, u.shape[-1]), quantity)
        self.along = Along(self.rising.reshape(-1, shape[-1]))
        self.total = self._total(self.along)
        self.effort = ONE_ROW if shape[0] == 1 else MANY_ROWS

    def _total(self, along: Along) -> float:
        lines = along.rising[:, -1].reshape(self.shape)
        return float(self.row_weights @ lines @ node_weights(self.shape[1]))

    @cached_property
    def coarse_rising(self):
        """The integral along the lines of the density of every other row, line and node, the rows
        filled in between: (rows, every other line, every other node)."""
        rising = rising_integral(self.thin_density, every=2)
        filled = from_every_other(self.shape[0]) @ rising.reshape(rising.shape[0], -1)
        return filled.reshape(self.shape[0], *rising.shape[1:])

    @cached_property
    def coarse(self) -> tuple[Bundle, Along]:
        """The lines with every other node, and the integral of `coarse_rising` along them."""
        rising = from_every_other(self.shape[1]) @ self.coarse_rising
        return self.bundle.thin(), Along(rising.reshape(-1, rising.shape[-1]), every=2)

    def rough_masses(self, levels):
        """Return the mass where quantity <= level, (C,), from the lines of the lattice alone."""
        lines = self._lines(levels)
        if self.shape[1] == 1:
            return lines[..., 0] @ self.row_weights
        return self._sum(increments(lines))

    def masses(self, levels, kept: Kept | None = None, cut: Cut | None = None) -> Masses:
        """Return the mass where quantity <= level, for levels (C,).

        The unit is that in which the density is 1 at its highest and every step is 1. Lines that
        were `kept` need not be made again, and a search for panels that begins with the `cut` of
        levels near to these is nearly at its end.
        """
        levels = np.asarray(levels, dtype=float)
        bundle, along = self.coarse
        coarse = along.masses(bundle.borders(levels)).reshape(-1, *self.shape)
        both = np.stack([self._lines(levels), coarse])
        if self.shape[1] == 1:
            fine, coarse = both[..., 0] @ self.row_weights
            return Masses(fine, coarse, np.full(levels.size, LEAST_ERROR * self.total), fine)
        stretches = increments(both)
        rough = self._sum(stretches[0])
        differences, error, onset = self._errors(both[0])
        level, row, stretch = np.nonzero(error > self._limit(STRETCH_ERROR))
        if level.size:
            place = level, row, stretch
            values, errors = one_sided(both, differences, place)
            errors = np.maximum(errors, onset[place])
            smooth = errors <= self._limit(STRETCH_ERROR)
            stretches[(slice(None), *(x[smooth] for x in place))] = values[:, smooth]
            errors[~smooth] = error[tuple(x[~smooth] for x in place)]
            worst = self._worst(np.where(smooth, 0.0, errors), levels.size)
            place = tuple(x[worst] for x in place)
            values, errors[worst], cut, kept = self._refined(levels, place, kept, cut)
            stretches[(slice(None), *place)] = values
            error = np.bincount(level, errors * self.row_weights[row], minlength=levels.size)
        else:
            error = np.zeros(levels.size)
        error += self._rows_error(stretches[0].sum(axis=-1)) + LEAST_ERROR * self.total
        return Masses(*self._sum(stretches), error, rough, cut, kept)

    def cut_of(self, cut: Cut | None, which) -> Cut | None:
        """Return a cut for levels of which each takes the panels of one of those of this cut."""
        if cut is None:
            return None
        level, place = np.divmod(cut.place, self.shape[0] * self.shape[1])
        order = np.argsort(level, kind="stable")
        new, found = matches(level[order], which)
        found = order[found]
        place = new * self.shape[0] * self.shape[1] + place[found]
        return Cut(place, cut.start[found], cut.width[found])

    def _lines(self, levels):
        """Return the mass of every line of the lattice, (C, rows, lines)."""
        borders = self.bundle.borders(np.asarray(levels, dtype=float))
        return self.along.masses(borders).reshape(-1, *self.shape)

    def _sum(self, stretches):
        return stretches.sum(axis=-1) @ self.row_weights

    def _limit(self, share: float) -> float:
        return share * self.total / math.sqrt(self.shape[0])

    def _rows_error(self, rows):
        """Return what the rule over the rows may be off by, (C,), from their masses (C, rows)."""
        if self.shape[0] <= ORDER:
            return np.zeros(len(rows))
        return np.sum(row_errors(rows, self._row_differences), axis=1)

    @cached_property
    def _row_differences(self):
        """The same differences of all that the quantity is defined on."""
        rows = increments(self._lines([np.inf])).sum(axis=-1)
        return np.abs(np.diff(rows, ORDER))

    def _errors(self, lines):
        """Return what `stretch_errors` does, and the part of it where a region begins; no
        differences where there are too few lines. Over many rows what begins averages out."""
        onset = np.zeros((*lines.shape[:-1], lines.shape[-1] - 1))
        if lines.shape[-1] <= ORDER:
            return None, onset, onset
        differences, error = stretch_errors(lines, self._differences)
        if self.shape[0] == 1:
            onset = onset_errors(lines)
        return differences, np.maximum(error, onset), onset

    @cached_property
    def _differences(self):
        """The differences of the next order of all that the quantity is defined on: where that
        begins or ends between two lines, little of a level may be seen on either."""
        return np.abs(np.diff(self._lines([np.inf]), ORDER, axis=-1))

    def _worst(self, errors, n_levels):
        """Return the places of the largest errors that are not 0."""
        (rough,) = np.nonzero(errors)
        worst = np.argsort(-errors[rough], kind="stable")
        return rough[worst[: self.effort.most * self.shape[0] * n_levels]]

    def _refined(self, levels, place, kept: Kept | None, cut: Cut | None):
        """Return the integral over stretches (2, F), its error (F,), the panels, and their lines
        with those that were kept. Of no stretch there are no panels."""
        level, row, stretch = place
        if level.size == 0:
            return np.zeros((2, 0)), np.zeros(0), None, kept
        place = (level * self.shape[0] + row) * self.shape[1] + stretch
        owner, start, width = first_panels(place, stretch, cut)
        parts, limit = self.effort.parts, self._limit(PANEL_ERROR)
        values, errors, done = np.zeros((2, level.size)), np.zeros(level.size), []
        for step in range(self.effort.depth + 1):
            panels = Panels(row[owner], start, width)
            kept, numbers = with_lines(kept, panels, self._made)
            found, error = self._integrals(levels[level[owner]], width, kept, numbers)
            # NaN counts as an error
            again = ~(error <= limit) & (step < self.effort.depth)
            again = largest(np.where(again, error, 0.0), self.effort.most * levels.size)
            for total, part in zip((*values, errors), (*found, error), strict=True):
                total += np.bincount(owner[~again], part[~again], minlength=total.size)
            done.append(Cut(place[owner[~again]], start[~again], width[~again]))
            if not again.any():
                break
            width = np.repeat(width[again] / parts, parts)
            start = np.repeat(start[again], parts) + width * np.tile(np.arange(parts), again.sum())
            owner = np.repeat(owner[again], parts)
        cut = Cut(*(np.concatenate(x) for x in zip(*done, strict=True)))
        return values, errors, cut, kept

    def _integrals(self, levels, width, kept: Kept, numbers):
        """Return the integral over panels, (2, P), each up to its level, and the error: the change
        from Gauss to Kronrod, and what may hide between the last nodes and the ends. `numbers` (P,
        nodes) are those of their lines."""
        kronrod, gauss = RULES
        values = kept.masses(np.repeat(levels, kronrod.size), numbers.ravel())
        values = values.reshape(2, *numbers.shape)
        found = width * (values @ kronrod)
        hidden = np.abs(values[0] @ BEYOND.T).sum(axis=1)
        return found, np.abs(found[0] - width * (values[0] @ gauss)) + width * hidden

    def _made(self, panels: Panels) -> tuple[tuple[Bundle, Bundle], tuple[Along, Along]]:
        """Return the lines of panels and the thinned ones, each with its density integrated."""
        place = panels.places()
        stretch = np.minimum(panels.start.astype(int), self.shape[1] - 2)
        k = self.across[-1]
        outer = np.repeat(self.u[panels.row, stretch][:, None, :], place.shape[1], axis=1)
        outer[..., k] += (place - stretch[:, None]) * self.frame.axes[k].step
        outer = outer.reshape(-1, outer.shape[-1])
        bundle = bundle_between(self.frame, self.axis, outer, self.quantity)
        rising = (
            Along(rising_at(rising, panels.row, place / every), every)
            for rising, every in ((self.rising, 1), (self.coarse_rising, 2))
        )
        return (bundle, bundle.thin()), tuple(rising)

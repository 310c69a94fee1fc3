"""Lines between those of a lattice, at the nodes of panels: made once, and kept.

The levels of a quantity differ in where they cross a line, not in the line: where it is, the values
of the quantity along it and the integral of the density are the same for all of them.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from laplace_approx.exact.derived.along import Along
from laplace_approx.exact.derived.borders import Bundle
from laplace_approx.numerics.quadrature import KRONROD

# Kronrod's nodes and the two ends, at which no rule has a weight
NODES = np.concatenate([[0.0], KRONROD[0], [1.0]])
RULES = np.pad(KRONROD[1:], ((0, 0), (1, 1)))


def _beyond():
    """Return the weights (2, nodes) of what the two ends are off the polynomial through Kronrod's
    nodes, times the width of the gap between the last of these and the end.

    A corner in a gap is seen by neither rule: only the end itself tells of it.
    """
    gap = KRONROD[0][0]
    inside = [np.delete(KRONROD[0], k) for k in range(KRONROD[0].size)]
    at_ends = [
        np.prod((np.array([[0.0], [1.0]]) - others) / (node - others), axis=1)
        for node, others in zip(KRONROD[0], inside, strict=True)
    ]
    return gap * np.column_stack([[1.0, 0.0], -np.transpose(at_ends), [0.0, 1.0]])


BEYOND = _beyond()


class Panels(NamedTuple):
    """Panels (P,) of stretches between two lines of a row: `start` and `width` in lines."""

    row: np.ndarray
    start: np.ndarray
    width: np.ndarray

    def take(self, which) -> "Panels":
        return Panels(*(x[which] for x in self))

    def places(self):
        """Return the places of Kronrod's nodes and of the ends in lines, (P, nodes)."""
        return self.start[:, None] + self.width[:, None] * NODES


class Kept(NamedTuple):
    """The lines at the nodes of all panels that were asked for so far: `slot` is the number of
    each. `bundles` are their lines, and those with every other of their places alone, on which a
    piece of a region that is narrower is not seen; `rising` the integrals of two densities along
    the ones and the others."""

    slot: dict[tuple, int]
    bundles: tuple[Bundle, Bundle]
    rising: tuple[Along, Along]

    def with_panels(self, new: dict[tuple, int], bundles, rising) -> "Kept":
        """Return these lines and, after them, those of new panels."""
        joined = (
            tuple(one.joined(other) for one, other in zip(ours, others, strict=True))
            for ours, others in ((self.bundles, bundles), (self.rising, rising))
        )
        return Kept(self.slot | new, *joined)

    def masses(self, levels, numbers):
        """Return the masses up to levels (N,) on the lines `numbers` (N,), (2, N)."""
        pairs = zip(self.bundles, self.rising, strict=True)
        return np.stack([rise.masses(lines.borders(levels, numbers)) for lines, rise in pairs])


def with_lines(kept: Kept | None, panels: Panels, make: Callable) -> tuple[Kept, np.ndarray]:
    """Return what is kept with the lines of these panels too, and their numbers in it, (P, nodes).

    `make(panels)` gives (bundles, rising) of those that are new; what was kept stays as it is.
    """
    slot, new, places = kept.slot if kept else {}, {}, []
    keys = list(zip(*(x.tolist() for x in panels), strict=True))
    for place, key in enumerate(keys):
        if key not in slot and key not in new:
            new[key] = len(slot) + len(new)
            places.append(place)
    if new:
        made = make(panels.take(places))
        kept = kept.with_panels(new, *made) if kept else Kept(new, *made)
    nodes = NODES.size
    number = np.array([kept.slot[key] for key in keys])
    return kept, number[:, None] * nodes + np.arange(nodes)


class Cut(NamedTuple):
    """The panels into which stretches were divided: `start` and `width` (P,) in lines, and in
    `place` the stretch of each, counted in an array (levels, rows, stretches)."""

    place: np.ndarray
    start: np.ndarray
    width: np.ndarray


def first_panels(place, stretch, near: Cut | None):
    """Return (owner, start, width) of the panels to begin with: of each place those near to it,
    if there are any, else the whole stretch."""
    if near is None:
        return np.arange(place.size), stretch.astype(float), np.ones(place.size)
    order = np.argsort(place)
    shared = np.flatnonzero(np.isin(near.place, place))
    new = np.flatnonzero(~np.isin(place, near.place))
    owner = order[np.searchsorted(place[order], near.place[shared])]
    return (
        np.concatenate([owner, new]),
        np.concatenate([near.start[shared], stretch[new]]),
        np.concatenate([near.width[shared], np.ones(new.size)]),
    )


def largest(errors, most: int):
    """Return where the errors are not 0, of more than `most` the largest; NaN is the largest."""
    if np.count_nonzero(errors) <= most:
        return errors != 0
    chosen = np.zeros(errors.size, dtype=bool)
    chosen[np.argsort(-np.nan_to_num(errors, nan=np.inf), kind="stable")[:most]] = True
    return chosen

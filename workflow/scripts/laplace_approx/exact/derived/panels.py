"""Lines between those of a lattice, at the nodes of panels: made once, and kept.

The levels of a quantity differ in where they cross a line, not in the line: where it is, the values
of the quantity along it and the integral of the density are the same for all of them.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from laplace_approx.exact.derived.borders import Along, Bundle
from laplace_approx.numerics.quadrature import KRONROD


class Panels(NamedTuple):
    """Panels (P,) of stretches between two lines of a row: `start` and `width` in lines."""

    row: np.ndarray
    start: np.ndarray
    width: np.ndarray

    def take(self, which) -> "Panels":
        return Panels(*(x[which] for x in self))

    def places(self):
        """Return the places of Kronrod's nodes in lines, (P, nodes)."""
        return self.start[:, None] + self.width[:, None] * KRONROD[0]


class Kept(NamedTuple):
    """The lines at the nodes of all panels that were asked for so far: `slot` is the number of
    each, `bundle` their lines, and `rising` the integrals of two densities along these."""

    slot: dict[tuple, int]
    bundle: Bundle
    rising: tuple[Along, Along]

    def with_panels(self, new: dict[tuple, int], bundle: Bundle, rising) -> "Kept":
        """Return these lines and, after them, those of new panels."""
        pairs = zip(self.rising, rising, strict=True)
        joined = tuple(one.joined(other) for one, other in pairs)
        return Kept(self.slot | new, self.bundle.joined(bundle), joined)


def with_lines(kept: Kept | None, panels: Panels, make: Callable) -> tuple[Kept, np.ndarray]:
    """Return what is kept with the lines of these panels too, and their numbers in it, (P, nodes).

    `make(panels)` gives (bundle, rising) of those that are new; what was kept stays as it is.
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
    nodes = KRONROD[0].size
    number = np.array([kept.slot[key] for key in keys])
    return kept, number[:, None] * nodes + np.arange(nodes)

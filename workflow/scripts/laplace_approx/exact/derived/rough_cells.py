"""What the cells of a lattice tell of a quantity at once: roughly where its quantiles are."""

from collections.abc import Callable

import numpy as np

from laplace_approx.exact.lattice import Lattice


class RoughCells:
    """The quantity at the cells of a lattice, in order: its rough quantiles."""

    def __init__(self, lattice: Lattice, quantity: Callable):
        mass, _ = lattice.relative()
        value = np.concatenate([quantity(theta) for _, theta in lattice.frame.blocks()])
        self.axis = _steepest_axis(value, mass)
        value, mass = value.ravel(), mass.ravel()
        kept = np.flatnonzero(np.isfinite(value) & (mass > 0))
        kept = kept[np.argsort(value[kept], kind="stable")]
        value, rising = value[kept], np.cumsum(mass[kept])
        last = np.append(np.diff(value) > 0, True)[: value.size]  # of those that are equal
        self.value, self.rising = value[last], rising[last]

    def quantiles(self, p):
        """Return the value of the cell at which the mass passes each p (0 where there is none)."""
        if self.value.size == 0:
            return np.zeros(np.shape(p))
        return self.value[self._cell(p)]

    def around(self, p, share: float):
        """Return values below and above each quantile, apart by a share of the local scale."""
        tail = 0.5 * np.minimum(p, 1 - p)
        middle, scale = self.quantiles(p), self.quantiles(p + tail) - self.quantiles(p - tail)
        if self.value.size:  # few cells may hold all the mass
            cell, last = self._cell(p), self.value.size - 1
            beside = self.value[np.minimum(cell + 1, last)] - self.value[np.maximum(cell - 1, 0)]
            scale = np.maximum(scale, beside)
        half = share * scale + 1e-12 * np.abs(middle) + 1e-300
        return middle - half, middle + half

    def _cell(self, p):
        cell = np.searchsorted(self.rising, p * self.rising[-1])
        return np.minimum(cell, self.value.size - 1)


def _steepest_axis(value, mass) -> int:
    """Return the axis along which the quantity changes faster than along any other where most of
    the mass is: the level sets cross its lines, and do so most nearly at right angles."""
    if value.ndim == 1:
        return 0
    with np.errstate(invalid="ignore"):
        slopes = np.abs([np.gradient(value, axis=k) for k in range(value.ndim)])
    slopes = np.nan_to_num(slopes, nan=0.0)
    return int(np.argmax([np.sum(mass[slope >= slopes.max(axis=0)]) for slope in slopes]))

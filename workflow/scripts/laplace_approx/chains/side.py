"""The posterior as draws of Markov chains: an exact side that somebody sampled."""

import math

import numpy as np
from scipy.special import ndtr, ndtri

from laplace_approx.chains.belongs import open_shifts
from laplace_approx.chains.estimates import Chained
from laplace_approx.exact.draw_quantiles import Estimates
from laplace_approx.reference.side import WEIGHT, WeightedSide

CHAIN = "chain"
# Normal scores either way, between which the slope of a quantile is taken where a shift is smaller:
# a hundredth of the draws at the 2.5 % end. Half of it rests on half as many; twice it bends.
WAY = 0.1


class ChainSide(WeightedSide):
    """The posterior as draws of chains: columns of quantities by name, and the number of their
    `chain`, from 0; all chains are of one length, one after another.

    As `WeightedSide`, but that draws of a chain depend on each other in their order, and that they
    may be shifted from the posterior: by `shifts` of the quantities in normal scores, an RMS error
    each (`belongs.open_shifts`). One that these do not name may be anywhere, and its errors are
    NaN; without `shifts` there are none. A shift s takes the level p to Phi(Phi^-1(p) +- s), in
    whichever way the quantity is written: where it is skewed, an end in the long tail moves by
    more.
    """

    def __init__(self, columns: dict, unseen: float = 0.0, shifts: dict | None = None):
        n = columns[CHAIN].size
        super().__init__(columns | {WEIGHT: np.full(n, 1 / max(n, 1))}, unseen)
        self.blocks = int(columns[CHAIN][-1]) + 1 if n else 0
        self.shifts = shifts

    def cdf(self, name: str, values) -> Estimates:
        """Return P(quantity <= value | condition), with its error."""
        cdf, error = self._of(name).cdf(values)
        shift, n = self._shift(name), self._of(name).sorted.size
        if shift != 0 and n:
            z = ndtri(np.clip(cdf, 0.5 / n, 1 - 0.5 / n))  # beyond all draws: as if half a one were
            error = np.hypot(error, 0.5 * (ndtr(z + shift) - ndtr(z - shift)))
        return Estimates(cdf, error + self.unseen * np.maximum(cdf, 1 - cdf))

    def _of(self, name: str) -> Chained:
        if name not in self._held:
            self._held[name] = Chained(self.columns[name], self.blocks)
        return self._held[name]

    def _beside_uneven(self, name: str, p, found: Estimates) -> Estimates:
        """Return the quantiles with a shift in their errors: no weight of these draws is uneven."""
        shift = self._shift(name)
        if shift == 0:
            return found
        if math.isnan(shift):
            return Estimates(found.value, np.full(found.error.shape, np.nan))
        way, z = max(shift, WAY), ndtri(np.where(np.isnan(p), 0.5, p))  # there found is NaN
        low, high = (self._of(name).at(ndtr(z + each)) for each in (-way, way))
        return Estimates(found.value, np.hypot(found.error, 0.5 * (high - low) * shift / way))

    def _shift(self, name: str) -> float:
        return 0.0 if self.shifts is None else self.shifts.get(name, math.nan)


def chain_side(columns: dict, record: dict) -> ChainSide:
    """Return the side of draws of chains with their record, and all that it leaves open."""
    return ChainSide(columns, record["unseen_mass"], open_shifts(record))

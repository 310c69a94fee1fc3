"""The posterior as draws of Markov chains: an exact side that somebody sampled."""

import numpy as np

from laplace_approx.chains.estimates import Chained
from laplace_approx.exact.draw_quantiles import Estimates
from laplace_approx.reference.side import WEIGHT, WeightedSide

CHAIN = "chain"


class ChainSide(WeightedSide):
    """The posterior as draws of chains: columns of quantities by name, and the number of their
    `chain`, from 0; all chains are of one length, one after another.

    As `WeightedSide`, but that draws of a chain depend on each other in their order, and that they
    may be shifted from the posterior: by `shifts` of the parameters in SDs, an RMS error each
    (`belongs.open_shifts`), of a derived quantity by the largest of them.
    """

    def __init__(self, columns: dict, unseen: float = 0.0, shifts: dict | None = None):
        n = columns[CHAIN].size
        super().__init__(columns | {WEIGHT: np.full(n, 1 / max(n, 1))}, unseen)
        self.blocks = int(columns[CHAIN][-1]) + 1 if n else 0
        self.shifts = shifts or {}

    def cdf(self, name: str, values) -> Estimates:
        """Return P(quantity <= value | condition), with its error."""
        cdf, error = super().cdf(name, values)
        shift, own = self._shift(name), self._of(name)
        if shift == 0:
            return Estimates(cdf, error)
        at = np.asarray(values, dtype=float)
        moved = 0.5 * (own.cdf(at + shift).value - own.cdf(at - shift).value)
        return Estimates(cdf, np.hypot(error, moved))

    def _of(self, name: str) -> Chained:
        if name not in self._held:
            self._held[name] = Chained(self.columns[name], self.blocks)
        return self._held[name]

    def _beside_uneven(self, name: str, p, found: Estimates) -> Estimates:
        """Return the quantiles with a shift in their errors: no weight of these draws is uneven."""
        return Estimates(found.value, np.hypot(found.error, self._shift(name)))

    def _shift(self, name: str) -> float:
        largest = max(self.shifts.values(), default=0.0)
        shift = self.shifts.get(name, largest)
        return shift * self.scale(name) if shift else 0.0

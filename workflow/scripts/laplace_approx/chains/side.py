"""The posterior as draws of Markov chains: an exact side that somebody sampled."""

import numpy as np

from laplace_approx.chains.estimates import Chained
from laplace_approx.exact.draw_quantiles import Estimates
from laplace_approx.reference.side import WEIGHT, WeightedSide

CHAIN = "chain"


class ChainSide(WeightedSide):
    """The posterior as draws of chains: columns of quantities by name, and the number of their
    `chain`, from 0; all chains are of one length, one after another.

    As `WeightedSide`, but that draws of a chain depend on each other in their order.
    """

    def __init__(self, columns: dict, unseen: float = 0.0):
        n = columns[CHAIN].size
        super().__init__(columns | {WEIGHT: np.full(n, 1 / max(n, 1))}, unseen)
        self.blocks = int(columns[CHAIN][-1]) + 1 if n else 0

    def _of(self, name: str) -> Chained:
        if name not in self._held:
            self._held[name] = Chained(self.columns[name], self.blocks)
        return self._held[name]

    def _beside_uneven(self, name: str, p, found: Estimates) -> Estimates:
        """Return the quantiles as they are: draws of chains have no weights to be uneven."""
        return found

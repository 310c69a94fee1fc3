"""What a remedy is asked: the one value that every remedy takes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from laplace_approx.density.density import Density
from laplace_approx.density.evaluation import Counter, counted
from laplace_approx.normal.normal import Normal
from laplace_approx.remedies.cost_limit import NO_LIMIT, CostLimit, guarded
from laplace_approx.remedies.result import Answer, Remedy

# Draws where nobody says otherwise; the Monte Carlo error falls as the square root of the number,
# so that doubled it is 0.7 and halved 1.4 times as large, and the evaluations go with the number.
DRAWS = 4000


@dataclass(frozen=True, eq=False)  # arrays have no one truth
class Question:
    """Quantiles of `quantities` at `probabilities` (m,) under the posterior `density`, of which
    `normal` is the Laplace approximation.

    `quantities` maps each name to a function of the coordinates in which the normal was fitted,
    z (..., d) -> (...), NaN where undefined. A remedy by draws makes `n_draws` of them from `seed`;
    one that computes needs neither, and costs no more than the `limit`.
    """

    density: Density
    normal: Normal
    quantities: Mapping[str, Callable]
    probabilities: np.ndarray
    seed: int = 0
    n_draws: int = DRAWS
    limit: CostLimit = NO_LIMIT

    @property
    def size(self) -> int:
        """The number of coordinates."""
        return self.normal.mean.size

    def generator(self) -> np.random.Generator:
        """Return the generator of the draws, at its beginning: one question has one answer."""
        return np.random.default_rng(self.seed)

    def watched(self) -> tuple[Density, Counter]:
        """Return the density as one that counts its evaluations and keeps to the limit, and the
        counter."""
        density, counter = counted(self.density)
        return guarded(density, counter, self.limit), counter

    def refused(self, method: str, reason: str, evaluations: int = 0) -> Remedy:
        """Return the result of a remedy that does not serve, with the reason in every answer."""
        answers = {name: Answer(reason=reason) for name in self.quantities}
        return Remedy(method, answers, evaluations, reason=reason)

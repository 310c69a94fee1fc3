"""How even the weights of draws are below and above a value, apart from those of all draws."""

import math
from typing import NamedTuple

import numpy as np

from laplace_approx.numerics.pareto_tail import tail_shape
from laplace_approx.numerics.woodruff import mid_weights
from laplace_approx.reference.frozen_draws import FrozenDraws, largest_k

# of weights up to which their fourth moment is finite, and so is the variance of their own stated
# error. At a third, a lower end of a funnel that was off by three errors passed; at an eighth, half
# of the ends of a logistic regression would be taken for uneven by the noise of k in 1000 draws
EVEN_K = 0.25
LEVELS = np.array([0.025, 0.25, 0.5, 0.75, 0.975])  # of the parts that are looked at
OUTER = (0, -1)  # of these levels: the ends of a 95 % interval
# of weights up to which their variance is finite: chains that look at draws whose ends are beyond
# it take more steps. At a third, one in three logistic regressions would pay three times as much
FINITE_VARIANCE = 0.5


class Part(NamedTuple):
    """The `n` draws on one side of a value, and the Pareto shape `k` of their weights (-inf: all
    are equal; None: not known)."""

    k: float | None
    n: int

    @property
    def uneven(self) -> bool:
        """Whether the weights are so uneven that they do not show by themselves what they miss."""
        return self.k is None or self.k > EVEN_K

    @property
    def heavy(self) -> bool:
        """Whether k is beyond the limit for so many draws: they say nothing of this part."""
        return self.k is None or self.n < 2 or self.k > largest_k(self.n)


class Parts:
    """The parts of one quantity's draws below and above its quantiles at `LEVELS`.

    `values` (n,) in rising order, `log_ratio` (n,) their log p / q, `quantile` the function p ->
    value of the weighted draws. A part is looked at when it is asked for.
    """

    def __init__(self, values, log_ratio, quantile):
        self.values, self.log_ratio, self.quantile = values, log_ratio, quantile
        self._found: dict[int, tuple[Part, Part]] = {}

    def at(self, p: float) -> tuple[Part, Part]:
        """Return the (part below, part above) at the level nearest to p."""
        i = _nearest(p)
        if i not in self._found:
            end = np.searchsorted(self.values, self.quantile(LEVELS[i]), side="right")
            sides = self.log_ratio[:end], self.log_ratio[end:]
            self._found[i] = tuple(Part(tail_shape(side), side.size) for side in sides)
        return self._found[i]

    def missed(self, p, mass: float):
        """Return the mass that may be missed below and above each level p (m,), (2, m): `mass`
        where the weights of that part are uneven, 0 elsewhere."""
        uneven = [[part.uneven for part in self.at(level)] for level in p]
        return mass * np.array(uneven, dtype=float).reshape(-1, 2).T

    def heavy(self, p):
        """Return of each level p (m,) whether the weights of the tail that it cuts off are beyond
        their limit; larger parts of the draws are held by the k of all of them."""
        return np.array([self._cut_off_heavy(level) for level in p], dtype=bool)

    def _cut_off_heavy(self, p: float) -> bool:
        place = {0: 0, LEVELS.size - 1: 1}.get(_nearest(p))
        return place is not None and self.at(p)[place].heavy


def _nearest(p: float) -> int:
    return int(np.argmin(np.abs(LEVELS - p)))


class HeaviestTail(NamedTuple):
    """The end of a parameter beyond which the weights have the largest Pareto k, of all 95 %
    intervals: number of the parameter, level, k, its limit."""

    parameter: int
    probability: float
    k: float
    limit: float

    @property
    def within(self) -> bool:
        """Whether the draws beyond every end can be relied on."""
        return self.k <= self.limit

    def words(self, names=None) -> str:
        """Return why they cannot, with the parameter's name where `names` are at hand."""
        called = f"parameter {self.parameter + 1}" if names is None else names[self.parameter]
        return (
            f"the Pareto k of the draws beyond the {100 * self.probability:g} % end of {called} is "
            f"{self.k:.2f}; it must be at most {self.limit:.2g}"
        )


def heaviest_tail(drawn: FrozenDraws) -> HeaviestTail | None:
    """Return the end beyond which k is farthest above its limit; None where no k is known.

    The k of all draws is decided by the largest weights wherever they are. A part far out, such as
    the neck of a funnel, may be short of draws where its weights are not among these.
    """
    there = drawn.weights > 0
    found = []
    for i, z in enumerate(drawn.z[there].T):
        parts = parts_of(z, drawn.weights[there], drawn.log_ratio[there])
        for place in OUTER:
            part = parts.at(LEVELS[place])[place]
            if part.k is not None and part.n > 1:
                limit = largest_k(part.n)
                found.append(HeaviestTail(i, float(LEVELS[place]), part.k, limit))
    return max(found, key=lambda each: each.k - each.limit, default=None)


def parts_of(values, weights, log_ratio) -> Parts:
    """Return the parts of draws (n,) in any order, all with a weight above 0."""
    order = np.argsort(values, kind="stable")
    ordered, middle = values[order], mid_weights(weights[order] / weights.sum())
    return Parts(ordered, log_ratio[order], lambda p: np.interp(p, middle, ordered))


def said_of(tail: HeaviestTail | None, names) -> dict | None:
    """Return the record of a heaviest tail."""
    if tail is None or not math.isfinite(tail.k):
        return None
    return {
        "parameter": names[tail.parameter],
        "probability": tail.probability,
        "pareto_k": tail.k,
        "limit": tail.limit,
    }

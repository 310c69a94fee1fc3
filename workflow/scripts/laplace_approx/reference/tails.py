"""How even the weights of draws are below and above a value, apart from those of all draws."""

import math
from typing import NamedTuple

import numpy as np
from scipy.special import ndtri

from laplace_approx.numerics.monte_carlo import FEWEST_DRAWS, tail_size
from laplace_approx.numerics.pareto_tail import tail_shape
from laplace_approx.numerics.woodruff import mid_weights
from laplace_approx.reference.frozen_draws import FrozenDraws, largest_k
from laplace_approx.words.numbers import or_none

# of weights up to which their fourth moment is finite, and so is the variance of their own stated
# error. At a third, a lower end of a funnel that was off by three errors passed; at an eighth, half
# of the ends of a logistic regression would be taken for uneven by the noise of k in 1000 draws
EVEN_K = 0.25
LEVELS = np.array([0.025, 0.25, 0.5, 0.75, 0.975])  # of the parts that are looked at
OUTER = (0, -1)  # of these levels: the ends of a 95 % interval
# of weights up to which their variance is finite: chains that look at draws whose ends are beyond
# it take more steps. At a third, one in three logistic regressions would pay three times as much
FINITE_VARIANCE = 0.5
# of being refused for the noise of k alone, all ends of all parameters together (Bonferroni), where
# every k is at its limit. Halved or doubled, the quantile for 20 ends goes from 2.8 to 3.0 or 2.6,
# and what is refused of 1600 draws beyond an end from a k of 1.29 to 1.35 or 1.22
FALSE_ALARMS = 0.05


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
    def shape(self) -> float:
        """k, or inf where it is not known: of few weights, or where the fit fails."""
        return math.inf if self.k is None else self.k

    @property
    def limit(self) -> float:
        """The largest k with which so many draws are relied on."""
        return largest_k(self.n) if self.n > 1 else -math.inf

    @property
    def heavy(self) -> bool:
        """Whether k is beyond the limit for so many draws: they say nothing of this part."""
        return self.shape > self.limit

    def surely_heavy(self, looks: int) -> bool:
        """Whether k is beyond the limit by more than its noise, as the largest of so many looks.

        The standard error of k is (1 + k) / sqrt m, where it is fitted to the m largest weights
        (Smith 1987, Annals of Statistics 15), times the normal quantile at FALSE_ALARMS / looks.
        """
        if self.n < FEWEST_DRAWS:
            return False  # no fit: whatever the weights are, k is known to nothing
        noise = -float(ndtri(FALSE_ALARMS / looks)) / math.sqrt(tail_size(self.n))
        # k - noise (1 + k) > limit, for a k of inf too
        return self.shape * (1 - noise) > self.limit + noise if noise < 1 else False


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
    intervals: number of the parameter, level, that part, and how many ends were looked at."""

    parameter: int
    probability: float
    part: Part
    looks: int

    @property
    def light(self) -> bool:
        """Whether the draws beyond every end can be relied on."""
        return not self.part.heavy

    @property
    def refuses(self) -> bool:
        """Whether those beyond one surely cannot. An end that is neither has no value of its own,
        and the draws serve for all the others."""
        return self.part.surely_heavy(self.looks)

    def words(self, names=None) -> str:
        """Return why they cannot, with the parameter's name where `names` are at hand."""
        called = f"parameter {self.parameter + 1}" if names is None else names[self.parameter]
        part, beyond = self.part, f"{100 * self.probability:g} % end of {called}"
        known = "not known" if part.k is None else f"{part.k:.2f}"
        return (
            f"the Pareto k of the {part.n} draws beyond the {beyond} is {known}; it must be at "
            f"most {part.limit:.2g}, and the noise of the largest of {self.looks} is less than "
            "what it is above"
        )


def heaviest_tail(drawn: FrozenDraws) -> HeaviestTail:
    """Return the end beyond which k is farthest above its limit, one that is not known before all;
    of those that refuse the draws, if there are any.

    The k of all draws is decided by the largest weights wherever they are. A part far out, such as
    the neck of a funnel, may be short of draws where its weights are not among these.
    """
    there = drawn.weights > 0
    found, looks = [], len(OUTER) * drawn.z.shape[1]
    for i, z in enumerate(drawn.z[there].T):
        parts = parts_of(z, drawn.weights[there], drawn.log_ratio[there])
        for place in OUTER:
            part = parts.at(LEVELS[place])[place]
            found.append(HeaviestTail(i, float(LEVELS[place]), part, looks))
    return max(found, key=lambda each: (each.refuses, each.part.shape - each.part.limit))


def parts_of(values, weights, log_ratio) -> Parts:
    """Return the parts of draws (n,) in any order, all with a weight above 0."""
    order = np.argsort(values, kind="stable")
    ordered, middle = values[order], mid_weights(weights[order] / weights.sum())
    return Parts(ordered, log_ratio[order], lambda p: np.interp(p, middle, ordered))


def said_of(tail: HeaviestTail | None, names) -> dict | None:
    """Return the record of a heaviest tail; None where the weights beyond every end are equal."""
    if tail is None or tail.part.k == -math.inf:
        return None
    return {
        "parameter": names[tail.parameter],
        "probability": tail.probability,
        "pareto_k": tail.part.k,
        "limit": or_none(tail.part.limit),
        "n_draws": int(tail.part.n),
    }

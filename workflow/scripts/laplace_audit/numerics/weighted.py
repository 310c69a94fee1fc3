"""Quantiles of weighted draws in replicates, and their errors: the audit's own."""

import math

import numpy as np
from scipy.special import ndtri

from laplace_audit.numerics.mixture import pareto_shape, tail_length

FEWEST_BEYOND = 20.0  # effective draws beyond an end: with fewer it has neither value nor error
ONE_SD = tuple(0.5 + sign * math.erf(math.sqrt(0.5)) / 2 for sign in (-1, 1))

# the fourth moment of weights is finite up to this k; beyond the other they say nothing, and
# beyond 1 - 1 / log10 of how many there are
EVEN_K, LARGEST_K = 0.25, 0.7
LOOKED_AT = (0.025, 0.25, 0.5, 0.75, 0.975)  # levels whose parts below and above are looked at
EQUAL, FEWEST_WEIGHTS = 1e-8, 25
NOISE = 0.05  # chance that noise alone refuses draws, of all ends together


def shape_of_part(log_ratio) -> float:
    """Return the Pareto k of some weights: -inf where all are equal, NaN of too few, and where only
    the largest are equal."""
    n = log_ratio.size
    if n < FEWEST_WEIGHTS:
        return math.nan
    top = log_ratio.max()
    rising = np.sort(log_ratio - top)
    # a float has its digits of the whole number, not of what is left less the largest
    seen = np.abs(log_ratio[np.exp(log_ratio - top) > 0])
    digits = 64 * np.finfo(float).eps * float(seen.max())
    equal = -rising[[0, -tail_length(n)]] < max(EQUAL, digits)
    if equal[0]:
        return -math.inf
    if equal[1]:
        return math.nan
    with np.errstate(all="ignore"):
        return pareto_shape(rising)


def _nearest(p: float) -> float:
    return min(LOOKED_AT, key=lambda each: abs(each - p))


def limit_of_part(n: int) -> float:
    """Return the largest k with which n weights are relied on."""
    return min(1 - 1 / math.log10(n), LARGEST_K) if n > 1 else -math.inf


def beyond_doubt(k: float, n: int, ends: int) -> bool:
    """Return whether k (NaN: not known) of n weights, the largest of so many, is above its limit by
    more than its noise: z (1 + k) / sqrt(m), m weights in the fit, z at a level of 5 % for all."""
    z, m = -float(ndtri(NOISE / ends)), tail_length(n)
    if n < FEWEST_WEIGHTS or m <= z**2:
        return False
    return math.isnan(k) or k - z * (1 + k) / math.sqrt(m) > limit_of_part(n)


def errors_of_way(p: float, s: float) -> float:
    """Return to how many errors s of a level p on either side the quantiles are looked at: 2, or as
    many as leave it between 0 and 1, but 1 at least."""
    return 2.0 if not s > 0 else max(1.0, min(2.0, p / s, (1 - p) / s))


def two_errors(p: float, s: float) -> tuple[float, float]:
    """Return the levels so many errors below and above p."""
    way = errors_of_way(p, s) * s
    return max(p - way, 0.0), min(p + way, 1.0)


class WeightedDraws:
    """One quantity of reference draws, given as columns: `unseen` is the mass that they miss
    wherever it is, `unsure` that where weights are uneven."""

    def __init__(self, columns: dict, name: str, unseen: float, unsure: float):
        value, weight = columns[name], columns["weight"]
        there = ~np.isnan(value) & (weight > 0)
        order = np.argsort(value[there], kind="stable")
        self.x, w = value[there][order], weight[there][order]
        self.w, self.replicate = w / w.sum(), columns["replicate"][there][order].astype(int)
        self.middle, self.unseen = np.cumsum(self.w) - self.w / 2, unseen
        self.unsure, self.log_ratio = unsure, columns["log_ratio"][there][order]
        self._shapes: dict[float, list[tuple[float, int]]] = {}
        self.count = int(columns["replicate"].max()) + 1

    def at(self, p: float) -> float:
        """Return the quantile between the draws at their mid-weights; NaN with few draws beyond."""
        if not 0 < p < 1:
            return math.nan
        found = float(np.interp(p, self.middle, self.x))
        parts = self.w[self.x <= found], self.w[self.x > found]
        beyond = min(float(w.sum() ** 2 / np.sum(w**2)) if w.size else 0.0 for w in parts)
        return found if beyond >= FEWEST_BEYOND * (1 - 1e-9) else math.nan

    def stated(self, p: float) -> float:
        """Return the quantile as it is stated: NaN where the tail that it cuts off is too heavy."""
        tail = {LOOKED_AT[0]: 0, LOOKED_AT[-1]: 1}.get(_nearest(p))
        if tail is not None:
            k, n = self.shapes(p)[tail]
            if not k <= limit_of_part(n):
                return math.nan
        return self.at(p)

    def shapes(self, p: float) -> list[tuple[float, int]]:
        """Return (k, number) of the weights below and above the level that is nearest to p."""
        level = _nearest(p)
        if level not in self._shapes:
            below = self.x <= float(np.interp(level, self.middle, self.x))
            parts = self.log_ratio[below], self.log_ratio[~below]
            self._shapes[level] = [(shape_of_part(part), part.size) for part in parts]
        return self._shapes[level]

    def error(self, p: float) -> float:
        """Return the error of a quantile: s of the CDF there, as far as it moves the quantile (from
        p - 2 s to p + 2 s, a quarter of that), and what the mass that may be missed where weights
        are uneven can move, both squared; and what the mass that is not seen can move."""
        found = self.stated(p)
        if math.isnan(found):
            return math.nan
        s = self._factor() * float(np.linalg.norm(self._moved(found, p)))
        uneven = (0.0 if k <= EVEN_K else self.unsure for k, _ in self.shapes(p))
        own = math.hypot(self._moving(p, s), self._away(found, p, *uneven))
        return own + self._away(found, p, self.unseen, self.unseen)

    def _away(self, found: float, p: float, below: float, above: float) -> float:
        """Return how far a quantile is away with so much mass below, or above; NaN if no end is."""
        ends = (p - below) / (1 - below), p / (1 - above)
        return float(np.max([abs(self.at(end) - found) for end in ends]))

    def scale(self) -> tuple[float, float]:
        """Return half the central 68.3 % interval and its error, that of both ends together."""
        low, high = (self.at(p) for p in ONE_SD)
        moved = np.zeros(self.count)
        for end, p, sign in ((low, ONE_SD[0], -1), (high, ONE_SD[1], 1)):
            each = self._moved(end, p)
            s = self._factor() * float(np.linalg.norm(each))
            moved += sign * each * (self._moving(p, s) / s if s > 0 else 0.0)
        return (high - low) / 2, self._factor() * float(np.linalg.norm(moved)) / 2

    def _moving(self, p: float, s: float) -> float:
        """Return what s moves the quantile at p by, with the slope over a way in which it stays."""
        low, high = np.interp(two_errors(p, s), self.middle, self.x)
        return float(high - low) / (2 * errors_of_way(p, s))

    def _moved(self, x: float, p: float):
        """Return by replicate sum of w (1{value <= x} - p)."""
        each = self.w * ((self.x <= x) - p)
        return np.array([each[self.replicate == i].sum() for i in range(self.count)])

    def _factor(self) -> float:
        from scipy.stats import t

        r = self.count
        return math.sqrt(r / (r - 1)) * float(t.ppf(0.975, r - 1)) / 1.959963984540054

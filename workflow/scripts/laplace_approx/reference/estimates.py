"""Quantiles and CDFs of weighted draws in independent replicates, with errors from both."""

import math

import numpy as np
from scipy.special import stdtrit

from laplace_approx.exact.draw_quantiles import Estimates
from laplace_approx.numerics.woodruff import distance_deviations, mid_weights, with_errors

FEWEST_BEYOND = 20.0  # effective draws beyond an end: fewer do not say where the tail lies
NORMAL_95 = 1.959963984540054  # SDs of a normal either side of the middle 95 %


class Replicated:
    """One quantity's draws with their weights, cut into independent blocks of the same size.

    `values` and `weights` are (n,), a NaN value has no part in it; `blocks` is the number of
    replicates. `order` numbers the draws that have a part, by rising value.
    """

    def __init__(self, values, weights, blocks: int):
        held = np.where(np.isnan(values), 0.0, weights)
        self.total, self.blocks = held.sum(), blocks
        self.weights = held / self.total if self.total > 0 else held
        order = np.argsort(values, kind="stable")
        order = order[self.weights[order] > 0]
        self.order, self.values, weight = order, values[order], self.weights[order]
        self.middle = mid_weights(weight)
        self.block = (order // (values.size // blocks)).astype(np.intp)
        self.weight = weight
        self.of_block = np.bincount(self.block, weight, blocks)

    def quantiles(self, probabilities) -> Estimates:
        """Return the quantiles with their standard errors; NaN where too few draws lie beyond.

        The quantile at p interpolates between the draws at their mid-weights; its error is
        Woodruff's, from the standard error of the CDF there.
        """
        p = np.asarray(probabilities, dtype=float)
        if not self.values.size:
            return Estimates(np.full(p.shape, np.nan), np.full(p.shape, np.nan))
        found, error = with_errors(
            lambda at: np.interp(at, self.middle, self.values), self._errors, p
        )
        known = self.beyond(found) >= FEWEST_BEYOND
        return Estimates(np.where(known, found, np.nan), np.where(known, error, np.nan))

    def cdf(self, values) -> Estimates:
        """Return the share of the weight at or below each value, and its standard error."""
        at = np.asarray(values, dtype=float)
        ends = np.searchsorted(self.values, at.ravel(), side="right")
        cdf = np.concatenate([[0.0], np.cumsum(self.weight)])[ends]
        error = self._errors(at.ravel(), cdf)
        unknown = np.isnan(at.ravel()) | (self.values.size == 0)
        cdf, error = (np.where(unknown, np.nan, x).reshape(at.shape) for x in (cdf, error))
        return Estimates(cdf, error)

    def beyond(self, values):
        """Return the effective number of draws in the smaller part that each value cuts off."""
        ends = np.searchsorted(self.values, values, side="right")
        sums = np.concatenate([[0.0], np.cumsum(self.weight)])
        squares = np.concatenate([[0.0], np.cumsum(self.weight**2)])
        with np.errstate(divide="ignore", invalid="ignore"):
            below = sums[ends] ** 2 / squares[ends]
            above = (sums[-1] - sums[ends]) ** 2 / (squares[-1] - squares[ends])
        return np.minimum(np.nan_to_num(below), np.nan_to_num(above))

    def spread(self, probabilities) -> tuple[float, float]:
        """Return the distance of two quantiles and its standard error, by the same rule.

        That is of the joint deviations of both ends (`distance_deviations`).
        """
        p = np.asarray(probabilities, dtype=float)
        ends = self.quantiles(p)
        moved = distance_deviations(self._deviations, ends, self._errors(ends.value, p), p)
        error = self._factor() * math.sqrt(float(moved @ moved))
        return float(ends.value[1] - ends.value[0]), error

    def _errors(self, at, p):
        pairs = zip(np.ravel(at), np.ravel(p), strict=True)
        sums = [float(np.sum(self._deviations(x, level) ** 2)) for x, level in pairs]
        return self._factor() * np.sqrt(sums)

    def _deviations(self, x, level):
        """Return sum over each block of w (1{value <= x} - level), (blocks,)."""
        end = np.searchsorted(self.values, x, side="right")
        below = np.bincount(self.block[:end], self.weight[:end], self.blocks)
        return below - level * self.of_block

    def _factor(self) -> float:
        """Return what makes 1.96 stated errors a 95 % band from so few replicates: the t's."""
        r = self.blocks
        if r < 2:
            return math.inf
        return math.sqrt(r / (r - 1)) * float(stdtrit(r - 1, 0.975)) / NORMAL_95

"""Quantiles and CDFs of draws of Markov chains, with errors from their effective sizes."""

import math

import numpy as np

from laplace_approx.exact.draw_quantiles import Estimates, draw_quantiles
from laplace_approx.numerics.monte_carlo import mean_error, quantile_errors
from laplace_approx.numerics.woodruff import distance_deviations, quantile_error
from laplace_approx.reference.estimates import FEWEST_BEYOND


class Chained:
    """One quantity's draws: `values` (chains * n,), one chain after another, all of one length.

    A NaN value is a draw on which the quantity is not looked at: it has no part in the quantiles,
    and keeps its place in its chain, so that all errors are of chains in their order.
    """

    def __init__(self, values, chains: int):
        self.values, self.chains = np.asarray(values, dtype=float), chains
        self.held = ~np.isnan(self.values)
        self.share = float(np.mean(self.held)) if self.values.size else 0.0
        self.sorted = np.sort(self.values[self.held])

    def quantiles(self, probabilities) -> Estimates:
        """Return the quantiles with their standard errors; NaN where too few draws lie beyond.

        The quantiles are median-unbiased (Hyndman and Fan 1996, definition 8). Their errors are
        Woodruff's, from the standard error of the CDF there: the Monte Carlo standard error of the
        mean of 1{value <= x} - p over the chains (Vehtari et al. 2021, Bayesian Analysis 16). Where
        no draw is left out they are at least what those give a quantile, from a beta distribution.
        """
        asked = np.asarray(probabilities, dtype=float)
        if not self.sorted.size:
            return Estimates(np.full(asked.shape, np.nan), np.full(asked.shape, np.nan))
        p = np.where(np.isnan(asked), 0.5, asked)
        found = self.at(p)
        s = np.nan_to_num(self._errors(found, p), nan=math.inf)  # not known: it may be anywhere
        error = quantile_error(self.at, p, s)
        with np.errstate(divide="ignore"):
            effective = p * (1 - p) / s**2
        if self.held.all():
            error = np.fmax(error, quantile_errors(self.values.reshape(self.chains, -1), p))
        known = ~np.isnan(asked) & (np.minimum(p, 1 - p) * effective >= FEWEST_BEYOND)
        return Estimates(np.where(known, found, np.nan), np.where(known, error, np.nan))

    def cdf(self, values) -> Estimates:
        """Return the share of the draws at or below each value, and its standard error."""
        at = np.asarray(values, dtype=float)
        if not self.sorted.size:
            return Estimates(np.full(at.shape, np.nan), np.full(at.shape, np.nan))
        cdf = np.searchsorted(self.sorted, at.ravel(), side="right") / self.sorted.size
        error = self._errors(at.ravel(), cdf)
        nothing = np.isnan(at.ravel())
        cdf, error = (np.where(nothing, np.nan, x).reshape(at.shape) for x in (cdf, error))
        return Estimates(cdf, error)

    def spread(self, probabilities) -> tuple[float, float]:
        """Return the distance of two quantiles and its standard error, by the same rule.

        That is of the joint deviations of both ends (`distance_deviations`).
        """
        p = np.asarray(probabilities, dtype=float)
        ends = self.quantiles(p)
        if np.isnan(ends.value).any():
            return math.nan, math.nan
        moved = distance_deviations(self._deviations, ends, self._errors(ends.value, p), p)
        return float(ends.value[1] - ends.value[0]), mean_error(moved.reshape(self.chains, -1))

    def at(self, p):
        """Return the quantiles, wherever they are known well or not."""
        return draw_quantiles(self.sorted, p).value

    def _errors(self, at, p):
        pairs = zip(np.ravel(at), np.ravel(p), strict=True)
        rows = (self._deviations(x, level).reshape(self.chains, -1) for x, level in pairs)
        return np.array([mean_error(row) for row in rows])

    def _deviations(self, x, level):
        """Return (1{value <= x} - level) over the share that is held, of each draw; 0 of others."""
        with np.errstate(invalid="ignore"):
            below = (self.values <= x) - level
        return np.where(self.held, below, 0.0) / self.share

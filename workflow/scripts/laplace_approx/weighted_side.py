"""An exact side made of weighted draws, for posteriors that no grid can hold."""

import math

import numpy as np

from laplace_approx.quantiles import Estimates
from laplace_approx.remedies.weighted import weighted_answer, weighted_cdf
from laplace_approx.unseen import moved_levels

WEIGHT = "weight"
ONE_SD = np.array([0.5 * math.erfc(math.sqrt(0.5)), 1 - 0.5 * math.erfc(math.sqrt(0.5))])


class WeightedSide:
    """The posterior as importance draws: columns of quantities by name, and their `weight`.

    A quantity is NaN where its condition fails. All errors are Monte Carlo standard errors, plus
    what modes that the draws do not reach can move: at most a share `unseen` of the mass, wherever
    it lies.
    """

    def __init__(self, columns: dict, unseen: float = 0.0):
        self.columns, self.unseen = columns, unseen

    def quantiles(self, name: str, probabilities) -> Estimates:
        """Return the quantiles of a quantity given its condition, with their errors."""
        p = np.asarray(probabilities, dtype=float)
        levels = [p, *moved_levels(p, self.unseen)] if self.unseen > 0 else [p]
        values, weights = self.columns[name], self.columns[WEIGHT]
        answer = weighted_answer(values, weights, np.concatenate(levels))
        if answer.quantiles is None:
            return Estimates(np.full(p.shape, math.nan), np.full(p.shape, math.nan))
        found, *ends = answer.quantiles.reshape(-1, p.size)
        moved = np.max([np.zeros(p.shape), *(np.abs(end - found) for end in ends)], axis=0)
        return Estimates(found, answer.quantile_errors[: p.size] + moved)

    def cdf(self, name: str, values) -> Estimates:
        """Return P(quantity <= value | condition), with its error."""
        cdf, error = weighted_cdf(self.columns[name], self.columns[WEIGHT], values)
        return Estimates(cdf, error + self.unseen * np.maximum(cdf, 1 - cdf))

    def moved(self, name: str, values, errors):
        """Return what errors of values can move the CDF there by."""
        return 0.5 * (self.cdf(name, values + errors).value - self.cdf(name, values - errors).value)

    def excluded(self, name: str) -> float:
        """Return the mass where the condition of the quantity fails."""
        weight = self.columns[WEIGHT]
        return float(np.sum(weight[np.isnan(self.columns[name])]) / np.sum(weight))

    def scale(self, name: str) -> float:
        """Return half the central 68.3 % interval: the SD of a normal."""
        low, high = self.quantiles(name, ONE_SD).value
        return float(high - low) / 2

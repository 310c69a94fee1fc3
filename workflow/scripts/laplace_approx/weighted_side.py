"""An exact side made of weighted draws, for posteriors that no grid can hold."""

import math

import numpy as np

from laplace_approx.quantiles import Estimates
from laplace_approx.remedies.weighted import weighted_answer, weighted_cdf

WEIGHT = "weight"
ONE_SD = np.array([0.5 * math.erfc(math.sqrt(0.5)), 1 - 0.5 * math.erfc(math.sqrt(0.5))])


class WeightedSide:
    """The posterior as importance draws: columns of quantities by name, and their `weight`.

    A quantity is NaN where its condition fails. All errors are Monte Carlo standard errors.
    """

    def __init__(self, columns: dict):
        self.columns = columns

    def quantiles(self, name: str, probabilities) -> Estimates:
        """Return the quantiles of a quantity given its condition, with their errors."""
        p = np.asarray(probabilities, dtype=float)
        answer = weighted_answer(self.columns[name], self.columns[WEIGHT], p)
        if answer.quantiles is None:
            return Estimates(np.full(p.shape, math.nan), np.full(p.shape, math.nan))
        return Estimates(answer.quantiles, answer.quantile_errors)

    def cdf(self, name: str, values) -> Estimates:
        """Return P(quantity <= value | condition), with its error."""
        return Estimates(*weighted_cdf(self.columns[name], self.columns[WEIGHT], values))

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

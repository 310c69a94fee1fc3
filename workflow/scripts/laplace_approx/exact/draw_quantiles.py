"""Quantiles of independent draws, with their Monte Carlo standard errors."""

import math
from typing import NamedTuple

import numpy as np


class Estimates(NamedTuple):
    """Values and their absolute errors, arrays of the same shape; NaN where not known."""

    value: np.ndarray
    error: np.ndarray

    def by(self, keys) -> dict[float, tuple[float, float]]:
        """Return (value, error) by key."""
        return dict(zip(keys.tolist(), zip(*(x.tolist() for x in self), strict=True), strict=True))


def draw_quantiles(x, probabilities) -> Estimates:
    """Return the quantiles of independent draws x (n,) with their Monte Carlo standard errors.

    Median-unbiased (Hyndman and Fan 1996, The American Statistician 50, definition 8). The
    standard error is half the distance between the order statistics at the 15.9 and 84.1 %
    points of the Beta(n p + 1, n (1 - p) + 1) distribution, that of the probability below the
    quantile (Vehtari et al. 2021, Bayesian Analysis 16, p. 667, with n draws that are
    independent). Infinite draws count; with a NaN among them, or none, the quantiles are NaN,
    and with one draw the errors are.
    """
    from scipy.special import betaincinv

    x, p = np.sort(np.asarray(x, dtype=float)), np.asarray(probabilities, dtype=float)
    if not np.all((p >= 0) & (p <= 1)):
        raise ValueError(f"a probability lies between 0 and 1: {p}")
    n = x.size
    if n == 0 or np.isnan(x[-1]):  # NaN sorts last
        return Estimates(np.full(p.shape, np.nan), np.full(p.shape, np.nan))
    place = np.clip((n + 1 / 3) * p + 1 / 3 - 1, 0, n - 1)
    below = np.floor(place).astype(int)
    low, high, share = x[below], x[np.minimum(below + 1, n - 1)], place - below
    with np.errstate(invalid="ignore"):
        value = np.where((share == 0) | (low == high), low, low + share * (high - low))
    one_sd = 0.5 * math.erfc(1 / math.sqrt(2))  # what lies beyond one SD of a normal
    shape = n * p + 1, n * (1 - p) + 1
    low = np.clip(np.floor(n * betaincinv(*shape, one_sd)) - 1, 0, n - 1).astype(int)
    high = np.clip(np.ceil(n * betaincinv(*shape, 1 - one_sd)) - 1, 0, n - 1).astype(int)
    with np.errstate(invalid="ignore"):
        error = np.where(x[low] == x[high], 0.0, (x[high] - x[low]) / 2)
    return Estimates(value, error if n > 1 else np.full(p.shape, np.nan))

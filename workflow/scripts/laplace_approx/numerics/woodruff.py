"""The error of a quantile of a sample, from that of its distribution function."""

from collections.abc import Callable

import numpy as np


def with_errors(quantile: Callable, cdf_errors: Callable, probabilities):
    """Return the quantiles of a sample at probabilities (m,) and their standard errors, (m,) each.

    `quantile(p)` gives the quantiles at p (m,), and `cdf_errors(x, p)` the standard errors s of the
    distribution function at x (m,), held against p. Half the way from the quantile at p - s to that
    at p + s is the quantile's own error (Woodruff 1952, JASA 47): no density estimate and no
    bootstrap.
    """
    p = np.asarray(probabilities, dtype=float)
    found = quantile(p)
    s = cdf_errors(found, p)
    low, high = quantile(np.maximum(p - s, 0.0)), quantile(np.minimum(p + s, 1.0))
    return found, 0.5 * (high - low)


def mid_weights(weights):
    """Return c_i - w_i / 2 for the weights w (n,) of draws in rising order, with c their sums.

    At these probabilities quantiles interpolate between the draws: for equal weights that is
    Hazen's rule, type 5 of Hyndman and Fan (1996).
    """
    return np.cumsum(weights) - 0.5 * weights

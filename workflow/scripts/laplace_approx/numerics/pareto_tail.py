"""The Pareto shape of the largest of some weights alone, without the weights that it would smooth.

It is the k of `pareto_smoothed`, which a test holds; here it is asked for many parts of one set of
draws, and only their largest weights are looked at.
"""

import math

import numpy as np

from laplace_approx.numerics.monte_carlo import FEWEST_DRAWS, rounding, tail_size

PRIOR_SHAPE, PRIOR_WEIGHTS = 0.5, 10  # a weak prior of the shape, worth ten weights
SPREAD_OF_PRIOR = 3.0  # quartiles: of the inverse scale (Zhang and Stephens 2009)


def tail_shape(log_weights) -> float | None:
    """Return the shape k of a generalised Pareto distribution fitted to the largest weights.

    Of n finite log weights it takes the min(n / 5, 3 sqrt n) largest, above the next one (Vehtari
    et al. 2024, JMLR 25), by the estimate of Zhang and Stephens (2009, Technometrics 51), of the
    log weights less their maximum: a constant in all of them is none of its business. -inf where
    all n are equal, and so have no tail; None of fewer than 25 weights, where the largest are
    equal and others are not, or where the fit fails.
    """
    n = log_weights.size
    if n < FEWEST_DRAWS:
        return None
    values = log_weights - np.max(log_weights)
    smallest_spread = rounding(log_weights, values)
    if -np.min(values) < smallest_spread:
        return -math.inf
    count = tail_size(n)
    largest = np.sort(np.partition(values, n - count - 1)[n - count - 1 :])
    if -largest[1] < smallest_spread:
        return None
    weights = np.exp(largest)
    with np.errstate(all="ignore"):
        k = _shape(weights[1:] - weights[0])
    return k if math.isfinite(k) else None


def _shape(x) -> float:
    """Return k of exceedances x (n,) in rising order: the mean over the profile posterior."""
    n = x.size
    m = 30 + int(math.sqrt(n))
    b = 1 - np.sqrt(m / (np.arange(1, m + 1) - 0.5))
    b = b / (SPREAD_OF_PRIOR * x[int(n / 4 + 0.5) - 1]) + 1 / x[-1]
    k = np.mean(np.log1p(-b[:, None] * x), axis=1)
    profile = n * (np.log(-b / k) - k - 1)
    mass = np.exp(profile - profile.max())
    mass = mass / mass.sum()
    mass = np.where(mass >= 10 * np.finfo(float).eps, mass, 0.0)
    best = float(b @ mass / mass.sum())
    found = float(np.mean(np.log1p(-best * x)))
    return (n * found + PRIOR_WEIGHTS * PRIOR_SHAPE) / (n + PRIOR_WEIGHTS)

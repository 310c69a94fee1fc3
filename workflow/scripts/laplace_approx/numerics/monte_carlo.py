"""Pareto-smoothed importance sampling: the one place that calls arviz-stats."""

from typing import NamedTuple

import numpy as np

NO_DENSITY = 1e9  # below the largest log weight: a model's way to write that there is no density
SMALLEST_SPREAD = 1e-8  # of the log weights; below it the weights are equal for every purpose
# Pareto k above which neither smoothed weights nor their errors can be trusted (Vehtari et al.
# 2024, JMLR 25). Half of it refuses weights whose variance is finite, as it is below 0.5; twice as
# much trusts averages of weights that have no mean, as above 1.
TRUSTED_K = 0.7
FEWEST_DRAWS = 25  # the generalised Pareto fit needs five draws in the largest fifth


class Smoothed(NamedTuple):
    """Smoothed importance weights and the shape of their tail.

    `log_weights` (n,) are normalised to sum to one on the natural scale, `-inf` where a weight
    was zero, or None where the weights are unusable. `k` is the Pareto shape: `-inf` where all
    weights are equal (the approximation is exact), None where it cannot be estimated. `reason`
    says why `k` is not a finite number. `dropped` counts the zero weights.
    """

    log_weights: np.ndarray | None
    k: float | None
    reason: str | None
    dropped: int


def pareto_smoothed(log_weights) -> Smoothed:
    """Smooth the largest of the log weights (n,), with log w = log p - log q up to a constant.

    The largest min(n/5, 3 sqrt(n)) weights are replaced by the expected order statistics of a
    generalised Pareto distribution fitted to them (Vehtari, Simpson, Gelman, Yao and Gabry 2024,
    "Pareto smoothed importance sampling", JMLR 25). `k` below `TRUSTED_K` means that the
    smoothed weights are usable; 0.5 to 0.7 that they converge slowly. Zero weights (`-inf`, or so
    far down, 1e9 below the largest, that it must mean the same) are set aside and counted: they say
    nothing about the tail.
    """
    raw = np.asarray(log_weights, dtype=float)
    unusable = np.isnan(raw) | (raw == np.inf)
    if unusable.any():
        return Smoothed(None, None, f"{unusable.sum()} log weights are NaN or +inf", 0)
    top = raw.max(initial=-np.inf)
    if top == -np.inf:
        return Smoothed(None, None, "every weight is zero", raw.size)
    with np.errstate(over="ignore"):
        below = raw - top
    kept = below > -NO_DENSITY
    dropped = int(raw.size - kept.sum())
    values = below[kept]
    smooth, k, reason = _fit(values, rounding(raw[kept], values))
    result = np.full(raw.shape, -np.inf)
    result[kept] = smooth
    return Smoothed(result, k, reason, dropped)


def rounding(raw, values) -> float:
    """Bound the spread that rounding alone puts into log weights as large as these: as those that
    are above 0 in floating point, since no other can be in a tail."""
    largest = np.abs(raw[np.exp(values) > 0]).max()
    return max(SMALLEST_SPREAD, 64 * np.finfo(float).eps * largest)


def _fit(values, smallest_spread):
    """Return (normalised log weights, k, reason) for finite log weights with largest value 0."""
    plain = values - np.log(np.sum(np.exp(values)))
    if values.size < FEWEST_DRAWS:
        return plain, None, f"{values.size} draws with a weight; the fit needs {FEWEST_DRAWS}"
    if np.ptp(values) < smallest_spread:
        equal = np.full(values.shape, -np.log(values.size))
        return equal, -np.inf, "all weights are equal: the approximation is exact at every draw"
    if np.ptp(np.sort(values)[-tail_size(values.size) :]) < smallest_spread:
        return plain, None, "the largest weights are all equal: there is no tail to fit"
    from arviz_stats.base import array_stats

    # psislw takes the negated log weights; with the wrong sign it fits the other tail, silently.
    with np.errstate(all="ignore"):
        smooth, k = array_stats.psislw(-values)
    if not (np.isfinite(k) and np.isfinite(smooth).all()):
        return plain, None, "the generalised Pareto fit failed: too many of the largest are ties"
    return np.asarray(smooth), float(k), None


def tail_size(n):
    """Return the number of weights in the fitted tail, as in Vehtari et al. (2024)."""
    return int(3 * np.sqrt(n)) if n > 225 else n // 5


def r_hat(draws) -> float:
    """Return the rank-normalised split R-hat of draws (chains, n).

    Vehtari, Gelman, Simpson, Carpenter and Bürkner (2021), Bayesian Analysis 16. NaN for one
    chain, for a value that is not finite, and for draws that are all the same.
    """
    return _diagnostic("rhat", draws)


def bulk_ess(draws) -> float:
    """Return the bulk effective sample size of draws (chains, n), as in the same paper."""
    return _diagnostic("ess", draws, method="bulk")


def tail_ess(draws) -> float:
    """Return the smaller effective sample size of the 5 and 95 % quantiles."""
    return _diagnostic("ess", draws, method="tail", prob=(0.05, 0.95))


def mean_error(draws) -> float:
    """Return the Monte Carlo standard error of the mean of draws (chains, n), dependent or not, as
    in the same paper; 0 where they are all the same, and so is their mean."""
    draws = np.asarray(draws, dtype=float)
    if draws.size and np.all(draws == draws.flat[0]):
        return 0.0
    return _diagnostic("mcse", draws, method="mean")


def quantile_errors(draws, probabilities) -> np.ndarray:
    """Return the Monte Carlo standard error of each quantile of draws (chains, n), dependent or
    not, as in the same paper."""
    return np.array([_diagnostic("mcse", draws, method="quantile", prob=p) for p in probabilities])


def _diagnostic(name: str, draws, **options) -> float:
    from arviz_stats.base import array_stats

    draws = np.asarray(draws, dtype=float)
    if not np.isfinite(draws).all() or np.ptp(draws) == 0:
        return np.nan
    with np.errstate(all="ignore"):
        return float(getattr(array_stats, name)(draws, **options))

"""Diagnostics of Markov chains: the one place that asks arviz-stats for them."""

import numpy as np


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

"""Importance weights on the log scale: how many draws they are worth, and less uneven ones."""

import numpy as np
from scipy.special import logsumexp


def effective_number(log_weights) -> float:
    """Return (sum w)^2 / sum w^2 of weights w, 0 where there is none."""
    if not np.isfinite(log_weights.max()):
        return 0.0
    return float(np.exp(2 * logsumexp(log_weights) - logsumexp(2 * log_weights)))


def tempered(log_ratio, wanted: float):
    """Return the log weights raised to the largest power <= 1 that leaves so many effective."""
    low, high = 0.0, 1.0
    if effective_number(log_ratio) >= wanted:
        return log_ratio
    held = np.where(np.isfinite(log_ratio), log_ratio, -np.inf)
    for _ in range(30):
        middle = 0.5 * (low + high)
        with np.errstate(invalid="ignore"):
            enough = effective_number(np.where(held == -np.inf, -np.inf, middle * held)) >= wanted
        low, high = (middle, high) if enough else (low, middle)
    return np.where(held == -np.inf, -np.inf, low * held)

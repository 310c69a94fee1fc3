"""Quantiles and moments of weighted draws, with their Monte Carlo standard errors."""

import numpy as np

from laplace_approx.numerics.woodruff import mid_weights, with_errors
from laplace_approx.remedies.result import Answer

FEWEST_EFFECTIVE_DRAWS = 20  # below these no quantile is stated
LARGEST_SHARE = (
    0.2  # of the variance in one draw; where it is finite, thousands of draws stay below
)


def weighted_answer(values, weights, probabilities) -> Answer:
    """Return quantiles, mean and sd of one quantity, each with its Monte Carlo standard error.

    `values` and `weights` are (n, b): n independent blocks of b dependent draws (b = 2 for a draw
    and its reflection), with natural-scale weights of any sum. A NaN value is a draw on which the
    quantity is undefined: it is set aside, and its weight is `excluded`. The mean and sd are
    withheld where a single draw carries a fifth of the variance, the mark of moments that do not
    exist (a ratio of parameters, say).
    """
    values, weights = _as_blocks(values), _as_blocks(weights)
    whole = weights.sum()
    weights = np.where(np.isnan(values), 0.0, weights)
    total = weights.sum()
    if not total > 0:
        return Answer(excluded=1.0, reason="no draw on which the quantity is defined")
    excluded = float(np.clip(1 - total / whole, 0.0, 1.0))
    weights = weights / total
    blocks = weights.sum(axis=1)
    effective = 1.0 / np.sum(blocks**2)
    if effective < FEWEST_EFFECTIVE_DRAWS:
        text = f"{effective:.1f} effective draws; {FEWEST_EFFECTIVE_DRAWS} are needed"
        return Answer(excluded=excluded, reason=text)
    held = np.where(weights > 0, values, 0.0)
    quantiles, errors = weighted_quantiles(held, weights, probabilities)
    moments, reason = _moments(held, weights)
    return Answer(quantiles, errors, *moments, excluded, reason)


def _as_blocks(array):
    array = np.asarray(array, dtype=float)
    return array[:, None] if array.ndim == 1 else array


def weighted_quantiles(values, weights, probabilities):
    """Return quantiles (m,) and their standard errors (m,) from (n, b) values and weights.

    The quantile interpolates linearly between the draws at their mid-weights. The distribution
    function at the quantile has the standard error
    s = sqrt(sum over blocks of (sum over the block of w (1{x <= q} - p))^2), from which Woodruff's
    rule makes the quantile's.
    """
    order = np.argsort(values, axis=None, kind="stable")
    ordered, weight = values.ravel()[order], weights.ravel()[order]
    kept = weight > 0
    ordered, middle = ordered[kept], mid_weights(weight)[kept]

    def errors(quantiles, p):
        pairs = zip(quantiles, p, strict=True)
        return np.array([_probability_error(values, weights, q, at) for q, at in pairs])

    return with_errors(lambda p: np.interp(p, middle, ordered), errors, probabilities)


def _probability_error(values, weights, quantile, probability):
    """Return the standard error of the weighted share of draws at or below `quantile`."""
    deviation = np.sum(weights * ((values <= quantile) - probability), axis=1)
    return np.sqrt(np.sum(deviation**2))


def _moments(values, weights):
    """Return ((mean, error, sd, error), reason) by the delta method for a ratio estimator."""
    if not np.isfinite(values).all():
        return (None,) * 4, "no moments: some draws are infinite"
    mean = np.sum(weights * values)
    centred = values - mean
    squares = weights * centred**2
    variance = squares.sum()
    if not variance > 0:
        return (float(mean), 0.0, 0.0, 0.0), None
    if not squares.max() < LARGEST_SHARE * variance:
        share = squares.max() / variance
        return (None,) * 4, f"no moments: one draw carries {share:.0%} of the variance"
    mean_error = np.sqrt(np.sum(np.sum(weights * centred, axis=1) ** 2))
    influence = np.sum(weights * (centred**2 - variance), axis=1)
    sd = np.sqrt(variance)
    sd_error = np.sqrt(np.sum(influence**2)) / (2 * sd)
    return (float(mean), float(mean_error), float(sd), float(sd_error)), None

"""Quantiles of a distribution of which only the CDF can be computed, many at once."""

from collections.abc import Callable

import numpy as np

DOUBLINGS = 60
MOST_STEPS = 60
CLOSE = 1e-9  # of the log odds: below what a lattice resolves
NARROW = 1e-10  # of the first interval that enclosed the root


def invert_cdf(cdf: Callable, probability, low, high):
    """Return x with cdf(x) = probability, for probabilities (n,) and first guesses low < high.

    `cdf` maps (n,) to (n,) and rises. An interval that does not enclose its root doubles until
    it does; after 60 doublings the answer is -inf or inf. The root is then closed in by the
    Illinois variant of false position (Dowell and Jarratt 1971, BIT 11, p. 168), on the log odds
    of the CDF, in which tails are nearly straight.
    """
    target = _log_odds(np.asarray(probability, dtype=float))
    low, high = _enclosed(lambda x: _log_odds(cdf(x)) - target, low, high)
    lost = ~(np.isfinite(low) & np.isfinite(high))
    found = np.where(lost, np.where(np.isfinite(low), high, low), np.nan)
    low, high = np.where(lost, 0.0, low), np.where(lost, 0.0, high)
    x = _closed_in(lambda x: _log_odds(cdf(x)) - target, low, high)
    return np.where(lost, found, x)


def _enclosed(function, low, high):
    """Return low and high with function(low) <= 0 <= function(high), infinite where there is none."""
    low, high = np.array(low, dtype=float), np.array(high, dtype=float)
    width = high - low
    for step in range(DOUBLINGS + 1):
        short_below, short_above = function(low) > 0, function(high) < 0
        if not (short_below.any() or short_above.any()):
            break
        reach = width * 2.0**step if step < DOUBLINGS else np.inf
        high = np.where(short_below, np.minimum(high, low), high)
        low = np.where(short_above, np.maximum(low, high), low)
        low = np.where(short_below, low - reach, low)
        high = np.where(short_above, high + reach, high)
    return low, high


def _closed_in(function, low, high):
    f_low, f_high = function(low), function(high)
    best, f_best = np.where(-f_low < f_high, low, high), np.minimum(np.abs(f_low), np.abs(f_high))
    last = np.zeros(low.shape)  # which end moved last: -1 low, 1 high
    narrow = NARROW * (high - low)
    for _ in range(MOST_STEPS):
        open_still = (f_best > CLOSE) & (high - low > narrow)
        if not open_still.any():
            break
        with np.errstate(invalid="ignore", divide="ignore"):
            x = low - f_low * (high - low) / (f_high - f_low)
        x = np.where((x > low) & (x < high), x, low + (high - low) / 2)
        x = np.where(open_still, x, best)
        f = function(x)
        closer = np.abs(f) < f_best
        best, f_best = np.where(closer, x, best), np.where(closer, np.abs(f), f_best)
        below = f < 0
        # an end that stays for a second time is halved, which draws the next step toward it
        f_high = np.where(below, np.where(last == -1, f_high / 2, f_high), f)
        f_low = np.where(below, f, np.where(last == 1, f_low / 2, f_low))
        low, high = np.where(below, x, low), np.where(below, high, x)
        last = np.where(below, -1, 1)
    return best


def _log_odds(p):
    p = np.clip(p, 1e-300, 1 - 1e-16)
    return np.log(p) - np.log1p(-p)

"""Where functions of one variable cross zero, many of them at once."""

from collections.abc import Callable

import numpy as np

MOST_STEPS = 80
DOUBLINGS = 60
CLOSE = 1e-10  # of the first interval that encloses a quantile
CLOSE_ODDS = 1e-9  # of the log odds of a CDF: below what a lattice resolves


def crossings(function: Callable, low, high, f_low, f_high, close, near=-1.0):
    """Return the places (n,) between low and high where the functions cross zero.

    `function(x, which)` gives the values at x of the functions `which` (places in 0..n-1);
    `f_low` and `f_high` are those at the two ends, of which one is <= 0 and the other not. A NaN
    is not <= 0, and infinities are halved toward. The search ends when the crossing is enclosed
    within `close` (n,), or where a value is within `near` of zero. Inverse quadratic interpolation
    where it can be trusted, else bisection (Chandrupatla 1997, Advances in Engineering Software 28,
    p. 145).
    """
    close = np.broadcast_to(close, np.shape(low))
    x = np.array(high, dtype=float)
    which = np.arange(x.size)
    # a is the newest point, b the other end of the enclosure, c the point before
    a, b, f_a, f_b = (np.array(v, dtype=float) for v in (high, low, f_high, f_low))
    t = np.full(x.size, 0.5)
    for _ in range(MOST_STEPS):
        if which.size == 0:
            break
        new = a + t * (b - a)
        f_new = function(new, which)
        same = (f_new <= 0) == (f_a <= 0)
        c, f_c = np.where(same, a, b), np.where(same, f_a, f_b)
        b, f_b = np.where(same, b, a), np.where(same, f_b, f_a)
        a, f_a = new, f_new
        nearer = np.abs(f_a) < np.abs(f_b)
        x[which] = np.where(nearer, a, b)
        least = 0.5 * close[which] / np.abs(b - a)
        going = (least < 0.5) & ~(np.minimum(np.abs(f_a), np.abs(f_b)) <= near)
        t = np.clip(_interpolated(a, b, c, f_a, f_b, f_c), least, 1 - least)
        which, t = which[going], t[going]
        a, b, f_a, f_b = a[going], b[going], f_a[going], f_b[going]
    return x


def _interpolated(a, b, c, f_a, f_b, f_c):
    """Return how far from a toward b to look next: one half where nothing better is to be had."""
    with np.errstate(all="ignore"):
        xi, phi = (a - b) / (c - b), (f_a - f_b) / (f_c - f_b)
        trusted = (phi**2 < xi) & ((1 - phi) ** 2 < 1 - xi)
        t = f_a / (f_b - f_a) * f_c / (f_b - f_c)
        t = t + (c - a) / (b - a) * f_a / (f_c - f_a) * f_b / (f_c - f_b)
    return np.where(trusted & np.isfinite(t), t, 0.5)


def invert_cdf(cdf: Callable, probability, low, high):
    """Return x with cdf(x) = probability, for probabilities (n,) and first guesses low < high.

    `cdf` maps any number of places to as many probabilities, and rises. An interval that does not
    enclose its root doubles until it does; after 60 doublings the answer is -inf or inf. The
    search is on the log odds of the CDF, in which tails are nearly straight.
    """
    target = _log_odds(np.asarray(probability, dtype=float))
    low, high, f_low, f_high = _enclosed(lambda x: _log_odds(cdf(x)) - target, low, high)
    result = np.where(np.isfinite(low), high, low)
    kept = np.flatnonzero(np.isfinite(low) & np.isfinite(high))

    def excess(x, which):
        return _log_odds(cdf(x)) - target[kept[which]]

    ends = (v[kept] for v in (low, high, f_low, f_high))
    close = CLOSE * (high - low)[kept]
    result[kept] = crossings(excess, *ends, close, CLOSE_ODDS)
    return result


def _enclosed(function, low, high):
    """Return low, high and their values, with function(low) <= 0 <= function(high) unless one of
    them is infinite."""
    low, high = np.array(low, dtype=float), np.array(high, dtype=float)
    width = high - low
    f_low, f_high = function(low), function(high)
    for step in range(DOUBLINGS + 1):
        below, above = f_low > 0, f_high < 0  # the root is below the interval, or above it
        if not (below.any() or above.any()):
            break
        reach = width * 2.0**step if step < DOUBLINGS else np.inf
        high, f_high, low = (
            np.where(below, low, high),
            np.where(below, f_low, f_high),
            np.where(below, low - reach, low),
        )
        low, f_low, high = (
            np.where(above, high, low),
            np.where(above, f_high, f_low),
            np.where(above, high + reach, high),
        )
        f_low = np.where(below, function(low), f_low)
        f_high = np.where(above, function(high), f_high)
    return low, high, f_low, f_high


def _log_odds(p):
    p = np.clip(p, 1e-300, 1 - 1e-16)
    return np.log(p) - np.log1p(-p)

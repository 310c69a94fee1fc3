"""Where functions of one variable cross zero, many of them at once."""

from collections.abc import Callable

import numpy as np

MOST_STEPS = 80  # two of which halve the enclosure: 2^-40 of it is left
DOUBLINGS = 60  # 2^60 times the first step is beyond any support of use
CLOSE = 1e-10  # of the first interval that encloses a quantile


def crossings(function: Callable, low, high, f_low, f_high, close, near=-1.0, third=None):  # noqa: PLR0913
    """Return the places (n,) between low and high where the functions cross zero.

    `function(x, which)` gives the values at x of the functions `which` (places in 0..n-1);
    `f_low` and `f_high` are those at the two ends, of which one is <= 0 and the other not. A NaN
    is not <= 0, and infinities are halved toward. The search ends when the crossing is enclosed
    within `close` (n,), where the next step is no longer than that, or where a value is within
    `near` (n,) of zero. The steps are those of (A + B x) / (1 + C x) through the last three points
    (Jarratt and Nudds 1965, The Computer Journal 8, p. 62), and bisection where that does not
    halve the enclosure in two steps. The first is that of false position, unless a `third` point
    (x, value) is known, not NaN.

    Many arguments: the enclosure with its values is four of them.
    """
    which = np.arange(np.size(low))
    # a is the newest point, b the other end of the enclosure, c the point before
    a, b, f_a, f_b = (np.asarray(v, dtype=float) for v in (high, low, f_high, f_low))
    x, least, near = a.copy(), np.broadcast_to(0.5 * close, a.shape), np.broadcast_to(near, a.shape)
    width = np.full(x.size, np.inf)  # of the enclosure, two steps before
    with np.errstate(all="ignore"):
        t = _first(a, b, f_a, f_b, third)
        shortest = least / np.abs(b - a)  # a crossing may lie at an end
        t = np.minimum(np.maximum(t, shortest), 1 - shortest)
        for _ in range(MOST_STEPS):
            if which.size == 0:
                break
            new = a + t * (b - a)
            f_new = function(new, which)
            if np.all(np.abs(f_new) <= near):
                x[which] = new
                break
            earlier = np.abs(b - a)
            same = (f_new <= 0) == (f_a <= 0)
            c, f_c = np.where(same, a, b), np.where(same, f_a, f_b)
            b, f_b = np.where(same, b, a), np.where(same, f_b, f_a)
            a, f_a = new, f_new
            size_a, size_b, length = np.abs(f_a), np.abs(f_b), np.abs(b - a)
            x[which] = np.where(size_a < size_b, a, b)
            shortest = least / length
            t = _interpolated(b - a, c - a, f_a, f_b, f_c)
            going = (shortest < 0.5) & ~(np.minimum(size_a, size_b) <= near) & ~(t < 2 * shortest)
            t = np.where(length > 0.5 * width, 0.5, t)
            t = np.minimum(np.maximum(t, shortest), 1 - shortest)
            kept = (which, t, earlier, a, b, f_a, f_b, least, near)
            which, t, width, a, b, f_a, f_b, least, near = (v[going] for v in kept)
    return x


def _first(a, b, f_a, f_b, third):
    """Return how far from a toward b to look first."""
    t = f_a / (f_a - f_b)
    t = np.where(np.isnan(t), 0.5, t)
    if third is None:
        return t
    c, f_c = third
    exact = (f_a == 0) | (f_b == 0)
    return np.where(np.isnan(f_c) | exact, t, _interpolated(b - a, c - a, f_a, f_b, f_c))


def _interpolated(to_b, to_c, f_a, f_b, f_c):
    """Return how far from a toward b the hyperbola through three points has its zero: one half
    where that is not between them."""
    below = to_b * f_b * (f_a - f_c) - to_c * f_c * (f_a - f_b)
    t = -f_a * to_c * (f_c - f_b) / below
    return np.where((t > 0) & (t < 1), t, 0.5)


def log_odds(p):
    """Return log(p / (1 - p)), finite also at 0 and 1."""
    p = np.clip(p, 1e-300, 1 - 1e-16)
    return np.log(p) - np.log1p(-p)

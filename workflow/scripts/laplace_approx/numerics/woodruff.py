"""The error of a quantile of a sample, from that of its distribution function."""

from collections.abc import Callable

import numpy as np

# standard errors to either side of a level between which the slope of the quantiles is taken, as in
# Woodruff's 95 % interval. One leaves so few draws between that the error's own is up to a half
# larger, and stated errors were too small by 3 % in the mean; four make it 15 % too large with 20
# effective draws beyond an end
WIDTH = 2.0


def with_errors(quantile: Callable, cdf_errors: Callable, probabilities):
    """Return the quantiles of a sample at probabilities (m,) and their standard errors, (m,) each.

    `quantile(p)` gives the quantiles at p (m,), and `cdf_errors(x, p)` the standard errors s of the
    distribution function at x (m,), held against p.
    """
    p = np.asarray(probabilities, dtype=float)
    found = quantile(p)
    return found, quantile_error(quantile, p, cdf_errors(found, p))


def quantile_error(quantile: Callable, p, s):
    """Return the standard errors (m,) of the quantiles at p (m,), where the CDF has the errors s.

    They are (Q(p + c s) - Q(p - c s)) / 2c: half of Woodruff's interval over its width in standard
    errors (Woodruff 1952, JASA 47), with no density estimate and no bootstrap. c = 2, and less, to
    1, where a level would leave (0, 1).
    """
    p, s = np.broadcast_arrays(p, np.asarray(s, dtype=float))
    room = np.full(s.shape, WIDTH)
    np.divide(np.minimum(p, 1 - p), s, out=room, where=s > 0)
    times = np.clip(room, 1.0, WIDTH)
    low, high = quantile(np.maximum(p - times * s, 0.0)), quantile(np.minimum(p + times * s, 1.0))
    return (high - low) / (2 * times)


def distance_deviations(deviations: Callable, ends, s, p):
    """Return the deviations of the distance of two quantiles of one sample, of each draw or block.

    `ends` holds both, (value, error), s (2,) the errors of the CDF there, and `deviations(x, p)`
    gives its deviations at x from p. The errors of two ends go together: their CDFs' deviations,
    over the density at each, are those of the distance. 1 / density is error / s.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        slopes = np.where(s > 0, ends.error / s, 0.0)
    low, high = (deviations(x, level) for x, level in zip(ends.value, p, strict=True))
    return slopes[1] * high - slopes[0] * low


def mid_weights(weights):
    """Return c_i - w_i / 2 for the weights w (n,) of draws in rising order, with c their sums.

    At these probabilities quantiles interpolate between the draws: for equal weights that is
    Hazen's rule, type 5 of Hyndman and Fan (1996).
    """
    return np.cumsum(weights) - 0.5 * weights

"""The marginal of one parameter as a table, and its quantiles by interpolation."""

from statistics import NormalDist
from typing import NamedTuple

import numpy as np

# The cubic over two rows is off 16 times as much as that over one where the density is smooth, and
# four times as much where it has a corner.
LEAST_GAIN = 4.0
ONE_SD = NormalDist().cdf(1.0)
# of a CDF that is summed from 1e4 nodes and read from a table; doubled, quantiles are called untold
# in gaps with twice the density
ROUNDING = 1e-13
GAP = 1e-6  # of a distance of quantiles; at 1e-9 a density of ten digits is taken for a gap
MIDDLE = np.array([1 - ONE_SD, ONE_SD])  # the ends of the central 68.3 % interval
LAST_DIGIT = 4 * np.finfo(float).eps


class Marginal(NamedTuple):
    """A marginal restricted to its lattice: rising `value`, `density` and `cdf` (from 0 to 1).

    Between rows the CDF is the cubic that takes the density for its slope.
    """

    value: np.ndarray
    density: np.ndarray
    cdf: np.ndarray


def cdf_from_marginal(marginal: Marginal, x):
    """Return the CDF at x, any shape: 0 below the table, 1 above, NaN at NaN."""
    x = np.asarray(x, dtype=float)
    row = np.clip(np.searchsorted(marginal.value, x, side="right") - 1, 0, marginal.value.size - 2)
    width = marginal.value[row + 1] - marginal.value[row]
    with np.errstate(invalid="ignore"):
        t = np.clip((x - marginal.value[row]) / width, 0.0, 1.0)
    return _cubic(t, *_cubic_of(marginal, row))


def quantile_from_marginal(marginal: Marginal, probability):
    """Return the quantile at each probability, any shape: the ends of the table at 0 and 1."""
    probability = np.asarray(probability, dtype=float)
    if not np.all((probability >= 0) & (probability <= 1)):
        raise ValueError(f"a probability lies between 0 and 1: {probability}")
    row = np.searchsorted(marginal.cdf, probability, side="right") - 1
    row = np.clip(row, 0, marginal.value.size - 2)
    t = _where_cubic_is(probability, *_cubic_of(marginal, row))
    start = marginal.value[row]
    return start + t * (marginal.value[row + 1] - start)


def interpolation_error(marginal: Marginal):
    """Return bounds (rows - 1,) of what the CDF between two rows is off by interpolation.

    Each row but the first and the last is left out once, and what the cubic from the row before it
    to the row after it gives there is held against its CDF.
    """
    n = marginal.value.size
    if n < 3:
        return np.diff(marginal.cdf)
    before, after = np.arange(n - 2), np.arange(2, n)
    width = marginal.value[after] - marginal.value[before]
    t = (marginal.value[1:-1] - marginal.value[before]) / width
    found = _cubic(t, *_cubic_between(marginal, before, after))
    off = np.abs(found - marginal.cdf[1:-1]) / LEAST_GAIN
    return np.maximum(np.append(off[0], off), np.append(off, off[-1]))


def interpolation_error_at(marginal: Marginal, bounds, x):
    """Return the larger of these bounds on the interval of x and on those beside it; NaN at NaN."""
    row = np.searchsorted(marginal.value, x, side="right") - 1
    near = np.clip(row + np.arange(-1, 2).reshape(-1, *(1,) * np.ndim(row)), 0, bounds.size - 1)
    return np.where(np.isnan(x), np.nan, np.max(bounds[near], axis=0))


def row_width(marginal: Marginal, x):
    """Return the width of the rows between which x lies, of any shape."""
    row = np.clip(np.searchsorted(marginal.value, x, side="right") - 1, 0, marginal.value.size - 2)
    return marginal.value[row + 1] - marginal.value[row]


def quantile_moved(marginal: Marginal, p, errors):
    """Return how far errors of the CDF can move the quantiles at p, all of one shape.

    The CDF is followed to p - error and p + error, so that the least density on the way counts;
    infinite where it does not reach there. What the density at p itself says counts as far as four
    times the error would reach: in a gap it is next to none.
    """
    value = quantile_from_marginal(marginal, p)
    density = np.interp(value, marginal.value, marginal.density)
    with np.errstate(divide="ignore", invalid="ignore"):
        moved = np.where(errors > 0, errors / density, 0.0)
    moved = np.fmin(moved, _farther(marginal, p, value, 4 * errors))
    moved = np.fmax(moved, _farther(marginal, p, value, errors))
    return np.where(np.isnan(errors), np.nan, moved)


def _farther(marginal: Marginal, p, value, errors):
    """Return how far the quantiles at p - errors and p + errors are from values, the farther of
    both; infinite where one is none."""
    found = np.zeros(np.shape(value))
    for end in (p - errors, p + errors):
        known = (end >= 0) & (end <= 1)
        there = quantile_from_marginal(marginal, np.where(known, end, p))
        found = np.where(known, np.fmax(found, np.abs(there - value)), np.inf)
    return found


def on_plateau(marginal: Marginal, p):
    """Return which quantiles at p are not told, as rounding of the CDF alone moves them by more
    than a millionth of what a tenth of the smaller tail does: the density there is next to none,
    and a gap lies on either side."""
    return spans_a_gap(quantile_from_marginal(marginal, levels_about(np.asarray(p, dtype=float))))


def levels_about(p):
    """Return the probabilities (4, ...) whose quantiles tell whether those at p lie in a gap."""
    narrow, wide = ROUNDING, 0.1 * np.minimum(p, 1 - p)
    return np.stack([p - narrow, p + narrow, p - wide, p + wide])


def spans_a_gap(about):
    """Return where there is a gap, given the quantiles (4, ...) at `levels_about`."""
    return about[1] - about[0] > GAP * (about[3] - about[2])


def _where_cubic_is(probability, start, rise, first, last):
    """Return t in [0, 1] at which the rising cubic takes the value, to its last digit.

    Newton's steps, halved into the bracket where they would leave it.
    """
    square, cube = 3 * rise - 2 * first - last, first + last - 2 * rise
    low, high = np.zeros(start.shape), np.ones(start.shape)
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.clip(np.where(rise > 0, (probability - start) / rise, 0.5), 0.0, 1.0)
        for _ in range(60):
            above = start + t * (first + t * (square + t * cube)) - probability
            low, high = np.where(above < 0, t, low), np.where(above < 0, high, t)
            moved = t - above / (first + t * (2 * square + 3 * t * cube))
            moved = np.where((moved >= low) & (moved <= high), moved, (low + high) / 2)
            exact = np.abs(above) <= LAST_DIGIT / 2 * probability
            still = exact | (np.abs(moved - t) <= LAST_DIGIT)
            t = np.where(exact, t, moved)
            if still.all():
                break
    return t


def _cubic_of(marginal: Marginal, row):
    """Return (start, rise, slope at start, slope at end) of the cubic pieces, in units of t."""
    return _cubic_between(marginal, row, row + 1)


def _cubic_between(marginal: Marginal, one, other):
    """Return the same for the cubics from some rows to others.

    The slopes are kept within three times the rise, where the cubic is sure to be monotone
    (Fritsch and Carlson 1980, SIAM Journal on Numerical Analysis 17, p. 238).
    """
    width = marginal.value[other] - marginal.value[one]
    start = marginal.cdf[one]
    rise = marginal.cdf[other] - start
    first = np.minimum(marginal.density[one] * width, 3 * rise)
    last = np.minimum(marginal.density[other] * width, 3 * rise)
    return start, rise, first, last


def _cubic(t, start, rise, first, last):
    return start + t * (first + t * (3 * rise - 2 * first - last + t * (first + last - 2 * rise)))


def half_interval(marginal: Marginal) -> float:
    """Return half the central 68.3 % interval: the SD of a normal, and there for every law."""
    low, high = quantile_from_marginal(marginal, MIDDLE)
    return float(high - low) / 2

"""The moments of a parameter as sums over the nodes of a lattice that need not be its own.

The trapezoid rule is as exact for them as for the mass, and no density is read between nodes: that
of a heavy tail is far below the last digit of the rest, and its moments are not. The lattice ends
where nothing counts for its own parameter, so what lies beyond is counted by itself.
"""

import math
from typing import NamedTuple

import numpy as np

from laplace_approx.exact.axis import summed_to
from laplace_approx.exact.axis_ends import ORDERS
from laplace_approx.exact.ends import mass_left_out
from laplace_approx.exact.lattice import Lattice
from laplace_approx.exact.spacing import owed

# of a moment: more beyond is too much for it to be told with that as its error; doubled, moments
# are told with twice the error
KNOWN = 1e-4
# of the largest density: nodes below are not asked how it falls, where they do not; a thousand of
# them hold 1e-17 of a moment. Squared, the corners of lattices withhold moments; at 1e-10, a tail
# that turns there, and holds 1e-7, is not seen
FAINTEST = 1e-20
WAYS = (slice(None), slice(None, None, -1))


class Summed(NamedTuple):
    """Mean, SD and skewness (3,) with their errors; NaN where too much lies beyond the nodes."""

    values: np.ndarray
    errors: np.ndarray


def summed_moments(lattice: Lattice, parameter: int) -> Summed:
    """Return the moments of any parameter of a lattice.

    Their errors are what the spacing of each axis owes, and what lies beyond the ends of the axes.
    """
    p, _ = lattice.relative()
    theta = lattice.frame.spread(parameter)
    values = _moments(p, theta)
    spacing = sum(_owed(p, theta, values, k) for k in range(p.ndim))
    return beyond_axes(lattice, parameter, Summed(values, spacing), range(p.ndim))


def beyond_axes(lattice: Lattice, parameter: int, found: Summed, axes) -> Summed:
    """Return the moments with what lies of them beyond the ends of some axes in their errors."""
    p, _ = lattice.relative()
    shares = _beyond(lattice, p / p.sum(), parameter, found.values, axes)
    one, two, three = shares
    _, sd, skewness = found.values
    away = np.where(p > 0, np.abs(lattice.frame.spread(parameter) - found.values[0]), 0.0)
    spread = sd if sd > 0 else float(np.sum(p / p.sum() * away))
    errors = np.array([one * spread, two * sd, three + 3 * (two + one * abs(skewness))])
    # a moment that is none already has no share
    known = np.logical_and.accumulate(np.array(shares) < KNOWN)
    values, errors = np.where(known, found.values, np.nan), found.errors + errors
    return Summed(values, np.where(np.isnan(values), np.nan, errors))


def _moments(p, theta):
    with np.errstate(all="ignore"):
        mass = p / p.sum()
        mean = float(np.sum(mass * theta))
        away = theta - mean
        sd = math.sqrt(float(np.sum(mass * away**2)))
        return np.array([mean, sd, float(np.sum(mass * (away / sd) ** 3))])


def _owed(p, theta, values, k: int):
    """Return what the spacing of axis k owes to the moments, (3,)."""

    def thinned(times: int, first: int):
        rows = (slice(None),) * k + (slice(first, None, times),)
        return _moments(p[rows], theta[rows] if theta.shape[k] > 1 else theta)

    half = thinned(2, 0)
    quarters, eighths = (
        np.abs([half - thinned(times, first) for first in range(times)]) for times in (4, 8)
    )
    return owed(np.abs(values - half), quarters, eighths)


def _beyond(lattice: Lattice, mass, parameter: int, values, axes) -> tuple[float, ...]:
    """Return what lies beyond the ends of axes of the absolute moments about the mean, by order,
    in powers of the SD (without one, of the mean distance from the mean); NaN where there is no
    telling, or no such moment."""
    theta, shares = lattice.frame.spread(parameter), []
    with np.errstate(all="ignore"):
        away = np.where(mass > 0, np.abs(theta - values[0]), 0.0)
        # without an SD the mean distance from the mean serves
        away = away / (values[1] if values[1] > 0 else np.sum(mass * away))
    for order, value in zip(ORDERS, values, strict=True):
        tails: list = [None] if math.isnan(value) else []
        with np.errstate(over="ignore", invalid="ignore"):
            weighted = np.where(mass > 0, mass * away**order, 0.0)
        for k in axes:
            step = lattice.frame.axes[k].step
            outward = summed_to(weighted, k)
            tails += [_left_out(outward[way] / step, step) for way in WAYS]
        shares.append(math.nan if None in tails else float(sum(tails)))
    return tuple(shares)


def _left_out(density, step: float) -> float | None:
    """Return what lies beyond the first node of a density along an axis, as `mass_left_out` tells
    it; where the faintest nodes do not fall, from the first that is not `FAINTEST`, and no less
    than lies on those before: where a lattice follows other parameters no farther, what is left at
    its corner says nothing of the tail."""
    beyond = mass_left_out(density, step).mass
    if beyond is not None or not np.isfinite(density).all():
        return beyond
    first = int(np.argmax(density > FAINTEST * np.max(density)))
    if not first:
        return None
    beyond = mass_left_out(density[first:], step).mass
    return None if beyond is None else max(beyond, float(step * density[:first].sum()))

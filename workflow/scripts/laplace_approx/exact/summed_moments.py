"""The moments of a parameter as sums over the nodes of a lattice that need not be its own.

The trapezoid rule is as exact for them as for the mass, and no density is read between nodes: that
of a heavy tail is far below the last digit of the rest, and its moments are not. The lattice ends
where nothing counts for its own parameter, so what lies beyond is counted by itself.
"""

import math
from typing import NamedTuple

import numpy as np

from laplace_approx.exact.bounds import ORDERS, TOLD_MOMENT
from laplace_approx.exact.ends import mass_beyond
from laplace_approx.exact.lattice import Lattice
from laplace_approx.exact.spacing import owed

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
    one, two, three = _beyond(lattice, p / p.sum(), theta, values)
    errors = np.array([one, two, three + 3 * (two + one * abs(values[2]))])
    known = np.logical_and.accumulate(np.array([one, two, three]) < TOLD_MOMENT)
    unit = np.array([values[1], values[1], 1.0])
    errors = spacing + errors * unit
    return Summed(np.where(known, values, np.nan), np.where(known, errors, np.nan))


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


def _beyond(lattice: Lattice, mass, theta, values) -> tuple[float, ...]:
    """Return what lies beyond the ends of all axes of the absolute moments about the mean, by
    order, in powers of the SD; NaN where there is no telling."""
    away, shares = np.abs(theta - values[0]) / values[1], []
    for order in ORDERS:
        weighted = mass * away**order
        tails = []
        for k, axis in enumerate(lattice.frame.axes):
            outward = weighted.sum(axis=tuple(j for j in range(weighted.ndim) if j != k))
            tails += [mass_beyond(outward[way] / axis.step, axis.step).mass for way in WAYS]
        shares.append(math.nan if None in tails else float(sum(tails)))
    return tuple(shares)

"""Total variation on a line, by distribution functions cut where the densities cross.

Sums over nodes see the kink of |p - q| only as far as their nodes lie apart. With one parameter
the masses between the crossings are known, and they add up to the total variation.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.special import ndtr

from laplace_approx.comparison.distances import Measure
from laplace_approx.comparison.sides import ExactSide
from laplace_approx.normal.fit import Fit

# Log densities that are closer are one: a hundred times their rounding; at ten times as much, a
# total variation of 1e-9 could hide.
SAME = 1e-10
BISECTIONS = 60  # of a gap between two places: to the last digit
REACH = 9.0  # SDs of the normal each way: it has 2e-19 of its mass beyond
PLACES = 2001  # there: a hundred an SD


class Law(NamedTuple):
    """A law on the line of z: `log_density` of z (n,), and `cdf` with its value and error."""

    log_density: Callable
    cdf: Callable


class Line(NamedTuple):
    """The posterior, and the normal of a fit, on the line of its one coordinate z; `places` are
    where their densities are known to change, `ends` the finite ones of the line."""

    exact: Law
    normal: Law
    mean: float
    places: np.ndarray
    ends: np.ndarray

    def total_variation(self) -> Measure:
        """Return TV of the posterior and the normal."""
        return _variation(self.exact, self.normal, self.places, self.ends)

    def reflection_bound(self) -> Measure:
        """Return half of TV of the posterior and its reflection about the mode."""
        mirrored = Law(
            lambda z: self.exact.log_density(2 * self.mean - z),
            lambda z: _complement(*self.exact.cdf(2 * self.mean - z)),
        )
        places, ends = (
            np.concatenate([each, 2 * self.mean - each]) for each in (self.places, self.ends)
        )
        found = _variation(self.exact, mirrored, places, ends)
        return Measure(found.value / 2, found.error / 2)


def line_of(fit: Fit, side: ExactSide, log_evidence: float, nodes) -> Line | None:
    """Return the line of a fit of one parameter, given theta at the nodes of a lattice (n, 1); None
    where its space leaves out a part of the posterior, or where that has no CDF with an error."""
    space, (name,) = fit.space, fit.model.parameters
    if space.restricts:
        return None
    mean, sd = float(fit.normal.mean[0]), float(fit.normal.cholesky[0, 0])
    lower, upper = float(space.lower[0]), float(space.upper[0])
    falls = float(space.constrain_d1(fit.normal.mean)[0]) < 0

    def cdf(z):
        inside = (z > lower) & (z < upper)
        theta = space.constrain(np.where(inside, z, mean)[:, None])[:, 0]
        value, error = side.cdf(name, theta)
        value = np.where(inside, 1 - value if falls else value, z >= upper)
        return value, np.where(inside, error, 0.0)

    z = space.unconstrain(nodes).ravel()
    places = np.concatenate([z[np.isfinite(z)], mean + sd * REACH * np.linspace(-1, 1, PLACES)])
    if not np.isfinite(cdf(np.array([mean]))[1]).all():
        return None
    ends = np.array([lower, upper])
    return Line(
        Law(lambda z: fit.density.log_density(z[:, None]) - log_evidence, cdf),
        Law(
            lambda z: fit.normal.log_density(z[:, None]),
            lambda z: (ndtr((z - mean) / sd), np.zeros(z.shape)),
        ),
        mean,
        places,
        ends[np.isfinite(ends)],
    )


def _complement(value, error):
    return 1 - value, error


def _variation(p: Law, q: Law, places, ends) -> Measure:
    """Return TV of two laws. The error adds those of both CDFs where they are cut, and what cuts
    that show only between every other place make of it."""
    places = np.unique(places)
    value, error = _between_crossings(p, q, places, ends)
    coarse, _ = _between_crossings(p, q, places[::2], ends)
    return Measure(value, error + abs(value - coarse) + SAME)


def _between_crossings(p: Law, q: Law, places, ends) -> tuple[float, float]:
    def excess(z):
        with np.errstate(invalid="ignore"):
            return np.nan_to_num(p.log_density(z) - q.log_density(z), nan=0.0)

    height = excess(places)
    sign = np.where(np.abs(height) > SAME, np.sign(height), 0.0)
    known = sign != 0
    z, sign = places[known], sign[known]
    at = np.flatnonzero(sign[1:] != sign[:-1])
    cuts = np.unique(np.concatenate([_crossings(excess, z[at], z[at + 1], sign[at]), ends]))
    if not cuts.size:
        return 0.0, 0.0
    (of_p, error), (of_q, other) = p.cdf(cuts), q.cdf(cuts)
    masses = np.diff(np.concatenate([[0.0], of_p - of_q, [0.0]]))
    return 0.5 * float(np.sum(np.abs(masses))), float(np.sum(error + other))


def _crossings(excess: Callable, low, high, sign):
    """Return where a function changes its sign, given both ends and its sign at the lower ones."""
    for _ in range(BISECTIONS if low.size else 0):
        middle = 0.5 * (low + high)
        before = np.sign(excess(middle)) == sign
        low, high = np.where(before, middle, low), np.where(before, high, middle)
    return 0.5 * (low + high)

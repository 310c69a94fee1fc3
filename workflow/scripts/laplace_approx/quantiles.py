"""Quantiles: of any quantity on a lattice, without randomness; and of draws, with their error."""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from laplace_approx.lattice import Axis, Frame, Lattice, evaluate
from laplace_approx.lines import Lines
from laplace_approx.normal import Normal
from laplace_approx.roots import invert_cdf
from laplace_approx.transforms import Identity

HALFWIDTH = 8.5  # SDs each way: a normal has 2e-17 of its mass beyond
LEAST_ERROR = 2e-8  # of a CDF: what the stretches that are not refined may hide
TRIAL = np.array([0.05, 0.5, 0.95])  # probabilities at which the axes are compared


class Estimates(NamedTuple):
    """Values and their absolute errors, arrays of the same shape; NaN where not known."""

    value: np.ndarray
    error: np.ndarray


class DerivedQuantity:
    """The distribution of quantity(theta) given condition(theta), under the density of a lattice.

    `quantity` maps theta (..., d) to (...) and `condition` to booleans; a NaN of the quantity
    counts as a condition that fails. `excluded_mass` is the share of the mass where it fails, and
    `excluded_error` its error. The CDF is that of `lines.Lines` along one of the axes (`axis`):
    the one on which leaving out every other node changes least. That change is the error; it is
    larger than what the full lattice is off by, and `outside_mass`, the share of the mass that
    the lattice is known to leave out, is added to it.
    """

    def __init__(
        self,
        lattice: Lattice,
        quantity: Callable,
        condition: Callable | None = None,
        outside_mass: float = 0.0,
    ):
        lattice = lattice.odd()
        evaluate_quantity = _given(quantity, condition)
        self.outside_mass = outside_mass
        self._cells = _Cells(lattice, evaluate_quantity)
        trial = self._cells.quantiles(TRIAL)
        pairs = [_Pair(lattice, k, evaluate_quantity) for k in range(len(lattice.frame.axes))]
        self._pair = min(pairs, key=lambda pair: np.max(pair.change(trial)))
        self.axis = self._pair.axis
        self.excluded_mass = self._pair.fine.excluded
        self.excluded_error = self._pair.excluded_change + outside_mass

    def cdf(self, values) -> Estimates:
        """Return P(quantity <= value | condition) for values of any shape."""
        values = np.asarray(values, dtype=float)
        cdf = self._pair.fine.cdf(values.ravel())
        error = self._pair.change(values.ravel()) + self.outside_mass * np.maximum(cdf, 1 - cdf)
        return Estimates(cdf.reshape(values.shape), error.reshape(values.shape))

    def quantiles(self, probabilities) -> Estimates:
        """Return the quantiles given the condition for probabilities (n,), all NaN if it never
        holds."""
        p = np.asarray(probabilities, dtype=float)
        if not np.all((p > 0) & (p < 1)):
            raise ValueError(f"a probability lies between 0 and 1: {p}")
        if not self._pair.fine.included > 0:
            return Estimates(np.full(p.shape, np.nan), np.full(p.shape, np.nan))
        value = invert_cdf(self._pair.fine.cdf, p, *self._cells.around(p, 0.03))
        low, high = self._cells.around(p, 0.05)
        half = (high - low) / 2
        ends = self._pair.fine.cdf(np.concatenate([value - half, value + half]))
        error = self._pair.change(value) + self.outside_mass * np.maximum(p, 1 - p)
        with np.errstate(divide="ignore", invalid="ignore"):
            density = (ends[p.size :] - ends[: p.size]) / (2 * half)
            return Estimates(value, error / density)


def normal_lattice(
    normal: Normal, points: int, halfwidth: float = HALFWIDTH, names=None
) -> Lattice:
    """Return the lattice of a normal: `points` nodes an axis over `halfwidth` SDs each way, in
    the coordinates in which the normal is standard."""
    d = normal.mean.size
    frame = Frame(
        names=tuple(names) if names else tuple(f"x{i + 1}" for i in range(d)),
        transforms=(Identity(),) * d,
        origin=np.asarray(normal.mean, dtype=float),
        shear=np.asarray(normal.cholesky, dtype=float),
        axes=(Axis(-halfwidth, halfwidth, points),) * d,
        support=np.array([np.full(d, -np.inf), np.full(d, np.inf)]),
    )
    return evaluate(frame, normal.log_density)


def draw_quantiles(x, probabilities) -> Estimates:
    """Return the quantiles of independent draws x (n,) with their Monte Carlo standard errors.

    Median-unbiased (Hyndman and Fan 1996, The American Statistician 50, definition 8). The
    standard error is half the distance between the order statistics at the 15.9 and 84.1 %
    points of the Beta(n p + 1, n (1 - p) + 1) distribution, that of the probability below the
    quantile (Vehtari et al. 2021, Bayesian Analysis 16, p. 667, with n draws that are
    independent). Infinite draws count; with a NaN among them, or none, the quantiles are NaN,
    and with one draw the errors are.
    """
    from scipy.special import betaincinv

    x, p = np.sort(np.asarray(x, dtype=float)), np.asarray(probabilities, dtype=float)
    if not np.all((p >= 0) & (p <= 1)):
        raise ValueError(f"a probability lies between 0 and 1: {p}")
    n = x.size
    if n == 0 or np.isnan(x[-1]):  # NaN sorts last
        return Estimates(np.full(p.shape, np.nan), np.full(p.shape, np.nan))
    place = np.clip((n + 1 / 3) * p + 1 / 3 - 1, 0, n - 1)
    below = np.floor(place).astype(int)
    low, high, share = x[below], x[np.minimum(below + 1, n - 1)], place - below
    with np.errstate(invalid="ignore"):
        value = np.where((share == 0) | (low == high), low, low + share * (high - low))
    one_sd = 0.5 * math.erfc(1 / math.sqrt(2))  # what lies beyond one SD of a normal
    shape = n * p + 1, n * (1 - p) + 1
    low = np.clip(np.floor(n * betaincinv(*shape, one_sd)) - 1, 0, n - 1).astype(int)
    high = np.clip(np.ceil(n * betaincinv(*shape, 1 - one_sd)) - 1, 0, n - 1).astype(int)
    with np.errstate(invalid="ignore"):
        error = np.where(x[low] == x[high], 0.0, (x[high] - x[low]) / 2)
    return Estimates(value, error if n > 1 else np.full(p.shape, np.nan))


def _given(quantity: Callable, condition: Callable | None) -> Callable:
    """Return the quantity as a function that is NaN where the condition fails."""

    def evaluate_quantity(theta):
        with np.errstate(all="ignore"):
            value = np.asarray(quantity(theta), dtype=float)
            return value if condition is None else np.where(condition(theta), value, np.nan)

    return evaluate_quantity


class _Cells:
    """The quantity at the cells of a lattice, in order: its rough quantiles."""

    def __init__(self, lattice: Lattice, quantity: Callable):
        mass, _ = lattice.relative()
        value = np.concatenate([quantity(theta).ravel() for _, theta in lattice.frame.blocks()])
        kept = np.flatnonzero(np.isfinite(value) & (mass.ravel() > 0))
        kept = kept[np.argsort(value[kept], kind="stable")]
        self.value, self.rising = value[kept], np.cumsum(mass.ravel()[kept])

    def quantiles(self, p):
        """Return the value of the cell at which the mass passes each p (0 where there is none)."""
        if self.value.size == 0:
            return np.zeros(np.shape(p))
        cell = np.searchsorted(self.rising, p * self.rising[-1])
        return self.value[np.minimum(cell, self.value.size - 1)]

    def around(self, p, share: float):
        """Return values below and above each quantile, apart by a share of the local scale."""
        tail = 0.5 * np.minimum(p, 1 - p)
        middle, scale = self.quantiles(p), self.quantiles(p + tail) - self.quantiles(p - tail)
        half = share * scale + 1e-12 * np.abs(middle) + 1e-300
        return middle - half, middle + half


class _Side:
    """The distribution of a quantity by the lines of a lattice along one axis."""

    def __init__(self, lattice: Lattice, axis: int, quantity: Callable):
        self.lines = Lines(lattice, axis, quantity)
        self.included = float(self.lines.masses([np.inf])[0])
        excluded = max(self.lines.excluded(), 0.0)
        self.excluded = excluded / (self.included + excluded)

    def cdf(self, values):
        with np.errstate(invalid="ignore", divide="ignore"):
            return self.lines.masses(values) / self.included


class _Pair:
    """The same distribution on a lattice and on every other node of it."""

    def __init__(self, lattice: Lattice, axis: int, quantity: Callable):
        self.axis = axis
        self.fine = _Side(lattice, axis, quantity)
        self.coarse = _Side(lattice.thin(), axis, quantity)
        self.excluded_change = abs(self.fine.excluded - self.coarse.excluded)

    def change(self, values):
        return np.abs(self.fine.cdf(values) - self.coarse.cdf(values)) + LEAST_ERROR

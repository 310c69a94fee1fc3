"""The marginals of a grid: distributions that agree with the cells, and their quantiles."""

import math
from typing import NamedTuple

import numpy as np

from laplace_audit.ledger import Page
from laplace_audit.numerics.lattice import Lattice
from laplace_audit.reading.artifacts import Table

FREQUENCIES = np.array([0.25, 0.5, 1.0, 2.0])  # per SD
AREA = 1e-6  # of a CDF: what an interpolated density may differ from it
WAVES = 1e-4  # of a characteristic function, where the cells resolve the density


class Marginal(NamedTuple):
    """Rows of one parameter: `value` rising, `density`, and `cdf` from 0 to 1."""

    value: np.ndarray
    density: np.ndarray
    cdf: np.ndarray

    def cdf_at(self, x):
        """Return the CDF at x: between rows the cubic with the densities as slopes, each no more
        than three times the slope of the chord, so that it rises."""
        x = np.asarray(x, dtype=float)
        row = np.clip(np.searchsorted(self.value, x, side="right") - 1, 0, self.value.size - 2)
        width = self.value[row + 1] - self.value[row]
        rise = self.cdf[row + 1] - self.cdf[row]
        with np.errstate(invalid="ignore"):
            t = np.clip((x - self.value[row]) / width, 0.0, 1.0)
        a, b = (np.minimum(self.density[row + k] * width, 3 * rise) for k in (0, 1))
        # Hermite's basis
        return (
            self.cdf[row] * (1 + 2 * t) * (1 - t) ** 2
            + self.cdf[row + 1] * t**2 * (3 - 2 * t)
            + a * t * (1 - t) ** 2
            - b * t**2 * (1 - t)
        )

    def density_at(self, x):
        return np.interp(x, self.value, self.density)

    def moved(self, p, error):
        """Return how far an error (n,) of the CDF can move the quantiles at p (n,): to where the
        CDF is p - error or p + error, and no less than at the density there; infinite beyond."""
        p, error = np.asarray(p, dtype=float), np.asarray(error, dtype=float)
        value = self.quantile(p)
        with np.errstate(divide="ignore", invalid="ignore"):
            far = np.where(error > 0, error / self.density_at(value), 0.0)
        for end in (p - error, p + error):
            reached = (end >= 0) & (end <= 1)
            away = np.abs(self.quantile(np.where(reached, end, p)) - value)
            far = np.where(reached, np.fmax(far, away), np.inf)
        return np.where(np.isnan(error), np.nan, far)

    def between(self, x):
        """Return (error of the CDF, width of the rows) at x (n,): a quarter of the most that the
        cubic over two rows misses the one in the middle by, there and in the rows beside."""
        last = self.value.size - 2
        if last < 1:
            miss = np.diff(self.cdf)
        else:
            width, rise = self.value[2:] - self.value[:-2], self.cdf[2:] - self.cdf[:-2]
            t = (self.value[1:-1] - self.value[:-2]) / width
            a, b = (np.minimum(d * width, 3 * rise) for d in (self.density[:-2], self.density[2:]))
            found = self.cdf[:-2] + t**2 * (3 - 2 * t) * rise
            found += a * t * (1 - t) ** 2 - b * t**2 * (1 - t)
            off = np.abs(found - self.cdf[1:-1]) / 4
            miss = np.maximum(np.r_[off[0], off], np.r_[off, off[-1]])
        row = np.searchsorted(self.value, x, side="right") - 1
        near = [miss[np.clip(row + k, 0, miss.size - 1)] for k in (-1, 0, 1)]
        row = np.clip(row, 0, last)
        return np.max(near, axis=0), self.value[row + 1] - self.value[row]

    def quantile(self, p):
        """Return the quantiles at p (n,), by halving the row in which the CDF passes p."""
        p = np.asarray(p, dtype=float)
        row = np.clip(np.searchsorted(self.cdf, p, side="right") - 1, 0, self.value.size - 2)
        low, high = self.value[row], self.value[row + 1]
        for _ in range(200):
            middle = low + (high - low) / 2
            if np.all((middle <= low) | (middle >= high)):
                break
            below = self.cdf_at(middle) < p
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        return high


def marginals_of(table: Table) -> dict[str, Marginal]:
    """Return the marginals by parameter, in the order of the table."""
    names = np.array(table.columns["parameter"], dtype=object)
    columns = [table.columns[key] for key in Marginal._fields]
    return {
        name: Marginal(*(column[names == name] for column in columns))
        for name in dict.fromkeys(table.columns["parameter"])
    }


def marginal_laws(page: Page, found: dict, cells: Table, lattice: Lattice, record: dict) -> None:
    """Hold the marginals against themselves, and against the cells."""
    if not page.same("a marginal for each parameter", list(found), list(lattice.parameters)):
        return
    for k, table in enumerate(found.values()):
        rising = [np.all(np.diff(table.value) > 0), np.all(np.diff(table.cdf) >= 0)]
        page.true("marginal rises", [*rising, np.all(table.density >= 0)])
        page.true("marginal goes from 0 to 1", [table.cdf[0] == 0, table.cdf[-1] == 1])
        _area(page, table, record)
        _waves(page, table, k, cells, lattice, record)


def _resolved(record: dict, name=None) -> float:
    """Return how far the spacing may put a marginal off, in SDs; infinite where not known."""
    costs = record["discretisation_error"]["quantiles_sd"]
    worst = [
        math.inf if x is None else x for x in (costs.values() if name is None else [costs[name]])
    ]
    return max(worst)


def _area(page: Page, table: Marginal, record: dict) -> None:
    """The integral of a cubic spline through the densities is the CDF."""
    from scipy.interpolate import CubicSpline

    area = CubicSpline(table.value, table.density).antiderivative()(table.value)
    page.most(
        "marginal density integrates to its CDF", np.abs(area - table.cdf), _area_limit(record)
    )


def _area_limit(record: dict) -> float:
    return AREA + min(1.0, _resolved(record))


def _waves(
    page: Page, table: Marginal, k: int, cells: Table, lattice: Lattice, record: dict
) -> None:
    """The characteristic function of the marginal is that of the cells.

    E exp(i t (theta - mean) / scale) is a smooth function of theta, so that sums over the nodes
    give it far better than they give any quantile; ends that hold mass count half there.
    """
    x = cells.columns[lattice.parameters[k]]
    weight = cells.columns["mass"] * lattice.trapezoid
    held = weight > 0
    x, weight = x[held], weight[held] / math.fsum(weight[held])
    low, middle, high = table.quantile([0.1587, 0.5, 0.8413])
    scale = (high - low) / 2
    waves = 1j * FREQUENCIES[:, None] / scale
    from_cells = np.exp(waves * (x - middle)) @ weight
    from_table = _integral(table, lambda v: np.exp(waves * (v - middle)))
    limit = WAVES + 4 * min(1.0, _resolved(record)) + _ends(cells, lattice)
    page.most("marginal agrees with the cells", np.abs(from_cells - from_table), limit)


def _integral(table: Marginal, function):
    """Integrate a function over a marginal: at the middle of every half row, by its CDF."""
    middle = (table.value[1:] + table.value[:-1]) / 2
    half = table.cdf_at(middle)
    first, second = half - table.cdf[:-1], table.cdf[1:] - half
    quarter = (table.value[:-1] + middle) / 2, (middle + table.value[1:]) / 2
    return function(quarter[0]) @ first + function(quarter[1]) @ second


def _ends(cells: Table, lattice: Lattice) -> float:
    """Return what the trapezoid rule may miss where a density is cut off: the mass on the ends."""
    cube = cells.columns["mass"].reshape(lattice.points)
    layers = [cube.take(end, axis=k).sum() for k in range(cube.ndim) for end in (0, -1)]
    return float(sum(layers))

"""Moments whose existence is decided where a lattice sees no mass: stated only where they exist."""

import math

import numpy as np
import pytest

from laplace_approx.density.density import Density
from laplace_approx.exact.certified import certified_grid
from laplace_approx.exact.far_tails import _falls

FREE, HALF = (-math.inf, math.inf), (0.0, math.inf)


def density(value, *supports) -> Density:
    lower, upper = np.array(supports, dtype=float).T
    return Density(tuple("xyw"[: len(supports)]), value, None, None, lower, upper)


def faint_tail(share, df):
    """A standard normal with a share of a t: its moments of the orders from df on do not exist."""

    def value(t):
        x = t[..., 0]
        tail = math.log(share) - (df + 1) / 2 * np.log1p(x * x / df)
        return np.logaddexp(-0.5 * x * x, tail)

    return density(value, FREE)


def power_of_an_exponential(n):
    """x = exp(w / y) for w standard normal and y gamma(n, n): no moment of x exists, since that of
    order k given y is exp(k^2 / (2 y^2)); all of y do."""

    def value(t):
        x, y = t[..., 0], t[..., 1]
        with np.errstate(all="ignore"):
            return n * np.log(y) - n * y - 0.5 * (y * np.log(x)) ** 2 - np.log(x)

    return density(value, HALF, HALF)


def log_normals(sd):
    """x and y log-normal with a correlation of .6 of their logarithms: all moments exist."""

    def value(t):
        u, v = np.log(t[..., 0]) / sd, np.log(t[..., 1])
        return -0.5 * (u * u - 1.2 * u * v + v * v) / 0.64 - np.log(t[..., 0]) - v

    return density(value, HALF, HALF)


def scaled_by_another(d):
    """x normal with the scale exp(y / 2) for y normal, and w about x: all moments exist."""

    def value(t):
        x, y = t[..., 0], t[..., 1]
        found = -0.5 * y * y - 0.5 * y - 0.5 * x * x * np.exp(-y)
        return found if d == 2 else found - 0.5 * (t[..., 2] - x) ** 2

    return density(value, *[FREE] * d)


# the posterior, a start, and how many of mean, SD and skewness of each parameter exist
CASES = {
    "normal": (density(lambda t: -0.5 * t[..., 0] ** 2, FREE), [0.0], [3]),
    "no mean, of 1e-14": (faint_tail(1e-14, 1.0), [0.0], [0]),
    "no mean, of 1e-18": (faint_tail(1e-18, 0.8), [0.0], [0]),
    "no skewness, of 1e-16": (faint_tail(1e-16, 2.5), [0.0], [2]),
    "power, 10": (power_of_an_exponential(10.0), [1.0, 1.0], [0, 3]),
    "power, 40": (power_of_an_exponential(40.0), [1.0, 1.0], [0, 3]),
    "power, 150": (power_of_an_exponential(150.0), [1.0, 1.0], [0, 3]),
    "log-normal": (log_normals(0.4), [1.0, 1.0], [3, 3]),
    "scaled": (scaled_by_another(2), [0.0, 0.0], [3, 3]),
    "scaled in space": (scaled_by_another(3), [0.0, 0.0, 0.0], [3, 3, 3]),
}


@pytest.mark.parametrize("name", CASES)
def test_moments_are_stated_where_they_exist_and_only_there(name):
    posterior, start, due = CASES[name]
    grid = certified_grid(posterior, start)
    assert grid.certified, grid.reasons
    stated = ~np.isnan([grid.mean, grid.sd, grid.skewness])
    assert list(stated.sum(axis=0)) == due
    assert np.array_equal(stated, np.sort(stated, axis=0)[::-1])  # none without those before it
    errors = np.array([grid.mean_error, grid.sd_error, grid.skewness_error])
    assert np.array_equal(~np.isnan(errors), stated)
    assert len(grid.withheld()) == sum(number < 3 for number in due)


@pytest.mark.parametrize("d", [1, 2])
@pytest.mark.parametrize("end", [5, 6, 8, 12, 20, 37, 50, 75, 100])
def test_moments_exist_where_the_density_ends_at_an_edge_nobody_declared(end, d):
    """A standard normal on |x| < end: its variance is 1 - 2 end phi(end) / (1 - 2 Phi(-end))."""

    def value(t):
        inside = np.abs(t[..., 0]) < end
        return np.where(inside, -0.5 * np.sum(t * t, axis=-1), -np.inf)

    grid = certified_grid(density(value, *[FREE] * d), [0.3] * d)
    top = math.exp(-0.5 * end**2) / math.sqrt(2 * math.pi)
    sd = np.ones(d)
    sd[0] = math.sqrt(1 - 2 * end * top / math.erf(end / math.sqrt(2)))
    assert np.all(np.abs(grid.mean) <= grid.mean_error)
    assert np.all(np.abs(grid.sd - sd) <= grid.sd_error)
    # what a lattice leaves beyond an edge at five SDs may cost is 7e-7 of an SD; a quarter more
    assert np.max(grid.sd_error) < 1e-6
    assert np.isfinite(grid.skewness).all()
    assert d == 1 or np.isfinite(grid.correlation).all()


@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e7, 1e9, 1e12])
@pytest.mark.parametrize("side", [-1.0, 1.0])
def test_moments_exist_in_every_unit(scale, side):
    """Of a gamma(20) with this scale, or its image: mean 20, SD 20^1/2, skewness 2 / 20^1/2."""

    def value(t):
        x = side * t[..., 0] / scale
        return 19 * np.log(x) - x

    support = HALF if side > 0 else (-math.inf, 0.0)
    grid = certified_grid(density(value, support), [side * 20 * scale])
    assert grid.certified, grid.reasons
    found = np.concatenate([grid.mean / scale, grid.sd / scale, grid.skewness])
    errors = [grid.mean_error / scale, grid.sd_error / scale, grid.skewness_error]
    truth = [side * 20, math.sqrt(20), side * 2 / math.sqrt(20)]
    assert np.all(np.abs(found - truth) <= np.concatenate(errors))
    assert np.max(errors[:2]) < 1e-9  # ten times what the rule of the lattice leaves of 4.5


@pytest.mark.parametrize("at", [0, 3, 5, 9])
def test_what_is_not_a_number_does_not_fall(at):
    part = -10.0 * np.arange(10)
    assert _falls(part)
    part[at] = math.nan
    assert not _falls(part)
    part[-1] = -math.inf if at != 9 else math.nan
    assert not _falls(part)

"""Moments of a parameter whose marginal comes from the lattice of another: right, or withheld."""

import math

import numpy as np
import pytest
from scipy import special

from laplace_approx.density.density import Density
from laplace_approx.exact.certified import certified_grid


def variance_and_mean(nu):
    """Return x given v normal with variance v, v inverse gamma(nu / 2, 1 / 2), and v's SD as y."""

    def value(t):
        x, y = t[..., 0], t[..., 1]
        with np.errstate(all="ignore"):
            found = -(nu + 2) * np.log(y) - 0.5 * (1 + x * x) / y**2
        return np.where(y > 0, found, -np.inf)

    lower = np.array([-math.inf, 0.0])
    return Density(("x", "y"), value, None, None, lower, np.full(2, math.inf))


def of_y(nu, order):
    """E y^order, which exists for order < nu."""
    log_value = special.gammaln((nu - order) / 2) - special.gammaln(nu / 2)
    return 2.0 ** (-order / 2) * math.exp(log_value)


@pytest.mark.parametrize("nu", [1, 2, 3, 4, 6, 10, 30])
def test_moments_of_a_heavy_tail_are_right_or_withheld(nu):
    grid = certified_grid(variance_and_mean(nu), [0.0, 0.7])
    mean = of_y(nu, 1) if nu > 1 else math.inf
    sd = math.sqrt(of_y(nu, 2) - mean**2) if nu > 2 else math.inf
    for stated, error, truth in (
        (grid.mean[1], grid.mean_error[1], mean),
        (grid.sd[1], grid.sd_error[1], sd),
    ):
        assert math.isnan(stated) or abs(stated - truth) < 2 * error + 1e-13 * truth
    of_x = 1 / math.sqrt(nu - 2) if nu > 2 else math.inf
    assert math.isnan(grid.sd[0]) or abs(grid.sd[0] - of_x) < 2 * grid.sd_error[0] + 1e-12
    # where four moments more exist than are told, nothing is withheld
    assert nu < 6 or not np.isnan([*grid.mean, *grid.sd]).any()


@pytest.mark.parametrize("bend", [10, 30])
def test_moments_of_a_bent_tail_are_told(bend):
    def value(t):
        return -0.5 * t[..., 0] ** 2 - 0.5 * (t[..., 1] - bend * (t[..., 0] ** 2 - 1)) ** 2

    ends = np.full(2, math.inf)
    grid = certified_grid(Density(("x", "y"), value, None, None, -ends, ends), [0.0, 0.0])
    sd = math.sqrt(1 + 2 * bend**2)
    due = np.array([[0.0, 0.0], [1.0, sd], [0.0, 8 * bend**3 / sd**3]])
    stated = np.array([grid.mean, grid.sd, grid.skewness])
    errors = np.array([grid.mean_error, grid.sd_error, grid.skewness_error])
    assert np.all(np.abs(stated - due) < 2 * errors + 1e-12)
    assert np.max(errors) < 1e-7

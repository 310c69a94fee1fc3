"""A quantile that lies in a gap is not told, and keeps no other from being told."""

import numpy as np
import pytest
from scipy import special

from known_posteriors import unbounded
from laplace_approx.comparison.sides import ExactSide
from laplace_approx.density.model import Model
from laplace_approx.exact.certified import certified_grid

P = np.array([0.005, 0.025, 0.25, 0.5, 0.75, 0.975, 0.995])


def two_humps(apart: float, width: float):
    """Two normals of equal mass at -apart and apart."""

    def value(x):
        left, right = (-0.5 * ((x[..., 0] + sign * apart) / width) ** 2 for sign in (1, -1))
        return np.logaddexp(left, right)

    return unbounded(("x",), value)


def side_of(density, modes):
    grid = certified_grid(density, modes)
    nothing = dict.fromkeys(Model._fields)
    model = Model(**nothing | {"parameters": ("x",), "quantities": {}, "conditions": {}})
    return grid, ExactSide(model, grid.record(), grid.lattice, grid.marginals)


@pytest.mark.parametrize(("apart", "width"), [(2.0, 0.125), (6.0, 0.3), (50.0, 1.0), (1e3, 2.0)])
def test_two_humps_of_equal_mass_are_certified_and_the_median_is_anywhere_between(apart, width):
    grid, side = side_of(two_humps(apart, width), [-apart])
    assert grid.certified, grid.reasons
    found = side.quantiles("x", P)
    inner = np.where(P < 0.5, 2 * P, 2 * P - 1)
    truth = np.where(P < 0.5, -apart, apart) + width * special.ndtri(np.where(P == 0.5, 0.9, inner))
    told = P != 0.5
    assert np.all(np.abs(found.value - truth)[told] <= found.error[told])
    assert np.all(found.error[told] < 1e-5 * width)
    # any place 8 widths and more from both is a median to 1e-15: the error reaches over all of them
    edge = apart - 8 * width
    assert found.value[3] - found.error[3] <= -edge and edge <= found.value[3] + found.error[3]
    assert found.error[3] < 4 * apart  # the gap twice: for the mass outside, and for rounding

"""What a normal has outside the support has no quantity, whatever the quantity makes of NaN."""

import numpy as np
import pytest
from scipy.stats import norm, truncnorm

from laplace_approx.comparison.sides import LaplaceSide
from laplace_approx.density.model import Model, condition_holds, evaluate_quantity
from laplace_approx.density.space import build_space
from laplace_approx.normal.normal import Normal

SUPPORT = np.array([0.0, -np.inf]), np.array([np.inf, np.inf])
MEAN, SD = np.array([1.0, 0.4]), np.array([0.8, 1.5])
# of a normal x ~ N(1, 0.8) given x > 0; y ~ N(0.4, 1.5)
CUT = truncnorm(-MEAN[0] / SD[0], np.inf, MEAN[0], SD[0])
QUANTITIES = {
    "above one": (lambda x, y: (x > 1) * 1.0, CUT.cdf(1.0)),
    "not above one": (lambda x, y: ~(x > 1) * 1.0, CUT.sf(1.0)),
    "above, as an integer": (lambda x, y: np.where(x > 1, 1, 0), CUT.cdf(1.0)),
    "kept from NaN": (lambda x, y: np.nan_to_num(x, nan=-1.0) * 0 + (x > 1), CUT.cdf(1.0)),
    "of y alone": (lambda x, y: (y > 0) * 1.0, norm.cdf(0.0, MEAN[1], SD[1])),
}


def model_of(quantity) -> Model:
    start = np.array([1.0, 0.0])
    asked = {"asked": quantity}
    return Model("cut", ("x", "y"), None, None, None, *SUPPORT, start, asked, {}, None)


@pytest.mark.parametrize("name", QUANTITIES)
def test_the_mass_outside_is_excluded_and_the_rest_is_given_that_it_is_inside(name):
    quantity, nothing = QUANTITIES[name]
    model = model_of(quantity)
    space = build_space({}, model.parameters, *SUPPORT)
    side = LaplaceSide(model, space, Normal(MEAN, np.diag(SD)))
    # a border along a node is told by polynomials between nodes 0.07 SDs apart
    assert side.excluded("asked") == pytest.approx(norm.cdf(-MEAN[0] / SD[0]), abs=1e-6)
    found = side.cdf("asked", np.array([0.5]))
    assert abs(found.value[0] - nothing) <= 2 * found.error[0]
    assert found.error[0] < 1e-5
    atoms = side.quantiles("asked", np.array([nothing - 1e-3, nothing + 1e-3]))
    assert atoms.value.tolist() == [0.0, 1.0]


@pytest.mark.parametrize("name", QUANTITIES)
def test_a_point_that_is_none_has_no_quantity(name):
    model = model_of(QUANTITIES[name][0])
    theta = np.array([[0.5, 0.1], [np.nan, 0.1], [0.5, np.nan], [2.0, 0.3]])
    value = evaluate_quantity(model, "asked", theta)
    assert np.isnan(value).tolist() == [False, True, True, False]


def test_a_quantity_that_does_not_name_what_is_none_has_its_value():
    """So that a parameter and the same thing as a derived quantity are one."""
    theta = np.array([[np.nan, 0.1], [0.5, np.nan]])
    model = model_of(lambda y: y)
    for name in ("y", "asked"):
        np.testing.assert_array_equal(evaluate_quantity(model, name, theta), theta[:, 1])
    space = build_space({}, model.parameters, *SUPPORT)
    side = LaplaceSide(model, space, Normal(MEAN, np.diag(SD)))
    assert side.excluded("asked") == side.excluded("y") == 0.0


def test_no_condition_holds_where_what_it_names_is_none():
    model = model_of(lambda x, y: x + y)
    model = model._replace(conditions={"asked": lambda x: ~(x > 1)})
    theta = np.array([[np.nan, 0.1], [0.5, np.nan], [2.0, 0.0]])
    assert condition_holds(model, "asked", theta).tolist() == [False, True, False]

"""Laws of a space: one to one, its log-Jacobian is that of the map, and it says what it is."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from laplace_approx.density.space import build_space
from laplace_approx.errors import InputError

INF = math.inf
NAMES = ("alpha", "sigma", "p", "nu")
LOWER, UPPER = np.array([-INF, 0.0, 0.0, 0.0]), np.array([INF, INF, 1.0, INF])
DEFINITION = {"sigma": "log", "p": "logit", "nu": {"power": -2}}
SPACE = build_space(DEFINITION, NAMES, LOWER, UPPER)

inner = st.tuples(*[st.floats(-8, 8)] * 3, st.floats(0.05, 20)).map(np.array)


@given(inner)
def test_unconstrain_inverts_constrain(z):
    # the logit at 8 is known to eps / T'(8) = 7e-13
    np.testing.assert_allclose(SPACE.unconstrain(SPACE.constrain(z)), z, rtol=1e-12, atol=2e-12)


@given(inner)
def test_log_jacobian_is_the_log_determinant_of_the_numerical_slope(z):
    h = 1e-6 * np.maximum(np.abs(z), 1e-2)
    forward = np.array([SPACE.constrain(z + row) for row in np.diag(h)])
    backward = np.array([SPACE.constrain(z - row) for row in np.diag(h)])
    matrix = (forward - backward) / (2 * h[:, None])
    # rounding of theta over the step: eps |theta| / (h T'), at most 1e-16 / (1e-8 3e-4)
    assert SPACE.log_jacobian(z) == pytest.approx(np.linalg.slogdet(matrix)[1], abs=2e-4)


def test_shapes_follow_the_last_axis():
    z = np.full((2, 3, 4), 0.5)
    assert SPACE.constrain(z).shape == (2, 3, 4)
    assert SPACE.log_jacobian(z).shape == (2, 3)
    assert SPACE.log_jacobian(z[0, 0]).shape == ()
    np.testing.assert_array_equal(SPACE.constrain(z)[1, 2], SPACE.constrain(z[1, 2]))


@pytest.mark.filterwarnings("error")
def test_outside_the_bounds_is_nan_in_that_coordinate_only():
    z = np.array([[0.0, 0.0, 0.0, -1.0], [np.nan, 0.0, 0.0, 1.0]])
    outside = np.isnan(SPACE.constrain(z))
    np.testing.assert_array_equal(
        outside, [[False, False, False, True], [True, False, False, False]]
    )
    assert np.all(np.isnan(SPACE.log_jacobian(z)))
    natural = build_space({}, ("sigma",), [0.0], [INF])
    assert np.isnan(natural.constrain(np.array([0.0])))


def test_it_says_which_density_the_normal_approximates():
    space = build_space({"beta": "log"}, ("alpha", "beta"), [-INF, -INF], [INF, INF])
    assert space.names == ("alpha", "log(beta)")
    assert space.text == "p(alpha, log(beta) | data) = p(alpha, beta | data) * beta"
    natural = build_space({}, ("alpha", "beta"), [-INF, -INF], [INF, INF])
    assert natural.text == "p(alpha, beta | data)"
    square = build_space({"s": "square"}, ("s",), [0.0], [INF])
    assert square.names == ("s^2",)
    assert square.text == "p(s^2 | data) = p(s | data) * 1 / (2 * s)"


@pytest.mark.parametrize(
    "definition",
    ["log", "square", "sqrt", {"power": 3}, {"power": -2}, {"log": {"shift": -2}}, "logit"],
)
def test_the_factor_in_the_text_is_the_jacobian(definition):
    # density in z over density in theta is |dtheta/dz|
    space = build_space({"s": definition}, ("s",), [0.0], [3.0])
    theta = np.array([1.7])
    factor = space.text.split("p(s | data) * ")[1].replace("^", "**").replace("sqrt", "math.sqrt")
    expected = eval(factor, {"s": 1.7, "math": math})  # our own text, not input
    got = math.exp(space.log_jacobian(space.unconstrain(theta)))
    assert got == pytest.approx(expected, rel=1e-12)


def test_restricts_names_what_the_space_leaves_out():
    names = ("a", "b", "c", "d")
    definition = {"b": "log", "c": "log", "d": {"logit": {"upper": 0.5}}}
    space = build_space(definition, names, [-INF, -INF, 0.0, 0.0], [INF, INF, INF, 1.0])
    assert space.restricts == ("b", "d")
    assert SPACE.restricts == ()


def test_many_parameters_are_transformed_together():
    d = 1000
    names = tuple(f"b{i}" for i in range(d))
    space = build_space({"b3": "log"}, names, np.full(d, -INF), np.full(d, INF))
    z = np.linspace(-1, 1, d)
    theta = space.constrain(z)
    assert theta[3] == math.exp(z[3])
    np.testing.assert_array_equal(np.delete(theta, 3), np.delete(z, 3))


@pytest.mark.parametrize(
    ("definition", "said"),
    [
        ({"bta": "log"}, "Did you mean 'beta'"),
        ({"beta": "lg"}, "space.beta"),
        (["log"], "not a map"),
    ],
)
def test_refusals(definition, said):
    with pytest.raises(InputError, match=said):
        build_space(definition, ("alpha", "beta"), [-INF, -INF], [INF, INF])

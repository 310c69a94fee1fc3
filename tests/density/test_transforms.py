"""Laws of the scalar transforms: inverse, slope, log-Jacobian, bounds, and what is refused."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from laplace_approx.density.transform_names import build_transform
from laplace_approx.density.transforms import Identity, Log, Logit, Power, bounds
from laplace_approx.errors import InputError

WHOLE = (Identity(), Log(), Log(-1.5), Log(3.0), Logit(0.0, 1.0), Logit(-2.0, 5.0))
POSITIVE = (Power(2.0), Power(0.5), Power(3.0), Power(-1.0), Power(-2.0), Power(1 / 3))
EVERY = [(t, z) for t in WHOLE for z in (-4.0, -0.3, 0.0, 0.7, 5.0)] + [
    (t, z) for t in POSITIVE for z in (0.01, 0.4, 1.0, 3.0, 40.0)
]


def slope(function, z):
    """Return the central difference with one Richardson step: error about h^4, here 1e-10."""
    h = 1e-3 * (abs(z) or 1.0)
    coarse = (function(z + h) - function(z - h)) / (2 * h)
    fine = (function(z + h / 2) - function(z - h / 2)) / h
    return (4 * fine - coarse) / 3


@given(st.sampled_from(WHOLE), st.floats(-30, 30))
def test_unconstrain_inverts_constrain(transform, z):
    # theta near the end a of a range is known to eps max(|a|, |theta|) only, and 1/T' magnifies it
    theta = transform.constrain(z)
    ends = [abs(end) for end in transform.domain if math.isfinite(end)]
    magnified = 1e-15 * max(1.0, abs(theta), *ends) / transform.constrain_d1(z)
    assert transform.unconstrain(theta) == pytest.approx(z, rel=1e-13, abs=1e-13 + 4 * magnified)


@given(st.sampled_from(POSITIVE), st.floats(1e-30, 1e30))
def test_powers_invert(transform, z):
    assert transform.unconstrain(transform.constrain(z)) == pytest.approx(z, rel=1e-13)


@pytest.mark.parametrize(("transform", "z"), EVERY)
def test_derivatives_are_the_numerical_slopes(transform, z):
    close = {"rel": 1e-8, "abs": 1e-9}
    assert transform.constrain_d1(z) == pytest.approx(slope(transform.constrain, z), **close)
    assert transform.constrain_d2(z) == pytest.approx(slope(transform.constrain_d1, z), **close)
    assert transform.log_jacobian_d1(z) == pytest.approx(slope(transform.log_jacobian, z), **close)
    assert transform.log_jacobian_d2(z) == pytest.approx(
        slope(transform.log_jacobian_d1, z), **close
    )


@pytest.mark.parametrize(("transform", "z"), EVERY)
def test_log_jacobian_is_the_log_of_the_slope(transform, z):
    numerical = math.log(abs(slope(transform.constrain, z)))
    assert transform.log_jacobian(z) == pytest.approx(numerical, abs=1e-8)


def test_far_out_nothing_is_lost():
    logit = Logit(0.0, 1.0)
    # logit^-1(-700) = exp(-700) to the last digit, and the Jacobian is the same number
    assert logit.constrain(-700.0) == pytest.approx(math.exp(-700), rel=1e-14)
    assert logit.log_jacobian(-1e6) == -1e6
    assert logit.log_jacobian(1e6) == -1e6
    assert Logit(2.0, 3.0).constrain(1e6) == 3.0
    assert Log().unconstrain(5e-324) == math.log(5e-324)
    assert Log().log_jacobian(-1e5) == -1e5
    assert Power(2.0).log_jacobian(1e-300) == pytest.approx(-math.log(2) + 150 * math.log(10))


@pytest.mark.filterwarnings("error")
def test_outside_is_nan_without_a_warning():
    assert np.isnan(Log().unconstrain(-1.0))
    assert np.isnan(Logit(0.0, 1.0).unconstrain(1.5))
    assert np.isnan(Power(2.0).unconstrain(-1.0))
    assert np.isnan(Power(2.0).constrain(-1.0))
    assert np.isnan(Power(2.0).log_jacobian(-1.0))
    assert Log().constrain(1e4) == math.inf


@pytest.mark.parametrize(
    ("transform", "support", "expected"),
    [
        (Identity(), (-math.inf, 2.0), (-math.inf, 2.0)),
        (Log(), (0.0, math.inf), (-math.inf, math.inf)),
        (Log(), (-math.inf, math.inf), (-math.inf, math.inf)),
        (Log(), (1.0, math.e), (0.0, 1.0)),
        (Power(2.0), (0.0, 3.0), (0.0, 9.0)),
        (Power(-1.0), (0.5, math.inf), (0.0, 2.0)),
        (Logit(0.0, 2.0), (0.0, 1.0), (-math.inf, 0.0)),
    ],
)
@pytest.mark.filterwarnings("error")
def test_bounds_of_z(transform, support, expected):
    assert bounds(transform, *support) == pytest.approx(expected)


def test_definitions():
    line = (-math.inf, math.inf)
    assert build_transform("identity", "k", *line) == Identity()
    assert build_transform("log", "k", *line) == Log(0.0)
    assert build_transform({"log": {"shift": 2}}, "k", *line) == Log(2.0)
    assert build_transform("logit", "k", 0, 1) == Logit(0.0, 1.0)
    assert build_transform({"logit": {"upper": 4}}, "k", 0, math.inf) == Logit(0.0, 4.0)
    assert build_transform("square", "k", *line) == Power(2.0)
    assert build_transform("sqrt", "k", *line) == Power(0.5)
    assert build_transform({"power": -2}, "k", *line) == Power(-2.0)


@pytest.mark.parametrize(
    ("definition", "support", "said"),
    [
        ("lgo", (-math.inf, math.inf), "Did you mean 'log'"),
        ("log", (-math.inf, 0.0), r"theta in \(0, inf\)"),
        ("sqrt", (-math.inf, -1.0), "nothing is left"),
        ("logit", (-math.inf, math.inf), "no lower bound"),
        ("logit", (0.0, math.inf), "no upper bound"),
        ({"logit": {"lower": 2, "upper": 1}}, (0, 3), "lower 2 must be below upper 1"),
        ("power", (0, math.inf), r"\{power: 3\}"),
        ({"power": 0}, (0, math.inf), "makes every theta the same"),
        ({"power": "2"}, (0, math.inf), "not a finite number"),
        ({"power": math.nan}, (0, math.inf), "not a finite number"),
        ({"log": {"shfit": 2}}, (0, math.inf), "shift"),
        ({"log": 2}, (0, math.inf), "not a map"),
        ({"square": 2}, (0, math.inf), "no settings"),
        (["log"], (0, math.inf), "not a transform"),
        (None, (0, math.inf), "not a transform"),
    ],
)
def test_what_is_refused_says_where_and_what_to_write(definition, support, said):
    with pytest.raises(InputError, match=said) as caught:
        build_transform(definition, "space.beta", *support)
    assert "space.beta" in str(caught.value)

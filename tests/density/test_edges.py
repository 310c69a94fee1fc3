"""Distances from the ends of a support keep the digits that numbers next to an end have lost."""

from decimal import Decimal, localcontext

import numpy as np
import pytest

from laplace_approx.density.edges import log_gaps
from laplace_approx.density.priors import build_prior
from laplace_approx.density.transforms import Log, Logit
from laplace_approx.density.unbounded import ReflectedLog

TRANSFORMS = (Log(), Log(3.0), Logit(0.0, 1.0), Logit(-2.0, 5.0), ReflectedLog(3.0))
LOGIT = {"logit": {"lower": 0, "upper": 1}}
PRIORS = {
    "beta": {"family": "beta", "a": 0.01, "b": 3.0},
    "on-logit": {"family": "normal", "mean": 2, "sd": 3, "on": LOGIT},
    "gamma": {"family": "gamma", "shape": 0.01, "rate": 2.0},
    "on-log": {"family": "normal", "mean": 0, "sd": 1, "on": {"log": {"shift": 1}}},
}


@pytest.mark.parametrize("transform", TRANSFORMS, ids=str)
@pytest.mark.parametrize("z", [-800.0, -40.0, -1.0, 0.0, 0.7, 40.0, 800.0])
def test_a_distance_is_that_of_the_coordinate(transform, z):
    lower, upper = transform.domain
    with localcontext() as context:
        context.prec = 800
        e = (-Decimal(z)).exp()
        if np.isfinite(lower) and np.isfinite(upper):
            width = Decimal(upper) - Decimal(lower)
            due = {0: width / (1 + e), 1: width * e / (1 + e)}
        else:
            due = {0: 1 / e} if np.isfinite(lower) else {1: e}
        due = {side: float(gap.ln()) for side, gap in due.items()}
    for side, log_gap in due.items():
        found = float(transform.log_gap(np.array(z), side))
        assert found == pytest.approx(log_gap, rel=1e-14, abs=1e-15)


def test_where_a_transform_ends_elsewhere_the_distance_is_that_of_the_number():
    z = np.array([[0.3]])
    theta = Log().constrain(z)
    below, above = log_gaps((Log(),), z, theta, np.array([0.5]), np.array([9.0]))
    assert below == pytest.approx(np.log(theta - 0.5)) and above == pytest.approx(np.log(9 - theta))


@pytest.mark.parametrize("settings", PRIORS.values(), ids=PRIORS)
def test_a_prior_from_distances_is_the_prior_of_the_number_where_that_has_digits(settings):
    prior = build_prior({"x": settings}, ("x",))
    lower, upper = prior.lower, prior.upper
    width = 1.0 if np.isinf(upper[0]) else upper[0] - lower[0]
    x = lower + width * np.array([[1e-3], [0.1], [0.5], [0.9], [0.999]])
    gaps = np.log(x - lower), np.log(upper - x)
    found = prior.interior.near(x, *gaps, lower, upper)
    np.testing.assert_allclose(found, prior.interior.log_density(x), rtol=1e-11)


def test_a_prior_without_such_ends_is_asked_for_numbers_alone():
    for settings in (
        {"family": "normal", "mean": 0, "sd": 1},
        {"family": "gamma", "shape": 2, "rate": 1},
    ):
        assert build_prior({"x": settings}, ("x",)).interior.near is None

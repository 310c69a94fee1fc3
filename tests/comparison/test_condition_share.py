"""The share of a normal that a condition on one parameter leaves out, in every dimension."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.special import ndtr

from cases_in_memory import laplace_of, posterior_of
from laplace_approx.comparison.condition_share import condition_share
from laplace_approx.comparison.sides import LaplaceSide
from laplace_audit.laws.quantiles import excluded_limit
from laplace_audit.numerics.normal import normal_of
from laplace_audit.numerics.sides import NormalSide
from laplace_audit.numerics.target import Target

MODEL = """
import numpy as np

PARAMETERS = ("a", "b", "c", "d", "s")
SUPPORT = {"s": (0, None)}
START = (0.0, 0.0, 0.0, 0.0, 1.0)
QUANTITIES = {
    "above": lambda a, b: a / b,
    "between": lambda a, c: a * c,
    "scale": lambda s, d: d / s,
    "always": lambda a, b: a + b,
    "never": lambda a, b: a - b,
    "both": lambda a, b: a / b,
    "lacking": lambda a, b: np.sqrt(a) + b,
    "plain": lambda a, b: a + b,
}
CONDITIONS = {
    "above": lambda b: b > 1,
    "between": lambda c: (np.abs(c) < 2) & (np.abs(c) > 0.5),
    "scale": lambda s: s > 2,
    "always": lambda a: a > -1e9,
    "never": lambda a: a > 1e9,
    "both": lambda a, b: a < b,
    "lacking": lambda b: b > 0,
}


def log_likelihood(theta, data):
    a, b, c, d, s = (theta[..., i] for i in range(5))
    u = np.log(s)
    return -0.5 * (a**2 + (b - a) ** 2 + c**2 / 9 + d**2 + u**2) - u
"""
PLANE = """
import numpy as np

PARAMETERS = {names}
START = {start}
QUANTITIES = {{"plane": lambda a: np.exp(a)}}
CONDITIONS = {{"plane": lambda {last}: {last} > {end}}}


def log_likelihood(theta, data):
    return -0.5 * np.sum(theta**2, axis=-1)
"""
B, LOG_2 = math.sqrt(2), math.log(2)
# the closed forms: b ~ N(0, 2), c ~ N(0, 9), and log s ~ N(0, 1) in the space of logarithms
SHARES = {
    "above": ndtr(1 / B),
    "between": 2 * ndtr(-2 / 3) + 2 * ndtr(0.5 / 3) - 1,
    "scale": ndtr(LOG_2),
    "always": 0.0,
    "never": 1.0,
}


@pytest.fixture(scope="module")
def normal(tmp_path_factory):
    file = tmp_path_factory.mktemp("model") / "conditions.py"
    file.write_text(MODEL)
    return laplace_of(posterior_of(file), {"s": "log"}, "log_s")


def side_of(normal) -> LaplaceSide:
    return LaplaceSide(normal.model, normal.space, normal.normal)


@pytest.mark.parametrize("name", SHARES)
def test_the_marginal_of_one_parameter_gives_the_share(normal, name):
    # the mode and its SD are known to a few 1e-6
    assert side_of(normal).excluded(name) == pytest.approx(SHARES[name], abs=1e-5)


@pytest.mark.parametrize("name", ["both", "lacking", "plain"])
def test_what_one_marginal_does_not_tell_is_not_known(normal, name):
    """A condition on two parameters, a quantity that lacks a value though it holds, none at all."""
    assert math.isnan(side_of(normal).excluded(name))


@pytest.mark.parametrize("name", [*SHARES, "both", "lacking", "plain"])
def test_the_audit_comes_to_the_same(normal, name):
    target = Target(normal.posterior.record)
    space = target.space({"s": "log"})
    audited = NormalSide(target, normal_of(normal.mode, normal.curvature, space)).excluded(name)
    # half of one of 65536 shares at each of four ends
    np.testing.assert_allclose(side_of(normal).excluded(name), audited, atol=4e-5)


@pytest.mark.parametrize("d", [1, 2, 3, 4])
@pytest.mark.parametrize("end", [-1.3, 0.1, 0.37])
def test_the_share_is_that_of_the_marginal_in_every_dimension(tmp_path, d, end):
    """A border that a lattice of three axes passes between two nodes of is off there by 0.02."""
    file = tmp_path / "plane.py"
    file.write_text(
        PLANE.format(names=tuple("abcd"[:d]), start=(0.0,) * d, last="abcd"[d - 1], end=end)
    )
    standard = laplace_of(posterior_of(file))
    share = side_of(standard).excluded("plane")
    assert share == pytest.approx(ndtr(end), abs=1e-5)  # the mode is known to a few 1e-6
    target = Target(standard.posterior.record)
    audited = NormalSide(target, normal_of(standard.mode, standard.curvature, target.space({})))
    limit = excluded_limit("plane", audited)
    assert limit < 1e-5  # half of one of 65536 shares
    assert abs(audited.excluded("plane") - share) <= limit


@pytest.mark.parametrize("end", [-8.0, -3.0, 0.0, 1e-9, 2.0, 6.0])
def test_small_shares_keep_their_digits(normal, end):
    """P(a <= end) and P(a > end) under a standard normal, each to rounding."""
    mean, factor = np.zeros(5), np.eye(5)
    standard = SimpleNamespace(mean=mean, cholesky=factor)
    for condition, due in ((lambda a: a > end, ndtr(end)), (lambda a: a <= end, ndtr(-end))):
        model = normal.model._replace(conditions={"plain": condition})
        share = condition_share(model, normal.space, standard, "plain")
        assert share == pytest.approx(float(due), rel=1e-12)

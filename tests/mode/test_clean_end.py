"""The end of a support that is advised where digits are lost, and the mass beyond it."""

import re

import numpy as np
import pytest
from scipy.special import ndtr

from laplace_approx.density.density import Density
from laplace_approx.density.evaluation import Evaluator
from laplace_approx.errors import Declined
from laplace_approx.mode.checks.profile import profile
from laplace_approx.mode.search import find_mode


def rough(x):
    """A number between -1 and 1 that has nothing to do with its neighbours."""
    x = np.sin(x * 1e9 + 12.9) * 43758.5453
    return 2 * (x - np.floor(x)) - 1


def correlated(d, rho, mean, digits_end):
    """Return a normal density with SDs of 1, whose digits end so many of them from its mean along
    the first parameter: beyond, it scatters more and more."""
    precision = np.linalg.inv((1 - rho) * np.eye(d) + rho)

    def log_density(x):
        z = x - mean
        out = z[..., 0] * np.sign(digits_end) - abs(digits_end)
        scatter = np.where(out > 0, 1e-3 * np.exp(np.minimum(10 * out, 12)), 0.0)
        quadratic = np.einsum("...i,ij,...j->...", z, precision, z)
        return -0.5 * quadratic + scatter * rough(x[..., 0])

    ends = np.full(d, np.inf)
    return Density(tuple("abcdefgh"[:d]), log_density, None, None, -ends, ends)


def advised(density, start):
    """Return the end that is advised and the share said to lie beyond; None where none is."""
    with pytest.raises(Declined) as caught:
        find_mode(density, start, seed=0)
    assert caught.value.details["digits_lost"]
    found = re.search(r"end at a = (\S+), .* about (\S+) of the mass", caught.value.message)
    return found and (float(found[1]), float(found[2]))


@pytest.mark.parametrize("rho", [0.0, 0.9, 0.98])
@pytest.mark.parametrize("digits_end", [1.2, 2.0, 3.0])
def test_no_end_is_advised_with_mass_beyond(rho, digits_end):
    """A line through the mode of a normal with correlation 0.98 has SDs of a fifth."""
    assert advised(correlated(2, rho, 0.0, digits_end), np.full(2, 0.1)) is None


@pytest.mark.parametrize(("d", "rho"), [(1, 0.0), (2, 0.98), (3, 0.9)])
@pytest.mark.parametrize("mean", [0.0, 1000.0, -2e5])
@pytest.mark.parametrize("digits_end", [8.0, -8.0])
def test_an_end_is_told_as_far_from_the_mode_as_it_is(d, rho, mean, digits_end):
    density = correlated(d, rho, mean, digits_end)
    end, share = advised(density, np.full(d, mean + 0.1))
    sds = (end - mean) * np.sign(digits_end)
    # beyond 5 SDs, with 3e-7, and before the digits end: places to look at are up to 15 % apart
    assert 5 < sds < 8.08
    # p t per unit of log t over its highest, with 1 / t of the mass beyond t: t^2 too much
    assert 0.5 < share / ndtr(-sds) < 10 * sds**2


def test_an_end_is_told_with_as_many_digits_as_it_was_looked_at():
    """With SDs of 1e-3 about 1000: two digits of the number itself would be 1000."""
    wide = correlated(1, 0.0, 0.0, 8.0)
    narrow = wide._replace(log_density=lambda x: wide.log_density((x - 1000.0) * 1e3))
    end, _ = advised(narrow, np.array([1000.0001]))
    assert 5e-3 < end - 1000 < 8.08e-3


A = np.linspace(-3.0, 3.0, 13)


def near(x):
    return -0.5 * x[..., 0] ** 2


# conditional normals of the others given the first, whose marginal density is the standard normal
CONDITIONED = {
    "straight": lambda x, y: (y - 0.9 * x, 1.0),
    "narrow": lambda x, y: (y - 0.9999 * x, 0.01),
    "a funnel": lambda x, y: (y, np.exp(x)),
    "a bent ridge": lambda x, y: (y - x**2, 0.3),
}


@pytest.mark.parametrize("d", [1, 2, 4])
@pytest.mark.parametrize("shape", CONDITIONED)
def test_a_profile_and_its_width_give_the_marginal_density_of_conditional_normals(d, shape):
    def log_density(x):
        y = x[..., 1:]
        off, sd = CONDITIONED[shape](x[..., :1], y)
        return near(x) - np.sum(0.5 * (off / sd) ** 2 + np.log(sd), axis=-1)

    ends = np.full(d, np.inf)
    density = Density(tuple("abcd"[:d]), log_density, None, None, -ends, ends)
    with np.errstate(all="ignore"):  # steps are sought out to where exp overflows
        found = profile(Evaluator(density), np.zeros(d), 0, A)
    marginal = found.log_density + found.log_width
    # Newton's method ends 1e-2 SD from the top, and differences are good to 1e-4 of a curvature
    np.testing.assert_allclose(marginal - marginal[6], -0.5 * A**2, atol=1e-3)
    np.testing.assert_array_equal(found.points[:, 0], A)


def test_where_there_is_no_normal_there_is_no_profile():
    ends = np.full(2, np.inf)
    saddle = Density(("a", "b"), lambda x: x[..., 0] ** 2 - x[..., 1] ** 2, None, None, -ends, ends)
    assert profile(Evaluator(saddle), np.zeros(2), 0, A) is None

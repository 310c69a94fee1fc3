"""Where a log density loses its digits far from its mass, an end of the support that mends it."""

import re

import numpy as np
import pytest
from scipy.special import gammaln

from laplace_approx.density.model import Model
from laplace_approx.density.posterior import natural_density
from laplace_approx.density.priors import build_prior
from laplace_approx.errors import Declined
from laplace_approx.mode.search import find_mode

COUNTS = np.array([3, 0, 9, 4, 1, 7, 2, 12, 5, 0, 3, 6])
MEAN = {"mu": {"family": "gamma", "shape": 2, "rate": 0.5}}
SIZES = {
    "half_cauchy": {"family": "half_cauchy", "scale": 5},  # 1 / phi of the mass lies beyond phi
    "inverse_gamma": {"family": "inverse_gamma", "shape": 0.25, "scale": 1},  # phi^-1/4
}


def negative_binomial(theta):
    """The textbook's formula, whose differences of gammaln lose their digits as phi rises."""
    mu, phi = theta[..., 0, None], theta[..., 1, None]
    terms = gammaln(COUNTS + phi) - gammaln(phi) - gammaln(COUNTS + 1)
    return np.sum(terms + phi * np.log(phi / (phi + mu)) + COUNTS * np.log(mu / (mu + phi)), -1)


def searched(size, upper=np.inf):
    names = ("mu", "phi")
    model = Model(
        name="nb",
        parameters=names,
        log_likelihood=negative_binomial,
        gradient=None,
        hessian=None,
        lower=np.zeros(2),
        upper=np.array([np.inf, upper]),
        start=np.array([3.0, 2.0]),
        quantities={},
        conditions={},
        monotone=None,
    )
    density = natural_density(model, build_prior(MEAN | {"phi": SIZES[size]}, names))
    return find_mode(density, model.start, seed=0)


def refusal(size) -> str:
    with pytest.raises(Declined) as caught:
        searched(size)
    assert caught.value.details["digits_lost"]
    return caught.value.message


def test_the_end_that_is_advised_serves_and_its_share_is_that_of_the_tail():
    message = refusal("half_cauchy")
    end = float(re.search(r"end at phi = ([-+.e\d]+),", message)[1])
    share = float(re.search(r"about ([-e\d]+) of the mass", message)[1])
    # the tail of the prior beyond the end is 2 * 5 / (pi end), times what the data say of a size
    # without end against one of the bulk: between a hundredth and one here
    assert 0.01 < share / (2 * 5 / (np.pi * end)) < 10
    mode = searched("half_cauchy", upper=end)
    assert 0 < mode.x[1] < 20


def test_no_end_is_advised_where_mass_lies_beyond():
    assert "let the SUPPORT" not in refusal("inverse_gamma")

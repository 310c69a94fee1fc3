"""Diagnostics of chains on chains whose effective size and agreement are known."""

import math

import numpy as np
import pytest

from laplace_approx.numerics.monte_carlo import (
    bulk_ess,
    quantile_errors,
    r_hat,
    tail_ess,
)


def chains(rho, shape=(4, 5000), seed=1):
    """Return AR(1) chains of unit variance with autocorrelation rho."""
    noise = np.random.default_rng(seed).standard_normal(shape)
    x = np.empty(shape)
    x[:, 0] = noise[:, 0]
    for i in range(1, shape[1]):
        x[:, i] = rho * x[:, i - 1] + math.sqrt(1 - rho**2) * noise[:, i]
    return x


@pytest.mark.parametrize("rho", [0.0, 0.5, 0.9])
def test_the_bulk_size_is_that_of_an_autoregression(rho):
    """n (1 - rho) / (1 + rho) for the mean; the estimate is within a seventh at this length."""
    x = chains(rho)
    assert bulk_ess(x) == pytest.approx(x.size * (1 - rho) / (1 + rho), rel=0.15)


def test_the_tails_of_a_sticky_chain_are_worth_less_than_its_number_of_draws():
    assert tail_ess(chains(0.9)) < 0.4 * tail_ess(chains(0.0))


def test_r_hat_sees_a_chain_that_is_elsewhere_and_one_that_is_wider():
    x = chains(0.0)
    assert r_hat(x) == pytest.approx(1, abs=0.002)
    elsewhere = x + np.array([0, 0, 0, 1.0])[:, None]
    wider = x * np.array([1, 1, 1, 3.0])[:, None]
    assert r_hat(elsewhere) > 1.05
    assert r_hat(wider) > 1.05


def test_the_error_of_a_quantile_is_its_spread_over_repetitions():
    p = [0.05, 0.5, 0.9]
    repeated = [chains(0.5, (4, 500), seed) for seed in range(200)]
    spread = np.std([np.quantile(x, p) for x in repeated], axis=0)
    claimed = np.mean([quantile_errors(x, p) for x in repeated], axis=0)
    # the spread over 200 repetitions is known to 5 %
    np.testing.assert_allclose(claimed, spread, rtol=0.2)


@pytest.mark.parametrize("value", [1.0, np.nan, np.inf])
def test_what_has_no_diagnosis_has_none(value):
    x = chains(0.0, (4, 200))
    x[:] = value if value == 1.0 else np.where(np.arange(200) == 3, value, x)
    for diagnosis in (r_hat, bulk_ess, tail_ess):
        assert math.isnan(diagnosis(x))
    assert np.isnan(quantile_errors(x, [0.5])).all()

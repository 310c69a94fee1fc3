"""The weights beyond an end: their shape, and what an end says of itself by it."""

import math

import numpy as np
import pytest
from scipy.stats import norm

from laplace_approx.numerics.monte_carlo import pareto_smoothed
from laplace_approx.numerics.pareto_tail import tail_shape
from laplace_approx.reference.frozen_draws import FrozenDraws
from laplace_approx.reference.side import LOG_RATIO, REPLICATE, WEIGHT, WeightedSide
from laplace_approx.reference.tails import heaviest_tail
from laplace_audit.numerics.weighted import WeightedDraws, shape_of_part

N, BLOCKS = 2**16, 64
P = np.array([0.025, 0.25, 0.5, 0.75, 0.975])
UNSURE = 0.004


@pytest.mark.parametrize("n", [25, 100, 226, 5000, 60_000])
@pytest.mark.parametrize("k", [0.0, 0.3, 0.9])
def test_the_shape_is_that_of_the_smoothing(n, k):
    u = np.random.default_rng(n).random(n)
    log_weights = np.log(-np.log(u) if k == 0 else (u**-k - 1) / k + 0.1)
    assert tail_shape(log_weights) == pytest.approx(pareto_smoothed(log_weights).k, abs=1e-9)


def test_equal_weights_have_no_tail_and_few_none_that_is_known():
    assert tail_shape(np.full(400, -3.0)) == -math.inf
    assert tail_shape(np.arange(24.0)) is None


@pytest.mark.parametrize("offset", [0.0, 2.0**20, 3e8, -3e8])
@pytest.mark.parametrize("shape_of", [tail_shape, shape_of_part])
def test_a_constant_in_all_log_weights_changes_no_shape(shape_of, offset):
    """Weights on a lattice of 2^-20, so that a float holds them with the offset too."""
    log_weights = np.round(0.6 * np.random.default_rng(7).exponential(size=4000) * 2**20) / 2**20
    found = shape_of(log_weights + offset)
    assert found == shape_of(log_weights) and found == pytest.approx(0.6, abs=0.4)


@pytest.mark.parametrize("offset", [0.0, 3e8])
@pytest.mark.parametrize("n", [40, 4000])
def test_where_only_the_largest_weights_are_equal_their_shape_is_not_known(n, offset):
    log_weights = np.linspace(-3, 0, n)
    log_weights[-(n // 4) :] = 1.0
    assert tail_shape(log_weights + offset) is None and math.isnan(shape_of_part(log_weights))
    assert pareto_smoothed(log_weights + offset).k is None
    for equal in (np.full(n, 1.0) + offset, np.full(n, 1.0) + 1e-10 * log_weights):
        assert tail_shape(equal) == shape_of_part(equal) == -math.inf


def columns_of(k: float, seed: int) -> dict:
    """Return independent draws of N(0, 1) with weights of mean 1, Pareto of shape k below -1.6 and
    all but even elsewhere."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal(N)
    heavy = rng.random(N) ** -k * (1 - k)  # of mean 1
    weight = np.where(x < -1.6, heavy, rng.uniform(0.9, 1.1, N))
    replicate = np.repeat(np.arange(BLOCKS), N // BLOCKS).astype(float)
    return {
        "x": x,
        WEIGHT: weight / weight.sum(),
        LOG_RATIO: np.log(weight),
        REPLICATE: replicate,
    }


@pytest.mark.parametrize("seed", range(4))
def test_an_end_is_as_sure_as_the_weights_beyond_it(seed):
    """The k of 1600 weights is known to .1 or less, so these three are told apart."""
    for k, known, counted in ((0.0, True, False), (0.5, True, True), (0.95, False, True)):
        columns = columns_of(k, seed)
        without = WeightedSide(columns).quantiles("x", P)
        found = WeightedSide(columns, 0.0, UNSURE).quantiles("x", P)
        assert np.isfinite(found.value).tolist() == [known, True, True, True, True]
        assert np.isfinite(found.error).tolist() == [known, True, True, True, True]
        # below the upper end the same weights lie, but mass that is missed there moves it little
        assert found.error[-1] <= without.error[-1] + 0.1 * UNSURE / norm.pdf(norm.ppf(0.975))
        if known:
            moved = UNSURE / norm.pdf(norm.ppf(0.025)) if counted else 0.0
            # the draws' own density at the end is known to a fifth
            assert found.error[0] == pytest.approx(math.hypot(without.error[0], moved), rel=0.2)


@pytest.mark.parametrize("k", [0.0, 0.5, 0.95])
def test_the_audit_finds_the_same_ends_and_errors(k):
    columns = columns_of(k, 9)
    found = WeightedSide(columns, 1e-4, UNSURE).quantiles("x", P)
    audited = WeightedDraws(columns, "x", 1e-4, UNSURE)
    np.testing.assert_allclose(found.value, [audited.stated(p) for p in P], rtol=1e-12)
    np.testing.assert_allclose(found.error, [audited.error(p) for p in P], rtol=1e-9)


def test_mass_that_is_missed_below_moves_the_cdf_there_and_not_above():
    side, at = WeightedSide(columns_of(0.5, 1), 0.0, UNSURE), norm.ppf([0.025, 0.975])
    without = WeightedSide(columns_of(0.5, 1)).cdf("x", at).error
    found = side.cdf("x", at).error
    assert found[0] == pytest.approx(math.hypot(without[0], 0.975 * UNSURE), rel=0.01)
    assert found[1] < without[1] + 0.05 * UNSURE


@pytest.mark.parametrize("seed", range(4))
def test_the_heaviest_tail_is_found_where_the_k_of_all_hides_it(seed):
    """As in a funnel: heavy weights beyond one end, where the others are in their middle, below
    those of many draws on the other side."""
    rng = np.random.default_rng(seed)
    z = rng.standard_normal((N, 3))
    neck, mouth = z[:, 1] < -1.96, z[:, 1] > 0.5
    z[neck] *= [0.3, 1, 0.3]
    even = rng.uniform(0, 0.1, N)
    log_ratio = np.where(neck, 0.9 * rng.exponential(size=N) - 0.5, even + 3.5 * mouth)
    weights = np.exp(log_ratio) / np.exp(log_ratio).sum()
    blocks = np.repeat(np.arange(BLOCKS), N // BLOCKS)
    found = heaviest_tail(FrozenDraws(z, blocks, log_ratio, weights, 0.0, None, None, (0.0, 0.0)))
    assert pareto_smoothed(log_ratio).k < 0.7  # all draws would pass
    assert (found.parameter, found.probability) == (1, 0.025)
    # the largest 120 of 1600 weights tell k to .15
    assert not found.light and found.part.k == pytest.approx(0.9, abs=0.5)

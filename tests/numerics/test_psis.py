"""Pareto smoothing: the sign, what is exact, and what no fit can serve."""

import numpy as np
import pytest

from laplace_approx.numerics.monte_carlo import pareto_smoothed


def weights_of_a_wider_target(rng, n, sd=1.3):
    """Log weights of N(0, sd^2) under draws of N(0, 1), up to a constant."""
    x = rng.standard_normal(n)
    return 0.5 * x**2 * (1 - 1 / sd**2)


def test_sign_on_a_known_tail():
    # w = exp(a x^2), a = (1 - 1/1.69)/2, so P(w > t) is t^(-1/(2a)) up to logs: k = 2a = .408.
    # Over 20 seeds of 4000 draws the estimate averages .39 with a standard deviation of .09, so
    # that its mean has a standard error of .02. The wrong sign gives a k far below zero.
    rng = np.random.default_rng(1)
    shapes = [pareto_smoothed(weights_of_a_wider_target(rng, 4000)).k for _ in range(20)]
    assert np.mean(shapes) == pytest.approx(1 - 1 / 1.69, abs=0.08)


def test_equal_weights_are_exact():
    found = pareto_smoothed(np.full(100, -3.7))
    assert found.k == -np.inf and "exact" in found.reason
    assert np.exp(found.log_weights) == pytest.approx(np.full(100, 0.01))


def test_rounding_of_a_large_log_density_is_not_a_tail():
    rng = np.random.default_rng(2)
    noisy = -1e9 + rng.integers(-3, 4, 500) * np.spacing(1e9)
    assert pareto_smoothed(noisy).k == -np.inf


def test_zero_weights_are_dropped_and_counted():
    rng = np.random.default_rng(3)
    raw = weights_of_a_wider_target(rng, 1000)
    mixed = np.concatenate([raw, np.full(77, -np.inf)])
    found, plain = pareto_smoothed(mixed), pareto_smoothed(raw)
    assert found.dropped == 77 and found.k == plain.k
    assert np.array_equal(found.log_weights[:1000], plain.log_weights)
    assert np.all(found.log_weights[1000:] == -np.inf)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_unusable_weights_give_a_reason(bad):
    found = pareto_smoothed(np.array([0.0, 1.0, bad] * 50))
    assert found.k is None and found.log_weights is None and "50" in found.reason


def test_all_zero_and_too_few():
    assert "zero" in pareto_smoothed(np.full(50, -np.inf)).reason
    few = pareto_smoothed(np.arange(24.0))
    assert few.k is None and "25" in few.reason
    assert np.exp(few.log_weights).sum() == pytest.approx(1)


def test_a_tail_of_ties_has_no_shape():
    bounded = np.minimum(np.random.default_rng(4).standard_normal(1000), 0.0)
    found = pareto_smoothed(bounded)
    assert found.k is None and "tail" in found.reason
    assert np.exp(found.log_weights).sum() == pytest.approx(1)


def test_laws():
    rng = np.random.default_rng(5)
    raw = weights_of_a_wider_target(rng, 2000)
    found = pareto_smoothed(raw)
    assert np.exp(found.log_weights).sum() == pytest.approx(1, abs=1e-12)
    # A constant changes nothing, beyond the rounding of adding it.
    assert pareto_smoothed(raw + 500).k == pytest.approx(found.k, abs=1e-9)
    # Nor does the order: smoothing is a function of the sorted weights.
    order = rng.permutation(raw.size)
    assert pareto_smoothed(raw[order]).log_weights == pytest.approx(found.log_weights[order])
    # Smoothing keeps the order of the weights.
    assert np.all(np.diff(found.log_weights[np.argsort(raw)]) >= -1e-12)


def test_the_input_is_left_alone():
    raw = weights_of_a_wider_target(np.random.default_rng(6), 500)
    before = raw.copy()
    pareto_smoothed(raw)
    assert np.array_equal(raw, before)


@pytest.mark.parametrize("zero", [-np.inf, -1e10, -8.9e63, -1e200, -1.7e308])
@pytest.mark.parametrize("height", [0.0, -3e5, 1e6])
@pytest.mark.parametrize("count", [1, 300])
def test_draws_of_weight_zero_change_nothing(zero, height, count):
    raw = weights_of_a_wider_target(np.random.default_rng(6), 2000) + height
    found = pareto_smoothed(np.insert(raw, 7, np.full(count, zero)))
    plain = pareto_smoothed(raw)
    assert found.k == plain.k is not None
    assert found.dropped == count and found.reason == plain.reason
    assert np.array_equal(np.delete(found.log_weights, slice(7, 7 + count)), plain.log_weights)
    assert np.all(found.log_weights[7 : 7 + count] == -np.inf)


@pytest.mark.parametrize("low", [-800.0, -1e5, -9e8])
def test_the_rounding_of_a_weight_of_next_to_nothing_is_not_that_of_the_tail(low):
    raw = weights_of_a_wider_target(np.random.default_rng(7), 2000)
    raw = raw[np.argsort(raw)] * 1e-4  # the tail spreads over less than the rounding of -9e8
    found, plain = pareto_smoothed(np.append(raw, low)), pareto_smoothed(raw)
    assert found.k == pytest.approx(plain.k, abs=0.05)  # of 2001 draws, so of a tail by one longer

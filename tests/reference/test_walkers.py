"""Chains that start at draws: they stay where the posterior is, and find what the draws miss."""

import numpy as np
import pytest
from scipy.stats import norm

from laplace_approx.numerics.monte_carlo import pareto_smoothed
from laplace_approx.reference.attempts import MOST_THIN, DrawLimits, DrawSearch
from laplace_approx.reference.bracing import reaching
from laplace_approx.reference.frozen_draws import frozen_draws
from laplace_approx.reference.side import (
    LOG_RATIO,
    REPLICATE,
    WEIGHT,
    WeightedSide,
    errors_in_sd,
)
from laplace_approx.reference.student import StudentMixture
from laplace_approx.reference.walkers import coverage, started, walked

CHAINS, STEPS = 1024, 40


def about_zero(d: int, scale: float = 1.0, df: float = 30.0) -> StudentMixture:
    return StudentMixture(np.ones(1), np.zeros((1, d)), scale * np.eye(d)[None], np.array([df]))


def normal(z):
    return -0.5 * np.sum(z**2, axis=-1)


def funnel(z):
    """v ~ N(0, 1), x_i | v ~ N(0, exp(v)): its neck is where v is small."""
    v, x = z[..., 0], z[..., 1:]
    return -0.5 * v**2 - 0.5 * np.sum(x**2, axis=-1) * np.exp(-v) - 0.5 * x.shape[-1] * v


@pytest.mark.parametrize("d", [1, 3, 20])
def test_chains_leave_a_normal_as_it_is(d):
    rng = np.random.default_rng(d)
    trail = walked(normal, rng.standard_normal((4000, d)), 20, rng)
    # 4000 independent chains: the mean has a standard error of .016, the variance one of .022, and
    # 4.5 of them are exceeded by chance in 1 of 7000 directions
    assert np.all(np.abs(trail.z[-1].mean(axis=0)) < 4.5 * 0.016)
    assert np.all(np.abs(trail.z[-1].var(axis=0) - 1) < 4.5 * 0.0224)
    assert trail.evaluations == 4000 * 21
    assert np.allclose(trail.log_p, normal(trail.z))


def looked_at(log_density, proposal, seed, n=16_384, steps=STEPS):
    rng = np.random.default_rng(seed)
    drawn = frozen_draws(log_density, proposal, n, rng)
    trail = walked(log_density, started(drawn, CHAINS, rng), steps, rng)
    return drawn, trail, coverage(proposal, drawn, trail)


@pytest.mark.parametrize("seed", range(8))
def test_draws_that_reach_everything_miss_nothing(seed):
    assert looked_at(normal, about_zero(6), seed)[2].thin <= 0.001


@pytest.mark.parametrize("seed", range(4))
def test_the_mass_that_draws_miss_is_found_although_no_weight_shows_it(seed):
    """2 % of the mass in a hump beside the other, which the proposal all but misses."""

    def humps(z):
        beside = np.log(0.02) - 0.5 * np.sum((z - [4.0, 0, 0, 0]) ** 2, axis=-1) / 0.25
        return np.logaddexp(np.log(0.98) + normal(z), beside - 4 * np.log(0.5))

    drawn, _, found = looked_at(humps, about_zero(4, 1.0, 200.0), seed)
    log_ratio = drawn.log_ratio
    weights = np.exp(log_ratio - np.logaddexp.reduce(log_ratio))
    held = weights[drawn.z[:, 0] > 3].sum()
    assert pareto_smoothed(log_ratio).k is not None
    # what the chains find is at the least, and never more than there is
    assert found.thin <= 0.02
    assert found.thin > 0.001 or abs(held - 0.02) < 0.01


def test_a_component_about_what_chains_find_reaches_it():
    narrow = StudentMixture(
        np.ones(1), np.zeros((1, 5)), np.diag([0.5, 1, 1, 1, 1.0])[None], np.array([30.0])
    )
    _, trail, before = looked_at(funnel, narrow, 3, 65_536, 200)
    wider = reaching(narrow, trail, np.random.default_rng(1))
    after = looked_at(funnel, wider, 3, 65_536, 200)[2]
    assert before.thin <= before.unsure and before.unsure > 0.01
    assert after.unsure < before.unsure / 2


@pytest.mark.parametrize("seed", range(3))
def test_a_funnel_is_right_within_what_is_stated_or_declined(seed):
    """Its neck holds the lowest values of v, which the first draws miss; v itself is N(0, 1)."""
    search = DrawSearch(
        funnel,
        about_zero(6, 0.7, 8.0),
        DrawLimits(64_000, 1_500_000, 400_000),
        np.random.default_rng(seed),
    )
    last = search.best(largest_error, lambda text: None)
    looked = last.covered.evaluations if last.covered else 0
    assert last.evaluations - looked <= 1_500_000
    if last.reason is None:
        assert last.covered.thin <= MOST_THIN
        p = np.array([0.025, 0.25, 0.5, 0.75, 0.975])
        value, error = side_of(last).quantiles(0, p)
        known = ~np.isnan(value)
        # four standard errors: 1 in 16 000 for each of 15
        assert np.all(np.abs(value - norm.ppf(p))[known] < 4 * error[known])
        assert known.sum() >= 3


def side_of(attempt):
    drawn, covered = attempt.drawn, attempt.covered
    columns = {WEIGHT: drawn.weights, LOG_RATIO: drawn.log_ratio, REPLICATE: drawn.replicates}
    return WeightedSide(columns | dict(enumerate(drawn.z.T)), covered.thin, covered.unsure)


def largest_error(attempt):
    errors = errors_in_sd(side_of(attempt), range(attempt.drawn.z.shape[1])).values()
    return max(np.inf if error is None else error for error in errors)


@pytest.mark.parametrize("seed", range(3))
def test_chains_leave_no_less_open_than_one_of_them_can_tell(seed):
    drawn, trail, found = looked_at(normal, about_zero(6), seed)
    assert found.unsure >= max(found.thin, 1 / CHAINS)
    # the draws have a share of .002 beyond the level, and independent chains tell it to .0014
    assert found.unsure < 0.002 + 4 * 0.0014
    fewer = trail._replace(z=trail.z[:, ::4], log_p=trail.log_p[:, ::4])
    assert coverage(about_zero(6), drawn, fewer).unsure >= 4 / CHAINS


def test_what_may_be_missed_is_told_at_any_level_of_the_weights(monkeypatch):
    """A level that none of the others is: what is left open changes with it, not all at once."""
    proposal = about_zero(4, 0.8, 8.0)
    drawn, trail, known = looked_at(funnel, proposal, 0)
    found = []
    for level in (0.002 * (1 - 1e-9), 0.0025, 0.003):
        monkeypatch.setattr("laplace_approx.reference.walkers.FAR_TAIL", level)
        found.append(coverage(proposal, drawn, trail))
    assert found[0] == known and all(each.thin == known.thin for each in found)
    assert all(each.unsure >= 1 / CHAINS for each in found)

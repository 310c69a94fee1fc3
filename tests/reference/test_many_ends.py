"""Draws with many ends: refused for one whose weights are surely too heavy, not for noise."""

import math

import numpy as np
import pytest

from laplace_approx.reference.frozen_draws import FrozenDraws, largest_k
from laplace_approx.reference.side import LOG_RATIO, REPLICATE, WEIGHT, WeightedSide
from laplace_approx.reference.tails import Part, heaviest_tail, said_of
from laplace_audit.numerics.weighted import beyond_doubt

N = 24 * 1024
BLOCKS = np.repeat(np.arange(24), 1024)


def draws_of(z, log_ratio) -> FrozenDraws:
    weights = np.exp(log_ratio - log_ratio.max())
    return FrozenDraws(z, BLOCKS, log_ratio, weights / weights.sum(), 0.0, None, None, (0.0, 0.0))


@pytest.mark.parametrize("d", [4, 20, 60, 100])
def test_good_draws_of_many_parameters_serve(d):
    """A true k of .3 everywhere, and a limit of .64: the largest of many ends is often above it.
    All four refused have a chance below .001, as one of them has one of .05 at k = .64."""
    rng = np.random.default_rng(d)
    found = heaviest_tail(draws_of(rng.standard_normal((N, d)), 0.3 * rng.exponential(size=N)))
    assert not found.refuses and found.looks == 2 * d


def with_heavy_end(k: float, seed: int, d: int = 20) -> FrozenDraws:
    """Return draws of which those below the 2.5 % end of the first parameter are heavy."""
    rng = np.random.default_rng(seed)
    z, even = rng.standard_normal((N, d)), rng.uniform(0, 0.1, N)
    neck = z[:, 0] < np.quantile(z[:, 0], 0.04)
    z[neck, 1:] *= 0.3  # beyond no end of another
    heavy = k * rng.exponential(size=N)
    heavy -= np.log(np.mean(np.exp(heavy[neck])))  # of mean 1: the end lies within them
    return draws_of(z, np.where(neck, heavy, even))


@pytest.mark.parametrize("seed", range(4))
def test_an_end_that_is_surely_too_heavy_refuses_them(seed):
    found = heaviest_tail(with_heavy_end(6.0, seed))
    assert found.refuses and not found.light and (found.parameter, found.probability) == (0, 0.025)


@pytest.mark.parametrize("k", [None, 0.95])
def test_an_end_between_has_no_value_and_the_others_have(k):
    """Heavy, or not known: one rule for what the end says and for what is told of it."""
    drawn = with_heavy_end(0.0, 1) if k is None else with_heavy_end(k, 1)
    if k is None:  # one draw has all of the weight below that end
        first = int(np.argmin(drawn.z[:, 0]))
        drawn.log_ratio[first] = math.log(0.05 * N)
        drawn = draws_of(drawn.z, drawn.log_ratio)
    found = heaviest_tail(drawn)
    assert not found.light and not found.refuses and found.parameter == 0
    assert (said_of(found, range(20))["pareto_k"] is None) == (k is None)
    columns = dict(enumerate(drawn.z.T)) | {WEIGHT: drawn.weights, LOG_RATIO: drawn.log_ratio}
    side = WeightedSide(columns | {REPLICATE: drawn.replicates.astype(float)})
    ends = np.array([side.quantiles(i, [0.025, 0.5, 0.975]).value for i in range(20)])
    assert np.isnan(ends[0, 0]) and np.all(np.isfinite(ends[1:])) and np.all(ends[0, 1:] < 9)


def test_what_refuses_is_beyond_its_limit_by_more_than_its_noise():
    """The audit's own rule agrees, where k is not known and at both sides of each limit too."""
    refused = 0
    for n in (0, 1, 2, 24, 25, 60, 300, 1600, 40_000):
        for looks in (2, 40, 200):
            for k in (None, -math.inf, 0.2, 0.69, 0.71, 1.0, 1.2, 1.3, 2.0, 5.0):
                part = Part(k, n)
                sure = part.surely_heavy(looks)
                assert sure == beyond_doubt(math.nan if k is None else k, n, looks)
                assert part.heavy or not sure
                refused += sure
    assert refused > 20
    assert Part(largest_k(600) + 0.01, 600).heavy
    assert not Part(largest_k(600) + 0.01, 600).surely_heavy(2)

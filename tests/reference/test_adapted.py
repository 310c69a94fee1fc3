"""Adapted draws of posteriors whose quantiles are known: right, with errors that are what they say,
or declined."""

import json
import math

import numpy as np
import pytest
from scipy import stats

from laplace_approx.numerics.monte_carlo import pareto_smoothed
from laplace_approx.reference.adaptation import adapted_proposal
from laplace_approx.reference.cube import scrambled
from laplace_approx.reference.estimates import FEWEST_BEYOND, Replicated
from laplace_approx.reference.frozen_draws import (
    frozen_draws,
    largest_k,
    replicate_size,
    too_heavy,
)
from laplace_approx.reference.record import mixture_record
from laplace_approx.reference.student import StudentMixture
from laplace_audit.numerics.mixture import mixture_log_density, pareto_shape

P = np.array([0.025, 0.25, 0.5, 0.75, 0.975])


def about(means, scale=1.0):
    """Return what adaptation starts from: t about these means, as wide as a normal of that SD."""
    means = np.atleast_2d(np.asarray(means, dtype=float))
    count, d = means.shape
    factors = np.array([width * scale * np.eye(d) for _ in means for width in (1.0, 1.5, 1.5)])
    df = np.array([max(8.0, d), 4.0, 1.0] * count)
    return StudentMixture(
        np.full(3 * count, 1 / 3 / count), np.repeat(means, 3, axis=0), factors, df
    )


def draws_of(log_density, start, evaluations=32_000, seed=1):
    rng = np.random.default_rng(seed)
    adapted = adapted_proposal(log_density, start, evaluations, rng)
    return frozen_draws(log_density, adapted.proposal, evaluations - adapted.evaluations, rng)


def two_modes(z):
    near, far = (-0.5 * np.sum((z - place) ** 2, axis=-1) for place in (0.0, 7.0))
    return np.logaddexp(near, far + math.log(3))


def of_two_modes(p):
    grid = np.linspace(-6, 13, 200_001)
    return np.interp(p, 0.25 * stats.norm.cdf(grid) + 0.75 * stats.norm.cdf(grid - 7), grid)


GAMMA = stats.gamma(2.0)
# log density, start, the quantiles of every coordinate, its SD
KNOWN = {
    "normal": (lambda z: -0.5 * np.sum(z**2, axis=-1), np.zeros(6), stats.norm.ppf(P), 1.0),
    "t with 5 degrees of freedom": (
        lambda z: -(5 + 3) / 2 * np.log1p(np.sum(z**2, axis=-1) / 5),
        *(np.zeros(3), stats.t(5).ppf(P), math.sqrt(5 / 3)),
    ),
    "log of gamma variables": (
        lambda z: np.sum(2 * z - np.exp(np.minimum(z, 700)), axis=-1),
        *(np.full(5, math.log(2)), np.log(GAMMA.ppf(P)), 0.8),
    ),
    "two modes": (two_modes, [np.zeros(4), np.full(4, 7.0)], of_two_modes(P), 3.2),
}


@pytest.mark.parametrize("name", KNOWN)
def test_quantiles_are_right_within_their_errors_and_these_are_small(name):
    log_density, place, truth, sd = KNOWN[name]
    drawn = draws_of(log_density, about(place))
    assert drawn.k <= largest_k(drawn.log_ratio.size) and too_heavy(drawn) is None
    blocks = int(drawn.replicates[-1]) + 1
    for column in drawn.z.T:
        value, error = Replicated(column, drawn.weights, blocks).quantiles(P)
        assert np.all(np.abs(value - truth) < 4.5 * error)  # 90 of them in all, of one seed
        # a quarter of the mass lies in one mode: there the median is where the density is least
        assert np.all(error[[0, 4]] < 0.05 * sd)


@pytest.mark.parametrize("df", [1.0, 1.5, 2.0])
@pytest.mark.parametrize("d", [2, 4, 10])
def test_heavy_tails_are_declined_or_right(df, d):
    """Tails as of a Cauchy: draws of lighter ones alone do not reach them, and their k is small."""

    def log_density(z):
        return -(df + d) / 2 * np.log1p(np.sum(z**2, axis=-1) / df)

    for seed in range(2):
        drawn = draws_of(log_density, about(np.zeros(d)), 32_000, seed)
        if too_heavy(drawn) is None:
            blocks = int(drawn.replicates[-1]) + 1
            sides = [Replicated(column, drawn.weights, blocks).quantiles(P) for column in drawn.z.T]
            z = np.array([(side.value - stats.t(df).ppf(P)) / side.error for side in sides])
            assert np.nanmax(np.abs(z)) < 4.5


def funnel(z):
    v = z[..., 0]
    return -0.5 * (v / 3) ** 2 - 0.5 * np.sum(z[..., 1:] ** 2, axis=-1) * np.exp(-v) - 4.5 * v


def banana(z):
    bent = z[..., 1] + 0.1 * (z[..., 0] ** 2 - 100)
    return -0.5 * (np.sum(z[..., 2:] ** 2, axis=-1) + (z[..., 0] / 10) ** 2 + bent**2)


@pytest.mark.parametrize("log_density", [funnel, banana])
def test_what_no_mixture_fits_is_declined(log_density):
    for seed in range(3):
        drawn = draws_of(log_density, about(np.zeros(10)), 24_000, seed)
        assert too_heavy(drawn)


def test_the_stated_errors_are_those_made():
    """A skewed posterior in two dimensions, 240 seeds: z of 1440 quantiles, of which those of one
    seed go together. The SD of the share within 1.96 is some .007, that of the RMS some .03."""
    log_density, place, truth, _ = KNOWN["log of gamma variables"]
    ends = [0, 2, 4]
    z = []
    for seed in range(240):
        drawn = draws_of(log_density, about(place[:2]), 8000, seed)
        blocks = int(drawn.replicates[-1]) + 1
        for column in drawn.z.T:
            value, error = Replicated(column, drawn.weights, blocks).quantiles(P[ends])
            z.append((value - truth[ends]) / error)
    z = np.array(z)
    assert 0.85 < math.sqrt(np.mean(z**2)) < 1.15
    assert 0.92 < np.mean(np.abs(z) < 1.96) < 0.98


def test_the_same_seed_gives_the_same_bytes():
    log_density, place, *_ = KNOWN["log of gamma variables"]
    one, other = (draws_of(log_density, about(place), 16_000, 7) for _ in range(2))
    assert one.z.tobytes() == other.z.tobytes() and one.weights.tobytes() == other.weights.tobytes()


def test_replicates_are_powers_of_two_and_at_least_sixteen():
    for evaluations in (500, 8000, 44_000, 1_000_000):
        size = replicate_size(evaluations)
        assert size & (size - 1) == 0 and evaluations // size >= 16


FACTOR = np.array([[2.0, 0.0], [-1.0, 0.5]])
MIXTURE = StudentMixture(
    np.array([0.3, 0.7]),
    np.array([[0.0, 1.0], [3.0, -2.0]]),
    np.array([FACTOR, np.eye(2)]),
    np.array([4.0, 30.0]),
)


def test_a_mixture_has_the_density_of_its_definition_and_so_has_its_record():
    z = np.random.default_rng(2).normal(size=(200, 2)) * 4
    parts = zip(MIXTURE.means, MIXTURE.factors, MIXTURE.df, strict=True)
    due = [stats.multivariate_t(m, f @ f.T, df).pdf(z) for m, f, df in parts]
    due = np.log(MIXTURE.weights @ np.array(due))
    record = json.loads(json.dumps(mixture_record(MIXTURE)))
    assert np.allclose(MIXTURE.log_density(z), due, rtol=1e-12)
    assert np.allclose(mixture_log_density(record, z), due, rtol=1e-12)  # the audit's own


def test_points_of_the_cube_become_draws_of_the_mixture():
    z = scrambled(MIXTURE, 2**14, np.random.default_rng(3))
    grid = np.linspace(-8, 8, 41)
    for i in range(2):
        spread = [np.sqrt((f @ f.T)[i, i]) for f in MIXTURE.factors]
        parts = zip(MIXTURE.weights, MIXTURE.means[:, i], spread, MIXTURE.df, strict=True)
        due = sum(w * stats.t(df).cdf((grid - m) / s) for w, m, s, df in parts)
        found = np.mean(z[:, i, None] <= grid, axis=0)
        assert np.max(np.abs(found - due)) < 0.004  # independent draws: 0.011 in one of 20


def test_an_end_with_hardly_a_draw_beyond_has_neither_value_nor_error():
    n = 1024
    x = np.linspace(0, 1, n)
    weights = np.where(x > 0.9, 1.0, 1e-3)
    held = Replicated(x, weights / weights.sum(), n)
    p = np.array([1e-3, 0.5, 0.999])
    found = held.quantiles(p)
    beyond = held.beyond(np.interp(p, held.middle, held.values))
    assert np.array_equal(np.isnan(found.value), beyond < FEWEST_BEYOND)
    assert np.isnan(found.error).tolist() == [False, False, True]


def test_the_scale_has_an_error_that_is_the_one_made():
    """Half the distance of two quantiles of 4096 independent normal draws, 200 times over."""
    rng, ends = np.random.default_rng(5), stats.norm.cdf([-1.0, 1.0])
    z = []
    for _ in range(200):
        held = Replicated(rng.normal(size=4096), np.full(4096, 1 / 4096), 64)
        distance, error = held.spread(ends)
        z.append((distance - 2) / error)
    assert 0.85 < math.sqrt(np.mean(np.square(z))) < 1.15


def test_the_audit_finds_the_same_k():
    rng = np.random.default_rng(6)
    for shape in (0.2, 0.5, 0.9):
        log_ratio = np.log1p(rng.pareto(1 / shape, 20_000))
        assert pareto_shape(log_ratio) == pytest.approx(pareto_smoothed(log_ratio).k, abs=1e-6)

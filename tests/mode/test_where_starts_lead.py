"""Where starts lead, at what cost, and which thin humps a lattice shows."""

import math

import numpy as np
import pytest

from laplace_approx.density.evaluation import Evaluator
from laplace_approx.mode import where_starts_lead
from laplace_approx.mode.proof import prove
from laplace_approx.mode.search import find_mode
from laplace_approx.mode.thin_humps import SPACING, thin_humps
from shapes_of_posteriors import normal, values


def correlated(d):
    root = np.random.default_rng(d).standard_normal((d, d)) + 2 * np.eye(d)
    return root @ root.T


def proven(density, x):
    evaluator = Evaluator(density)
    proof = prove(evaluator, np.asarray(x, dtype=float), np.random.default_rng(0))
    assert proof.proven
    return evaluator, proof


@pytest.mark.parametrize("d", [1, 2, 5, 10])
@pytest.mark.parametrize("derivatives", [True, False], ids=["derivatives", "values"])
def test_on_a_normal_every_ascent_takes_one_step(d, derivatives):
    density = normal(np.arange(1.0, d + 1), correlated(d), derivatives=derivatives)
    evaluator, proof = proven(density, np.arange(1.0, d + 1))
    starts = proof.x + 30 * np.random.default_rng(1).standard_normal((7, d))
    before = evaluator.evaluations
    origin = proof.x, proof.factored.cholesky
    attempts = where_starts_lead.where_they_lead(evaluator, starts, "", [proof], origin)
    assert all(attempt.message == where_starts_lead.ENTERED for attempt in attempts)
    # a value and a slope at the start, and a value at the mode; the next is not needed
    slope = 1 if derivatives else 2 * d
    assert [attempt.evaluations for attempt in attempts] == [2 + slope] * 7
    assert evaluator.evaluations - before == 7 * (2 + slope)


def two_humps(at, sd, weight):
    at = np.array(at)
    d = at.size

    def value(x):
        main = math.log(1 - weight) - 0.5 * np.sum(x * x, axis=-1)
        off = np.sum(((x - at) / sd) ** 2, axis=-1)
        return np.logaddexp(main, math.log(weight) - d * math.log(sd) - 0.5 * off)

    return values(value, d)


def test_what_ends_in_another_hump_is_new():
    evaluator, proof = proven(two_humps([12.0, 0.0], 0.8, 0.4), [0.0, 0.0])
    origin = proof.x, proof.factored.cholesky
    starts = np.array([[11.0, 1.0], [13.0, -0.5], [1.0, 1.0]])
    attempts = where_starts_lead.where_they_lead(evaluator, starts, "", [proof], origin)
    new = [where_starts_lead.is_new(attempt, [proof]) for attempt in attempts]
    assert new == [True, True, False]
    # to what the decrement 1e-3 in the coordinates of the other mode allows, and half of that wide
    assert np.allclose([attempts[i].end for i in (0, 1)], [12, 0], atol=0.01)


def test_a_thin_hump_within_an_sd_of_a_mode_is_not_its_hump():
    evaluator, proof = proven(two_humps([0.6, 0.2], 0.01, 0.1), [0.0, 0.0])
    points = np.array([[0.6, 0.2], [0.3, 0.2], [0.0, 0.0], [0.9, 0.9]])
    inside = where_starts_lead.in_a_hump([proof], points, evaluator.far(points))
    assert inside.tolist() == [False, True, True, False]  # the last is beyond an SD


# what `SPACING` says is seen wherever it lies, in SDs
SEEN = {1: 2e-4, 2: 0.012, 3: 0.11}


@pytest.mark.parametrize("d", SEEN)
@pytest.mark.parametrize("seed", range(6))
def test_a_thin_hump_is_seen_wherever_it_lies(d, seed):
    rng = np.random.default_rng([d, seed])
    way = rng.standard_normal(d)
    at = way / np.linalg.norm(way) * rng.uniform(1.5, 4)
    sd = SEEN[d] * rng.uniform(1, 3)
    assert sd < SPACING[d]  # it may lie between all nodes
    evaluator, proof = proven(two_humps(at, sd, 0.05), np.zeros(d))
    found = [x for _, x in thin_humps(evaluator, proof)]
    assert min(np.linalg.norm(x - at) for x in found) < 3 * sd


SMOOTH = {
    "normal": lambda x: -0.5 * np.sum(x * x, axis=-1),
    "t": lambda x: -4 * np.log1p(np.sum(x * x, axis=-1) / 7),
    "logistic": lambda x: np.sum(x - 2 * np.logaddexp(0, x), axis=-1),
    "gumbel": lambda x: np.sum(x - np.exp(x), axis=-1),
}


@pytest.mark.parametrize("d", SEEN)
@pytest.mark.parametrize("name", SMOOTH)
def test_a_smooth_density_shows_no_thin_hump(name, d):
    assert thin_humps(*proven(values(SMOOTH[name], d), np.zeros(d))) == []


def test_the_counts_are_those_of_the_density():
    made = [0]
    root = np.array([[1.0, 0.0], [0.7, 0.5]])

    def value(x):
        made[0] += int(np.prod(np.shape(x)[:-1]))
        u = x @ root.T
        return np.sum(u - np.exp(u), axis=-1)

    report = find_mode(values(value, 2), np.ones(2), seed=0).report
    assert report.n_evaluations == made[0]
    assert report.evaluations_of_ascent + report.evaluations_of_search == made[0]
    assert 0 < report.evaluations_of_ascent < 0.2 * made[0]


def test_a_mode_that_only_the_search_finds_costs_the_whole_search():
    """The start lies on a lower hump, so that no ascent from it alone would have come there."""

    def two(x):
        low, high = -0.5 * np.sum(x**2, axis=-1), 3 - 0.5 * np.sum((x - 9) ** 2, axis=-1)
        return np.logaddexp(low, high)

    far, near = (find_mode(values(two, 2), np.full(2, at), seed=0) for at in (0.0, 9.0))
    np.testing.assert_allclose(far.x, near.x, atol=1e-6)
    assert far.report.evaluations_of_ascent == far.report.n_evaluations
    assert near.report.evaluations_of_ascent < 0.1 * near.report.n_evaluations


@pytest.mark.parametrize("d", [1, 2, 5])
@pytest.mark.parametrize("side", [-1.0, 1.0])
def test_a_slope_beside_an_edge_is_one_sided_and_leads_over_none(d, side):
    """Of a log density with the slopes 1, 2, ... that ends at side * x_i = 1e-9 for every i."""

    def value(x):
        x = np.asarray(x, dtype=float)
        return np.where(np.all(side * x < 1e-9, axis=-1), x @ np.arange(1.0, d + 1), -np.inf)

    evaluator, u = Evaluator(values(value, d)), np.zeros((1, d))
    before = evaluator.evaluations
    found = where_starts_lead._differences(evaluator, lambda u: u, u, (np.ones(1), np.zeros(1)))
    truth = np.arange(1.0, d + 1) if side < 0 else np.zeros(d)
    assert np.allclose(found, truth, rtol=1e-9)  # a difference of 1e-4 loses four digits of 16
    assert evaluator.evaluations - before == 2 * d

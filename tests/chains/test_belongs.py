"""Stein's identity: it holds for draws of the posterior, and not for those of another."""

import numpy as np
import pytest
from scipy.stats import beta, cauchy, gamma, norm, t

from chains_of import uniform_chains
from laplace_approx.chains.belongs import MATTERS, TERMS, belonging
from laplace_approx.density.density import Density
from laplace_approx.reference.coordinates import Unbounded

# Of each a law, and the support that it is declared on.
LAWS = {
    "normal": (norm(3, 0.01), (-np.inf, np.inf)),
    "heavy": (t(3), (-np.inf, np.inf)),
    "without moments": (cauchy(), (-np.inf, np.inf)),
    "positive": (gamma(0.6), (0, np.inf)),
    "share": (beta(0.8, 3), (0, 1)),
    "bounded above": (norm(0, 1), (-np.inf, np.inf)),
}


def density_of(names, gradient=False):
    """Return the density of independent parameters of these laws."""
    laws, ends = zip(*(LAWS[name] for name in names), strict=True)
    lower, upper = np.array(ends, dtype=float).T

    def log_density(theta):
        theta = np.asarray(theta)
        return sum(law.logpdf(theta[..., i]) for i, law in enumerate(laws))

    def slopes(theta):
        h = 1e-6
        parts = [
            (law.logpdf(theta[..., i] * (1 + h)) - law.logpdf(theta[..., i] * (1 - h)))
            / (2 * h * theta[..., i])
            for i, law in enumerate(laws)
        ]
        return np.stack(parts, axis=-1)

    given = slopes if gradient else None
    return Density(tuple(names), log_density, given, None, lower, upper)


def draws_of(names, seed=0, draws=1000, change=None):
    u = uniform_chains(np.random.default_rng(seed), 4, draws, len(names), 0.4)
    changed = {name: law for name, (law, _) in LAWS.items()} | (change or {})
    return np.stack([changed[name].ppf(u[..., i]) for i, name in enumerate(names)], axis=-1)


@pytest.mark.parametrize("gradient", [False, True], ids=["differences", "gradient"])
def test_it_holds_for_draws_of_the_posterior(gradient):
    """For every law and term the standard scores have mean 0 and SD 1 over repetitions."""
    names, scores = tuple(LAWS), []
    density = Unbounded(density_of(names, gradient))
    for seed in range(25):
        found = belonging(density, draws_of(names, seed), 10**6)
        assert found.worst is None
        scores.append([[v / e for v, e in found.terms[term].values()] for term in TERMS])
    scores = np.array(scores)
    # 450 scores: the SD of their mean is 0.05, of their SD 0.03
    assert abs(scores.mean()) < 0.2 and 0.8 < scores.std() < 1.15
    # of 25 repetitions each the mean has an SD of 0.2
    assert np.all(np.abs(scores.mean(axis=0)) < 0.9)


OTHERS = {
    "shifted": ("normal", norm(3.0015, 0.01), "place"),
    "wider": ("normal", norm(3, 0.012), "width"),
    "of other data": ("share", beta(1.6, 6), "width"),
    "of another prior": ("positive", gamma(0.6, scale=1.25), "place"),
    "without its tails": ("heavy", norm(0, 1.15), "width"),
    "skewed": ("normal", gamma(40, scale=0.01 / np.sqrt(40), loc=3 - 0.01 * np.sqrt(40)), None),
}


@pytest.mark.parametrize("what", OTHERS)
def test_draws_of_another_posterior_are_seen(what):
    name, law, term = OTHERS[what]
    draws = draws_of(tuple(LAWS), 3, 4000, {name: law})
    found = belonging(Unbounded(density_of(tuple(LAWS))), draws, 10**6)
    assert found.worst is not None and found.worst[1] == name
    assert term in (None, found.worst[0])


@pytest.mark.parametrize("shift", [0.05, 0.2])
def test_the_difference_has_its_size_in_sds(shift):
    draws = draws_of(("normal", "heavy"), 4, 4000, {"normal": norm(3 + 0.01 * shift, 0.01)})
    found = belonging(Unbounded(density_of(("normal", "heavy"))), draws, 10**6)
    value, error = found.terms["place"]["normal"]
    assert abs(value - shift) < 4 * error
    assert found.seen["place"] > 4 * error


def test_a_large_part_of_the_draws_is_enough():
    """With a budget for one draw in three, the errors grow and the points are counted."""
    density, draws = Unbounded(density_of(("normal", "share"))), draws_of(("normal", "share"), 5)
    whole, part = (belonging(density, draws, budget) for budget in (10**6, 5400))
    assert (whole.points, whole.stride) == (4000, 1) and whole.evaluations == 16_000
    assert (part.points, part.stride) == (1336, 3) and part.evaluations <= 5400
    assert part.seen["place"] > whole.seen["place"] and part.worst is None


def test_a_difference_that_moves_no_end_is_let_be():
    """Of 200 000 draws a shift of 0.005 SD is seen, and does not matter."""
    draws = draws_of(("normal",), 6, 100_000, {"normal": norm(3 + 0.005 * 0.01, 0.01)})
    found = belonging(Unbounded(density_of(("normal",))), draws, 10**7)
    value, error = found.terms["place"]["normal"]
    assert error < MATTERS / 2 and abs(value) < MATTERS and found.worst is None


def test_what_is_not_known_is_not_taken_for_good():
    base = density_of(("normal", "heavy"))

    def with_an_edge(theta):
        return np.where(theta[..., 0] < 3.02, base.log_density(theta), -np.inf)

    draws = draws_of(("normal", "heavy"), 7)
    draws = np.where(draws[..., :1] < 3.02, draws, [[[3.0199999, 0.0]]])
    found = belonging(Unbounded(base._replace(log_density=with_an_edge)), draws, 10**6)
    assert found.worst is not None and not np.isfinite(found.worst[2] + found.worst[3])

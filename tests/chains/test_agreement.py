"""Two exact sides of one posterior: right ones agree, and wrong ones do not."""

import numpy as np
import pytest
from scipy.stats import gamma, norm

from chains_of import uniform_chains
from laplace_approx.chains.agreement import FALSE_ALARMS, agreement, disagreement
from laplace_approx.chains.side import CHAIN, ChainSide
from laplace_approx.exact.draw_quantiles import Estimates
from laplace_approx.reference.side import WEIGHT, WeightedSide

LAWS = {"normal": norm(), "skewed": gamma(0.7)}
REPETITIONS = 150


class Known:
    """The side of known laws, whose quantiles are off by `error` SDs, as they say themselves."""

    def __init__(self, error=0.0):
        self.error = error

    def quantiles(self, name, p):
        value = LAWS[name].ppf(p)
        return Estimates(value + self.error, np.full(value.shape, self.error))


def chains(seed, rho=0.5, draws=1000, laws=LAWS):
    u = uniform_chains(np.random.default_rng(seed), 4, draws, 2, rho)
    columns = {name: law.ppf(u[..., i]).ravel() for i, (name, law) in enumerate(laws.items())}
    return ChainSide(columns | {CHAIN: np.repeat(np.arange(4.0), draws)})


def weighted(seed, draws=8000):
    rng = np.random.default_rng(seed)
    columns = {name: law.rvs(draws, random_state=rng) for name, law in LAWS.items()}
    return WeightedSide(columns | {WEIGHT: np.full(draws, 1 / draws)})


@pytest.mark.parametrize("judge", ["grid", "importance"])
def test_right_sides_agree(judge):
    """One pair in a thousand may not: of 150 none does, with a probability of 0.86, one of 0.13."""
    refused = 0
    for seed in range(REPETITIONS):
        side = Known() if judge == "grid" else weighted(seed)
        found = agreement(judge, side, chains([seed, 1]), list(LAWS))
        assert found["compared"] == 8
        refused += not found["agrees"]
    assert refused <= 1 and FALSE_ALARMS == 1e-3


@pytest.mark.parametrize(
    "law", [norm(0.35, 1), norm(0, 1.25), norm(0, 0.8)], ids=["shifted", "wider", "narrower"]
)
@pytest.mark.parametrize("judge", ["grid", "importance"])
def test_wrong_sides_do_not(judge, law):
    side = Known() if judge == "grid" else weighted(5)
    found = agreement(judge, side, chains(6, draws=2000, laws=LAWS | {"normal": law}), list(LAWS))
    assert found["agrees"] is False and found["farthest"]["quantity"] == "normal"
    text = disagreement("The grid", "the draws", found)
    assert "of normal is" in text and "may be chance" in text


def test_the_error_of_a_grid_is_a_bound():
    """A grid that is off by less than it says agrees; by more, it does not."""
    for error, other in ((0.3, LAWS), (0.3, LAWS | {"normal": norm(-0.35, 1)})):
        found = agreement("grid", Known(error), chains(7, draws=4000, laws=other), ["normal"])
        assert found["agrees"] is (other is LAWS)


def test_more_comparisons_allow_more_chance():
    one, both = (agreement("grid", Known(), chains(8), names) for names in (["skewed"], LAWS))
    assert one["limit"] < both["limit"]


def test_what_neither_knows_is_not_compared():
    few = chains(9, draws=150)  # 15 draws beyond a 2.5 % end
    found = agreement("grid", Known(), few, ["normal"])
    assert found["compared"] == 2
    nothing = ChainSide({"normal": np.full(400, np.nan), CHAIN: np.repeat(np.arange(4.0), 100)})
    assert agreement("grid", Known(), nothing, ["normal"])["agrees"] is None


def test_an_atom_agrees_with_itself():
    """A quantity that is 0 with probability 0.4 has the same end on both sides."""

    class Atom:
        def quantiles(self, name, p):
            return Estimates(np.maximum(norm.ppf(p), norm.ppf(0.4)), np.zeros(len(p)))

    side = chains(10)
    side.columns["normal"] = np.maximum(side.columns["normal"], norm.ppf(0.4))
    assert agreement("grid", Atom(), side, ["normal"])["agrees"]

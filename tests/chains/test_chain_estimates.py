"""Quantiles of chains and their errors: against the truth, against independent draws, and the
audit's own against those of arviz-stats."""

import numpy as np
import pytest
from scipy.stats import gamma, norm

from chains_of import autoregressive, uniform_chains
from laplace_approx.chains.estimates import Chained
from laplace_approx.chains.side import CHAIN, ChainSide
from laplace_approx.comparison.intervals import JUDGED_ENDS
from laplace_approx.exact.draw_quantiles import draw_quantiles
from laplace_approx.numerics.monte_carlo import (
    bulk_ess,
    mean_error,
    quantile_errors,
    r_hat,
    tail_ess,
)
from laplace_approx.reference.side import errors_in_sd
from laplace_audit.numerics import chains as audited

LAWS = {"normal": norm(3, 2), "skewed": gamma(0.7)}
REPETITIONS = 100


def repeated(law, rho, draws=1000):
    """Return chains of a law, many times over."""
    for seed in range(REPETITIONS):
        u = uniform_chains(np.random.default_rng([seed, draws]), 4, draws, 1, rho)
        yield LAWS[law].ppf(u).ravel()


@pytest.mark.parametrize("rho", [0.0, 0.7])
@pytest.mark.parametrize("law", LAWS)
def test_two_standard_errors_hold_the_truth(law, rho):
    """95 % of them should: of 400 ends, that go together in fours, at least 87 % do."""
    true = LAWS[law].ppf(JUDGED_ENDS)
    found = [Chained(x, 4).quantiles(JUDGED_ENDS) for x in repeated(law, rho)]
    held = [np.abs(each.value - true) <= 2 * each.error for each in found]
    assert 0.87 <= np.mean(held) <= 0.99
    # the errors are those of the repetitions: their own noise and 100 of them leave a quarter
    spread = np.std([each.value for each in found], axis=0)
    claimed = np.sqrt(np.mean([each.error**2 for each in found], axis=0))
    np.testing.assert_allclose(claimed, spread, rtol=0.25)


@pytest.mark.parametrize("law", LAWS)
def test_the_scale_and_the_cdf_have_their_errors(law):
    true = np.diff(LAWS[law].ppf(norm.cdf([-1, 1])))[0] / 2
    at = LAWS[law].ppf([0.01, 0.3, 0.9])
    scales, shares = [], []
    for x in repeated(law, 0.6):
        side = ChainSide({"x": x, CHAIN: np.repeat(np.arange(4.0), x.size // 4)})
        scales.append((side.scale("x") - true) / side.scale_error("x"))
        cdf, error = side.cdf("x", at)
        shares.append((cdf - [0.01, 0.3, 0.9]) / error)
    for scores in (np.array(scales), *np.array(shares).T):
        assert 0.75 <= np.std(scores) <= 1.3 and abs(np.mean(scores)) < 0.35


def test_independent_draws_have_the_errors_of_independent_draws():
    x = np.random.default_rng(1).standard_normal(8000)
    chained, plain = Chained(x, 4).quantiles(JUDGED_ENDS), draw_quantiles(x, JUDGED_ENDS)
    np.testing.assert_array_equal(chained.value, plain.value)
    np.testing.assert_allclose(chained.error, plain.error, rtol=0.15)


def test_the_errors_are_no_smaller_than_those_of_arviz():
    x = autoregressive(np.random.default_rng(2), 4, 2000, 1)[..., 0]
    mine, theirs = (
        Chained(x.ravel(), 4).quantiles(JUDGED_ENDS).error,
        quantile_errors(x, JUDGED_ENDS),
    )
    # a normal and a beta quantile of the same share: some per cent apart in the tails
    assert np.all(mine >= theirs) and np.all(mine < 1.1 * theirs)


def test_an_end_beyond_which_hardly_a_draw_lies_is_not_known():
    x = autoregressive(np.random.default_rng(3), 2, 300, 1)[..., 0].ravel()
    found = Chained(x, 2).quantiles(np.array([0.005, 0.5, 0.995]))
    assert np.array_equal(np.isnan(found.value), [True, False, True])
    assert np.array_equal(np.isnan(found.error), [True, False, True])


def test_a_condition_keeps_the_draws_in_their_place():
    """Given x > 0: the quantiles are those of the draws that are kept; what is unlike is the error,
    which counts the draws between them."""
    x = autoregressive(np.random.default_rng(4), 4, 3000, 1)[..., 0].ravel()
    kept = np.where(x > 0, x, np.nan)
    side = ChainSide({"x": kept, CHAIN: np.repeat(np.arange(4.0), 3000)})
    found = side.quantiles("x", np.array([0.25, 0.75]))
    true = norm.ppf([0.625, 0.875])
    assert np.all(np.abs(found.value - true) < 4 * found.error)
    assert side.excluded("x") == pytest.approx(np.mean(x <= 0), abs=1e-12)
    nothing = Chained(np.full(40, np.nan), 4)
    assert np.isnan(nothing.quantiles(JUDGED_ENDS).value).all()
    assert np.isnan(nothing.cdf([0.0]).value).all()


def test_mass_that_is_not_seen_widens_the_errors():
    x = autoregressive(np.random.default_rng(5), 4, 3000, 1)[..., 0].ravel()
    columns = {"x": x, CHAIN: np.repeat(np.arange(4.0), 3000)}
    plain, missing = (ChainSide(columns, m).quantiles("x", JUDGED_ENDS) for m in (0.0, 5e-4))
    np.testing.assert_array_equal(plain.value, missing.value)
    assert np.all(missing.error > plain.error)


@pytest.mark.parametrize("draws", [100, 501, 2000])
@pytest.mark.parametrize("rho", [-0.5, 0.0, 0.9])
def test_the_audit_and_arviz_say_the_same(rho, draws):
    x = autoregressive(np.random.default_rng([7, draws]), 4, draws, 1, rho)[..., 0]
    pairs = ((r_hat, "r_hat"), (bulk_ess, "bulk"), (tail_ess, "tail"), (mean_error, "mean_error"))
    for ours, theirs in pairs:
        # two ways to add the same products
        assert getattr(audited, theirs)(x) == pytest.approx(ours(x), rel=1e-9)


def test_the_audit_has_the_same_quantiles_and_errors():
    x = gamma(2).ppf(uniform_chains(np.random.default_rng(8), 3, 1501, 1)).ravel()
    columns = {"x": np.where(x > 0.2, x, np.nan), CHAIN: np.repeat(np.arange(3.0), 1501)}
    for unseen in (0.0, 3e-4):
        side, own = ChainSide(columns, unseen), audited.ChainDraws(columns, "x", unseen)
        found = side.quantiles("x", JUDGED_ENDS)
        due = [[own.at(p) for p in JUDGED_ENDS], [own.error(p) for p in JUDGED_ENDS]]
        np.testing.assert_allclose(found, due, rtol=1e-9)
        scale = side.scale("x"), side.scale_error("x")
        np.testing.assert_allclose(scale, own.scale(), rtol=1e-9)
    assert errors_in_sd(ChainSide(columns), ["x"])["x"] > 0

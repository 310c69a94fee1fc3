"""Modes that the exact side does not reach: what they may hold, and what the errors say of it."""

from statistics import NormalDist

import numpy as np
import pytest

from cases_in_memory import MODELS, exact_of, judged, laplace_of, posterior_of, reference_of
from laplace_approx.comparison.intervals import PROBABILITIES
from laplace_approx.comparison.signals import effective_sample_size, pareto_k, probe
from laplace_approx.comparison.unseen import MOST, UNSURE, moved_levels, unseen_mass
from laplace_approx.density.density import Density
from laplace_approx.normal.normal import Normal
from laplace_approx.reference.side import WEIGHT, WeightedSide, reference_side
from laplace_approx.remedies.importance import importance_normal, importance_t4
from laplace_approx.remedies.judge import find_judge
from laplace_approx.remedies.line import line_moments
from laplace_approx.remedies.question import Question

NO_GRID = {"status": "absent", "reasons": ["a grid of 4 parameters is out of reach"]}
NORMAL = NormalDist()


def modes(*shares):
    return [{"share": share} for share in shares]


def test_the_bound_is_that_of_the_share_taken_a_hundred_times_as_heavy():
    assert unseen_mass(modes(1.0)) == 0
    assert unseen_mass(modes(1.0, 1.7e-194)) == pytest.approx(UNSURE * 1.7e-194)
    assert unseen_mass(modes(0.5, 0.5)) == pytest.approx(UNSURE / (UNSURE + 1))
    assert unseen_mass(modes(1.0, 1e-9, 1e-9)) == pytest.approx(2e-9 * UNSURE, rel=1e-6)
    assert unseen_mass(modes(1e-9, 1.0), seen=(1,)) == pytest.approx(1e-9 * UNSURE, rel=1e-6)
    assert unseen_mass(modes(0.0, 1.0)) == 1  # the draws are about the mode that holds nothing
    assert unseen_mass(modes(1.0, np.nan)) == unseen_mass(modes(np.nan, np.nan)) == 1


def test_the_limit_moves_a_quantile_of_a_normal_by_a_hundredth_of_an_sd():
    level = 0.975 / (1 - MOST)
    assert NORMAL.inv_cdf(level) - NORMAL.inv_cdf(0.975) == pytest.approx(0.01, abs=5e-4)


def normal_side(unseen, n=40_000):
    """The quantiles of a standard normal as equal draws, which have next to no error of their own
    but state the Monte Carlo error of independent ones."""
    x = np.array([NORMAL.inv_cdf((i + 0.5) / n) for i in range(n)])
    return WeightedSide({"x": x, WEIGHT: np.full(n, 1 / n)}, unseen)


@pytest.mark.parametrize("mass", [1e-30, 1e-5, MOST])
@pytest.mark.parametrize("place", [-50.0, 0.3, 50.0])
def test_the_errors_count_a_mode_that_was_not_seen_wherever_it_is(mass, place):
    side, plain = normal_side(mass), normal_side(0.0)
    found, before = (each.quantiles("x", PROBABILITIES) for each in (side, plain))
    assert np.array_equal(found.value, before.value)
    # the whole is (1 - m) N(0, 1) + m at one place, and has its level p where
    # (1 - m) F = p or p - m, or at the place itself
    ends = [NORMAL.inv_cdf(p / (1 - mass)) for p in PROBABILITIES]
    lower = [NORMAL.inv_cdf((p - mass) / (1 - mass)) for p in PROBABILITIES]
    true = np.where(np.array(ends) < place, ends, np.where(np.array(lower) > place, lower, place))
    added = found.error - before.error
    assert np.all(np.abs(true - found.value) <= added + 2e-4)
    # and no more than what the worst place would do
    assert np.all(added <= 1.1 * np.maximum(ends - found.value, found.value - lower) + 2e-4)
    at = np.array([-2.0, 0.0, 1.0])
    cdf, without = side.cdf("x", at), plain.cdf("x", at)
    whole = [(1 - mass) * NORMAL.cdf(x) + mass * (place <= x) for x in at]
    assert np.all(np.abs(whole - cdf.value) <= cdf.error - without.error + 2e-4)


def test_a_level_that_the_unseen_mass_may_hold_alone_has_no_bound():
    low, high = moved_levels(np.array([0.001, 0.5, 0.999]), 0.01)
    assert np.isnan([low[0], high[2]]).all() and np.isfinite([low[1:], high[:2]]).all()
    assert np.isnan(normal_side(0.01).quantiles("x", np.array([0.005])).error).all()


@pytest.fixture(scope="module")
def laplace():
    return laplace_of(posterior_of(MODELS / "normal.py", "windshieldy1.csv"), {"sigma": "log"})


@pytest.mark.parametrize(
    ("others", "serves"),
    [((), True), ((1.7e-194,), True), ((1e-6,), True), ((1e-4,), False), ((np.nan,), False)],
)
def test_draws_serve_where_modes_without_a_proposal_hold_next_to_nothing(laplace, others, serves):
    """A proposal is put about the four heaviest modes of a space; the rest are not seen."""
    first = laplace.mode["modes"][0]
    several = [first, *[first | {"share": 0.5}] * 3, *[first | each for each in modes(*others)]]
    with_them = laplace._replace(mode=laplace.mode | {"modes": several})
    columns, record, _ = reference = reference_of([with_them], [NO_GRID], evaluations=16_000)
    assert record["serves"] is serves is (record["reason"] is None)
    assert columns[WEIGHT].size == (record["n_draws"] if serves else 0)
    assert record["unseen_mass"] == pytest.approx(unseen_mass(several, (0, 1, 2, 3)))
    if not serves:
        assert "about which nothing is drawn" in record["reason"]
        assert f"{MOST:g}" in record["reason"]
    judge = find_judge(Exact, reference, {}, 0.1)
    assert judge.kind == ("importance" if serves else "none")
    mentioned = others == (1e-6,)
    assert any("errors count" in remark for remark in judge.remarks) is mentioned
    if mentioned:
        plain = reference_side(columns, record | {"unseen_mass": 0.0})
        with_them, without = (s.quantiles("mu", np.array([0.975])) for s in (judge.side, plain))
        assert with_them.error > without.error and with_them.value == without.value


TWO_MODES = """
import numpy as np

PARAMETERS = ("x",)
START = (0.0,)


def log_likelihood(theta, data):
    x = theta[..., 0]
    return np.logaddexp(-0.5 * x**2, np.log({share}) - 0.5 * (x - 12) ** 2)
"""
BOX = {"x": {"lower": -9.0, "upper": 6.0, "points": 301}}


@pytest.mark.parametrize(("share", "judges"), [(1e-20, True), (3e-6, True), (1e-4, False)])
def test_a_grid_that_leaves_out_a_mode_counts_it_or_does_not_judge(tmp_path, share, judges):
    file = tmp_path / "two.py"
    file.write_text(TWO_MODES.format(share=share))
    posterior = posterior_of(file)
    laplace, exact = laplace_of(posterior), exact_of(posterior, BOX)
    assert len(laplace.mode["modes"]) == 2
    found = judged(laplace, exact, extent="none").verdict
    quantity, plain = found["quantities"]["x"], exact.side.quantiles("x", np.array([0.025, 0.975]))
    assert found["exact"]["kind"] == ("grid" if judges else "importance")
    assert quantity["verdict"] == "fine"
    whole = [NORMAL.inv_cdf(p / (1 - share)) for p in (0.025, 0.975)]  # it lies above both
    ends = quantity["intervals"]["95"]
    if not judges:  # draws do; without them nothing does
        off = np.abs(np.array(ends["exact"]) - whole)
        assert np.all(off <= 4 * np.array(ends["exact_error"]))
        made = reference_of([laplace], [exact.record])
        alone = made._replace(record=made.record | {"serves": False, "reason": "none"})
        judge = find_judge(exact, alone, laplace.mode, 0.1)
        assert "A mode at x = 12 lies outside the grid." in judge.faults
        return
    error = np.array(ends["exact_error"]) - plain.error
    assert np.all(np.abs(ends["exact"] - np.array(whole)) <= error + 1e-5)
    assert (error > 1e-4).all() == (share > 1e-6) and (error < 0.01).all()
    measure = found["joint"]["total_variation"]
    assert share <= measure["error"] or share < 1e-12
    assert ("which the errors count" in quantity["sentence"]) is (share > 1e-12)


class Exact:
    """An exact side that is not there."""

    record = NO_GRID


@pytest.mark.parametrize("far", [-1e10, -1e200, -1e308])
@pytest.mark.filterwarnings("error")
def test_a_huge_negative_log_density_is_as_none_at_all(far):
    """How a model writes that there is no density must not matter, where it has none."""
    ends = np.array([np.inf, np.inf])

    def bounded(outside):
        def log_density(z):
            z = np.asarray(z, dtype=float)
            inside = np.all(np.abs(z) < 3, axis=-1)
            return np.where(inside, -0.55 * np.sum(z**2, axis=-1), outside)

        return Density(("a", "b"), log_density, None, None, -ends, ends)

    normal = Normal(np.zeros(2), np.eye(2))
    quantities = {"a": lambda z: z[..., 0], "ratio": lambda z: z[..., 0] / (1 + z[..., 1] ** 2)}
    found, plain = bounded(far), bounded(-np.inf)
    for remedy in (importance_normal, importance_t4):
        one, other = (
            remedy(Question(each, normal, quantities, PROBABILITIES, seed=3))
            for each in (found, plain)
        )
        assert one.details == other.details and one.details["pareto_k"] is not None
        for name in quantities:
            assert str(one.answers[name]) == str(other.answers[name])
    draws, others = (
        probe(each, normal, np.random.default_rng(4), 16_000) for each in (found, plain)
    )
    assert pareto_k(draws) == pareto_k(others)
    assert effective_sample_size(draws) == effective_sample_size(others)


def test_an_infinite_value_without_mass_costs_no_moments():
    x = np.linspace(-40, 40, 4001)
    masses = np.exp(-0.5 * x**2 * 10)
    values = np.where(np.abs(x) < 30, x, np.copysign(np.inf, x))
    assert np.all(masses[np.isinf(values)] == 0)
    mean, sd, reason = line_moments(values, masses)
    assert reason is None and mean == pytest.approx(0, abs=1e-12)
    assert sd == pytest.approx(10**-0.5, rel=1e-6)
    assert line_moments(np.where(x > 1, np.inf, x), masses)[0] is None  # there it has mass

"""The table of remedies: against the measured ladder of the bioassay, and where remedies fail."""

import math

import numpy as np
import pytest

from cases_in_memory import MODELS, exact_of, laplace_of, posterior_of
from laplace_approx.comparison.intervals import PROBABILITIES, at
from laplace_approx.errors import Declined
from laplace_approx.exact.draw_quantiles import Estimates
from laplace_approx.normal.cost import Cost
from laplace_approx.normal.normal import Normal
from laplace_approx.reference.side import COPIED, WEIGHT
from laplace_approx.reference.step import ReferenceTables
from laplace_approx.remedies import COMPUTED, DRAWN, repeated_data
from laplace_approx.remedies.offers import Offer
from laplace_approx.remedies.repeated_data import copies_needed, refitted
from laplace_approx.remedies.step import Trial, remedies_step
from laplace_approx.remedies.table import COLUMNS, remedy_table
from laplace_approx.remedies.trials import run_remedies
from laplace_approx.remedies.truth import Truth
from laplace_audit.laws.remedies import arithmetic_laws, measured_laws
from laplace_audit.ledger import Ledger

TOLERANCE = 0.1


NOTHING_DRAWN = ReferenceTables({WEIGHT: np.empty(0)}, {**dict.fromkeys(COPIED), "serves": False})


@pytest.fixture(scope="module")
def bioassay():
    posterior = posterior_of(MODELS / "bioassay.py", "bioassay.csv")
    return laplace_of(posterior), exact_of(posterior), posterior


@pytest.fixture(scope="module")
def tables(bioassay):
    laplace, exact, posterior = bioassay
    spaces = {"log_beta": laplace_of(posterior, {"beta": "log"}, "log_beta")}
    return remedies_step(laplace, exact, NOTHING_DRAWN, spaces, Trial(42, TOLERANCE))


def rows(tables, method, quantity):
    table = tables.remedies
    return [
        row
        for row, name in enumerate(table["method"])
        if name == method and table["quantity"][row] == quantity
    ]


def value(tables, method, quantity, probability):
    row = rows(tables, method, quantity)[at(probability)]
    return tables.remedies["value"][row], tables.remedies["value_error"][row]


# Quantiles of beta, each measured independently: exact by 40-digit quadrature, the others by their
# formulas on a fine lattice.
LADDER = {
    "laplace": (-1.802, 7.749, 17.299),
    "space:log_beta": (3.921, 10.751, 29.473),
    "skew_symmetric": (3.19, 10.05, 18.67),
    "skew_modal": (1.99, 9.54, 18.67),
    "nested_laplace": (3.44, 10.68, 25.24),
    "importance_t4": (3.449, 10.658, 25.414),
    "grid": (3.449, 10.658, 25.414),
}


@pytest.mark.parametrize("method", LADDER)
def test_the_ladder_of_the_bioassay_is_reproduced(tables, method):
    for probability, true in zip((0.025, 0.5, 0.975), LADDER[method], strict=True):
        found, error = value(tables, method, "beta", probability)
        # four Monte Carlo standard errors, and the digits that the ladder is given in
        assert abs(found - true) < 4 * error + 0.01


def test_every_method_has_a_row_for_every_quantity_and_probability(tables):
    methods = {"laplace", "space:log_beta", "grid", *DRAWN, *COMPUTED}
    assert set(tables.remedies["method"]) == methods
    for method in methods:
        for quantity in ("alpha", "beta", "ld50"):
            probabilities = tables.remedies["probability"][rows(tables, method, quantity)]
            assert np.array_equal(probabilities, PROBABILITIES)
    assert tuple(tables.remedies) == COLUMNS


def test_errors_are_in_exact_standard_deviations(tables):
    table = tables.remedies
    again = (table["value"] - table["exact"]) / table["scale_sd"]
    assert np.allclose(table["error_sd"], again, equal_nan=True, rtol=0, atol=1e-12)
    beta = table["scale_sd"][rows(tables, "laplace", "beta")[0]]
    assert beta == pytest.approx(5.773095825849631, abs=1e-6)  # by 40-digit quadrature


def test_what_a_method_cannot_give_is_a_row_with_its_reason(tables):
    for row in rows(tables, "nested_laplace", "ld50"):
        assert math.isnan(tables.remedies["value"][row])
        assert "one coordinate" in tables.remedies["reason"][row]
        assert not tables.remedies["trusted"][row]


def test_draws_are_as_many_as_the_tolerance_asks(bioassay, tables):
    """The Monte Carlo error of the judged ends is at most a third of the tolerance."""
    for method in ("skew_symmetric", "importance_t4"):
        for quantity in ("alpha", "beta", "ld50"):
            for probability in (0.025, 0.25, 0.75, 0.975):
                row = rows(tables, method, quantity)[at(probability)]
                error = tables.remedies["value_error"][row] / tables.remedies["scale_sd"][row]
                # a fifth over: the error that fixed the number was itself estimated from draws
                assert error < 1.2 * TOLERANCE / 3
    laplace, _, _ = bioassay
    few = run_remedies(laplace.fit(), 42, dict.fromkeys(("alpha", "beta", "ld50"), math.inf))
    assert few["importance_t4"].log_density_evaluations == 4000


def test_costs_are_counted_and_say_what_they_start_from(bioassay, tables):
    laplace, exact, _ = bioassay
    table = tables.remedies
    cost, proof = (
        {method: table[key][rows(tables, method, "beta")[0]] for method in set(table["method"])}
        for key in ("evaluations_alone", "evaluations_of_proof")
    )
    assert cost["laplace"] == laplace.mode["evaluations_of_ascent"]
    checks = laplace.curvature["n_evaluations"]
    assert proof["laplace"] == laplace.mode["evaluations_of_search"] + checks
    for method, said in tables.record["methods"].items():
        assert cost[method] == cost["laplace"] + said["log_density_evaluations"]
        assert proof[method] == proof["laplace"]
    assert cost["grid"] == exact.record["evaluations_alone"] > math.prod(exact.record["points"])
    assert cost["grid"] + proof["grid"] == exact.record["n_evaluations"]
    assert cost["skew_modal"] < cost["gauss_hermite"] < cost["nested_laplace"] < cost["grid"]
    begins = dict(zip(tables.remedies["method"], tables.remedies["starts_from"], strict=True))
    assert {m for m, start in begins.items() if start == "nothing"} == {
        *("laplace", "grid", "space:log_beta")
    }


SIDES = {  # what judges: (what it rests on, its faults, its quantiles and errors)
    "grid": ("grid", (), 0.0, 1e-9),
    "draws": ("importance", (), 0.0, 0.01),
    "half a grid": ("grid", ("A mode lies outside.",), 0.0, 1e-9),
    "unknown error": ("grid", (), 0.0, math.nan),
    "nothing": ("none", (), math.nan, math.nan),
}


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("sure", [True, False])
def test_the_error_of_a_method_is_known_where_something_measured_it(side, sure):
    """What is trusted is known to be off by so much; nothing else is: no numerical error is one."""
    rests_on, faults, value, error = SIDES[side]
    n = PROBABILITIES.size
    exact = Estimates(value + np.arange(n), np.full(n, error))
    truth = Truth({"x": exact}, {"x": 1.0}, {"x": 0.0}, rests_on, faults)
    offered = np.arange(n) + 0.5
    offer = Offer(
        *("m", {"x": offered}, {"x": np.full(n, 0.25)}, {"x": None if sure else "a doubt"}),
        *({"x": sure}, Cost(1.0, 2.0), "nothing"),
    )
    table = remedy_table([offer], truth)
    known = np.isfinite(table["method_error"])
    assert known.all() == (side in ("grid", "draws")) and known.all() == known.any()
    assert set(table["trusted"]) == {bool(known.all() and sure)} and set(table["rests_on"]) == {
        rests_on
    }
    assert np.array_equal(table["numerical_error"], table["value_error"])
    if known.all():
        assert np.allclose(table["method_error"], 0.5)
        assert np.allclose(table["method_error_error"], 0.25 + error)
    else:
        assert np.isnan(table["method_error_error"]).all() and all(table["reason"])


@pytest.mark.parametrize("column", ["error_sd", "method_error"])
def test_the_audit_lets_nothing_be_trusted_that_was_not_measured(tables, column):
    columns = {name: np.array(values) for name, values in tables.remedies.items()}
    ledger = Ledger()
    arithmetic_laws(ledger.page("whole"), columns)
    found = rows(tables, "skew_modal", "beta")
    columns[column][found[at(0.005)]] = math.nan  # no verdict is about it
    arithmetic_laws(ledger.page("farther out"), columns)
    columns[column][found[at(0.025)]] = math.nan
    arithmetic_laws(ledger.page("damaged"), columns)
    held = {c.file: c.ok for c in ledger.checks if c.law == "what is trusted is measured"}
    assert held == {"whole": True, "farther out": True, "damaged": False}


@pytest.mark.parametrize("probability", PROBABILITIES)
def test_a_method_is_trusted_where_it_was_measured_at_the_judged_ends(probability):
    n = PROBABILITIES.size
    value, zero = np.arange(n, dtype=float), np.zeros(n)
    value[at(probability)] = math.nan
    truth = Truth({"x": Estimates(value, zero)}, {"x": 1.0}, {"x": 0.0}, "nuts", ())
    offered = {"x": np.arange(n, dtype=float)}
    offer = Offer("m", offered, {"x": zero}, {"x": None}, {"x": True}, Cost(1.0, 2.0), "nothing")
    table = remedy_table([offer], truth)
    judged = any(abs(probability - end) < 1e-9 for end in (0.025, 0.25, 0.75, 0.975))
    assert set(table["trusted"]) == {not judged}


@pytest.mark.parametrize("kind", ["grid", "importance", "nuts"])
@pytest.mark.parametrize(("extra", "holds"), [(0.0, True), (1.0, False)])
def test_a_rule_that_was_refused_costs_what_the_normal_did(kind, extra, holds):
    """The normal may cost more than the exact side, as a grid of a small box: that is no fault."""
    n, normal = 4, 100_000.0
    judge = {"importance": "adapted_draws"}.get(kind, kind)
    columns = {
        "method": np.array(["laplace", judge, "gauss_hermite", "nested_laplace"], dtype=object),
        "evaluations_alone": np.array([normal, 500.0, normal, normal + extra]),
        "rests_on": np.array([kind] * n, dtype=object),
        **{key: np.zeros(n) for key in ("error_sd", "exact_error", "method_error")},
    }
    ledger = Ledger()
    measured_laws(ledger.page("remedies.parquet"), columns, kind, True)
    (ok,) = [c.ok for c in ledger.checks if c.law == "a rule costs no more than the exact side"]
    assert ok is holds


def test_tierney_kadane_gives_moments(tables):
    moments = tables.record["methods"]["tierney_kadane"]["moments"]["beta"]
    assert abs(moments["mean"] - 11.636) < 0.3  # order n^-2 of the exact mean
    assert "moments" in moments["reason"]
    assert tables.record["methods"]["tierney_kadane"]["moments"]["ld50"]["mean"] is None


def test_a_remedy_that_raises_is_refused_with_the_reason(bioassay, monkeypatch):
    laplace, _, _ = bioassay

    def broken(*_):
        raise ValueError("no such luck")

    monkeypatch.setitem(COMPUTED, "gauss_hermite", broken)
    largest = dict.fromkeys(("alpha", "beta", "ld50"), math.inf)
    found = run_remedies(laplace.fit(), 42, largest)["gauss_hermite"]
    assert "no such luck" in found.reason and found.log_density_evaluations == 0


def test_the_same_seed_gives_the_same_table(bioassay, tables):
    laplace, exact, posterior = bioassay
    spaces = {"log_beta": laplace_of(posterior, {"beta": "log"}, "log_beta")}
    again = remedies_step(laplace, exact, NOTHING_DRAWN, spaces, Trial(42, TOLERANCE))
    for name, column in tables.remedies.items():
        if isinstance(column, np.ndarray):
            assert np.array_equal(column, again.remedies[name], equal_nan=True)
        else:
            assert column == again.remedies[name]


# Total variation with the data repeated, computed independently by 40-digit quadrature.
REPEATED = {1: 0.2325, 2: 0.167, 4: 0.120, 8: 0.086, 16: 0.061, 64: 0.031, 256: 0.015}


def test_replication_falls_as_it_is_known_to(tables):
    replication = tables.record["replication"]
    tried = {each["copies"]: each for each in replication["tried"]}
    for times, true in REPEATED.items():
        assert abs(tried[times]["total_variation"] - true) < 6e-4  # the digits of the true values
    beta = replication["quantities"]["beta"]
    assert beta["rate"] == pytest.approx(-0.5, abs=0.01)
    # the error is 0.0958 with 256 copies and 0.1024 with 224: bisection stops within 5 %
    assert 224 < beta["copies"] <= 256
    assert tried[beta["copies"]]["errors"]["beta"] <= TOLERANCE


def test_replication_needs_data_and_few_parameters(bioassay):
    laplace, _, _ = bioassay
    found = copies_needed(laplace.fit(), TOLERANCE, has_data=False)
    assert found["tried"] == []
    assert all("no data" in each["reason"] for each in found["quantities"].values())


@pytest.mark.parametrize("error", [ValueError, ZeroDivisionError, FloatingPointError, KeyError])
def test_an_error_of_the_code_is_no_finding_about_the_data(bioassay, monkeypatch, error):
    def broken(*_):
        raise error("a bug")

    monkeypatch.setattr(repeated_data, "_judged", broken)
    with pytest.raises(error):
        copies_needed(bioassay[0].fit(), TOLERANCE, has_data=True)


@pytest.mark.parametrize(
    "error", [Declined("not_converged", "no mode"), np.linalg.LinAlgError("not positive definite")]
)
def test_what_repeated_data_may_do_is_a_number_that_is_not_known(bioassay, monkeypatch, error):
    def declined(*_):
        raise error

    monkeypatch.setattr(repeated_data, "_judged", declined)
    found = copies_needed(bioassay[0].fit(), TOLERANCE, has_data=True)
    assert all(each["copies"] is None and each["reason"] for each in found["quantities"].values())
    assert all(math.isnan(each["total_variation"]) for each in found["tried"])


def test_a_normal_is_refitted_from_a_poor_start(bioassay):
    """From two SDs away and the wrong scale to the mode and covariance of the curvature step."""
    fit = bioassay[0].fit()
    start = Normal(fit.normal.mean - [1.0, 5.0], 2 * fit.normal.cholesky)
    found = refitted(fit.density, start)
    sd = np.sqrt(np.sum(fit.normal.cholesky**2, axis=1))
    assert np.all(np.abs(found.mean - fit.normal.mean) < 1e-6 * sd)
    assert np.allclose(found.cholesky, fit.normal.cholesky, rtol=1e-6, atol=1e-9)

"""The reference belongs to the posterior: what it rests on, when it serves, and its audit."""

from copy import deepcopy

import numpy as np
import pytest

from cases_in_memory import exact_of, judged, laplace_of, posterior_of, reference_of
from laplace_approx.comparison.step import quantiles_step, sides_step
from laplace_approx.reference.side import LOG_RATIO, REPLICATE, WEIGHT
from laplace_approx.remedies.judge import find_judge
from laplace_audit.laws.costs import COUNTS, reference_cost_laws
from laplace_audit.laws.judge import judges
from laplace_audit.laws.reference import (
    draws_laws,
    exact_column_laws,
    missed_by,
    record_laws,
    stated_truth_laws,
)
from laplace_audit.ledger import Ledger
from laplace_audit.numerics.target import Target
from laplace_audit.reading.artifacts import Table

SKEWED = """
import numpy as np

PARAMETERS = ("a", "b", "c", "d")
SUPPORT = {"a": (0, None), "b": (None, 2.0), "c": (0, 1)}
QUANTITIES = {"ratio": lambda a, b, c, d: a / (1 + d**2)}


def log_likelihood(theta, data):
    a, b, c, d = (theta[..., i] for i in range(4))
    sides = 2 * np.log(a) - a + np.log(2 - b) - 3 * (2 - b)
    return sides + np.log(c) + 2 * np.log1p(-c) - 0.5 * (d - 0.3 * a) ** 2
"""
NO_GRID = {"status": "absent", "reasons": ["a grid of 4 parameters is out of reach"]}
BOUNDS = {name: [-1e3, 1e3] for name in "abcd"}
OK = {"status": "ok", "parameters": list("abcd"), "bounds": BOUNDS, "outside_mass": {"total": 0.0}}
BLIND = {  # grids that are there and cannot judge
    "mass outside not known": OK | {"outside_mass": {"total": None}},
    "a mode outside": OK | {"bounds": BOUNDS | {"a": [100.0, 1e3]}},
}
LOGS = {"a": "log", "c": "logit"}


@pytest.fixture(scope="module")
def posterior(tmp_path_factory):
    file = tmp_path_factory.mktemp("model") / "skewed.py"
    file.write_text(SKEWED)
    return posterior_of(file)


@pytest.fixture(scope="module")
def spaces(posterior):
    return [laplace_of(posterior), laplace_of(posterior, LOGS, "logs")]


@pytest.fixture(scope="module")
def reference(spaces):
    return reference_of(spaces, [NO_GRID], evaluations=24_000)


def test_it_is_the_same_from_whatever_space(spaces, reference):
    again = reference_of(spaces[::-1], [NO_GRID], evaluations=24_000)
    assert again.record == reference.record and reference.record["serves"]
    for name, column in reference.draws.items():
        assert column.tobytes() == again.draws[name].tobytes(), name


def test_a_declined_space_takes_nothing_away(spaces, reference):
    declined = spaces[0]._replace(normal=None)
    record = reference_of([declined, spaces[1]], [NO_GRID], evaluations=24_000).record
    assert record["serves"]
    alone = reference_of([declined], [NO_GRID], evaluations=24_000)
    assert not alone.record["serves"] and "no normal" in alone.record["reason"]
    assert alone.draws[WEIGHT].size == 0


def test_where_every_grid_serves_nothing_is_drawn(spaces):
    made = reference_of(spaces, [OK, OK])
    assert made.record["kind"] == "grid" and made.record["evaluations"] == 0
    assert {column.size for column in made.draws.values()} == {0}
    assert reference_of(spaces, [OK, NO_GRID], evaluations=8000).record["kind"] == "adapted_draws"


@pytest.mark.parametrize("what", BLIND)
def test_a_grid_that_cannot_judge_keeps_no_draws_away(spaces, what):
    grid, modes = BLIND[what], [each.mode for each in spaces]
    made = reference_of(spaces, [OK, grid], evaluations=8000)
    assert made.record["kind"] == "adapted_draws" and made.record["serves"]
    assert judges(OK, modes) and not judges(grid, modes)  # as the audit has it


@pytest.mark.parametrize("budget", [8000, 24_000, 50_000])
def test_the_budget_is_kept(spaces, budget):
    record = reference_of(spaces, [NO_GRID], evaluations=budget).record
    looked = record["coverage"]["evaluations"]
    assert 0.8 * budget <= record["evaluations"] - looked <= budget


FUNNEL = """
import numpy as np

PARAMETERS = ("v", *(f"x{i}" for i in range(9)))


def log_likelihood(theta, data):
    v, x = theta[..., 0], theta[..., 1:]
    narrow = -0.5 * np.sum(x**2, axis=-1) * np.exp(-v) - 4.5 * v
    return narrow - 0.5 * v**2 / 9 - 0.01 * (v + 1) ** 4
"""


def cost_of_draws(record, laplaces):
    """Return what draws need with the normals of all spaces, each of one mode, and their proof."""
    ascents = sum(each.mode["evaluations_of_ascent"] for each in laplaces)
    searches = sum(each.mode["evaluations_of_search"] for each in laplaces)
    checks = sum(each.curvature["n_evaluations"] for each in laplaces)
    return ascents + record["evaluations"], searches + checks


def test_the_draws_cost_what_the_normals_of_all_spaces_cost_too(spaces, reference):
    record = reference.record
    assert all(len(each.mode["modes"]) == 1 for each in spaces)
    found = record["evaluations_alone"], record["evaluations_of_proof"]
    assert found == cost_of_draws(record, spaces)
    normals = [(each.mode, each.curvature) for each in spaces]
    declined = {}, {"status": "declined"}
    damaged = [record | {key: record[key] - 1} for key in COUNTS]
    told = [(record, normals), (record, [*normals, declined]), (record, normals[:1])]
    ledger = Ledger()
    for i, (each, of) in enumerate([*told, *((each, normals) for each in damaged)]):
        reference_cost_laws(ledger.page(str(i)), each, of)
    assert [check.ok for check in ledger.checks] == [True, True, False, False, False]


def test_a_proposal_that_had_no_time_to_adapt_says_so(tmp_path):
    file = tmp_path / "funnel.py"
    file.write_text(FUNNEL)
    record = reference_of([laplace_of(posterior_of(file))], [NO_GRID], evaluations=8000).record
    assert not record["serves"] and record["adaptation"]["effective_draws"] < 120
    assert "120 are wanted" in record["reason"] and "at_most: ..." in record["reason"]


def test_a_case_judged_by_it_offers_it_as_a_remedy(case, spaces):
    table, said = case.tables.remedies, case.verdict["quantities"]
    assert case.verdict["exact"]["kind"] == "importance"
    rows = [i for i, name in enumerate(table["method"]) if name == "adapted_draws"]
    assert {table["starts_from"][i] for i in rows} == {"spaces"}
    normals = cost_of_draws(case.reference.record, spaces)
    assert set(table["evaluations_alone"][rows]) == {normals[0]}
    assert set(table["evaluations_of_proof"][rows]) == {normals[1]}
    # a is Gamma(3, 1) but for the rest, and its normal is off: something must serve for it
    assert said["a"]["verdict"] in ("remedy", "fine_for_50") and said["a"]["remedy"]
    held = [i for i in rows if table["quantity"][i] == "a"]
    assert all(table["trusted"][i] for i in held) and np.all(table["error_sd"][held] == 0)
    scale_error = table["scale_error"] / table["scale_sd"]
    assert np.all((scale_error > 0) & (scale_error < 0.03))


@pytest.fixture(scope="module")
def case(posterior, spaces):
    return judged(spaces[0], exact_of(posterior), {"logs": spaces[1]})


def tables_of(case):
    """Return the tables of quantiles and of remedies of a case, whose columns may be changed."""
    judge = find_judge(case.exact, case.reference, case.laplace.mode, 0.1)
    p = [0.025, 0.25, 0.5, 0.75, 0.975]
    none = {name: np.empty(0) for name in case.verdict["quantities"]}
    sides = sides_step(case.laplace, case.exact, judge, p)
    quantiles = quantiles_step(case.laplace, sides, none, none, p)
    return quantiles, {key: np.copy(x) for key, x in case.tables.remedies.items()}


def broken_by(case, quantiles, remedies):
    """Return the laws of the exact side that two tables break."""
    missed = missed_by(case.reference.record)
    ledger, rest = Ledger(), ("importance", case.reference.draws, missed)
    exact_column_laws(ledger.page("quantiles.parquet"), quantiles, *rest)
    stated_truth_laws(ledger.page("remedies.parquet"), remedies, *rest)
    return {(check.file, check.law) for check in ledger.checks if not check.ok}


def test_both_tables_say_of_the_exact_side_what_the_draws_do(case):
    quantiles, remedies = tables_of(case)
    assert set(quantiles["rests_on"]) == {"importance"} and np.all(np.isnan(quantiles["grid"]))
    assert np.all(quantiles["exact_error"] > 0)
    assert broken_by(case, quantiles, remedies) == set()


@pytest.mark.parametrize(
    ("table", "column", "law"),
    [
        ("quantiles", "exact", "exact quantiles are those of the exact side"),
        ("quantiles", "exact_error", "errors of the draws recomputed"),
        ("remedies", "exact", "exact quantiles are those of the exact side"),
        ("remedies", "exact_error", "errors of the draws recomputed"),
        ("remedies", "scale_sd", "scale of the draws recomputed"),
        ("remedies", "scale_error", "scale of the draws recomputed"),
    ],
)
def test_the_audit_recomputes_what_the_tables_say_of_the_exact_side(case, table, column, law):
    tables = dict(zip(("quantiles", "remedies"), tables_of(case), strict=True))
    tables[table][column] = tables[table][column] * 0.99
    assert (f"{table}.parquet", law) in broken_by(case, **tables)


def pages(posterior, record, draws, budget=24_000):
    """Return the laws that a record and its draws break."""
    ledger = Ledger()
    page = ledger.page("reference.json")
    record_laws(page, record, [False], {"evaluations": budget, "at_most": 0, "seed": 42})
    table = Table(draws, {}, {})
    draws_laws(page, table, Target(posterior.record), record)
    return {check.law for check in ledger.checks if not check.ok}


def test_the_audit_finds_nothing_wrong(posterior, reference):
    assert pages(posterior, reference.record, reference.draws) == set()


def test_a_weight_too_small_to_have_its_digits_is_no_fault(posterior, reference):
    draws = {name: column.copy() for name, column in reference.draws.items()}
    least, middle = np.argsort(draws[LOG_RATIO])[[0, draws[WEIGHT].size // 2]]
    constant = np.log(draws[WEIGHT][middle]) - draws[LOG_RATIO][middle]
    draws[WEIGHT][least] = 3 * np.finfo(float).smallest_subnormal
    due = np.log(np.finfo(float).smallest_subnormal) + np.log(3.4)
    draws[LOG_RATIO][least] = due - constant
    assert "weights are the ratios" not in pages(posterior, reference.record, draws)


def without_jacobian(draws, record):
    draws[LOG_RATIO] = draws[LOG_RATIO] - np.log(draws["a"])


def one_draw_moved(draws, record):
    draws["d"][7] += 1e-3


def other_weights(draws, record):
    draws[WEIGHT][:100] *= 1.01
    draws[WEIGHT] /= draws[WEIGHT].sum()


def flat_weights(draws, record):
    draws[WEIGHT][:] = 1 / draws[WEIGHT].size


MUTATIONS = {
    "the Jacobian forgotten": (without_jacobian, "log ratio recomputed"),
    "a draw moved": (one_draw_moved, "log ratio recomputed"),
    "weights changed": (other_weights, "weights are the ratios"),
    "weights all the same": (flat_weights, "weights are the ratios"),
    "a mean of the proposal moved": (
        lambda draws, record: record["proposal"]["means"][0].__setitem__(0, 0.5),
        "log ratio recomputed",
    ),
    "a weight of the proposal": (
        lambda draws, record: record["proposal"]["weights"].__setitem__(0, 0.5),
        "the proposal is a mixture",
    ),
    "a smaller k": (
        lambda draws, record: record.update(pareto_k=record["pareto_k"] - 0.01),
        "Pareto k recomputed",
    ),
    "a k that is too large": (
        lambda draws, record: record.update(pareto_k=0.9),
        "the limit of k follows",
    ),
    "another limit of k": (
        lambda draws, record: record.update(largest_k=0.75),
        "the limit of k follows",
    ),
    "more effective draws": (
        lambda draws, record: record.update(effective_draws=record["effective_draws"] + 1),
        "what is said of the weights",
    ),
    "another evidence": (
        lambda draws, record: record.update(log_evidence=record["log_evidence"] + 1e-3),
        "what is said of the weights",
    ),
    "half the error of k": (
        lambda draws, record: record.update(pareto_k_error=record["pareto_k_error"] / 2),
        "Pareto k recomputed",
    ),
    "half the error of the evidence": (
        lambda draws, record: record.update(log_evidence_error=record["log_evidence_error"] / 2),
        "what is said of the weights",
    ),
    "an error smaller than it is": (
        lambda draws, record: record.update(
            errors_sd={**record["errors_sd"], "a": record["errors_sd"]["a"] * 0.9}
        ),
        "errors of the draws recomputed",
    ),
    "replicates mixed": (
        lambda draws, record: draws[REPLICATE].sort() or draws[REPLICATE].__setitem__(0, 1),
        "replicates are of one size",
    ),
    "fewer evaluations": (
        lambda draws, record: record.update(evaluations=record["n_draws"]),
        "evaluations are those of the draws",
    ),
    "no chains": (
        lambda draws, record: record.update(coverage=None),
        "chains looked where the weights serve",
    ),
    "mass that chains found and nobody counts": (
        lambda draws, record: record["coverage"].update(thin=record["unseen_mass"] + 1e-4),
        "chains looked where the weights serve",
    ),
    "less missing than chains found": (
        lambda draws, record: record["coverage"].update(thin=record["coverage"]["unsure"] + 1e-4),
        "chains looked where the weights serve",
    ),
    "another k of the heaviest tail": (
        lambda draws, record: record["heaviest_tail"].update(
            pareto_k=record["heaviest_tail"]["pareto_k"] + 1e-3
        ),
        "Pareto k recomputed",
    ),
    "a tail that is too heavy": (
        lambda draws, record: record["heaviest_tail"].update(pareto_k=3.0),
        "the limit of k follows",
    ),
    "another limit of the heaviest tail": (
        lambda draws, record: record["heaviest_tail"].update(limit=-1.0),
        "the limit of k follows",
    ),
    "fewer draws in the heaviest tail": (
        lambda draws, record: record["heaviest_tail"].update(
            n_draws=record["heaviest_tail"]["n_draws"] - 1
        ),
        "Pareto k recomputed",
    ),
    "a heaviest tail that is not known": (
        lambda draws, record: record["heaviest_tail"].update(pareto_k=None),
        "Pareto k recomputed",
    ),
    "a look for a NaN that is not counted": (
        lambda draws, record: record.update(evaluations_for_nan=1),
        "evaluations are those of the draws",
    ),
    "more missing than draws may miss": (
        lambda draws, record: record["coverage"].update(thin=0.006),
        "the limit of k follows",
    ),
    "another budget": (
        lambda draws, record: record["budget"].update(evaluations=64_000),
        "reference is as configured",
    ),
    "a grid that is none": (
        lambda draws, record: record.update(kind="grid"),
        "a grid goes first",
    ),
}


@pytest.mark.parametrize("what", MUTATIONS)
def test_the_audit_sees_every_change(posterior, reference, what):
    change, law = MUTATIONS[what]
    draws = {name: column.copy() for name, column in reference.draws.items()}
    record = deepcopy(reference.record)
    change(draws, record)
    assert law in pages(posterior, record, draws)

"""The audit of a sweep: silent on a clean one, loud on a changed one, with scenarios of its own."""

import copy
import json

import numpy as np
import pyarrow.parquet as pq
import pytest

from laplace_audit.findings import audit_record
from laplace_audit.reading.asked_sweep import swept_from
from laplace_audit.scenario import OF_QUANTITY
from laplace_audit.sweeps import audit_sweep
from mutations import Mutation, cell, digit, exchanged, footer, minus, mutated, rows, with_column
from project_copy import PROJECT
from sweeps_on_disk import BIOASSAY, CODE, WINDSHIELD, made, plan_of

ALL = ["draws", "grid_draws", "marginals", "mass", "reference"]
SMALL = {"n_draws": 60, "probabilities": [0.025, 0.25, 0.5, 0.75, 0.975]}


@pytest.fixture(autouse=True, scope="module")
def in_the_project():
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(PROJECT)
        yield


def findings(swept, **changes):
    return audit_record(audit_sweep(swept.plain | changes, CODE, swept.results).checks)


def broken(swept, **changes):
    return [row for row in findings(swept, **changes)["checks"] if not row["ok"]]


# ------------------------------------------------------------------ what is asked for

CHAPTER = {**BIOASSAY, "grid": "chapter"}
SETTINGS = [
    (BIOASSAY, {"prior.beta.sd": {"geometric": [1, 100, 3]}, "seed": {"range": [0, 4]}}),
    (
        BIOASSAY,
        {"prior": ["flat", "normal_sd"], "space": ["natural", "log_beta"], "replicate": [1, 3]},
    ),
    (CHAPTER, {"grid.*.points": [40, 50], "grid.beta.upper": [30, 60], "tolerance": [0.05, 0.2]}),
    (BIOASSAY, {"space.beta": ["identity", "log", {"power": 0.5}], "n_draws": [10, 20]}),
    (
        {**BIOASSAY, "prior": "bda"},
        {"prior.joint.mean.1": [5, 10], "prior.joint.covariance.0.0": [4.0, 5.0]},
    ),
]


@pytest.mark.parametrize(("base", "vary"), SETTINGS)
@pytest.mark.parametrize("remedies", ["none", "all"])
def test_the_audit_finds_the_scenarios_of_the_plan_by_itself(base, vary, remedies):
    plan = plan_of({"base": base, "vary": vary, "remedies": remedies})
    found = swept_from(plan.whole())
    assert [each.key for each in found.scenarios] == [each.key for each in plan.scenarios]
    for each, due in zip(found.scenarios, plan.scenarios, strict=True):
        assert tuple(each.settings.values()) == due.settings
        for part in ("prior", "space", "grid"):
            assert each.parts[part] == due.definition[f"{part}_definition"]
        assert each.seeds == due.definition["seeds"]


def test_settings_that_move_together_make_the_scenarios_of_the_plan():
    vary = {"prior.beta.sd": [1, 2, 3], "seed": [7, 8, 9]}
    plan = plan_of({"base": BIOASSAY, "vary": vary, "combine": "zip"})
    found = swept_from(plan.whole())
    assert [each.key for each in found.scenarios] == [each.key for each in plan.scenarios]


# ------------------------------------------------------------------ clean sweeps


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A sweep of which everything was kept, with its signals."""
    vary = {"prior.beta.sd": [2, 50], "seed": [1, 2]}
    definition = {"base": BIOASSAY, "vary": vary, "keep": ALL, "remedies": "signals"}
    return made(tmp_path_factory.mktemp("whole") / "results", definition, **SMALL)


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    """Two scenarios of a model without derived quantities, which are what takes the time."""
    definition = {"base": WINDSHIELD, "vary": {"replicate": [1, 2]}, "keep": ALL}
    return made(tmp_path_factory.mktemp("quick") / "results", definition, **SMALL)


def test_a_clean_sweep_breaks_no_law(whole):
    record = findings(whole)
    assert [row for row in record["checks"] if not row["ok"]] == []
    assert record["counts"]["files"] == 13
    assert record["counts"]["laws"] > 90


@pytest.mark.parametrize(
    ("base", "vary", "keep"),
    [
        # a posterior without a mode, and one in other coordinates; no table of cells or marginals
        (BIOASSAY, {"prior": ["flat", "flat_log"], "space": ["natural", "log_beta"]}, []),
        (BIOASSAY, {"grid": ["certified", "chapter"], "space.beta": ["identity", "log"]}, []),
        (CHAPTER, {"grid.*.points": [80, 90]}, ["marginals"]),
        (
            WINDSHIELD,
            {"space": ["natural", "sigma_squared"], "replicate": [1, 2]},
            ["draws", "grid_draws", "marginals"],
        ),
        # settings that are maps, numbers of both kinds, and columns of a step themselves
        (WINDSHIELD, {"space.sigma": [{"power": 0.5}, {"log": {"shift": 0.5}}, "log"]}, []),
        (WINDSHIELD, {"tolerance": [5, 0.05], "n_draws": [50, 60]}, ["draws"]),
    ],
)
def test_what_was_not_kept_is_computed_anew(tmp_path, base, vary, keep):
    swept = made(tmp_path, {"base": base, "vary": vary, "keep": keep}, **SMALL)
    assert broken(swept) == []


def test_a_scenario_that_failed_is_a_row_and_no_broken_law(tmp_path, monkeypatch):
    from laplace_sweep import runner

    def fails(posterior, name, grid):
        raise ArithmeticError("no grid today")

    monkeypatch.setattr(runner, "grid_step", fails)
    swept = made(tmp_path, {"base": BIOASSAY, "vary": {"seed": [1, 2]}, "keep": []}, **SMALL)
    assert pq.read_table(swept.folder / "mode.parquet")["status"].to_pylist() == ["failed"] * 2
    assert broken(swept) == []


def test_a_seed_that_failed_does_not_speak_against_the_others(tmp_path, monkeypatch):
    from laplace_sweep import runner

    def fails_once(laplace, seed, n, draw=runner.draws_step):
        if seed == 2:
            raise ArithmeticError("no draws of this seed")
        return draw(laplace, seed, n)

    monkeypatch.setattr(runner, "draws_step", fails_once)
    swept = made(tmp_path, {"base": WINDSHIELD, "vary": {"seed": [1, 2, 3]}, "keep": []}, **SMALL)
    status = pq.read_table(swept.folder / "mode.parquet")["status"].to_pylist()
    assert status == ["ok", "failed", "ok"]
    assert broken(swept) == []


def test_only_as_many_posteriors_are_recomputed_as_are_to_be(whole, monkeypatch):
    from laplace_audit import sweeps

    held = []
    monkeypatch.setattr(sweeps, "deep_laws", lambda pages, opened, swept: held.append(opened))
    findings(whole, recomputed=8)
    assert len(held) == 2, "seeds share a posterior"
    findings(whole)
    assert len(held) == 2 + 4
    vary = {"prior.beta.sd": {"linear": [1, 30, 30]}, "seed": [1, 2]}
    swept = swept_from(plan_of({"base": BIOASSAY, "vary": vary}).whole())
    chosen = sweeps._chosen(swept, 5)
    assert len(chosen) == 5
    assert {swept.scenarios[0].key, swept.scenarios[-2].key} <= chosen


# ------------------------------------------------------------------ changed sweeps


def first(column, by=digit):
    return cell(column, 0, by)


def last(column, by=digit):
    return cell(column, -1, by)


def in_list(k, by=digit):
    """Return a change of one number of a list."""
    return lambda values: [by(x) if i == k else x for i, x in enumerate(values)]


def corner(by):
    """Return a change of the last number of the first row of a matrix."""
    return in_list(0, in_list(1, by))


def text(old, new):
    def change(value):
        assert old in value
        return value.replace(old, new)

    return change


MUTATIONS = [
    Mutation(
        "the prior of a scenario",
        "posterior",
        first("prior.definition", text("reciprocal", "flat")),
    ),
    Mutation("the hash of a model", "posterior", first("model.sha256", lambda s: s[::-1])),
    Mutation("the number of rows of the data", "posterior", first("data.rows", lambda n: n + 1)),
    Mutation("one digit of a mode", "mode", first("theta", in_list(1))),
    Mutation("a mode that is moved", "mode", first("z", in_list(0))),
    Mutation("a density at a mode", "mode", last("log_density")),
    Mutation("a status", "mode", first("status", lambda s: "declined")),
    Mutation("a method error", "remedies", first("method_error", lambda x: 2 * x + 1)),
    Mutation("what a mode cost", "remedies", first("evaluations_alone", lambda n: n + 1)),
    Mutation(
        "a sign in a covariance", "curvature", first("covariance", in_list(0, in_list(0, minus)))
    ),
    Mutation("a correlation", "curvature", first("covariance", corner(lambda x: x + 1e-4))),
    Mutation("one digit of a factor", "curvature", last("cholesky", in_list(1, in_list(1)))),
    Mutation("a log determinant", "curvature", last("log_determinant")),
    Mutation("an evidence of the normal", "curvature", last("log_evidence")),
    Mutation("an evidence of a grid", "grid", first("log_evidence", lambda x: x + 1e-3)),
    Mutation("a mean", "grid", last("mean.sigma", lambda x: x * 1.001)),
    Mutation("mass outside", "grid", first("outside_mass.total", lambda x: x + 1e-6)),
    Mutation(
        "a verdict", "verdict", first("verdict", lambda v: "fine" if v != "fine" else "remedy")
    ),
    Mutation("a verdict on a case", "verdict", first("case_verdict", lambda v: "declined")),
    Mutation("an error of an interval", "verdict", last("endpoint_error_sd.95")),
    Mutation("what an interval holds", "verdict", first("coverage.95", lambda x: x + 1e-6)),
    Mutation("a total variation", "verdict", first("total_variation", lambda x: x + 1e-6)),
    Mutation("the class of another distance", "verdict", first("class", lambda c: "exact")),
    Mutation("another tolerance", "verdict", last("tolerance")),
    Mutation("a quantile of the normal", "quantiles", first("laplace")),
    Mutation("an exact quantile", "quantiles", last("grid")),
    Mutation("a quantile of draws", "quantiles", first("laplace_draws")),
    Mutation("a difference", "quantiles", last("difference_sd")),
    Mutation("both sides exchanged", "quantiles", exchanged("laplace", "grid")),
    Mutation("rows of a scenario in another order", "quantiles", rows(lambda n: [1, 0, *n[2:]])),
    Mutation("an error of a remedy", "remedies", first("error_sd")),
    Mutation("a method left out", "remedies", rows(lambda n: n[1:])),
    Mutation("one draw", "draws", first("sigma")),
    Mutation("a density of a draw", "draws", last("log_density")),
    Mutation("one draw from the grid", "grid_draws", last("mu")),
    Mutation("one mass", "mass", cell("mass", 2000, lambda x: x + 1e-9)),
    Mutation("a marginal", "marginals", cell("cdf", 100, lambda x: x + 1e-4)),
    Mutation("a scenario left out", "mode", rows(lambda n: n[1:])),
    Mutation("a scenario twice", "grid", rows(lambda n: [0, *n])),
    Mutation("scenarios in another order", "curvature", rows(lambda n: n[::-1])),
    Mutation("a value of a setting", "verdict", first("replicate", lambda n: n + 1)),
    Mutation("another key", "posterior", first("scenario", lambda key: "0" * 16)),
    Mutation("a table of another sweep", "mode", footer("sweep", "other")),
    Mutation("a stale table", "quantiles", footer("core", "0" * 64)),
    Mutation("a share of the variance", "effects", first("variance_share", lambda x: x * 0.9)),
    Mutation("an effect", "effects", last("effect", lambda x: x + 1e-6)),
    Mutation("where an effect is highest", "effects", first("highest_at", lambda s: "7")),
    Mutation("an effect left out", "effects", rows(lambda n: n[1:])),
    Mutation("effects in another order", "effects", rows(lambda n: n[::-1])),
    Mutation("a table cut off", "remedies", lambda content: content[: len(content) // 2], raw=True),
]


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda m: f"{m.file}: {m.what}")
def test_a_changed_table_of_a_sweep_is_caught_and_named(quick, mutation):
    path = quick.folder / f"{mutation.file}.parquet"
    original = path.read_bytes()
    try:
        path.write_bytes(mutated(mutation._replace(file=path.name), original))
        laws = broken(quick)
    finally:
        path.write_bytes(original)
    named = [row for row in laws if row["file"] == f"results/sweeps/s/{path.name}"]
    assert named, laws


def test_all_mutations_change_something_else():
    assert len({(m.what, m.file) for m in MUTATIONS}) == len(MUTATIONS) >= 45


@pytest.mark.parametrize("k", [0, 3])
def test_a_law_names_the_scenario_that_breaks_it(whole, k):
    path = whole.folder / "curvature.parquet"
    original, plain = path.read_bytes(), copy.deepcopy(whole.plain)
    key = swept_from(plain).scenarios[k].key
    change = Mutation("a sign", path.name, cell("covariance", k, corner(minus)))
    try:
        path.write_bytes(mutated(change, original))
        laws = broken(whole)
    finally:
        path.write_bytes(original)
    assert any(f"scenario {key}" in row["means"] for row in laws)


# -------------------------------------------------------- scenarios whose model is not run


@pytest.fixture(scope="module")
def four(tmp_path_factory):
    """Four posteriors, of which an audit is to run the model of the first and the last."""
    vary = {"replicate": [1, 2, 3, 4]}
    definition = {"base": WINDSHIELD, "vary": vary, "keep": ["draws"]}
    return made(tmp_path_factory.mktemp("four") / "results", definition, **SMALL)


@pytest.fixture(scope="module")
def tolerances(tmp_path_factory):
    definition = {"base": WINDSHIELD, "vary": {"tolerance": [0.05, 0.2, 5.0]}, "keep": []}
    return made(tmp_path_factory.mktemp("tolerances") / "results", definition, **SMALL)


def forged(swept, steps, change):
    """Return the files that break a law once `change` was made to these tables, and undo it."""
    paths = [swept.folder / f"{step}.parquet" for step in steps]
    originals = [path.read_bytes() for path in paths]
    try:
        for path, original in zip(paths, originals, strict=True):
            path.write_bytes(mutated(Mutation("forged", path.name, change), original))
        return {row["file"].rpartition("/")[2] for row in broken(swept, recomputed=2)}
    finally:
        for path, original in zip(paths, originals, strict=True):
            path.write_bytes(original)


def block(table, key):
    return [i for i, each in enumerate(table["scenario"].to_pylist()) if each == key]


def put_in_the_place_of(swept, k, j):
    """Return a change that gives scenario k the rows of scenario j, under its own key."""
    keys = [each.key for each in swept_from(swept.plain).scenarios]

    def change(table):
        mine, others = block(table, keys[k]), block(table, keys[j])
        order = [others[mine.index(i)] if i in mine else i for i in range(table.num_rows)]
        moved = table.take(order)
        for name in ("scenario", *swept.plain["values"]):
            moved = with_column(moved, name, table[name].to_pylist())
        return moved

    return change


def test_another_scenario_in_the_place_of_one_is_seen(four):
    steps = ("posterior", "mode", "curvature", "grid", "verdict", "quantiles", "remedies")
    assert "posterior.parquet" in forged(four, steps, put_in_the_place_of(four, 2, 1))


def test_verdicts_of_another_tolerance_are_seen(tolerances):
    change = put_in_the_place_of(tolerances, 1, 0)
    assert "verdict.parquet" in forged(tolerances, ["verdict"], change)


LIGHT = [
    ("verdict", "a quantity left out", lambda table, rows: without(table, rows[:1])),
    ("verdict", "another class", lambda table, rows: put(table, rows[1], "class", "bad")),
    ("draws", "its draws left out", lambda table, rows: without(table, rows)),
    ("quantiles", "all moved", lambda table, rows: moved_by(table, rows, 100.0)),
    ("quantiles", "none known", lambda table, rows: moved_by(table, rows, np.nan)),
    ("quantiles", "a row left out", lambda table, rows: without(table, rows[3:4])),
]


def without(table, rows):
    return table.take([i for i in range(table.num_rows) if i not in rows])


def put(table, row, column, value):
    values = table[column].to_pylist()
    values[row] = value
    return with_column(table, column, values)


def moved_by(table, rows, shift):
    for name in ("laplace", "grid"):
        values = table[name].to_numpy(zero_copy_only=False).copy()
        values[rows] += shift
        table = with_column(table, name, values)
    return table


@pytest.mark.parametrize(("step", "what", "change"), LIGHT, ids=[what for _, what, _ in LIGHT])
@pytest.mark.parametrize("k", [0, 2])
def test_rows_are_held_against_each_other_where_no_model_is_run(four, step, what, change, k):
    key = swept_from(four.plain).scenarios[k].key
    names = forged(four, [step], lambda table: change(table, block(table, key)))
    assert f"{step}.parquet" in names


def test_tables_of_a_sweep_with_more_values_break_laws_and_raise_nothing(four):
    """A value that was taken out of the configuration: the tables still have its scenario."""
    plain = copy.deepcopy(four.plain)
    for kind in ("values", "applied"):
        plain[kind]["replicate"] = plain[kind]["replicate"][:3]
    record = audit_record(audit_sweep(plain, CODE, four.results).checks)
    laws = {row["law"] for row in record["checks"] if not row["ok"]}
    assert laws == {"scenarios are those of the configuration"}


def test_the_columns_about_a_quantity_are_those_of_the_schema():
    schema = json.loads((PROJECT / "workflow/schemas/verdict.schema.json").read_text())
    own = schema["properties"]["quantities"]["additionalProperties"]["properties"]
    assert set(OF_QUANTITY) == {"quantity", *own}

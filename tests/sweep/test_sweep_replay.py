"""Sweeps run by the real Snakefile: any row again as a case, to the last digit, and what fails."""

import json
import random

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from jsonschema import Draft202012Validator

from laplace_sweep.tables import flat
from project_copy import PROJECT, content, copy_project, planned_rules, snakemake

pytestmark = pytest.mark.workflow

AUDIT = json.loads((PROJECT / "workflow/schemas/audit.schema.json").read_text())
SWEEPS = {
    "small": {
        "base": {"model": "bioassay", "prior": "normal_sd", "space": "natural", "grid": "coarse"},
        "vary": {
            "prior.beta.sd": {"geometric": [0.5, 200, 4]},
            "space.beta": ["identity", "log"],
            "seed": [3, 4],
        },
        "keep": ["draws", "grid_draws", "marginals", "mass", "reference"],
    },
    # the Jacobian forgotten under an improper prior: no mode worth the name
    "mixed": {
        "base": {"model": "bioassay", "prior": "flat", "space": "natural", "grid": "certified"},
        "vary": {
            "prior": ["flat", "flat_log"],
            "space": ["natural", "log_beta"],
            "replicate": [1, 2],
        },
        "combine": "product",
        "chunk": 3,
    },
    "grids": {
        "base": {"model": "bioassay", "prior": "flat", "space": "natural", "grid": "certified"},
        "vary": {"grid": ["certified", "coarse"]},
        "keep": [],
    },
}
GRIDS = {
    "coarse": {
        "alpha": {"lower": -6, "upper": 14, "points": 41},
        "beta": {"lower": -12, "upper": 90, "points": 61},
    }
}


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    """A copy of the project in which both sweeps have been run."""
    folder = copy_project(tmp_path_factory.mktemp("swept") / "project")
    overlay = {"sweeps": SWEEPS, "models": {"bioassay": {"grids": GRIDS}}, "n_draws": 200}
    (folder / "sweeps.yaml").write_text(yaml.safe_dump(overlay, sort_keys=False))
    config = yaml.safe_load((folder / "config/config.yaml").read_text())
    del config["sweeps"]
    case = {"model": "linear_known_variance", "prior": "normal", "space": "natural"}
    config["cases"] = [case | {"grid": "certified"}]  # for the audit, which looks at cases too
    config["remedies"] = "none"
    (folder / "config/config.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
    done = snakemake(folder, "sweep", "--cores", "2", "--configfile", "sweeps.yaml")
    assert done.returncode == 0, done.stderr[-3000:]
    return folder


def table(folder, sweep, step):
    return pq.read_table(folder / f"results/sweeps/{sweep}/{step}.parquet")


def rows_of(folder, sweep, step, key):
    return [row for row in table(folder, sweep, step).to_pylist() if row["scenario"] == key]


def test_every_step_has_a_table_with_the_settings_and_the_key(swept):
    for step in ("posterior", "mode", "curvature", "grid"):
        found = table(swept, "small", step)
        assert found.num_rows == 16
        assert found.column_names[:4] == ["scenario", "prior.beta.sd", "space.beta", "seed"]
    assert table(swept, "small", "verdict").num_rows == 16 * 3
    assert table(swept, "small", "quantiles").num_rows == 16 * 3 * 9
    assert table(swept, "small", "draws").num_rows == 16 * 200
    assert table(swept, "small", "mass").num_rows == 16 * 41 * 61
    assert table(swept, "mixed", "mass").num_rows == 0, "not kept"


def test_the_audit_looks_at_sweeps_too(swept):
    overlay = ("--configfile", "sweeps.yaml")
    for target in ((), ("audit",)):
        done = snakemake(swept, *target, *overlay)
        assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    assert "none broken: results/audit.json" in done.stdout
    for sweep in SWEEPS:
        record = json.loads((swept / f"results/sweeps/{sweep}/audit.json").read_text())
        assert record["ok"] and record["counts"]["checks"] > 100
        Draft202012Validator(AUDIT).validate(record)
    path = swept / "results/sweeps/small/verdict.parquet"
    original = path.read_bytes()
    found = pq.read_table(path)
    changed = ["fine" if v != "fine" else "remedy" for v in found["verdict"].to_pylist()]
    place = found.column_names.index("verdict")
    pq.write_table(found.set_column(place, "verdict", pa.array(changed)), path)
    done = snakemake(swept, "audit", *overlay)
    path.write_bytes(original)
    assert done.returncode != 0
    said = done.stdout + done.stderr
    assert "small/verdict.parquet: verdict follows from the errors" in said
    assert "Traceback" not in said


def test_a_value_that_was_taken_away_makes_a_broken_law_and_no_traceback(swept):
    overlay = yaml.safe_load((swept / "sweeps.yaml").read_text())
    overlay["sweeps"]["small"]["vary"]["seed"] = [3]
    (swept / "less.yaml").write_text(yaml.safe_dump(overlay, sort_keys=False))
    done = snakemake(swept, "audit", "--configfile", "less.yaml")
    said = done.stdout + done.stderr
    assert done.returncode != 0
    assert "laws are broken" in said and "Traceback" not in said
    record = json.loads((swept / "results/sweeps/small/audit.json").read_text())
    broken = {row["law"] for row in record["checks"] if not row["ok"]}
    assert broken == {"scenarios are those of the configuration"}


def test_a_sweep_over_grids_has_both_the_setting_and_the_exact_quantile(swept):
    rows = table(swept, "grids", "quantiles").to_pylist()
    assert [row["grid_setting"] for row in rows] == ["certified"] * 27 + ["coarse"] * 27
    verdicts = table(swept, "grids", "verdict").to_pylist()
    median = {
        row["grid_setting"]: row["grid"]
        for row in rows
        if (row["quantity"], row["probability"]) == ("beta", 0.5)
    }
    # the true median, and the coarse grid's own, whose box cuts the tail off at 90
    assert median["certified"] == pytest.approx(10.657926726851, abs=1e-8)
    assert median["coarse"] == pytest.approx(median["certified"], abs=0.05)
    assert median["coarse"] != median["certified"]
    assert {row["grid"] for row in verdicts} == {"certified", "coarse"}
    effects = table(swept, "grids", "effects").to_pylist()
    assert {row["setting"] for row in effects} == {"grid"}
    exact = next(r for r in effects if (r["measure"], r["quantity"]) == ("grid", "beta"))
    assert exact["effect"] > 0


def test_random_rows_run_as_cases_give_the_same_numbers(swept):
    chosen = []
    for sweep, number in (("small", 1), ("mixed", 1)):
        keys = sorted(set(table(swept, sweep, "verdict")["scenario"].to_pylist()))
        chosen += [(sweep, key) for key in random.Random(11).sample(keys, number)]
    for sweep, key in chosen:
        overlay = f"results/sweeps/{sweep}/scenarios/{key}.yaml"
        done = snakemake(swept, overlay, "--configfile", "sweeps.yaml")
        assert done.returncode == 0, done.stderr[-3000:]
        command = (swept / overlay).read_text().splitlines()[1].removeprefix("#   snakemake ")
        done = snakemake(swept, *command.split())
        assert done.returncode == 0, done.stderr[-3000:]
        _compare(swept, sweep, key, json.loads(_body(swept / overlay)))


def _body(path):
    return "".join(line for line in path.open() if not line.startswith("#"))


def _compare(folder, sweep, key, overlay):
    (model,) = overlay["models"]
    case = overlay["cases"][0]
    assert model.endswith(key)
    results = folder / "results" / model / case["prior"]
    laplace = results / "laplace" / case["space"]
    grid, compare = (
        results / "grid" / case["grid"],
        results / "compare" / case["space"] / case["grid"],
    )
    for step, path in (("mode", laplace), ("curvature", laplace), ("grid", grid)):
        record = json.loads((path / f"{step}.json").read_text())
        _same_record(record, rows_of(folder, sweep, step, key)[0])
    verdict = json.loads((compare / "verdict.json").read_text())
    for row in rows_of(folder, sweep, "verdict", key):
        _same_record(verdict["quantities"][row["quantity"]], row)
        _same_record({"joint": verdict["joint"], "evidence": verdict["evidence"]}, row)
        assert row["case_verdict"] == verdict["verdict"]
    seed = overlay["seeds"]["draws"][0]
    tables = {"quantiles": compare, "remedies": compare, "marginals": grid}
    files = {step: path / f"{step}.parquet" for step, path in tables.items()}
    files["draws"] = laplace / f"draws-seed{seed}.parquet"
    files["grid_draws"] = grid / f"draws-seed{overlay['seeds']['grid'][0]}.parquet"
    if "mass" in SWEEPS[sweep].get("keep", ()):
        files["mass"] = grid / "mass.parquet"
    for step, path in files.items():
        alone = pq.read_table(path)
        swept = table(folder, sweep, step)
        swept = swept.filter(np.array(swept["scenario"].to_pylist()) == key)
        assert swept.num_rows == alone.num_rows > 0 or step == "draws"
        for name in alone.column_names:
            assert swept[name].to_pylist() == alone[name].to_pylist(), (step, name)


def _same_record(record, row):
    """Every number, text and list of numbers of a record stands in the row, to the last digit."""
    compared = 0
    for path, value in flat(record):
        steps = path[1:] if path[0] == "joint" else path
        name = ".".join(steps[:-1] if steps[-1] == "value" and len(steps) > 1 else steps)
        if name not in row or path[0] in ("case", "core"):
            continue
        found = row[name]
        if isinstance(found, str) and not isinstance(value, str):
            found = json.loads(found)
        assert found == value, name
        compared += 1
    assert compared > 5


def test_a_declined_scenario_is_a_row_and_costs_no_other(swept):
    rows = table(swept, "mixed", "mode").to_pylist()
    assert len(rows) == 8
    declined = [row for row in rows if row["status"] == "declined"]
    assert {(row["prior"], row["space"]) for row in declined} == {
        ("flat_log", "natural"),
        ("flat_log", "log_beta"),
    }
    for row in declined:
        assert row["reason"] == "improper" and row["message"]
        assert row["z"] is None
    verdicts = table(swept, "mixed", "verdict").to_pylist()
    assert {row["verdict"] for row in verdicts if row["prior"] == "flat_log"} == {"declined"}
    assert "declined" not in {row["verdict"] for row in verdicts if row["prior"] == "flat"}


def test_replicated_data_make_the_normal_better(swept):
    rows = table(swept, "mixed", "verdict").to_pylist()
    error = {
        row["replicate"]: row["total_variation"]
        for row in rows
        if (row["prior"], row["space"], row["quantity"]) == ("flat", "natural", "beta")
    }
    # measured independently: .2325 and .167 for one and two copies of the data
    assert error[1] == pytest.approx(0.2325, abs=5e-5)
    assert error[2] == pytest.approx(0.167, abs=5e-4)


def test_a_second_run_has_nothing_to_do_and_an_added_value_costs_its_own(swept):
    target = "results/sweeps/mixed/verdict.parquet"
    assert planned_rules(swept, target, "--configfile", "sweeps.yaml") == {}
    overlay = yaml.safe_load((swept / "sweeps.yaml").read_text())
    overlay["sweeps"]["mixed"]["vary"]["replicate"] = [1, 2, 4]
    (swept / "more.yaml").write_text(yaml.safe_dump(overlay, sort_keys=False))
    planned = planned_rules(swept, target, "--configfile", "more.yaml")
    assert planned == {"sweep_chunk": 2, "sweep_table": 1}, "4 new scenarios, 3 a chunk"


def test_tables_are_the_same_bytes_in_other_chunks(swept, tmp_path):
    folder = copy_project(tmp_path / "other")
    (folder / "config/config.yaml").write_text((swept / "config/config.yaml").read_text())
    overlay = yaml.safe_load((swept / "sweeps.yaml").read_text())
    overlay["sweeps"] = {"mixed": overlay["sweeps"]["mixed"] | {"chunk": 8}}
    (folder / "sweeps.yaml").write_text(yaml.safe_dump(overlay, sort_keys=False))
    done = snakemake(folder, "sweep", "--cores", "2", "--configfile", "sweeps.yaml")
    assert done.returncode == 0, done.stderr[-3000:]
    ours, theirs = (
        {
            path: sha
            for path, sha in content(each).items()
            if path.startswith("sweeps/mixed/")
            and not any(part in path for part in ("/chunks/", "/scenarios/", "audit.json"))
        }
        for each in (swept, folder)
    )
    assert ours == theirs and len(ours) >= 13


@pytest.mark.parametrize(
    ("sweep", "said"),
    [
        ({"vary": {"prior.beta.sd": []}}, "sweeps.bad.vary.prior.beta.sd: is an empty list"),
        ({"vary": {"prior.beta.sd": [-1]}}, "sweeps.bad.vary.prior.beta.sd: at the value -1"),
        ({"vary": {"prir.beta.sd": [1]}}, "sweeps.bad.vary.prir.beta.sd: there is no setting"),
        (
            {"vary": {"prior.beta.sd": [1], "prior.beta.sdd": [1]}},
            "sweeps.bad.vary.prior.beta.sd",
        ),
        ({"vary": {"seed": [1, 1]}}, "sweeps.bad.vary.seed: the value 1 is given more than once"),
        (
            {"vary": {"seed": {"range": [0, 1000]}, "n_draws": {"range": [2, 1002]}}},
            "1000 of seed x 1000 of n_draws are 1000000 scenarios",
        ),
    ],
)
def test_a_bad_sweep_stops_before_anything_runs(swept, sweep, said):
    overlay = {"sweeps": {"bad": {"base": SWEEPS["mixed"]["base"], **sweep}}}
    (swept / "bad.yaml").write_text(yaml.safe_dump(overlay, sort_keys=False))
    done = snakemake(swept, "sweep", "--configfile", "bad.yaml")
    assert done.returncode != 0
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert not (swept / "results/sweeps/bad").exists()

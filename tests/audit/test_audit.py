"""The audit: silent where all is well, loud where it is not, and independent of what it audits."""

import ast
import json
import shlex
import shutil
import subprocess
import sys

import numpy as np
import pytest
from jsonschema import Draft202012Validator
from scipy import integrate

from audit_page import PAGE, page
from cases_in_memory import MODELS, posterior_of
from laplace_approx.errors import InputError
from laplace_audit.cases import audit
from laplace_audit.catalogue import LAWS
from laplace_audit.findings import audit_record, failure_lines, require_lawful
from laplace_audit.ledger import Ledger
from laplace_audit.numerics.coordinates import Coordinate, Space
from laplace_audit.numerics.derivatives import derivatives
from laplace_audit.numerics.priors import Prior
from laplace_audit.numerics.target import Target
from laplace_files.artifacts.findings import MOVE, REPAIR
from mutation_table import asked_in
from project_copy import PROJECT, snakemake

AUDIT = PROJECT / "workflow" / "scripts" / "laplace_audit"
# What the audit may share with the rest: running a model file, writing, and what errors look like.
SHARED = {
    *("laplace_files.models.beside", "laplace_files.artifacts.artifacts", "laplace_approx.errors"),
    "laplace_approx.words.printable",
    *("laplace_files", "laplace_approx"),
}


def test_the_audit_calls_nothing_that_made_an_artifact():
    for file in AUDIT.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) else []
            foreign = {n for n in names if n.split(".")[0] in ("laplace_files", "laplace_approx")}
            assert foreign <= SHARED, file


def test_only_the_run_writes():
    for file in AUDIT.rglob("*.py"):
        if file.name not in ("run.py", "findings.py", "target.py"):
            assert "laplace_files" not in file.read_text(encoding="utf-8"), file


def test_the_page_lists_every_law():
    assert PAGE.read_text(encoding="utf-8") == page()


def test_every_law_is_held_somewhere():
    text = "".join(file.read_text(encoding="utf-8") for file in AUDIT.rglob("*.py"))
    for law in LAWS:
        assert text.count(f'"{law}"') >= 2, law


def test_every_artifact_that_is_asked_for_is_opened_and_no_other(tmp_path):
    asked = asked_in(PROJECT, "config/config.yaml")
    held = dict.fromkeys(check.file for check in audit(asked, tmp_path).checks)
    assert set(held) == set(asked.artifacts())


def test_nan_breaks_every_law():
    for value in ([0.0, np.nan], np.inf):
        ledger = Ledger()
        ledger.page("x.json").most("mass sums to one", value, 1.0)
        (check,) = ledger.checks
        assert not check.ok and check.value is None


def test_the_worst_of_a_law_is_kept_and_named():
    ledger = Ledger()
    for value in (1e-15, 3.0, 1e-14):
        ledger.page("m/p/grid/g/mass.parquet").most("mass sums to one", value, 1e-12)
    record = audit_record(ledger.checks)
    assert record["counts"] == {"files": 1, "laws": 1, "checks": 1, "failed": 1}
    (line,) = failure_lines(record)
    for part in ("results/m/p/grid/g/mass.parquet", "mass sums to one", "3", "1e-12", "--force"):
        assert part in line


def with_left_over(n, schema_holds):
    """Return the record of three files that are not as recorded, n of them left over, and of one
    that is held against its schema."""
    ledger = Ledger()
    for name in "abc":
        ledger.page(f"m/{name}.json").true("as it was recorded", False)
    ledger.page("m/d.json").true("schema", schema_holds)
    record = audit_record(ledger.checks)
    for row in record["checks"][:n]:
        row["remake"] = REPAIR
    return record


def test_what_is_left_over_shares_a_line():
    record = with_left_over(3, schema_holds=False)
    lines = failure_lines(record)
    assert len(lines) == 2
    assert "results/m/d.json: schema" in lines[0]
    assert lines[1].startswith("results/m/a.json and 2 other artifacts: left over")
    assert lines[1].endswith("Do: snakemake repair")
    record["checks"][0]["remake"] = MOVE
    assert failure_lines(record)[2].endswith("which does not know it. Do: move it out of results/")


def test_what_is_left_over_is_not_counted_among_the_broken_laws():
    record = with_left_over(2, schema_holds=True)
    with pytest.raises(InputError) as both:
        require_lawful({"results/audit.json": record})
    assert "1 of 4 laws are broken, and 2 artifacts are not of this" in str(both.value)
    record["checks"][2]["remake"] = REPAIR
    with pytest.raises(InputError) as left:
        require_lawful({"results/audit.json": record})
    assert "none of 4 laws are broken, and 3 artifacts are not of this" in str(left.value)
    assert "left over from another configuration" in str(left.value)
    assert "Do: snakemake repair" in str(left.value)


def test_what_to_do_names_the_configuration_of_the_audit():
    ledger = Ledger()
    ledger.page("m/d.json").true("schema", False)
    records = {"results/audit.json": audit_record(ledger.checks)}
    with pytest.raises(InputError, match=r"add: --configfile 'my own\.yaml'"):
        require_lawful(records, ["my own.yaml"])
    with pytest.raises(InputError) as plain:
        require_lawful(records)
    assert "--configfile" not in str(plain.value)


def test_a_line_of_the_audit_is_one_line_and_its_command_is_quoted():
    ledger = Ledger()
    ledger.page("m/a b;c\n\x1b[2J'.json").true("schema", False)
    (line,) = failure_lines(audit_record(ledger.checks))
    assert line.isprintable()
    command = line.partition("Do: ")[2]
    assert shlex.split(command)[:2] == ["snakemake", "--force"] and len(shlex.split(command)) == 3


COORDINATES = [
    *(Coordinate("identity"), Coordinate("log", 1.5), Coordinate("reflected_log", 0.0, 2.0)),
    *(Coordinate("power", 2.0), Coordinate("power", 0.5), Coordinate("power", -3.0)),
    Coordinate("logit", -1.0, 4.0),
]


@pytest.mark.parametrize("c", COORDINATES, ids=str)
def test_a_coordinate_goes_there_and_back_and_its_slope_is_its_slope(c):
    low, high = np.clip(c.domain, -3.0, 5.0)
    theta = np.linspace(low, high, 41)[1:-1]
    z = c.z(theta)
    assert np.allclose(c.theta(z), theta, rtol=1e-13, atol=1e-13)
    h = 1e-6 * np.abs(z) + 1e-7
    slope = (c.theta(z + h) - c.theta(z - h)) / (2 * h)
    assert np.allclose(np.log(np.abs(slope)), c.log_slope(z), atol=1e-7)
    assert np.all(slope < 0) == c.falls


@pytest.mark.parametrize("c", COORDINATES, ids=str)
def test_the_image_of_a_domain_is_where_the_coordinate_has_values(c):
    space = Space([c], [c.domain[0]], [c.domain[1]])
    z = np.linspace(-9, 9, 61)[:, None]
    inside = (z[:, 0] > space.lower[0]) & (z[:, 0] < space.upper[0])
    theta = space.theta(z)[:, 0]
    assert np.array_equal(np.isfinite(theta), inside) and inside.any()
    assert np.all((theta[inside] > c.domain[0]) & (theta[inside] < c.domain[1]))


PROPER = [
    {"family": "normal", "mean": 1, "variance": 4},
    {"family": "normal", "mean": 1, "precision": 4},
    {"family": "student_t", "df": 4, "location": 1, "scale": 2},
    {"family": "laplace", "location": 1, "scale": 2},
    {"family": "logistic", "location": 1, "scale": 2},
    {"family": "uniform", "lower": -1, "upper": 3},
    {"family": "lognormal", "log_mean": 0.5, "log_sd": 0.4},
    {"family": "half_normal", "scale": 2},
    {"family": "half_student_t", "df": 4, "scale": 2},
    {"family": "exponential", "rate": 2},
    {"family": "gamma", "shape": 2.5, "rate": 2},
    {"family": "inverse_gamma", "shape": 4, "scale": 2},
    {"family": "scaled_inverse_chi_squared", "df": 8, "scale": 2},
    {"family": "beta", "a": 2, "b": 3},
    {"family": "weibull", "shape": 2, "scale": 2},
    {"family": "normal", "mean": 0, "sd": 1, "on": "log"},
    {"family": "gamma", "shape": 3, "rate": 2, "on": {"power": -2}},
    {"family": "normal", "mean": 0, "sd": 1, "on": {"logit": {"lower": 1, "upper": 3}}},
]


@pytest.mark.parametrize("settings", PROPER, ids=str)
def test_a_proper_prior_integrates_to_one(settings):
    prior = Prior({"x": settings}, ("x",))
    ends = max(prior.lower[0], -60.0), min(prior.upper[0], 400.0)

    def density(x):
        return float(np.exp(prior.log_density(np.array([x]))))

    inner = [x for x in (0.2, 1.0, 2.0, 5.0) if ends[0] < x < ends[1]]
    total, _ = integrate.quad(density, *ends, points=inner, limit=500)
    assert total == pytest.approx(1, abs=2e-4 if settings["family"] == "student_t" else 1e-6)


def test_differences_are_those_of_a_known_function():
    H = np.array([[2.0, 0.7], [0.7, 1.0]])
    factor = np.linalg.cholesky(np.linalg.inv(H))

    def log_density(x):
        bend = -0.5 * np.einsum("...i,ij,...j->...", x - 1, H, x - 1)
        return bend + 0.01 * np.sin(x[..., 0]) + 3

    found = derivatives(log_density, np.ones(2), factor)
    expected = factor.T @ [0.01 * np.cos(1.0), 0]
    assert np.allclose(found.slopes, expected, atol=found.slope_error + 1e-12)
    directions = np.array([[1, 0], [0, 1], [2**-0.5, 2**-0.5], [-(2**-0.5), 2**-0.5]]) @ factor.T
    expected = -1 - 0.01 * np.sin(1.0) * directions[:, 0] ** 2
    assert np.allclose(np.sort(found.bends), np.sort(expected), atol=1e-9)
    assert found.bend_error < 1e-9


@pytest.mark.workflow
@pytest.mark.parametrize("k", [1, 17])
def test_a_run_of_another_configuration_breaks_no_law(k):
    program = PROJECT / "benchmarks" / "clean_audits.py"
    command = [sys.executable, str(program), "1", str(k)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=True)
    assert done.stdout.endswith(" 0 false alarms\n"), done.stdout


@pytest.mark.workflow
def test_a_clean_run_breaks_no_law_and_an_edited_file_breaks_one(finished, tmp_path):
    folder = shutil.copytree(finished, tmp_path / "project", symlinks=True)
    done = snakemake(folder, "audit")
    assert done.returncode == 0, done.stderr[-3000:]
    audit = folder / "results" / "audit.json"
    record = json.loads(audit.read_text(encoding="utf-8"))
    schema = json.loads((PROJECT / "workflow/schemas/audit.schema.json").read_text("utf-8"))
    assert not list(Draft202012Validator(schema).iter_errors(record))
    assert record["ok"] and record["counts"]["laws"] > 100
    written, edited = audit.stat().st_mtime_ns, "bioassay/flat/compare/natural/chapter/verdict.json"
    assert snakemake(folder, "audit").returncode == 0
    assert audit.stat().st_mtime_ns == written

    path = folder / "results" / edited
    times = path.stat().st_atime_ns, path.stat().st_mtime_ns
    path.write_text(path.read_text("utf-8").replace('"class": "poor"', '"class": "good"'), "utf-8")
    shutil.os.utime(path, ns=times)
    done = snakemake(folder, "audit")
    assert done.returncode != 0
    said = done.stdout + done.stderr
    line = next(line for line in said.splitlines() if "class follows from" in line)
    assert f"results/{edited}" in line and f"snakemake --force results/{edited}" in line
    assert not json.loads(audit.read_text(encoding="utf-8"))["ok"]

    assert snakemake(folder, "--force", f"results/{edited}").returncode == 0
    assert snakemake(folder, "audit").returncode == 0


@pytest.mark.parametrize(
    ("model", "data"),
    [
        ("bioassay", "bioassay.csv"),
        ("normal", "windshieldy1.csv"),
        ("logistic_regression", "challenger.csv"),  # it transforms its data once
        ("poisson_regression", "airline_accidents.csv"),
        ("eight_schools", "eight_schools.csv"),
    ],
)
def test_the_density_of_the_audit_is_that_of_the_model(model, data, monkeypatch):
    monkeypatch.chdir(PROJECT)
    posterior = posterior_of(MODELS / f"{model}.py", data, {})
    target = Target(posterior.record)
    near = np.random.default_rng(0).normal(posterior.model.start, 0.1, (20, len(target.parameters)))
    due = posterior.density().log_density(near)
    found = target.log_density(near)
    assert found - found[0] == pytest.approx(due - due[0], rel=1e-12, abs=1e-11)

"""The real Snakefile, run as a user runs it, in copies of the project."""

import json
import math
import os
import shutil

import pyarrow.parquet as pq
import pytest

from laplace_files.run.ending import verdict_lines
from project_copy import content, copy_project, planned_rules, snakemake

pytestmark = pytest.mark.workflow

JUDGED = {
    "reference",
    "remedies",
    "verdict",
    "basin",
    "figures",
    "summary",
    "claims",
    "report",
    "manifest",
    "all",
}
CHAIN = {"mode", "curvature", "draws", "quantiles", "exercises"} | JUDGED
CASE = "bioassay/flat"


@pytest.fixture
def project(finished, tmp_path):
    """A copy of the finished project, times and all, to be changed by one test."""
    folder = tmp_path / "project"
    shutil.copytree(finished, folder, symlinks=True)
    return folder


def read(folder, path):
    return json.loads((folder / "results" / path).read_text(encoding="utf-8"))


def table(folder, path):
    return pq.read_table(folder / "results" / path).to_pydict()


def edit(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_every_promised_artifact_is_there(finished):
    made = set(content(finished))
    for prior in ("flat", "normal_sd"):
        posterior = f"bioassay/{prior}"
        assert {
            f"{posterior}/posterior.json",
            f"{posterior}/laplace/natural/mode.json",
            f"{posterior}/laplace/natural/curvature.json",
            f"{posterior}/laplace/natural/draws-seed42.parquet",
            f"{posterior}/grid/chapter/grid.json",
            f"{posterior}/grid/chapter/mass.parquet",
            f"{posterior}/grid/chapter/draws-seed99.parquet",
            f"{posterior}/compare/natural/chapter/quantiles.parquet",
            f"{posterior}/compare/natural/chapter/remedies.parquet",
            f"{posterior}/compare/natural/chapter/remedies.json",
            f"{posterior}/compare/natural/chapter/verdict.json",
            f"{posterior}/compare/natural/chapter/basin.parquet",
            f"{posterior}/compare/natural/chapter/figures/contours.svg",
            f"{posterior}/compare/natural/chapter/figures/coverage.svg",
            f"{posterior}/compare/natural/chapter/figures/quantile_quantile.svg",
            f"{posterior}/compare/natural/chapter/figures/remedy_ladder_beta.svg",
            f"{posterior}/compare/natural/chapter/figures/tails.svg",
            f"{posterior}/compare/natural/chapter/figures/replication.svg",
            f"{posterior}/compare/natural/chapter/figures/newton_basin.svg",
        } <= made
    assert {"core.json", "summary.parquet", "claims.json", "report.html", "manifest.json"} <= made
    for number in range(1, 5):
        assert {f"exercises/exercise-{number}.json", f"exercises/exercise-{number}.md"} <= made
        assert f"exercises/figures/exercise-{number}.svg" in made


# The true values: Newton's method in 40-digit arithmetic, and Gauss-Legendre quadrature.
MODE = (0.846580228090550896923479594468, 7.74881715058772608651693852053)
SD = (1.019085416797719, 4.8727677014870245)
HESSIAN = ((-1.9647686918994611, 0.2934250116381535), (0.2934250116381535, -0.08593719757090876))
LAPLACE_95 = {"alpha": (-1.1507904860029687, 2.84395094218407),
              "beta": (-1.801632049356865, 17.299266350532314)}  # fmt: skip
EXACT_SD = {"alpha": 1.1020759664022814, "beta": 5.773095825849631}
# restricted to the box [-4, 8] x [-10, 40]: the truth that this very box allows, by quadrature
OUTSIDE = 7.112845716857885e-4


def test_the_mode_is_right_to_a_billionth_of_a_standard_deviation(finished):
    mode = read(finished, f"{CASE}/laplace/natural/mode.json")
    for found, true, sd in zip(mode["theta"], MODE, SD, strict=True):
        assert abs(found - true) < 1e-9 * sd
    assert mode["shift_sd"] < 1e-9


def test_the_hessian_is_right_to_eight_digits_and_says_how_it_was_checked(finished):
    curvature = read(finished, f"{CASE}/laplace/natural/curvature.json")
    for found, true in zip(curvature["hessian"], HESSIAN, strict=True):
        assert found == pytest.approx(true, rel=1e-8)
    methods = {check["method"] for check in curvature["hessian_check"]}
    assert curvature["hessian_method"] == "analytic"
    assert "gradient_differences" in methods


def test_the_laplace_quantiles_are_analytic(finished):
    rows = table(finished, f"{CASE}/compare/natural/chapter/quantiles.parquet")
    found = {
        (q, p): v
        for q, p, v in zip(rows["quantity"], rows["probability"], rows["laplace"], strict=True)
    }
    for name, (low, high) in LAPLACE_95.items():
        assert abs(found[name, 0.025] - low) < 1e-9 * EXACT_SD[name]
        assert abs(found[name, 0.975] - high) < 1e-9 * EXACT_SD[name]


def test_the_box_reports_what_it_misses(finished):
    grid = read(finished, f"{CASE}/grid/chapter/grid.json")
    assert OUTSIDE / 2 < grid["outside_mass"]["total"] < OUTSIDE * 2
    assert not grid["certified"]
    assert any(reason.startswith("beta > 40") for reason in grid["reasons"])


def test_draws_agree_with_the_densities_beside_them(finished):
    """The normal's log density, recomputed from the stored mode and covariance by hand."""
    mode = read(finished, f"{CASE}/laplace/natural/mode.json")
    curvature = read(finished, f"{CASE}/laplace/natural/curvature.json")
    draws = table(finished, f"{CASE}/laplace/natural/draws-seed42.parquet")
    (a, b), (_, d) = curvature["covariance"]
    determinant = a * d - b * b
    for alpha, beta, stored in list(
        zip(draws["alpha"], draws["beta"], draws["log_approximation"], strict=True)
    )[:50]:
        x, y = alpha - mode["theta"][0], beta - mode["theta"][1]
        square = (d * x * x - 2 * b * x * y + a * y * y) / determinant
        expected = -0.5 * square - math.log(2 * math.pi) - 0.5 * math.log(determinant)
        assert stored == pytest.approx(expected, abs=1e-10)  # rounding in five operations
    assert len(draws["alpha"]) == 1500


def test_tables_say_what_they_are(finished):
    path = finished / "results" / CASE / "laplace/natural/draws-seed42.parquet"
    metadata = pq.read_schema(path).metadata
    assert metadata[b"seed"] == b"42"
    assert metadata[b"bit_generator"] == b"PCG64"
    assert {b"model", b"prior", b"space", b"core", b"schema_version"} <= set(metadata)
    assert list(metadata) == sorted(metadata)


def test_no_artifact_names_a_machine(finished):
    names = {os.environ.get("HOSTNAME", ""), os.uname().nodename, str(finished)} - {""}
    for path in (finished / "results").rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert not [name for name in names if len(name) > 3 and name.encode() in data], path


def test_two_clean_runs_are_identical_byte_for_byte(finished, tmp_path):
    """Other cores, hash seed, time zone, and a folder with a space and an accent in its name.

    The second run takes fewer cases, so what is held against the first is all that belongs to
    them, and what belongs to no case.
    """
    other = copy_project(tmp_path / "un été")
    case = "{model: bioassay, prior: flat, space: log_beta, grid: certified}"
    (other / "one.yaml").write_text(f"cases: [{case}]\n", encoding="utf-8")
    overlay = ("--configfile", "one.yaml")
    environment = {"PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo", "LC_ALL": "C.UTF-8"}
    done = snakemake(other, "--cores", "1", *overlay, **environment)
    assert done.returncode == 0, done.stderr[-3000:]
    first, second = content(finished), content(other)
    of_cases = {path for path in second if path.startswith("bioassay/")} | {"core.json"}
    assert len(of_cases) > 20
    assert {path: second[path] for path in of_cases} == {path: first[path] for path in of_cases}


def test_nothing_is_done_twice(project):
    assert planned_rules(project) == {}


def test_a_touch_reruns_nothing(project):
    for path in (project / "workflow").rglob("*.py"):
        os.utime(path)
    os.utime(project / "config" / "config.yaml")
    assert planned_rules(project) == {}


def test_an_edited_core_module_reruns_what_imports_it_and_no_more(project):
    module = project / "workflow/scripts/laplace_approx/comparison/quantiles.py"
    original = module.read_text(encoding="utf-8")
    module.write_text(original + "\n# a remark\n", encoding="utf-8")
    assert set(planned_rules(project)) == {
        *("core", "quantiles", "figures", "summary", "claims", "report", "manifest", "all")
    }
    module.write_text(original, encoding="utf-8")
    assert planned_rules(project) == {}


def test_an_edited_mode_finder_reruns_all_that_follows_but_not_the_grid(project):
    module = project / "workflow/scripts/laplace_approx/mode/step.py"
    module.write_text(module.read_text(encoding="utf-8") + "\n# a remark\n", encoding="utf-8")
    assert set(planned_rules(project)) == CHAIN | {"core"}


def test_an_edited_prior_reruns_its_case_only(project):
    edit(project / "config/config.yaml", "mean: 0, sd: 4}", "mean: 0, sd: 5}")
    planned = planned_rules(project)
    assert planned["posterior"] == planned["draws"] == 1
    assert planned["mode"] == planned["curvature"] == 2  # the other space is a remedy
    assert planned["grid"] == planned["quantiles"] == planned["figures"] == 2  # two grids
    assert planned["summary"] == planned["exercises"] == 1
    assert "core" not in planned


def test_an_edited_grid_reruns_the_grid_and_the_comparison(project):
    edit(project / "config/config.yaml", "lower: -4, upper: 8,", "lower: -4, upper: 9,")
    planned = planned_rules(project)
    assert set(planned) == JUDGED | {"grid", "grid_draws", "quantiles"}


def test_one_more_seed_makes_its_draws_and_what_follows(project):
    edit(project / "config/config.yaml", "draws: [42]", "draws: [42, 43]")
    planned = planned_rules(project)
    assert set(planned) == {
        *(
            "draws",
            "quantiles",
            "figures",
            "summary",
            "claims",
            "exercises",
            "report",
            "manifest",
            "all",
        )
    }
    assert planned["draws"] == 9  # one for each posterior and space


def test_an_edited_model_file_reruns_its_cases(project):
    model = project / "workflow/scripts/laplace_approx/models/bioassay.py"
    model.write_text(model.read_text(encoding="utf-8") + "\n# a remark\n", encoding="utf-8")
    planned = planned_rules(project)
    assert planned["posterior"] == 4  # priors; windshieldy1 and the regression are left alone
    assert planned["mode"] == 8  # each in both spaces: the other one is a remedy
    assert planned["grid"] == 6
    assert "core" not in planned


BAD_CONFIGS = {
    "unknown-key": ("n_draws: 1500", "n_draw: 1500", ["n_draw", "n_draws"]),
    "wrong-type": ("n_draws: 1500", "n_draws: [1]", ["n_draws"]),
    "zero-draws": ("n_draws: 1500", "n_draws: 0", ["n_draws"]),
    "reversed-bounds": ("lower: -4, upper: 8", "lower: 8, upper: -4", ["chapter.alpha"]),
    "zero-points": ("upper: 8, points: 100", "upper: 8, points: 0", ["chapter.alpha.points"]),
    "nan": ("mean: 0, sd: 4", "mean: .nan, sd: 4", ["normal_sd.alpha.mean"]),
    "negative-seed": ("draws: [42]", "draws: [-1]", ["seeds.draws"]),
    "boolean-seed": ("draws: [42]", "draws: [true]", ["seeds.draws"]),
    "unknown-model": ("model: bioassay", "model: bioasay", ["bioasay", "bioassay"]),
    "unknown-prior": ("prior: [flat,", "prior: [flatt,", ["flatt", "flat"]),
    "unknown-space": ("space: natural", "space: naturel", ["naturel", "natural"]),
    "unknown-grid": ("grid: chapter", "grid: chapte", ["chapte", "chapter"]),
    "alien-parameter": ("alpha: {family", "alfa: {family", ["alfa", "alpha"]),
    "bare-pair": (
        "alpha: {family: normal, mean: 0, sd: 4}",
        "alpha: [0, 4]",
        ["normal_sd.alpha", "sd"],
    ),
    "both-spreads": ("mean: 0, sd: 4}", "mean: 0, sd: 4, variance: 16}", ["normal_sd", "variance"]),
    "duplicate-key": ("n_draws: 1500", "n_draws: 1500\nn_draws: 3", ["n_draws"]),
}


@pytest.mark.parametrize("fault", BAD_CONFIGS)
def test_a_bad_configuration_stops_before_anything_runs(fault, tmp_path):
    old, new, words = BAD_CONFIGS[fault]
    project = copy_project(tmp_path / "project")
    edit(project / "config/config.yaml", old, new)
    done = snakemake(project, "--dry-run")
    assert done.returncode != 0
    said = done.stdout + done.stderr
    assert "Traceback" not in said
    for word in words:
        assert word in said
    assert not (project / "results").exists()


def test_a_number_that_yaml_reads_as_text_is_the_number(tmp_path):
    project = copy_project(tmp_path / "project")
    edit(project / "config/config.yaml", "n_draws: 1500", "n_draws: 2e3")
    target = "results/bioassay/flat/laplace/natural/draws-seed42.parquet"
    done = snakemake(project, "--cores", "2", target)
    assert done.returncode == 0, done.stderr[-2000:]
    assert pq.read_metadata(project / target).num_rows == 2000


BAD_DATA = {
    "too-many-deaths": ("-0.86,5,0", "-0.86,5,6", ["row 2", "deaths"]),
    "no-animals": ("-0.86,5,0", "-0.86,0,0", ["row 2", "animals"]),
    "blank": ("-0.86,5,0", "-0.86,,0", ["row 2", "animals"]),
    "nan": ("-0.86,5,0", "nan,5,0", ["row 2", "dose"]),
    "missing-column": ("dose,animals,deaths", "dose,animals,dead", ["deaths"]),
    "duplicate-column": ("dose,animals,deaths", "dose,animals,animals", ["animals"]),
    "wrong-separator": ("dose,animals,deaths", "dose;animals;deaths", [";"]),
}


@pytest.mark.parametrize("fault", BAD_DATA)
def test_bad_data_stops_before_anything_runs(fault, tmp_path):
    old, new, words = BAD_DATA[fault]
    project = copy_project(tmp_path / "project")
    edit(project / "data/bioassay.csv", old, new)
    done = snakemake(project, "--dry-run")
    assert done.returncode != 0
    said = done.stdout + done.stderr
    assert "Traceback" not in said
    for word in ["bioassay.csv", *words]:
        assert word in said
    assert not (project / "results").exists()


def test_a_model_outside_the_project_leaves_no_absolute_path(tmp_path):
    """Named by an absolute path, as an overlay kept elsewhere would name it."""
    project = copy_project(tmp_path / "project")
    outside = tmp_path / "elsewhere"
    outside.mkdir()
    (outside / "coin.py").write_text(COIN, encoding="utf-8")
    (project / "coin.yaml").write_text(
        "cases: [{model: coin, prior: flat, space: natural, grid: box}]\n"
        f"models: {{coin: {{file: '{outside}/coin.py', "
        "grids: {box: {p: {lower: 0, upper: 1, points: 401}}}}}\n",
        encoding="utf-8",
    )
    done = snakemake(project, "--configfile", "coin.yaml", "--", "results/summary.parquet")
    assert done.returncode == 0, done.stdout + done.stderr
    for path in (project / "results").rglob("*"):
        assert not path.is_file() or str(tmp_path).encode() not in path.read_bytes(), path
    rows = pq.read_table(project / "results/summary.parquet").to_pylist()
    # Beta(8, 4): its mode is 7/10, its mean 8/12 (closed form), here by quadrature on 400 cells
    assert rows[0]["mode"] == pytest.approx(0.7, abs=1e-9)
    assert rows[0]["grid_mean"] == pytest.approx(8 / 12, abs=1e-6)


COIN = """
import numpy as np

PARAMETERS = ("p",)
SUPPORT = {"p": (0, 1)}


def log_likelihood(theta, data):
    p = theta[..., 0]
    return 7 * np.log(p) + 3 * np.log1p(-p)
"""


STRAIGHT = """
PARAMETERS = ("x",)
SUPPORT = {"x": (0, None)}
START = (1.0,)


def log_likelihood(theta, data):
    return -theta[..., 0]
"""


def test_a_strict_run_makes_everything_and_then_fails_on_a_declined_case(tmp_path):
    """An exponential: its mode lies on the bound, and its grid is as good as any."""
    project = copy_project(tmp_path / "project")
    (project / "straight.py").write_text(STRAIGHT, encoding="utf-8")
    (project / "strict.yaml").write_text(
        "strict: true\nremedies: none\n"
        "cases: [{model: straight, prior: flat, space: [natural, log], grid: certified}]\n"
        "models: {straight: {file: straight.py, spaces: {natural: {}, log: {x: log}}}}\n",
        encoding="utf-8",
    )
    done = snakemake(project, "--configfile", "strict.yaml")
    assert done.returncode != 0
    said = done.stdout + done.stderr
    assert "straight/flat/natural/certified: mode_on_boundary" in said
    assert "straight/flat/log/certified" not in said.split("strict is true")[1].splitlines()[0]
    compare = "straight/flat/compare"
    declined = read(project, f"{compare}/natural/certified/verdict.json")
    assert declined["verdict"] == declined["quantities"]["x"]["verdict"] == "declined"
    assert declined["exact"]["kind"] == "grid"
    assert read(project, f"{compare}/log/certified/verdict.json")["verdict"] != "declined"
    assert (project / "results/claims.json").exists()
    rows = pq.read_table(project / "results/summary.parquet").to_pylist()
    assert [row["verdict"] == "declined" for row in rows] == [True, False]


def test_the_end_of_a_run_shows_the_verdicts(finished):
    path = finished / "results/summary.parquet"
    columns = pq.read_table(path).to_pydict()
    cases = set(zip(*(columns[name] for name in ("model", "prior", "space", "grid")), strict=True))
    lines = verdict_lines(path, cases).splitlines()
    (beta,) = [x for x in lines if x.startswith("bioassay/flat/natural/chapter") and " beta " in x]
    assert "remedy" in beta and "0.66" in beta and "84.6%" in beta and "nested_laplace" in beta
    page = finished / "results/report.html"
    assert verdict_lines(path, cases, page).splitlines()[-1].endswith(str(page))
    assert str(page) not in verdict_lines(path, cases, page.with_name("no such page"))
    assert verdict_lines(finished / "no such table", cases) == ""
    assert verdict_lines(path, [("other", "flat", "natural", "certified")]) == ""


def test_the_claims_of_the_chapter_are_measured_and_several_are_false(finished):
    claims = {each["id"]: each for each in read(finished, "claims.json")}
    assert claims["correlation"]["holds"] and claims["leak"]["holds"]
    # true values by 40-digit quadrature; the endpoint error against the chapter's own grid
    assert claims["intervals-50-agree"]["measured"] == pytest.approx(0.6575, abs=0.01)
    for false in ("intervals-50-agree", "newton-from-anywhere", "grid-is-gold", "draws-1500"):
        assert claims[false]["holds"] is False
    assert claims["newton-from-anywhere"]["measured"] == pytest.approx(0.12, abs=0.01)
    assert claims["log-sigma-works"]["measured"] == pytest.approx(0.89, abs=0.005)
    assert claims["linear-known-variance"]["holds"]


def test_a_module_beside_a_model_file_is_part_of_the_model(tmp_path):
    """Edited, or replaced by an older file, it makes the posterior anew."""
    project = copy_project(tmp_path / "project")
    (project / "coin.py").write_text("from half import HALF\n" + COIN, encoding="utf-8")
    (project / "half.py").write_text("HALF = 0.5\n", encoding="utf-8")
    (project / "coin.yaml").write_text(
        "cases: [{model: coin, prior: flat, space: natural, grid: certified}]\n"
        "models: {coin: {file: coin.py}}\n",
        encoding="utf-8",
    )
    target = ("--configfile", "coin.yaml", "--", "results/coin/flat/laplace/natural/mode.json")
    done = snakemake(project, *target)
    assert done.returncode == 0, done.stdout + done.stderr
    assert planned_rules(project, *target) == {}
    (project / "half.py").write_text("HALF = 0.25\n", encoding="utf-8")
    os.utime(project / "half.py", (0, 0))
    assert set(planned_rules(project, *target)) == {"posterior", "mode"}

"""Models of one, three, five and ten parameters, and declined ones, in one run of the Snakefile.

Nothing about a declined case may cost another case anything.
"""

import json
import math
import re

import numpy as np
import pyarrow.parquet as pq
import pytest
from scipy.special import gammaincinv, stdtrit

from laplace_files.models.data import read_data
from project_copy import PROJECT, copy_project, snakemake

pytestmark = pytest.mark.workflow

RATE = '''
"""Counts per unit of exposure: y_i ~ Poisson(rate e_i), without what depends on y alone."""

import numpy as np

PARAMETERS = ("rate",)
SUPPORT = {"rate": (0, None)}
QUANTITIES = {"doubled": lambda rate: 2 * rate}


def log_likelihood(theta, data):
    rate = theta[..., 0]
    return np.sum(data["y"]) * np.log(rate) - rate * np.sum(data["exposure"])
'''
OVERLAY = """
cases:
  - {model: rate, prior: gamma, space: [natural, log_rate, squared], grid: certified}
  - {model: linear, prior: reciprocal, space: log_sigma, grid: certified}
  - {model: five, prior: flat, space: natural, grid: certified}
  - {model: eight_schools_centred, prior: flat, space: log_tau, grid: certified}
  - {model: [separated, no_deaths], prior: flat, space: natural, grid: certified}
  - {model: no_deaths, prior: flat, space: natural, grid: chapter}
  - {model: no_deaths, prior: bda, space: natural, grid: chapter}
n_draws: 200
remedies: none  # tests/remedies and the default run hold those
models:
  rate:
    file: mine/rate.py
    data: mine/rate.csv
    priors: {gamma: {rate: {family: gamma, shape: 2, rate: 0.5}}}
    spaces: {natural: {}, log_rate: {rate: log}, squared: {rate: square}}
  five:
    file: workflow/scripts/laplace_approx/models/poisson_regression.py
    data: mine/five.csv
  separated:
    file: workflow/scripts/laplace_approx/models/logistic_regression.py
    data: mine/separated.csv
  no_deaths:
    file: workflow/scripts/laplace_approx/models/bioassay.py
    data: mine/no_deaths.csv
    priors:
      flat: {}
      bda: {joint: {family: multivariate_normal, mean: [0, 10], covariance: [[4, 10], [10, 100]]}}
    grids:
      chapter:
        alpha: {lower: -4, upper: 8, points: 100}
        beta: {lower: -10, upper: 40, points: 100}
      certified: {}
"""
COUNTS, EXPOSURE = np.array([3.0, 0.0, 5.0, 2.0]), np.array([1.5, 1.0, 2.5, 2.0])
SEPARATED = "y,x\n0,1\n0,2\n0,3\n1,4\n1,5\n1,6\n"
NO_DEATHS = "dose,animals,deaths\n-0.86,5,0\n-0.30,5,0\n-0.05,5,0\n0.73,5,0\n"
DECLINED = {
    "eight_schools_centred/flat/log_tau/certified": "not_converged",
    "separated/flat/natural/certified": "separation",
    "no_deaths/flat/natural/certified": "separation",
    "no_deaths/flat/natural/chapter": "separation",
}
# With pictures; what a case has is not asked of every one.
DRAWN = [*DECLINED, "rate/gamma/natural/certified", "five/flat/natural/certified"]
WELL = [
    "rate/gamma/natural/certified",
    "rate/gamma/log_rate/certified",
    "rate/gamma/squared/certified",  # whose normal reaches below rate^2 = 0
    "linear/reciprocal/log_sigma/certified",
    "five/flat/natural/certified",
    "no_deaths/bda/natural/chapter",
]


def five_columns():
    """Return a response and four covariates, made up once and for all."""
    rng = np.random.default_rng(8)
    x = rng.standard_normal((30, 4)).round(2)
    y = rng.poisson(np.exp(1 + x @ [0.3, -0.2, 0.1, 0.4]))
    return x, y


def csv(names, columns):
    rows = zip(*columns, strict=True)
    return "\n".join([",".join(names), *(",".join(map(str, row)) for row in rows)]) + "\n"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A copy of the project in which all of these were run, and what Snakemake said."""
    folder = copy_project(tmp_path_factory.mktemp("any") / "project")
    x, y = five_columns()
    files = {
        "overlay.yaml": OVERLAY,
        "rate.py": RATE,
        "rate.csv": csv(["y", "exposure"], [COUNTS, EXPOSURE]),
        "five.csv": csv(["y", "a", "b", "c", "d"], [y, *x.T]),
        "separated.csv": SEPARATED,
        "no_deaths.csv": NO_DEATHS,
    }
    (folder / "mine").mkdir()
    for name, text in files.items():
        (folder / "mine" / name).write_text(text, encoding="utf-8")
    pictures = [f"results/{figures_of(case)}" for case in DRAWN]
    arguments = ("--cores", "2", "--configfile", "mine/overlay.yaml", "--")
    return folder, snakemake(folder, *arguments, "results/summary.parquet", *pictures)


@pytest.fixture(scope="module")
def made(run):
    folder, done = run
    assert done.returncode == 0, done.stderr[-3000:]
    return folder


def record(folder, case, step):
    """Return the record of a step of a case."""
    model, prior, space, grid = case.split("/")
    place = f"grid/{grid}" if step == "grid" else f"laplace/{space}"
    path = folder / "results" / model / prior / place / f"{step}.json"
    return json.loads(path.read_text(encoding="utf-8"))


def quantiles(folder, case, quantity):
    """Return {probability: row} of a quantity."""
    model, prior, space, grid = case.split("/")
    path = folder / "results" / model / prior / "compare" / space / grid / "quantiles.parquet"
    rows = pq.read_table(path).to_pylist()
    return {row["probability"]: row for row in rows if row["quantity"] == quantity}


def figures(folder, case):
    return {path.stem for path in (folder / "results" / figures_of(case)).glob("*.svg")}


def figures_of(case):
    model, prior, space, grid = case.split("/")
    return f"{model}/{prior}/compare/{space}/{grid}/figures"


def test_one_parameter_against_the_conjugate_gamma(made):
    """Prior gamma(2, 0.5), so the posterior is gamma(2 + sum y, 0.5 + sum exposure)."""
    shape, rate = 2 + COUNTS.sum(), 0.5 + EXPOSURE.sum()
    natural, log = (
        record(made, f"rate/gamma/{s}/certified", "mode") for s in ("natural", "log_rate")
    )
    assert natural["theta"][0] == pytest.approx((shape - 1) / rate, rel=1e-9)
    assert log["theta"][0] == pytest.approx(shape / rate, rel=1e-9)
    curvature = record(made, "rate/gamma/log_rate/certified", "curvature")
    assert curvature["sd"][0] == pytest.approx(1 / math.sqrt(shape), rel=1e-6)
    for factor, quantity in ((1, "rate"), (2, "doubled")):
        for p, row in quantiles(made, "rate/gamma/natural/certified", quantity).items():
            true = factor * gammaincinv(shape, p) / rate
            assert row["grid"] == pytest.approx(true, abs=1e-6 * factor * math.sqrt(shape) / rate)


def test_three_parameters_against_student_t(made):
    """With the prior 1 / sigma, b0 and b1 are Student t with n - 2 degrees of freedom."""
    data = read_data(PROJECT / "data/anscombe1_xy.csv")
    n, design = data["x"].size, np.stack([np.ones_like(data["x"]), data["x"]], axis=1)
    estimate, squares, *_ = np.linalg.lstsq(design, data["y"])
    spread = np.sqrt(np.diag(np.linalg.inv(design.T @ design)) * squares[0] / (n - 2))
    case = "linear/reciprocal/log_sigma/certified"
    np.testing.assert_allclose(record(made, case, "mode")["theta"][:2], estimate, rtol=1e-9)
    assert record(made, case, "grid")["certified"]
    for i, name in enumerate(("b0", "b1")):
        for p, row in quantiles(made, case, name).items():
            true = estimate[i] + spread[i] * stdtrit(n - 2, p)
            assert abs(row["grid"] - true) < 1e-6 * row["scale_sd"]


def test_five_parameters_have_a_normal_and_no_grid(made):
    case = "five/flat/natural/certified"
    x, y = five_columns()
    design = np.column_stack([np.ones(len(y)), x])
    theta = np.array([np.log(y.mean()), 0, 0, 0, 0])
    for _ in range(30):  # Fisher scoring
        rate = np.exp(design @ theta)
        precision = design.T @ (rate[:, None] * design)
        theta = theta + np.linalg.solve(precision, design.T @ (y - rate))
    sd = np.sqrt(np.diag(np.linalg.inv(precision)))
    assert np.all(np.abs(np.array(record(made, case, "mode")["theta"]) - theta) < 1e-6 * sd)
    np.testing.assert_allclose(record(made, case, "curvature")["sd"], sd, rtol=1e-6)
    grid = record(made, case, "grid")
    assert grid["status"] == "absent"
    assert not grid["certified"]
    assert "5 parameters" in grid["reasons"][0]
    median = quantiles(made, case, "intercept")[0.5]
    assert median["laplace"] == pytest.approx(theta[0], abs=1e-6)
    assert median["grid"] is None
    assert {"laplace_draws", "marginals"} <= figures(made, case)


@pytest.mark.parametrize("case", DECLINED)
def test_a_declined_case_says_why(made, case):
    for step in ("mode", "curvature"):
        found = record(made, case, step)
        assert (found["status"], found["reason"]) == ("declined", DECLINED[case])
        assert len(found["message"]) > 40
    assert "declined" in figures(made, case)
    assert all(
        row["laplace"] is None for row in quantiles(made, case, _parameter(made, case)).values()
    )


def _parameter(folder, case):
    return record(folder, case, "mode")["parameters"][0]


@pytest.mark.parametrize(
    ("case", "x", "y", "names"),
    [
        ("separated/flat/natural/certified", range(1, 7), [0, 0, 0, 1, 1, 1], ("intercept", "x")),
        ("no_deaths/flat/natural/certified", [-0.86, -0.3, -0.05, 0.73], [0] * 4, ("alpha",)),
    ],
)
def test_separation_names_a_direction_that_separates(made, case, x, y, names):
    """Along it no success becomes less likely, no failure more likely, and some change."""
    found = record(made, case, "mode")
    assert found["details"]["certified"]
    slope = found["details"]["direction"]
    rise = np.where(np.array(y) == 1, 1, -1) * (slope[0] + slope[1] * np.array(x))
    assert np.all(rise >= -1e-12)
    assert np.max(rise) > 0
    direction = found["message"].split("never falls along ")[1].split(" and only")[0]
    assert all(re.search(rf"\b{name}\b", direction) for name in names)


def test_the_centred_eight_schools_have_no_mode_and_it_is_said_so(made):
    message = record(made, "eight_schools_centred/flat/log_tau/certified", "mode")["message"]
    assert "no mode" in message
    assert "tau" in message


def test_the_exact_side_of_a_declined_case_stands_where_it_can(made):
    """In the chapter's box there is a density to sum up; the certified grid finds no end to it."""
    assert record(made, "no_deaths/flat/natural/chapter", "grid")["status"] == "ok"
    assert "overlay" in figures(made, "no_deaths/flat/natural/chapter")
    assert not record(made, "no_deaths/flat/natural/certified", "grid")["certified"]


@pytest.mark.parametrize("case", WELL)
def test_the_other_cases_lose_nothing(made, case):
    assert record(made, case, "curvature")["status"] == "ok"
    if case in DRAWN:
        assert {"laplace_draws", "marginals", "newton_path"} <= figures(made, case)


def test_the_summary_has_a_row_for_every_quantity_of_every_case(made):
    rows = pq.read_table(made / "results/summary.parquet").to_pylist()
    found = {}
    for row in rows:
        case = "/".join(row[key] for key in ("model", "prior", "space", "grid"))
        found.setdefault(case, []).append(row)
    assert set(found) == {*WELL, *DECLINED}
    for case, of_case in found.items():
        assert {row["status"] for row in of_case} == {"declined" if case in DECLINED else "ok"}
        assert {row["reason"] for row in of_case} == {DECLINED.get(case)}
        parameters = record(made, case, "mode")["parameters"]
        assert set(parameters) <= {row["quantity"] for row in of_case}

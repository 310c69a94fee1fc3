"""The page on one's own model: its files and commands run as they are written, and are right."""

import json
import math
import re
import subprocess
import sys

import numpy as np
import pyarrow.parquet as pq
import pytest
from scipy.integrate import quad
from scipy.optimize import brentq

from project_copy import PROJECT, copy_project, snakemake

PAGE = (PROJECT / "docs/your-own-model.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"`(mine/[\w.]+)`:\n\n```\w+\n(.*?)```", PAGE, re.DOTALL))
T = np.array([float(line) for line in FILES["mine/bearings.csv"].split()[1:]])
POSTERIOR = "results/weibull/reciprocal"


def block(language, n=0):
    """Return the nth block of a language that is not one of the files."""
    blocks = re.findall(rf"(?<!`:\n\n)```{language}\n(.*?)```", PAGE, re.DOTALL)
    return blocks[n]


@pytest.fixture(scope="module")
def recipe(tmp_path_factory):
    """A copy of the project in which the page has been followed to the letter."""
    folder = copy_project(tmp_path_factory.mktemp("recipe") / "project")
    (folder / "mine").mkdir()
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
    command, *arguments = block("sh").split()
    assert command == "snakemake"
    done = snakemake(folder, *arguments)
    assert done.returncode == 0, done.stderr[-3000:]
    return folder


def read(folder, path):
    return json.loads((folder / POSTERIOR / path).read_text(encoding="utf-8"))


def maximum():
    """Return shape and scale of highest likelihood: 1/k + mean log t = sum t^k log t / sum t^k."""
    log_t = np.log(T)

    def slope(k):
        weight = T**k
        return 1 / k + np.mean(log_t) - np.sum(weight * log_t) / np.sum(weight)

    shape = brentq(slope, 0.5, 10, xtol=1e-14)
    return shape, np.mean(T**shape) ** (1 / shape)


def shape_quantile(probability):
    """Return the exact quantile of the shape, its scale integrated out in closed form.

    With the prior 1 / (k s), p(k | t) is k^(n - 2) (prod t)^(k - 1) / (sum t^k)^n.
    """
    n, log_t = T.size, np.log(T)

    def log_density(k):
        return (n - 2) * math.log(k) + (k - 1) * np.sum(log_t) - n * math.log(np.sum(T**k))

    peak = log_density(maximum()[0])

    def mass(end):
        found = quad(lambda k: math.exp(log_density(k) - peak), 1e-9, end, epsabs=0, epsrel=1e-11)
        return found[0]

    whole = mass(12.0)  # beyond, a share of 1e-17
    return brentq(lambda end: mass(end) / whole - probability, 0.5, 6, xtol=1e-12)


@pytest.mark.workflow
def test_the_code_of_the_page_prints_what_the_page_says(recipe):
    done = subprocess.run(
        [sys.executable, "-c", block("python")],
        cwd=recipe,
        capture_output=True,
        text=True,
        check=True,
    )
    printed = [line.split() for line in done.stdout.splitlines()]
    assert printed == [line.split() for line in block("text").splitlines()]


@pytest.mark.workflow
def test_the_mode_on_logarithms_is_the_maximum_of_the_likelihood(recipe):
    """There the prior 1 / (shape scale) and the Jacobian cancel."""
    mode = read(recipe, "laplace/logs/mode.json")
    sd = np.array(read(recipe, "laplace/logs/curvature.json")["sd"])
    assert np.all(np.abs(mode["z"] - np.log(maximum())) < 1e-6 * sd)


@pytest.mark.workflow
def test_the_hessian_without_derivatives_is_the_analytic_one(recipe):
    """With z = k log(t / s) and w = exp(z) the likelihood is the sum of log k + z - log t - w."""
    shape, scale = maximum()
    z = shape * np.log(T / scale)
    w = np.exp(z)
    aa = np.sum(z - z * w - z**2 * w)
    ab = shape * np.sum(w - 1 + z * w)
    bb = -(shape**2) * np.sum(w)
    curvature = read(recipe, "laplace/logs/curvature.json")
    # what the mode finder promises of numerical derivatives
    np.testing.assert_allclose(curvature["hessian"], [[aa, ab], [ab, bb]], rtol=1e-6)
    assert curvature["hessian_check"]


@pytest.mark.workflow
def test_the_exact_side_is_exact(recipe):
    grid = read(recipe, "grid/certified/grid.json")
    assert grid["certified"]
    table = pq.read_table(recipe / POSTERIOR / "compare/logs/certified/quantiles.parquet")
    rows = [row for row in table.to_pylist() if row["quantity"] == "shape"]
    assert {0.025, 0.5, 0.975} <= {row["probability"] for row in rows}
    for row in rows:
        # the quadrature above is good to 1e-9, the certified grid to 1e-6 SD by its own account
        assert abs(row["grid"] - shape_quantile(row["probability"])) < 1e-6 * row["scale_sd"]


@pytest.mark.workflow
def test_the_exercises_that_have_no_case_here_are_skipped(recipe):
    for number in range(1, 5):
        path = recipe / f"results/exercises/exercise-{number}.json"
        record = json.loads(path.read_text(encoding="utf-8"))
        assert record["status"] == "skipped"
        assert "not among the cases" in record["reason"]
        assert record["reason"] in path.with_suffix(".md").read_text(encoding="utf-8")


def test_the_page_links_to_what_is_there():
    for link in re.findall(r"\]\(([^)#]+)\)", PAGE):
        assert (PROJECT / "docs" / link).exists(), link


def test_the_page_explains_every_reason():
    from laplace_approx.errors import REASONS

    table = PAGE.split("## When it is declined")[1]
    assert all(f"`{reason}`" in table for reason in REASONS)

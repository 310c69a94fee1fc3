"""Draws that are brought, through the real Snakefile: the how-to as it is written, and changes."""

import json
import os
import re
from importlib.util import find_spec

import numpy as np
import pytest

from cases_in_memory import MODELS, posterior_of
from chains_of import metropolis, stan_csv
from project_copy import PROJECT, copy_project, planned_rules, snakemake

PAGE = (PROJECT / "docs/other-tools.md").read_text(encoding="utf-8")
(HOW_TO,) = re.findall(r"<!-- run: brought -->\n```yaml\n(.*?)```", PAGE, re.DOTALL)
CASE = "results/bioassay/flat/compare/natural/certified"
QUICK = "remedies: none\n"
pytestmark = pytest.mark.workflow


def write_chains(folder, prior, seed=1):
    """Write chains of the bioassay with a prior as CmdStan would."""
    posterior = posterior_of(MODELS / "bioassay.py", "bioassay.csv", prior)
    factor = np.linalg.cholesky([[1.4, 4.0], [4.0, 30.0]])
    density = posterior.density().log_density
    theta = metropolis(density, [1.3, 11.0], factor, np.random.default_rng(seed), 3000)
    (folder / "stan").mkdir(exist_ok=True)
    for i, chain in enumerate(theta, start=1):
        stan_csv(folder / f"stan/chain-{i}.csv", chain, ("theta.1", "theta.2"))


def verdict(folder):
    return json.loads((folder / CASE / "verdict.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def followed(tmp_path_factory):
    """A copy of the project in which the how-to has been followed."""
    folder = copy_project(tmp_path_factory.mktemp("brought") / "project")
    write_chains(folder, {})
    (folder / "mine.yaml").write_text(QUICK + HOW_TO, encoding="utf-8")
    done = snakemake(folder, "--cores", "2", "--configfile", "mine.yaml")
    assert done.returncode == 0, done.stderr[-3000:]
    return folder


def test_the_grid_goes_first_and_the_draws_agree(followed):
    said = verdict(followed)["exact"]
    assert said["kind"] == "grid" and said["faults"] == []
    (chains,) = said["chains"]
    assert chains["serves"] and chains["agrees"] is True and chains["compared"] == 12
    record = json.loads((followed / "results/bioassay/flat/reference/brought.json").read_text())
    assert [each["file"] for each in record["sources"]["files"]] == [
        f"stan/chain-{i}.csv" for i in (1, 2, 3, 4)
    ]
    done = snakemake(followed, "audit", "--cores", "1", "--configfile", "mine.yaml")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]


def test_only_a_change_of_content_makes_the_case_anew(followed):
    file = followed / "stan/chain-2.csv"
    os.utime(file)
    nothing = {"report", "manifest", "all"}  # the page shows the audit of the test before
    assert set(planned_rules(followed, "--configfile", "mine.yaml")) <= nothing
    before = file.read_text()
    file.write_text(before.replace("# Step size = 0.7", "# Step size = 0.8"))
    jobs = planned_rules(followed, "--configfile", "mine.yaml")
    assert {"brought", "quantiles", "remedies", "verdict", "summary"} <= set(jobs)
    assert not {"mode", "curvature", "grid", "reference", "draws"} & set(jobs)
    file.write_text(before)
    assert set(planned_rules(followed, "--configfile", "mine.yaml")) <= nothing


FOUR = """
import numpy as np

PARAMETERS = ("a", "b", "c", "d")


def log_likelihood(theta, data):
    a, b, c, d = (theta[..., i] for i in range(4))
    return -0.5 * (a**2 + (b - a) ** 2 + (c - 1) ** 2 + d**2) - np.exp(0.5 * d)
"""
SAMPLED = """
cases:
  - {model: four, prior: flat, space: natural, grid: certified}
remedies: none
tolerance: 0.05
reference: {evaluations: 8000, at_most: 8000}
nuts: {draws: 4000}
models:
  four: {file: four.py, reference: {flat: nuts}}
"""


def test_nuts_samples_where_nothing_cheaper_certifies_or_says_what_is_missing(tmp_path):
    folder = copy_project(tmp_path / "project")
    (folder / "four.py").write_text(FOUR, encoding="utf-8")
    (folder / "mine.yaml").write_text(SAMPLED, encoding="utf-8")
    for target in ((), ("audit",)):
        done = snakemake(folder, *target, "--cores", "2", "--configfile", "mine.yaml")
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    path = folder / "results/four/flat"
    record = json.loads((path / "reference/sampled.json").read_text(encoding="utf-8"))
    said = json.loads((path / "compare/natural/certified/verdict.json").read_text(encoding="utf-8"))
    assert record["needed"]
    (chains,) = said["exact"]["chains"]
    if find_spec("nutpie") is None:
        assert not record["serves"] and "make extra NAME=nuts" in record["reason"]
        assert said["exact"]["kind"] == "importance"
    else:
        assert record["serves"] and chains["serves"] and chains["agrees"] is not False


def test_draws_of_another_prior_clear_nothing(followed, tmp_path):
    folder = copy_project(tmp_path / "project")
    write_chains(folder, {"alpha": {"family": "normal", "mean": 0, "sd": 2}})
    (folder / "mine.yaml").write_text(QUICK + HOW_TO, encoding="utf-8")
    target = f"{CASE}/verdict.json"
    done = snakemake(folder, target, "--cores", "2", "--configfile", "mine.yaml")
    assert done.returncode == 0, done.stderr[-3000:]
    said = verdict(folder)
    assert said["exact"]["kind"] == "grid" and said["exact"]["chains"][0]["other_posterior"]
    for each in said["quantities"].values():
        assert each["verdict"] == "sample" and each["remedy"] is None
        assert "not draws of this posterior" in each["sentence"]
    # a file that is taken away, and one that cannot be
    (folder / "stan/chain-3.csv").write_text("a,b\n1,2\n" * 1)
    done = snakemake(folder, target, "--cores", "1", "--configfile", "mine.yaml")
    assert done.returncode != 0 and "stan/chain-3.csv" in done.stdout + done.stderr
    (folder / "stan/chain-3.csv").unlink()
    done = snakemake(folder, "-n", "--configfile", "mine.yaml")
    assert done.returncode != 0
    assert "models.bioassay.reference.flat.draws: stan/chain-3.csv" in done.stdout + done.stderr

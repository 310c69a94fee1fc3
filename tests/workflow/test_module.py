"""Another workflow takes this one in as a module: a real run, in a folder of its own."""

import json

import pyarrow.parquet as pq
import pytest
import yaml

from page_parts import Parts
from project_copy import PROJECT, copy_project, planned_rules, snakemake

pytestmark = pytest.mark.workflow

COIN = """
import numpy as np

PARAMETERS = ("p",)
SUPPORT = {"p": (0, 1)}


def log_likelihood(theta, data):
    p = theta[..., 0]
    return np.sum(data["heads"]) * np.log(p) + np.sum(data["tails"]) * np.log1p(-p)
"""
SNAKEFILE = """
configfile: "my.yaml"


module laplace:
    snakefile:
        "{project}/Snakefile"
    config:
        config["laplace"]
    replace_prefix:
        {{"results/": "results/laplace/"}}


use rule * from laplace as laplace_*


rule answer:
    default_target: True
    input:
        rules.laplace_all.input,
        data="data/coin.csv",
    output:
        "results/answer.txt",
    shell:
        "cat {{input.data}} > {{output}}"


rule coins:
    output:
        "data/coins.csv",
    shell:
        "touch {{output}}"
"""
CONFIG = """
laplace:
  cases:
    - {model: coin, prior: flat, space: [natural, logit_p], grid: certified}
  n_draws: 200
  remedies: none
  models:
    coin:
      file: models/coin.py
      data: data/coin.csv
      spaces: {natural: {}, logit_p: {p: logit}}
"""


@pytest.fixture(scope="module")
def other(tmp_path_factory):
    """A workflow of its own with a model, data and configuration of its own, run once."""
    folder = tmp_path_factory.mktemp("module")
    project = copy_project(folder / "laplace workflow")
    home = folder / "home"
    for name, text in {
        "Snakefile": SNAKEFILE.format(project=project),
        "my.yaml": CONFIG,
        "models/coin.py": COIN,
        "data/coin.csv": "heads,tails\n7,3\n",
    }.items():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(text, encoding="utf-8")
    done = snakemake(home, "--cores", "2")
    assert done.returncode == 0, done.stderr[-3000:]
    return home


def test_the_verdicts_are_made_where_the_other_workflow_wants_them(other):
    rows = pq.read_table(other / "results/laplace/summary.parquet").to_pylist()
    assert [(row["model"], row["space"], row["quantity"]) for row in rows] == [
        ("coin", "natural", "p"),
        ("coin", "logit_p", "p"),
    ]
    assert rows[0]["mode"] == pytest.approx(0.7)  # 7 heads of 10 under a flat prior
    assert not (other / "results/core.json").exists()


def test_the_page_and_the_claims_find_their_files_there(other):
    page = other / "results/laplace/report.html"
    parts = Parts(page.read_text(encoding="utf-8"))
    assert parts.faults == []
    assert parts.dangling(page.parent) == []
    claims = json.loads((page.parent / "claims.json").read_text(encoding="utf-8"))
    assert {claim["holds"] for claim in claims} == {None}  # those of the chapter are of its cases


def test_nothing_is_done_twice(other):
    done = snakemake(other, "--cores", "1", "--dry-run")
    assert "Nothing to be done" in done.stdout + done.stderr


def test_no_artifact_holds_the_path_of_the_module(other):
    for path in (other / "results").rglob("*"):
        if path.is_file():
            assert str(other.parent).encode() not in path.read_bytes(), path


def test_the_snakefile_of_the_catalogue_asks_for_the_same(tmp_path):
    """An included default target is dropped by Snakemake, so this one needs its own."""
    project = copy_project(tmp_path / "project")
    top = planned_rules(project)
    below = planned_rules(project, "--snakefile", "workflow/Snakefile")
    assert top.pop("all") == below.pop("default") == 1
    assert below == top != {}


def test_the_catalogue_finds_what_it_needs():
    """Its standardised usage: these files, and the keys that it reads."""
    for name in ("workflow/Snakefile", "config/README.md", "README.md", "LICENSE"):
        assert (PROJECT / name).is_file()
    text = (PROJECT / ".snakemake-workflow-catalog.yml").read_text(encoding="utf-8")
    usage = yaml.safe_load(text)["usage"]
    assert set(usage) == {"mandatory-flags", "software-stack-deployment", "report"}
    assert usage["mandatory-flags"]["flags"] == ""

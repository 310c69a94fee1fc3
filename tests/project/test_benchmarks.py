"""Every benchmark runs, at its smallest size; what it says of equal artifacts is so.

No number that it prints is looked at: they are of this machine and this hour.
"""

import subprocess
import sys

import pytest

from project_copy import PROJECT

BENCHMARKS = PROJECT / "benchmarks"
CASE = "{model: linear_known_variance, prior: normal, space: natural, grid: certified}"
SMALL = f"cases: [{CASE}]\nn_draws: 50\nremedies: none\n"
OF_POSTERIOR = "results/linear_known_variance/normal"
QUANTILES = f"{OF_POSTERIOR}/compare/natural/certified/quantiles.parquet"
PARTS = {"processes", "replay"}  # no programs of their own: others run them
ELSEWHERE = {"clean_audits"}  # tests/audit/test_audit.py runs it

workflow = pytest.mark.workflow
# name: (its arguments, a sentence that it must print); OVERLAY is a small configuration
SMALLEST = {
    "default_run": (["1", QUANTILES], "the artifacts are identical"),
    "chain": (["1", "chapter"], "the artifacts are identical"),
    "audit": (["--configfile", "OVERLAY"], "laws held against"),
    "kill": (
        ["--kills", "0", "--configfile", "OVERLAY", f"{OF_POSTERIOR}/laplace/natural/mode.json"],
        "0 differ:",
    ),
    "sweep": (["4", "named"], "4 scenarios"),
    "fits": (["ours"], '"mode"'),
    "newton": (["1"], "rows"),
    "grid": (["1"], "a cell"),
    "constants": (["refined.IDLE", "student"], "evaluations x 1"),
    "draws": (["1"], "the generator alone"),
    "dimension": (["2"], ""),
    "logistic_data": (["2", "1", "FOLDER"], "config"),
    "reference": (["1", "4096", "eight schools, 10"], "eight schools, 10"),
    "coverage_glm": (["--number", "1", "--seed", "2", "--truth", "16", "40", "40"], "Poisson"),
    "lies": (["--quick", "--only", "normal:0", "--processes", "1"], "normal"),
    "peers": (["1"], ""),
}
SLOW = ("default_run", "chain", "audit", "kill", "sweep", "peers")
EXTRAS = {"peers": ("pymc", "numpyro", "statsmodels")}


def test_every_benchmark_is_tried():
    assert SMALLEST.keys() | PARTS | ELSEWHERE == {file.stem for file in BENCHMARKS.glob("*.py")}


@pytest.mark.parametrize(
    "name", [pytest.param(each, marks=workflow if each in SLOW else ()) for each in SMALLEST]
)
def test_a_benchmark_runs_to_its_end(name, tmp_path):
    for extra in EXTRAS.get(name, ()):
        pytest.importorskip(extra)
    (tmp_path / "small.yaml").write_text(SMALL, encoding="utf-8")
    stands_for = {"OVERLAY": str(tmp_path / "small.yaml"), "FOLDER": str(tmp_path)}
    arguments, sentence = SMALLEST[name]
    command = [sys.executable, str(BENCHMARKS / f"{name}.py")]
    command += [stands_for.get(each, each) for each in arguments]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert sentence in done.stdout

"""The README says what is so: its table and its overlay are held against the workflow."""

import re

import pyarrow.parquet as pq
import pytest

from project_copy import PROJECT, copy_project, planned_rules

README = (PROJECT / "README.md").read_text(encoding="utf-8")
ENDS = {"50 %": (0.25, 0.75), "95 %": (0.025, 0.975)}


def interval_rows():
    """Return (quantity, interval, laplace, exact, error) of the README's table, as text."""
    table = README.split("<!-- table: bioassay/flat/natural/chapter -->")[1].split("\n\n")[0]
    rows = [line.strip("| ").split(" | ") for line in table.strip().splitlines()]
    return [tuple(row) for row in rows[2:]]


@pytest.mark.workflow
def test_the_interval_table_is_what_the_workflow_computes(finished):
    path = finished / "results/bioassay/flat/compare/natural/chapter/quantiles.parquet"
    columns = pq.read_table(path).to_pydict()
    found = {
        (quantity, p): row
        for row, (quantity, p) in enumerate(
            zip(columns["quantity"], columns["probability"], strict=True)
        )
    }
    for quantity, interval, *sides, error in interval_rows():
        rows = [found[quantity, p] for p in ENDS[interval]]
        for written, side in zip(sides, ("laplace", "grid"), strict=True):
            assert written == " to ".join(f"{columns[side][row]:.3f}" for row in rows)
        assert error == f"{max(abs(columns['difference_sd'][row]) for row in rows):.2f}"
    assert len(interval_rows()) == 6


@pytest.mark.workflow
def test_the_overlay_runs_as_it_is_written(tmp_path):
    overlay = re.search(r"```yaml\n(# mine.yaml\n.*?)```", README, re.DOTALL)[1]
    project = copy_project(tmp_path / "project")
    (project / "mine.yaml").write_text(overlay, encoding="utf-8")
    planned = planned_rules(project, "--configfile", "mine.yaml")
    assert planned["draws"] == 4  # two spaces, two seeds
    assert planned["quantiles"] == 2
    assert planned["grid"] == 1


def test_every_file_that_the_readme_links_to_is_there():
    for link in re.findall(r"\]\(([^)]+)\)", README):
        path, _, heading = link.partition("#")
        assert (PROJECT / path).exists(), link
        if heading:
            heads = re.findall(r"^#+ (.+)$", (PROJECT / path).read_text(encoding="utf-8"), re.M)
            assert heading in [re.sub(r"[^\w -]", "", h).lower().replace(" ", "-") for h in heads]


@pytest.mark.workflow
def test_the_verdicts_are_what_the_workflow_says(finished):
    block = README.split("```\ncase ")[1].split("```")[0].splitlines()[1:]
    columns = pq.read_table(finished / "results/summary.parquet").to_pydict()
    keys = zip(*(columns[name] for name in ("model", "prior", "space", "grid")), strict=True)
    found = {
        ("/".join(key), quantity): row
        for row, (key, quantity) in enumerate(zip(keys, columns["quantity"], strict=True))
    }
    for line in block:
        case, quantity, verdict, error_50, error_95, _, rests_on, remedy = line.split()
        row = found[case, quantity]
        due = [columns[name][row] for name in ("verdict", "rests_on", "remedy")]
        assert [verdict, rests_on, remedy] == due
        assert error_50 == f"{columns['error_50_sd'][row]:.2f}"
        assert error_95 == f"{columns['error_95_sd'][row]:.2f}"
    assert len(block) == 5

"""The last words of a run in which a job died."""

import json
from pathlib import Path

import pytest

from laplace_approx.errors import InputError
from laplace_files.run.ending import MODE, Death, unfinished_lines, verdict_file

DIED, DONE, OPEN = (("m", prior, "natural", "g") for prior in ("died", "done", "open"))
WORD = {"value": 0.25, "error": 0.0, "reason": None}


def judged(value=WORD):
    return {
        "verdict": "fine",
        "remedy": None,
        "remedy_evaluations": None,
        "scale_sd": 1.0,
        "scale_is": "sd",
        "coverage": {"95": value},
        "endpoint_error_sd": {"50": value, "95": value},
    }


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A folder of records that hold no more than what is read of them."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("laplace_files.run.ending.read_json", read)


def read(path):
    try:
        return json.loads(Path(path).read_text())
    except ValueError:
        raise InputError(f"{path}: no JSON") from None


def finish(case, quantities):
    for path, record in (
        (verdict_file(case), {"quantities": quantities}),
        (MODE.format(*case[:3]), {"parameters": ["b", "a"]}),
    ):
        Path(path).parent.mkdir(parents=True)
        Path(path).write_text(json.dumps(record))


def test_every_case_is_told_and_the_finished_ones_with_their_verdicts():
    unknown = dict.fromkeys(WORD)
    finish(DONE, {"a": judged(), "b": judged(unknown), "ratio": judged()})
    stuck = {DIED: [Death("mode", "logs/mode.log")], OPEN: []}
    text = unfinished_lines([DIED, DONE, OPEN], stuck)
    assert "2 of 3 cases have no verdict" in text
    assert "m/died/natural/g: the job mode died, see logs/mode.log" in text
    assert "m/open/natural/g: it was not reached" in text
    rows = [line.split() for line in text.splitlines() if line.startswith("m/done")]
    assert [row[1] for row in rows] == ["b", "a", "ratio"]  # parameters in the model's order
    assert rows[0][3:] == ["-", "-", "-"] and rows[1][3:] == ["0.25", "0.25", "25.0%"]


def test_a_verdict_of_an_earlier_run_is_not_shown_for_a_case_that_is_stuck():
    finish(DIED, {"a": judged(), "b": judged()})
    text = unfinished_lines([DIED], {DIED: [Death("grid", "logs/grid.log")]})
    assert "1 of 1 cases has no verdict" in text
    assert "fine" not in text and "The other verdicts" not in text


def test_many_are_cut_short():
    cases = [("m", f"p{i}", "natural", "g") for i in range(200)]
    text = unfinished_lines(cases, {case: [Death("mode", "x.log")] for case in cases})
    assert "200 of 200 cases have no verdict" in text and "180 more" in text
    assert len(text.splitlines()) < 30


def test_a_verdict_that_cannot_be_read_does_not_hide_the_rest():
    finish(DONE, {"a": judged(), "b": judged()})
    Path(verdict_file(DONE)).write_text("{")
    text = unfinished_lines([DIED, DONE], {DIED: [Death("mode", "logs/mode.log")]})
    assert "1 of 2 cases has no verdict" in text and "no JSON" in text


@pytest.mark.parametrize(
    "record", [[], {}, {"quantities": None}, {"quantities": {"a": 1}}, {"quantities": {"a": {}}}]
)
def test_a_verdict_of_another_form_does_not_hide_the_rest(record):
    finish(DONE, {"a": judged(), "b": judged()})
    Path(verdict_file(DONE)).write_text(json.dumps(record))
    text = unfinished_lines([DIED, DONE], {DIED: [Death("mode", "logs/mode.log")]})
    assert "1 of 2 cases has no verdict" in text
    assert f"{verdict_file(DONE)} cannot be read" in text


def test_no_name_moves_the_cursor():
    name = "a\x1b[2J\nb\u202e"
    finish(DONE, {name: judged(), "b": judged(), "a": judged()})
    text = unfinished_lines([DIED, DONE], {DIED: []})
    (line,) = (line for line in text.splitlines() if "\\x1b[2J\\nb\\u202e" in line)
    assert line.startswith("m/done") and line.isprintable()

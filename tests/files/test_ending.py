"""The last words of a run in which a job died."""

import json
from pathlib import Path

import pytest

from laplace_approx.errors import REASONS, InputError
from laplace_approx.verdict.short import DECLINED, RESTS_ON, short_reason
from laplace_files.run.ending import MODE, Death, unfinished_lines, verdict_file
from project_copy import PROJECT

DIED, DONE, OPEN = (("m", prior, "natural", "g") for prior in ("died", "done", "open"))
WORD = {"value": 0.25, "error": 0.0, "reason": None}


def judged(value=WORD, verdict="fine", rests_on="grid"):
    return {
        "verdict": verdict,
        "rests_on": rests_on,
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


def finish(case, quantities, **more):
    for path, record in (
        (verdict_file(case), {"quantities": quantities, **more}),
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
    assert rows[0][3:] == ["-", "-", "-", "grid"]
    assert rows[1][3:] == ["0.25", "0.25", "25.0%", "grid"]
    assert "Why not" not in text


def test_a_verdict_of_an_earlier_run_is_not_shown_for_a_case_that_is_stuck():
    finish(DIED, {"a": judged(), "b": judged()})
    text = unfinished_lines([DIED], {DIED: [Death("grid", "logs/grid.log")]})
    assert "1 of 1 cases has no verdict" in text
    assert "fine" not in text and "The other verdicts" not in text


SERVED, LEFT = judged(), judged(verdict="sample", rests_on="none")
OFF = judged({"value": 0.9, "error": 0.01, "reason": None}, "sample", "importance")
COARSE = judged({"value": 0.2, "error": 0.3, "reason": None}, "sample", "nuts")
UNKNOWN_ERROR = judged({"value": 0.2, "error": None, "reason": None}, "sample", "brought_draws")
GONE = {"status": "declined", "reason": "mode_on_boundary"}


NAN = {
    "status": "declined",
    "reason": "model_contract_violation",
    "message": "the log likelihood is NaN at a = 1, in the region: beside it it is 3. Return -inf.",
}


def exact(kind, *faults):
    return {"exact": {"kind": kind, "faults": list(faults)}, "tolerance": 0.1}


NO_GRID = "grids are laid for up to 3 parameters, and this posterior has 5 parameters: it is slow."
NO_DRAWS = "Importance draws cannot take its place: the Pareto k is 0.93; at most 0.7 will do."


@pytest.mark.parametrize(
    ("quantities", "more", "said"),
    [
        ({"a": SERVED, "b": LEFT}, exact("none", NO_GRID, NO_DRAWS),
         " (b): sample, no exact side: the Pareto k is 0.93"),
        ({"a": LEFT, "b": LEFT}, exact("none", NO_GRID),
         ": sample, no exact side: grids are laid for up to 3 parameters, and this posterior has 5 "
         "parameters"),
        ({"a": SERVED, "b": OFF}, exact("importance"),
         " (b): sample, off by 0.9 at the 50 % interval, and nothing"),
        ({"a": SERVED, "b": COARSE}, exact("nuts"), " (b): sample, known only to within 0.3"),
        ({"a": UNKNOWN_ERROR, "b": SERVED}, exact("brought_draws"), " (a): sample, the error of"),
        ({"a": SERVED, "b": LEFT}, exact("grid", "It is coarse. Look."),
         " (b): sample, the exact side is not relied on: It is coarse"),
        ({"a": judged(verdict="declined"), "b": judged(verdict="declined")}, GONE | exact("grid"),
         ": declined, the maximum is on a bound"),
        ({"a": judged(verdict="declined"), "b": judged(verdict="declined")}, NAN | exact("grid"),
         ": declined, the log likelihood is NaN at a = 1, in the region"),
    ],
)  # fmt: skip
def test_what_is_not_served_has_a_short_reason(quantities, more, said):
    finish(DONE, quantities, **more)
    lines = unfinished_lines([DIED, DONE], {DIED: []}).splitlines()
    after = lines[lines.index("Why not the normal, nor a remedy:") + 1 :]
    (line,) = (line for line in after if line.strip())
    assert line.startswith(f"  m/done/natural/g{said}")
    assert len(line) < 200


def of_ends(half, wide):
    ends = {"50": half, "95": wide}
    errors = {
        level: dict(zip(("value", "error"), pair, strict=True)) for level, pair in ends.items()
    }
    return {"quantities": {"a": {"verdict": "sample", "endpoint_error_sd": errors}}} | exact("grid")


NEAR, ASIDE, MORE = (0.03, 0.01), (0.3, 0.01), (0.7, 0.01)


@pytest.mark.parametrize(
    ("half", "wide", "said"),
    [
        (ASIDE, NEAR, "off by 0.3 at the 50 % interval, and nothing"),
        (ASIDE, MORE, "off by 0.7 at the 95 % interval, and nothing"),
        ((0.3, None), MORE, "off by 0.7 at the 95 % interval, and nothing"),
        ((0.1004, 1e-6), NEAR, "off by 0.1004 at the 50 % interval, and nothing"),
        ((0.12, 0.09), NEAR, "known only to within 0.09 at the 50 % interval, where it is off"),
        ((0.09, 0.02), NEAR, "known only to within 0.02 at the 50 % interval, where it is off"),
        (NEAR, (None, None), "an end of the 95 % interval is beyond"),
        ((0.3, None), NEAR, "the error of the exact side is not known at the 50 % interval"),
        (NEAR, NEAR, "its ends are within 0.1, and it is not relied on"),
    ],
)  # fmt: skip
def test_the_reason_is_that_of_the_end_that_fails(half, wide, said):
    assert short_reason(of_ends(half, wide), "a").startswith(said)


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("log_likelihood of model 'm' raised ValueError: bad shape; more. And more",
         "log_likelihood of model 'm' raised ValueError: bad shape"),
        ("m raised numpy.linalg.LinAlgError: Singular matrix", None),
        ("m raised KeyError (model.py, line 3): the data", "m raised KeyError (model.py, line 3)"),
        ("the data are short: raised ValueError: no", "the data are short"),
    ],
)  # fmt: skip
def test_what_was_raised_keeps_its_cause(message, said):
    record = of_ends(NEAR, NEAR) | {"reason": "model_contract_violation", "message": message}
    assert short_reason(record, "a") == (said or message)


def test_every_reason_for_declining_has_short_words():
    assert set(DECLINED) == set(REASONS)
    assert all(len(words) < 70 for words in DECLINED.values())


def test_every_exact_side_has_a_name():
    schema = json.loads((PROJECT / "workflow/schemas/verdict.schema.json").read_text())
    each = schema["properties"]["quantities"]["additionalProperties"]["properties"]
    assert set(RESTS_ON) == set(each["rests_on"]["enum"])


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

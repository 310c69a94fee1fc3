"""Claims: the language of their measures, and how they are judged."""

import json

import numpy as np
import pytest

from laplace_approx.claims import Unmeasured, artifacts_of, evaluate, judge_claim, problems_of
from laplace_approx.errors import InputError
from laplace_files.artifacts.artifacts import write_table, write_text
from laplace_files.config.claims import (
    claimed_artifacts,
    judge_claims,
    made_artifacts,
    open_claims,
)
from project_copy import PROJECT

TABLE = {
    "quantity": ["a", "a", "b", "b"],
    "probability": np.array([0.025, 0.975, 0.025, 0.975]),
    "laplace": np.array([-2.0, 2.0, -1.0, 5.0]),
}
RECORD = {"sd": [1.0, 2.0], "deep": {"50": {"value": 0.25}}, "none": None, "path": [{"x": 1}] * 3}
ARTIFACTS = {"t.parquet": TABLE, "r.json": RECORD}
LAPLACE = {"artifact": "t.parquet", "column": "laplace"}


def measured(measure):
    return evaluate(measure, ARTIFACTS.__getitem__)


@pytest.mark.parametrize(
    ("measure", "value"),
    [
        (3, 3.0),
        ({"artifact": "r.json", "at": ["sd", 1]}, 2.0),
        ({"artifact": "r.json", "at": ["deep", "50", "value"]}, 0.25),
        ({"artifact": "r.json", "at": ["deep", 50, "value"]}, 0.25),
        ({"count": {"artifact": "r.json", "at": ["path", "*", "x"]}}, 3.0),
        ({**LAPLACE, "where": {"quantity": "b", "probability": 0.975}}, 5.0),
        ({"mean": LAPLACE}, 1.0),
        ({"sd": {"artifact": "r.json", "at": ["sd"]}}, np.sqrt(0.5)),
        ({"largest": LAPLACE}, 5.0),
        ({"smallest": LAPLACE}, -2.0),
        ({"count": LAPLACE}, 4.0),
        ({"largest": {"abs": {**LAPLACE, "where": {"quantity": "a"}}}}, 2.0),
        ({"difference": [5, 3]}, 2.0),
        ({"ratio": [1, 4]}, 0.25),
        ({"sum": [1, 2, 3]}, 6.0),
        ({"product": [2, 3, 4]}, 24.0),
        ({"max": [1, {"abs": -7}]}, 7.0),
        ({"min": [1, -7]}, -7.0),
        ({"log": 1}, 0.0),
        ({"share_below": {"of": LAPLACE, "limit": 0}}, 0.5),
        ({"share_above": {"of": LAPLACE, "limit": 2}}, 0.25),
    ],
)
def test_every_word_of_the_language_means_what_it_says(measure, value):
    assert list(problems_of(measure, "measure")) == []
    assert float(measured(measure)) == pytest.approx(value, abs=1e-15)


@pytest.mark.parametrize(
    ("measure", "words"),
    [
        ({"artifact": "r.json", "at": ["nowhere"]}, "nothing at nowhere"),
        ({"artifact": "r.json", "at": ["sd", 7]}, "nothing at sd.7"),
        ({"artifact": "r.json", "at": ["deep"]}, "no number at deep"),
        ({"artifact": "t.parquet", "column": "laplac"}, "no column laplac"),
        ({**LAPLACE, "where": {"prior": "flat"}}, "no column prior"),
    ],
)
def test_a_place_that_no_artifact_has_is_an_input_error(measure, words):
    with pytest.raises(InputError, match=words):
        measured(measure)


@pytest.mark.parametrize(
    ("measure", "words"),
    [
        ({"artifact": "r.json", "at": ["none"]}, "null at none"),
        ({"artifact": "r.json", "at": ["none", "below"]}, "null at none.below"),
        ({**LAPLACE, "where": {"quantity": "c"}}, "no row with quantity = c"),
    ],
)
def test_a_number_that_is_not_there_is_a_reason(measure, words):
    with pytest.raises(Unmeasured, match=words):
        measured(measure)


@pytest.mark.parametrize(
    "measure",
    [
        {},
        {"abs": 1, "log": 1},
        {"difference": [1]},
        {"ratio": [1, 2, 3]},
        {"artifact": "r.json"},
        {"artifact": "r.json", "column": "x"},
        {"artifact": "t.parquet", "at": ["x"]},
        {"artifact": "x.svg", "at": ["x"]},
        {"abs": {"artifact": "t.parquet"}},
        {"share_below": {"of": {}, "limit": 1}},
    ],
)
def test_a_measure_that_makes_no_sense_is_refused(measure):
    assert list(problems_of(measure, "measure"))


def claim(**changes):
    base = {"id": "c", "claim": "It is small.", "measure": LAPLACE, "why": "It matters."}
    return {**base, "measure": {"abs": -2}, **changes}


def test_a_claim_holds_between_its_bounds_ends_included():
    def holds(**bounds):
        return judge_claim(claim(**bounds), ARTIFACTS.__getitem__, None)["holds"]

    assert holds(lower=2) and holds(upper=2) and holds(lower=1, upper=3)
    assert not holds(lower=2.1) and not holds(upper=1.9)


def test_a_claim_that_is_not_measured_neither_holds_nor_fails():
    found = judge_claim(claim(upper=1), ARTIFACTS.__getitem__, "not among the cases: x.json")
    assert found["measured"] is None and found["holds"] is None
    assert found["reason"] == "not among the cases: x.json"
    not_a_number = judge_claim(claim(measure={"log": -1}, upper=1), ARTIFACTS.__getitem__, None)
    assert not_a_number["measured"] is None and not_a_number["reason"]


def test_a_claim_of_several_numbers_is_an_error_that_names_it():
    with pytest.raises(InputError, match="claim c: its measure gives 4 numbers"):
        judge_claim(claim(measure=LAPLACE, upper=1), ARTIFACTS.__getitem__, None)


def test_the_artifacts_of_a_measure_are_found_however_deep():
    measure = {"ratio": [{"abs": LAPLACE}, {"share_below": {"of": 1, "limit": {
        "artifact": "r.json", "at": ["sd", 0]}}}]}  # fmt: skip
    assert list(artifacts_of(measure)) == ["t.parquet", "r.json"]


def write_claims(path, text):
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("claims: [{id: a, claim: b, why: c, upper: 1}]", "measure"),
        ("claims: [{id: a, claim: b, why: c, measure: 1}]", "lower|upper"),
        ("claims: [{id: a, claim: b, why: c, measure: {evl: 1}, upper: 1}]", "evl"),
        ("claims: [{id: a, claim: b, why: c, measure: {abs: 1}, uper: 1, upper: 1}]", "uper"),
        ("claims: [{id: a, claim: b, why: c, measure: 1, upper: 1}, "
         "{id: a, claim: b, why: c, measure: 1, upper: 1}]", "more than once"),
        ("claims: [{id: A b, claim: b, why: c, measure: 1, upper: 1}]", "id"),
    ],
)  # fmt: skip
def test_a_bad_file_of_claims_is_refused_in_words(tmp_path, text, words):
    with pytest.raises(InputError, match=words):
        open_claims(write_claims(tmp_path / "claims.yaml", text))


def test_claims_are_judged_on_disk(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_text("results/m/p/counts.json", '{"n": 9}')
    write_table("results/m/p/other.parquet", {"x": np.array([1.0, 2.0])}, {})
    file = write_claims(
        tmp_path / "claims.yaml",
        "claims:\n"
        "  - {id: n, claim: Nine rows., measure: {artifact: m/p/counts.json, at: [n]}, "
        "lower: 9, upper: 9, why: w}\n"
        "  - {id: x, claim: Ones., measure: {mean: {artifact: m/p/other.parquet, column: x}}, "
        "upper: 1, why: w}\n"
        "  - {id: q, claim: Elsewhere., measure: {artifact: q/p/posterior.json, at: [n]}, "
        "upper: 1, why: w}\n",
    )
    available = ["results/m/p/counts.json", "results/m/p/other.parquet"]
    found = {each["id"]: each for each in judge_claims(file, available)}
    assert [found[name]["holds"] for name in "nxq"] == [True, False, None]
    assert found["q"]["reason"] == "not among the cases: q/p/posterior.json"
    assert found["x"]["measured"] == 1.5
    json.dumps(list(found.values()), allow_nan=False)


CASES = [("bioassay", "flat", "natural", "chapter")]
CONFIG = {
    "claims": str(PROJECT / "config" / "claims.yaml"),
    "seeds": {"draws": [42], "grid": [99]},
    "models": {
        "bioassay": {"spaces": {"natural": {}, "log_beta": {"beta": "log"}}, "reference": {}}
    },
}


def test_only_artifacts_of_the_cases_are_asked_for():
    made = made_artifacts(CASES, CONFIG)
    wanted = claimed_artifacts(CONFIG, CASES)
    assert wanted and {path.removeprefix("results/") for path in wanted} <= made
    assert not [path for path in wanted if "certified" in path or "windshieldy" in path]


def test_the_shipped_claims_are_well_formed_and_at_least_sixteen():
    claims = open_claims(CONFIG["claims"])
    assert len(claims) >= 16
    for each in claims:
        assert each["claim"].endswith(".") and each["why"].endswith((".", ")"))

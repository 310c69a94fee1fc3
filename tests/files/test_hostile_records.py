"""Whatever lies below results/, every look at it comes to its end and names what is wrong.

A record that is not as it should be in every point is as if it were not there.
"""

import json
import os
import signal
from pathlib import Path

import pytest

from laplace_approx.errors import InputError
from laplace_files.artifacts.artifacts import read_json, write_json
from laplace_files.artifacts.findings import MOVE, findings, manifest, to_mend
from laplace_files.artifacts.provenance import made_from, write_record
from laplace_files.artifacts.provenance_path import record_path
from laplace_files.artifacts.provenance_read import record_of
from laplace_files.artifacts.strict_json import (
    DEEPEST,
    RECORD_BYTES,
    parsed,
    read_regular,
)

FIRST, SECOND = "results/m/p/origin.json", "results/m/p/start.json"
CASE = {"model": "m", "prior": "p"}
RULES = {FIRST: ("posterior", CASE, ["data.csv"]), SECOND: ("mode", CASE, [FIRST])}
SHA = "0" * 64


def makes(path):
    return RULES[path][:2] if path in RULES else None


def current(rule, wildcards):
    return {"code": rule}


@pytest.fixture(autouse=True)
def results(tmp_path, monkeypatch):
    """Two artifacts with their records; a look at them that blocks ends the test."""
    monkeypatch.chdir(tmp_path)
    Path("data.csv").write_text("x\n1\n")
    for path, (rule, wildcards, inputs) in RULES.items():
        write_json(path, {"of": path})
        write_record(path, made_from(rule, wildcards, inputs, {"code": rule}))
    signal.alarm(30)
    yield tmp_path / "results"
    signal.alarm(0)


def found(**known):
    return {each.file: each.fault for each in findings([SECOND], current, makes, **known)}


def record(**changed):
    said = {**json.loads(record_path(FIRST).read_bytes()), **changed}
    return json.dumps({key: value for key, value in said.items() if value is not KeyError})


ENTRY = {"size": 1, "sha256": SHA}
CRAFTED = {
    **{f"files-{value}": {"files": value} for value in (None, 1, "a", True)},
    **{f"files-{n}": {"files": each} for n, each in enumerate(([], {"": 1}, {"": {}}, {"": []}))},
    "size-text": {"files": {"": {"size": "1", "sha256": SHA}}},
    "size-negative": {"files": {"": {"size": -1, "sha256": SHA}}},
    "hash-text": {"files": {"": {"size": 1, "sha256": "x"}}},
    "file-and-folder": {"files": {"": ENTRY, "a": ENTRY}},
    "file-outside": {"files": {"../../x": ENTRY}},
    "file-inside-out": {"files": {"a/../../x": ENTRY}},
    "file-absolute": {"files": {"/etc/passwd": ENTRY}},
    "file-newline": {"files": {"a\nb": ENTRY}},
    **{f"inputs-{value}": {"inputs": value} for value in (None, 1, "a")},
    "inputs-list": {"inputs": [FIRST]},
    "input-hash": {"inputs": {FIRST: None}},
    "input-climbs": {"inputs": {"results/../../x": SHA}},
    "input-null-character": {"inputs": {"a\0b": SHA}},
    "input-escape": {"inputs": {"a\x1b[2J": SHA}},
    "input-half-character": {"inputs": {"a\udcff": SHA}},
    **{f"{key}-{value}": {key: value} for key in ("params", "wildcards") for value in (None, 1)},
    **{f"{key}-list": {key: [1]} for key in ("params", "wildcards", "rule", "artifact")},
    "wildcards-nested": {"wildcards": {"model": {}}},
    "rule-null": {"rule": None},
    "another-artifact": {"artifact": SECOND},
    "another-rule": {"rule": "mode"},
    "other-wildcards": {"wildcards": {**CASE, "prior": "q"}},
    "no-artifact": {"artifact": KeyError},
    "no-params": {"params": KeyError},
    "more-keys": {"more": 1},
    "deep-params": {"params": json.loads("[" * DEEPEST + "]" * DEEPEST)},
}
RAW = {
    "list": b"[]",
    "number": b"5",
    "empty": b"",
    "not-utf-8": b"\xff\xfe",
    "deep": b"[" * 100_000,
    "deep-objects": b'{"a":' * 100_000,
    "many-digits": b"1" * 100_000,
    "large": b" " * RECORD_BYTES + b"{}",
}


@pytest.mark.parametrize("name", [*CRAFTED, *RAW])
def test_a_record_that_is_not_as_it_should_be_is_as_if_it_were_not_there(name):
    raw = RAW[name] if name in RAW else record(**CRAFTED[name]).encode()
    record_path(FIRST).write_bytes(raw)
    assert found() == {FIRST: "no_record"}
    if name not in ("another-rule", "other-wildcards"):  # known to the workflow alone
        assert record_of(FIRST) is None
        assert read_json(FIRST) == {"of": FIRST}
        with pytest.raises(InputError, match=r"origin.json has no record"):
            manifest([SECOND])


def test_a_key_that_stands_twice_and_a_number_that_is_none_are_refused():
    for text in ('"rule": "posterior", "rule": "posterior"', '"rule": NaN'):
        record_path(FIRST).write_text(record().replace('"rule": "posterior"', text))
        assert found() == {FIRST: "no_record"}


def device(path):
    os.symlink("/dev/zero", path)


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, device])
@pytest.mark.parametrize("place", [FIRST, str(record_path(FIRST))])
def test_what_is_no_file_is_neither_read_nor_waited_for(make, place):
    os.unlink(place)
    make(place)
    assert found().keys() == {FIRST}
    assert to_mend(findings([SECOND], current, makes)) == [FIRST]
    if place == FIRST:
        with pytest.raises(InputError, match=r"origin.json cannot be read"):
            read_json(FIRST)


@pytest.mark.parametrize("name", ["../secret.csv", "/dev/zero", "pipe", "secret.csv"])
def test_an_input_beyond_the_results_is_read_only_if_it_is_declared(name):
    os.mkfifo("pipe")
    for path in ("secret.csv", "../secret.csv"):
        Path(path).write_text("x")
    record_path(FIRST).write_text(record(inputs={name: SHA}))
    assert found(sources={"data.csv"})[FIRST] == "stale"


def test_an_input_that_nothing_makes_is_none():
    record_path(FIRST).write_text(record(inputs={"results/none.json": SHA}))
    assert found(sources={"data.csv"}) == {FIRST: "stale", SECOND: "stale_input"}


NAMES = {
    "command": b"a; touch pwned #.txt",
    "newline": b"a\nb.txt",
    "escape": b"a\x1b[31m.txt",
    "not-utf-8": b"a\xff.txt",
    "direction": "a\u202e.txt".encode(),
    "quote": b"a'b.txt",
    "dash": b"-rf",
    "substitution": b"$(touch pwned).txt",
}


@pytest.mark.parametrize("make", [lambda path: open(path, "wb").close(), os.mkfifo])
@pytest.mark.parametrize("name", NAMES)
def test_a_file_of_any_name_is_told_in_one_line_that_can_be_written(name, make):
    make(b"results/" + NAMES[name])
    (each,) = findings([SECOND], current, makes)
    assert (each.fault, each.remake) == ("orphan", MOVE)
    assert (each.file + each.message).isprintable()
    json.dumps(each, ensure_ascii=False).encode("utf-8")
    assert manifest([SECOND])


@pytest.mark.parametrize("name", NAMES)
def test_a_record_of_any_name_makes_no_output(name):
    (b"results/.records/" + NAMES[name]).decode("utf-8", "surrogateescape")
    Path(os.fsdecode(b"results/.records/" + NAMES[name] + b".json")).write_text(record())
    assert found() == {}


def test_a_copied_folder_is_one_finding():
    for name in ("a", "b"):
        write_json(f"results/m copy/p/{name}.json", {})
    assert found() == {"results/m copy": "orphan"}


def test_the_depth_of_brackets_is_that_outside_of_texts():
    assert parsed(json.dumps(["[" * 1000 + '\\"'] * 100).encode()) == ["[" * 1000 + '\\"'] * 100
    assert parsed(b"[" * DEEPEST + b"]" * DEEPEST)
    for text in (b"[" * (DEEPEST + 1) + b"]" * (DEEPEST + 1), b'["a",' + b"[" * 100_000):
        with pytest.raises(ValueError, match="brackets within brackets"):
            parsed(text)


def test_no_more_is_read_than_may_be():
    Path("large").write_bytes(b"x" * 11)
    assert read_regular("large", 11) == b"x" * 11
    with pytest.raises(ValueError, match="more than 10 bytes"):
        read_regular("large", 10)

"""Artifacts are held to their schemas when they are written, by the same verdict as the audit's."""

import copy
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from laplace_approx.errors import InputError
from laplace_files.artifacts.artifacts import (
    read_json,
    read_table,
    write_json,
    write_table,
)
from laplace_files.artifacts.schemas import SCHEMAS, fault_of_record, fault_of_table

STEPS = sorted(path.name.removesuffix(".schema.json") for path in SCHEMAS.glob("*.schema.json"))
SHA = "0" * 64
CORE = {
    "steps": {"mode": {"fingerprint": SHA, "files": {"a.py": SHA}, "versions": {"python": "3"}}}
}
MODE = {
    "case": {"model": "m", "prior": "p", "space": "s"},
    "core": SHA,
    "parameters": ["a"],
    "space": "s",
    "space_definition": {},
    "coordinates": ["a"],
    "density": "of a",
    "restricts": [],
    "status": "declined",
    "reason": "improper",
    "message": "It is improper.",
}


def path_of(name):
    return f"results/m/{name}.json"


def both(name, record):
    """Return what the two validators say of a record: whether it keeps the schema."""
    schema = json.loads((SCHEMAS / f"{name}.schema.json").read_text())
    slow = Draft202012Validator(schema).is_valid(record)
    return fault_of_record(path_of(name), record) is None, slow


@pytest.mark.parametrize(("name", "record"), [("core", CORE), ("mode", MODE)])
def test_a_good_record_passes_both(name, record):
    assert both(name, record) == (True, True)


@pytest.mark.parametrize("key", sorted(MODE))
@pytest.mark.parametrize("value", [None, 3, [], {}, "x", "gone"])
def test_a_changed_record_is_judged_alike(key, value):
    record = copy.deepcopy(MODE)
    if value == "gone":
        del record[key]
    else:
        record[key] = value
    fast, slow = both("mode", record)
    assert fast == slow
    if value in ("gone", 3):
        assert not slow, "no key may be absent, and none is a number"


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(name=st.sampled_from(STEPS), value=VALUES, key=st.sampled_from([*MODE, "steps"]))
def test_the_two_validators_agree(name, value, key):
    for record in (value, {**MODE, key: value}, {key: value}):
        fast, slow = both(name, record)
        assert fast == slow


def test_nothing_that_breaks_its_schema_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=r"mode.json was not written.*mode.status"):
        write_json(path_of("mode"), {**MODE, "status": "perhaps"})
    with pytest.raises(InputError, match="column 'mass' is not there, and double is due"):
        write_table("results/m/mass.parquet", {"a": [0.5], "log_density": [0.5]}, {})
    with pytest.raises(InputError, match="column 'mass' holds int64"):
        write_table("results/m/mass.parquet", {"mass": [1], "log_density": [0.5]}, {})
    assert list(tmp_path.iterdir()) == []


def test_what_has_no_record_is_held_to_its_schema_when_it_is_read(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_json(path_of("mode"), MODE)
    assert read_json(path_of("mode")) == MODE
    file = tmp_path / path_of("mode")
    file.write_text(file.read_text().replace('"restricts": [],', ""))
    with pytest.raises(InputError, match=r"restricts.*snakemake --force results/m/mode.json"):
        read_json(path_of("mode"))
    (tmp_path / "x.parquet").parent.mkdir(exist_ok=True)
    write_table("x.parquet", {"a": [0.5]}, {})
    (tmp_path / "x.parquet").rename(tmp_path / "results/m/mass.parquet")
    with pytest.raises(InputError, match=r"'log_density' is not there.*snakemake --force"):
        read_table("results/m/mass.parquet")


def test_what_is_no_artifact_of_a_known_name_has_no_contract():
    assert fault_of_record("results/m/other.json", {}) is None
    assert fault_of_record("elsewhere/mode.json", {}) is None
    assert fault_of_table("results/m/other.parquet", {}) is None
    assert fault_of_table("results/m/draws-seed7.parquet", {}) is not None

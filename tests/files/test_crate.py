"""The crate of the results: whole, of the profile, readable by the library, and of no machine."""

import getpass
import json
import re
import socket

import pytest

pytest.importorskip("rocrate", reason="the crate needs the extra `crate`")

from laplace_files.export.crate import PROFILES, crate_document

SHA = {name: f"{number:064x}" for number, name in enumerate("abcdefg")}
DESCRIPTION = {"name": "A workflow", "description": "What it does.", "version": "1.2"}


def record(path, rule, wildcards, inputs, names=("",)):
    return {
        "artifact": path,
        "files": {name: {"size": 3, "sha256": SHA["a"]} for name in names},
        "rule": rule,
        "wildcards": wildcards,
        "inputs": inputs,
        "params": {"code": SHA["b"]},
        "schema_version": "1",
    }


CASE = {"model": "m", "prior": "p"}
LISTED = {
    "artifacts": [
        record("results/core.json", "core", {}, {}),
        record(
            "results/m/p/figures", "figures", CASE, {"results/m/p/mode.json": SHA["a"]}, ("a.svg",)
        ),
        record("results/m/p/grid.json", "grid", CASE, {"results/m/p/posterior.json": SHA["a"]}),
        record("results/m/p/mass.parquet", "grid", CASE, {"results/m/p/posterior.json": SHA["a"]}),
        record("results/m/p/mode.json", "mode", CASE, {"results/m/p/posterior.json": SHA["a"]}),
        record("results/m/p/posterior.json", "posterior", CASE, {"data/x.csv": SHA["c"]}),
    ],
    "steps": {
        name: {"fingerprint": SHA["b"], "files": {}, "versions": {"numpy": "2.2"}}
        for name in ("core", "figures", "grid", "mode", "posterior")
    },
}


@pytest.fixture(scope="module")
def document():
    return crate_document(LISTED, DESCRIPTION)


@pytest.fixture(scope="module")
def entities(document):
    return {entity["@id"]: entity for entity in document["@graph"]}


def references(value):
    """Yield every identifier that a value refers to."""
    if isinstance(value, list):
        for inner in value:
            yield from references(inner)
    elif isinstance(value, dict):
        yield value["@id"]


def test_every_reference_is_described_or_of_the_web(entities):
    for entity in entities.values():
        for key, value in entity.items():
            if key.startswith("@") or not isinstance(value, list | dict):
                continue
            for identifier in references(value):
                outside = identifier.startswith(
                    ("https://w3id.org/ro/crate/", "http://schema.org/")
                )
                assert identifier in entities or outside, (entity["@id"], key, identifier)


def test_it_has_what_ro_crate_asks_of_the_root(entities):
    descriptor = entities["ro-crate-metadata.json"]
    assert descriptor["about"] == {"@id": "./"}
    assert {"@id": "https://w3id.org/ro/crate/1.1"} in descriptor["conformsTo"]
    root = entities["./"]
    assert {"name", "description", "datePublished", "license"} <= root.keys()
    assert {each["@id"] for each in root["conformsTo"]} == {url for url, _ in PROFILES}
    assert all(entities[url]["@type"] == "CreativeWork" for url, _ in PROFILES)


def test_it_has_what_the_profile_asks_of_a_run(entities):
    root = entities["./"]
    workflow = entities[root["mainEntity"]["@id"]]
    assert {"SoftwareSourceCode", "ComputationalWorkflow", "HowTo"} <= set(workflow["@type"])
    assert workflow["programmingLanguage"]["@id"] in entities
    actions = [each for each in entities.values() if each["@type"] == "CreateAction"]
    assert {each["@id"] for each in actions} == {each["@id"] for each in root["mentions"]}
    for action in actions:
        assert action["instrument"]["@id"] in entities
        assert action["result"]
    run = entities["#run"]
    assert run["instrument"]["@id"] == workflow["@id"]
    assert run["object"] == [{"@id": "#input-data/x.csv"}]
    tools = {each["@id"] for each in workflow["hasPart"]}
    assert {a["instrument"]["@id"] for a in actions if a is not run} <= tools


def test_every_file_is_a_part_with_size_and_hash(entities):
    parts = {each["@id"] for each in entities["./"]["hasPart"]}
    files = {each["@id"] for each in entities.values() if each["@type"] == "File"}
    assert files == parts
    assert files == {
        *("core.json", "m/p/figures/a.svg", "m/p/grid.json", "m/p/mass.parquet"),
        *("m/p/mode.json", "m/p/posterior.json"),
    }
    for name in files:
        assert entities[name]["contentSize"] == "3"
        assert entities[name]["sha256"] == SHA["a"]


def test_a_job_of_two_outputs_is_one_action(entities):
    (action,) = (each for each in entities.values() if each.get("name") == "grid/m/p")
    assert {each["@id"] for each in action["result"]} == {"m/p/grid.json", "m/p/mass.parquet"}
    assert action["object"] == [{"@id": "m/p/posterior.json"}]


def test_it_is_the_same_twice_and_of_no_machine(document):
    text = json.dumps(document)
    assert text == json.dumps(crate_document(LISTED, DESCRIPTION))
    for secret in (socket.gethostname(), getpass.getuser(), "/tmp", "/home"):
        assert not re.search(rf"(?<![\w-]){re.escape(secret)}(?![\w-])", text), secret
    assert re.findall(r"\d{4}-\d\d-\d\d", text) == ["2026-01-01"]


def test_the_library_reads_it_back(document, tmp_path):
    from rocrate.rocrate import ROCrate

    (tmp_path / "ro-crate-metadata.json").write_text(json.dumps(document))
    for entity in document["@graph"]:
        if entity["@type"] == "File":
            (tmp_path / entity["@id"]).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / entity["@id"]).write_text("abc")
    crate = ROCrate(tmp_path)
    assert crate.mainEntity["name"] == "A workflow"
    assert len(crate.data_entities) == 6

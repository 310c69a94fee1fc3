"""The documents say what is so: each is held against what it describes."""

import importlib.util
import json
import re

import pytest

from laplace_approx.density.priors.definition import FAMILIES
from laplace_approx.remedies import COMPUTED, DRAWN
from laplace_files.export.pictures import shortened
from project_copy import PROJECT

DOCS = PROJECT / "docs"


def program(name):
    """Return a program of docs/ as a module."""
    spec = importlib.util.spec_from_file_location(name, DOCS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_table_of_artifacts_is_that_of_the_schemas():
    """After a change of a schema: python docs/artifacts.py"""
    written = (DOCS / "artifacts.md").read_text(encoding="utf-8")
    assert written == program("artifacts").document()


def test_every_key_and_column_has_a_meaning():
    """One without a description gets it in its schema, or in workflow/schemas/meanings.json."""
    written = (DOCS / "artifacts.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(.+?)` \| .+? \| (.*) \|$", written, re.MULTILINE)
    assert len(rows) > 300
    assert [key for key, meaning in rows if not meaning.strip()] == []


@pytest.mark.parametrize("path", sorted(DOCS.glob("*.md")), ids=lambda path: path.name)
def test_every_link_of_a_document_leads_to_a_file(path):
    for link in re.findall(r"\]\(([^)#]+)\)", path.read_text(encoding="utf-8")):
        assert (path.parent / link).exists(), link


def test_every_module_that_the_numbers_name_is_there():
    named = re.findall(r"`([\w/]+\.py)`", (DOCS / "numbers.md").read_text(encoding="utf-8"))
    core = PROJECT / "workflow/scripts/laplace_approx"
    assert len(named) > 40
    assert [
        name for name in named if not any((core / x / name).exists() for x in ("", "remedies"))
    ] == []


def test_every_method_and_measure_has_its_source():
    """Each remedy of the code, and each measure that a verdict's schema has, is in the numbers."""
    text = (DOCS / "numbers.md").read_text(encoding="utf-8")
    schema = json.loads((PROJECT / "workflow/schemas/verdict.schema.json").read_text("utf-8"))
    measures = set(schema["properties"]["joint"]["properties"]) - {"number_of_modes"}
    assert {name for name in {*measures, *DRAWN, *COMPUTED} if f"`{name}`" not in text} == set()


@pytest.fixture
def tutorial():
    return (DOCS / "tutorial.md").read_text(encoding="utf-8")


@pytest.mark.workflow
def test_every_number_of_the_tutorial_is_that_of_a_run(finished, tutorial):
    """After a change of the numbers: snakemake, then python docs/tutorial.py"""
    assert program("tutorial").filled(tutorial, finished / "results") == tutorial


def test_no_number_of_the_tutorial_stands_there_without_its_artifact(tutorial):
    """What is left beside the marked numbers and the data is not measured."""
    free = program("tutorial").MARK.sub("", re.sub(r"```.*?```", "", tutorial, flags=re.DOTALL))
    doses = [line for line in free.splitlines() if re.match(r"\| -?0\.\d+ \|", line)]
    data = (PROJECT / "data/bioassay.csv").read_text(encoding="utf-8").splitlines()[1:]
    assert [line.strip("| ").replace(" | ", ",") for line in doses] == data
    for line in doses:
        free = free.replace(line, "")
    assert re.findall(r"-?\d+\.\d+", free) == ["0.6", "0.8"]  # of a sentence of the chapter
    assert len(program("tutorial").MARK.findall(tutorial)) > 35


@pytest.mark.workflow
def test_every_picture_of_the_tutorial_is_that_of_a_run(finished, tutorial):
    """The same shapes in the same places, to a tenth of a point."""
    pictures = program("tutorial").pictures(tutorial)
    assert len(pictures) == tutorial.count("![") == len(list((DOCS / "tutorial").iterdir()))
    for name, source in pictures.items():
        kept = (DOCS / "tutorial" / f"{name}.svg").read_text(encoding="utf-8")
        made = shortened(finished / "results" / source)
        assert re.sub(r"[-\d.]+", "", kept) == re.sub(r"[-\d.]+", "", made), name
        numbers = [[float(x) for x in re.findall(r"-?\d+\.?\d*", text)] for text in (kept, made)]
        assert numbers[0] == pytest.approx(numbers[1], abs=0.1), name


def test_every_family_of_priors_is_listed_with_its_keys():
    text = (PROJECT / "config/README.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1:3] for line in text.splitlines() if line.startswith("| `")]
    listed = {
        name: set(re.findall(r"`(\w+)`", keys))
        for names, keys in rows
        for name in re.findall(r"`(\w+)`", names)
        if name in FAMILIES
    }
    due = {name: {*family.settings, *family.one_of} for name, family in FAMILIES.items()}
    assert listed == due


def test_the_picture_of_the_rooms_is_that_of_the_imports(tmp_path, monkeypatch):
    """After a change of what imports what: python docs/architecture.py"""
    architecture = program("architecture")
    monkeypatch.setattr(architecture, "PICTURE", tmp_path / "architecture.svg")
    architecture.main()
    drawn = (tmp_path / "architecture.svg").read_bytes()
    assert drawn == (DOCS / "architecture.svg").read_bytes()


def test_the_map_names_every_room():
    text = (DOCS / "architecture.md").read_text(encoding="utf-8")
    scripts = PROJECT / "workflow/scripts"
    for package in ("laplace_approx", "laplace_files"):
        rooms = [face.parent.name for face in (scripts / package).glob("*/__init__.py")]
        assert [room for room in rooms if f"`{room}/`" not in text] == []

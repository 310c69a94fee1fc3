"""The documents say what is so: each is held against what it describes."""

import importlib.util
import re

import pytest
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

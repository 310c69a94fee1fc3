"""The page of faults: every row is there once, and every test that it names exists."""

import ast
import re

import pytest

from project_copy import PROJECT

PAGE = (PROJECT / "docs/faults.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`(tests/(?:\w+/)?test_\w+\.py::[^`]+)`", PAGE)))
PLACEHOLDER = "tests/test_x.py::test_name[id]"


def names_in(path):
    """Return the names of the tests of a file, those of a class as `Class::test`."""
    found = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef):
            found.add(node.name)
        elif isinstance(node, ast.ClassDef):
            inner = (item for item in node.body if isinstance(item, ast.FunctionDef))
            found.update(f"{node.name}::{item.name}" for item in inner)
    return {name for name in found if name.rpartition("::")[2].startswith("test_")}


@pytest.mark.parametrize("named", [name for name in NAMED if name != PLACEHOLDER])
def test_every_test_that_the_page_names_exists(named):
    file, _, test = named.partition("::")
    name, _, identifier = test.removesuffix("]").partition("[")
    path = PROJECT / file
    assert name in names_in(path)
    # identifiers are written out in the files
    assert identifier in path.read_text(encoding="utf-8")


def rows():
    return [line.split(" | ") for line in PAGE.splitlines() if re.match(r"\| F\d\d ", line)]


def test_every_fault_has_one_row_in_order():
    assert [cells[0].strip("| ") for cells in rows()] == [f"F{i:02}" for i in range(1, 91)]


def test_every_row_names_a_test_or_says_why_there_is_none():
    for cells in rows():
        assert len(cells) == 4, cells[0]
        last = cells[3]
        assert "`tests/" in last or last.startswith("none"), cells[0]

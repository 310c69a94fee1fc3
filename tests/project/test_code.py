"""The code as text: the files that a step imports are found."""

import ast
import re
from importlib import import_module
from importlib.util import find_spec

import pytest

from laplace_files.run.code import import_statements
from project_copy import PROJECT

SOURCES = sorted((PROJECT / "workflow").rglob("*.py"))


def found(source):
    return sorted(ast.unparse(statement) for statement in import_statements(source, "x.py"))


def parsed(source):
    nodes = ast.walk(ast.parse(source))
    return sorted(ast.unparse(n) for n in nodes if isinstance(n, ast.Import | ast.ImportFrom))


def test_every_file_of_the_project_imports_what_python_parses_in_it():
    assert len(SOURCES) > 100
    for path in SOURCES:
        assert found(path.read_bytes()) == parsed(path.read_bytes()), path


@pytest.mark.parametrize(
    "source",
    [
        b"import a",
        b"import a.b as c, d\n",
        b"def f():\n\tfrom a import b\n",
        b"from a import (\n    b,  # why (so)\n    c,\n)\n",
        b"from a import (b, c)\n",
        b"from a import *  # (all)\n",
        b"from . import a\nfrom ..b import c\n",
        b"x = 1; import a\n",
        b"if x: import a\nelse: from b import c\n",
        b"from a \\\n    import b\n",
        b"import \\\n    a\n",
        b"import a\r\nfrom b import c\r\n",
        b"import a\rimport b\r",
        b"try:\n    import a\nexcept ImportError: import b\n",
        b'"""Where it is\nfrom the mode to the edge.\n"""\nimport a\n',
        b"class A:\n    from a import b\n\n    async def f():\n        import c\n",
        b"yield_from = 1\nfrom_a = 2\nimported = 3\n",
        b"raise A(\n) from error\n",
        b"def f():\n    yield from (\n        a\n    )\n",
    ],
)
def test_an_import_is_found_however_it_is_written(source):
    assert found(source) == parsed(source)


def test_what_is_not_python_is_said_with_the_name_of_the_file():
    with pytest.raises(SyntaxError, match=r"x\.py"):
        import_statements(b"import a b\n", "x.py")


IMPORT = re.compile(r"\bfrom (laplace_\w+(?:\.\w+)*) import (\w+(?:, \w+)*)")


def test_what_is_imported_in_a_text_is_there():
    """In tests and documents stand programs, as text: no linter sees what they import."""
    files = [*PROJECT.glob("tests/**/*.py"), *PROJECT.glob("benchmarks/*.py")]
    files += [*PROJECT.glob("docs/*.md"), PROJECT / "README.md"]
    found = {pair for file in files for pair in IMPORT.findall(file.read_text("utf-8"))}
    assert len(found) > 100
    for module, names in found:
        for name in names.split(", "):
            there = hasattr(import_module(module), name)
            assert there or find_spec(f"{module}.{name}"), f"from {module} import {name}"

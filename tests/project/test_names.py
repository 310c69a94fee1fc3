"""Names in the code: each is used by what runs, small where it stands, and said where it decides.

Uses are names, attributes and imports in the syntax tree: a word in a docstring is none.
"""

import ast
import re
from collections import Counter
from functools import cache
from typing import NamedTuple

from project_copy import PROJECT

SCRIPTS = PROJECT / "workflow" / "scripts"
# What is not Python, or only nearly, uses a name by writing it.
WRITTEN = (
    *("Snakefile", "workflow/**/*.smk", "workflow/report/*.j2"),
    # each picture is the function of its own module's name
    "workflow/scripts/laplace_approx/figures/__init__.py",
)
# Python itself calls these: the protocols of importing, of parsing YAML, and of threads.
CALLED_BY_PYTHON = {"find_spec", "get_filename", "get_data"}
CALLED_BY_PYTHON |= {"check_event", "peek_event", "get_event"}


@cache
def tree(file):
    return ast.parse(file.read_text("utf-8"))


class Uses(ast.NodeVisitor):
    """Counts every name that is read, every attribute and every imported name."""

    def __init__(self):
        self.found = Counter()

    def visit_Name(self, node):
        if not isinstance(node.ctx, ast.Store):
            self.found[node.id] += 1

    def visit_Attribute(self, node):
        if not isinstance(node.ctx, ast.Store):
            self.found[node.attr] += 1
        self.generic_visit(node)


def uses_in(node):
    uses = Uses()
    uses.visit(node)
    return uses.found


@cache
def uses():
    files = [*SCRIPTS.rglob("*.py"), *PROJECT.glob("benchmarks/*.py")]
    found = sum((uses_in(tree(file)) for file in files), Counter())
    for pattern in WRITTEN:
        for file in PROJECT.glob(pattern):
            found.update(re.findall(r"\w+", file.read_text("utf-8")))
    return found


class Defined(NamedTuple):
    """A function, class, method or constant, with the statement that defines it."""

    place: str
    name: str
    node: ast.AST


def defined(file):
    """Yield what a file defines at its top, and the methods and properties of its classes."""
    place = file.relative_to(SCRIPTS).as_posix()
    for node in tree(file).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield Defined(place, node.name, node)
        for target in getattr(node, "targets", []):
            if isinstance(target, ast.Name) and target.id.strip("_").isupper():
                yield Defined(place, target.id, node)
        if isinstance(node, ast.ClassDef):
            for inner in node.body:
                if isinstance(inner, ast.FunctionDef):
                    yield Defined(f"{place}: {node.name}", inner.name, inner)


def project_files():
    files = SCRIPTS.glob("laplace_*/**/*.py")
    # a model file says by its names what it is; adapters are called by model files of users
    by_users = (SCRIPTS / "laplace_approx" / "models", SCRIPTS / "laplace_adapters")
    return [file for file in files if file.parent not in by_users]


def test_nothing_is_there_for_tests_alone():
    unused = [
        f"{each.place}: {each.name}"
        for file in project_files()
        for each in defined(file)
        if uses()[each.name] <= uses_in(each.node)[each.name]
        and not re.fullmatch("__[a-z]+__", each.name)
        and each.name not in CALLED_BY_PYTHON
    ]
    assert not unused


def test_no_function_is_written_twice():
    """But in the audit, which is to be a second opinion."""
    found = {}
    for file in project_files():
        if "laplace_audit" not in file.parts:
            for node in ast.walk(tree(file)):
                if isinstance(node, ast.FunctionDef):
                    body = node.body[1:] if ast.get_docstring(node) else node.body
                    text = "\n".join(map(ast.unparse, body))
                    found.setdefault(text, set()).add(f"{file.name}: {node.name}")
    several = [names for text, names in found.items() if text and len(names) > 1]
    assert not [names for names in several if len({name.split(":")[0] for name in names}) > 1]


def beyond_the_limits(file):
    """Yield (what is beyond, function) of every function that ruff is told to let pass."""
    lines = file.read_text("utf-8").split("\n")
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.FunctionDef):
            comment = lines[node.lineno - 1].partition("# noqa: ")[2]
            for code, beyond in (("PLR0913", "Many arguments: "), ("C901", "Many branches: ")):
                if code in comment:
                    yield beyond, node


def test_a_function_beyond_the_limits_says_why():
    """The limits of arguments and branches are ruff's, in pyproject.toml."""
    found = [pair for file in SCRIPTS.rglob("*.py") for pair in beyond_the_limits(file)]
    assert found
    for beyond, function in found:
        assert beyond in (ast.get_docstring(function) or ""), function.name


def is_number(node):
    """Return whether an expression is made of numbers alone, or is a row or a map of such."""
    match node:
        case ast.Constant():
            return type(node.value) in (int, float)
        case ast.UnaryOp():
            return is_number(node.operand)
        case ast.BinOp():
            return is_number(node.left) and is_number(node.right)
        case ast.Tuple() | ast.List():
            return bool(node.elts) and all(map(is_number, node.elts))
        case ast.Dict():
            return bool(node.values) and all(map(is_number, node.values))
    return False


def numbers_without_a_word(file):
    """Yield every constant of a file that is a number, and has no comment on or above its line."""
    lines = file.read_text("utf-8").split("\n")
    for each in defined(file):
        if isinstance(each.node, ast.Assign) and is_number(each.node.value):
            own = lines[each.node.lineno - 1 : each.node.end_lineno]
            above = lines[each.node.lineno - 2].startswith("#")
            if not above and not any("#" in line for line in own):
                yield each.name


def test_every_number_that_decides_says_what_it_is():
    """But in a model file, whose names have a meaning of their own (docs/your-own-model.md)."""
    core = SCRIPTS / "laplace_approx"
    files = [file for file in core.rglob("*.py") if file.parent != core / "models"]
    assert len(files) > 100
    bare = {file.name: list(numbers_without_a_word(file)) for file in files}
    assert not {name: names for name, names in bare.items() if names}

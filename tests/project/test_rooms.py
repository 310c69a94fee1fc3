"""The rooms of the code: which may import which, and what may stand in their faces."""

import ast
from collections import Counter
from functools import cache
from graphlib import TopologicalSorter

import pytest

from project_copy import PROJECT
from rooms_in_order import rooms_in_order

SCRIPTS = PROJECT / "workflow" / "scripts"
# From the ground up: a room imports from those before it in its list, and from itself.
CORE, FILES = (rooms_in_order(package) for package in ("laplace_approx", "laplace_files"))
PACKAGES = ("laplace_approx", "laplace_files", "laplace_sweep")
# An __init__ that gathers what all who import it need, and so imports it.
GATHERING = {"laplace_approx.density.priors", "laplace_approx.remedies"}


@cache
def modules():
    """Map the dotted name of every module of the project to its file."""
    files = sorted(SCRIPTS.glob("laplace_*/**/*.py"))
    return {name_of(file): file for file in files}


def name_of(file):
    parts = file.relative_to(SCRIPTS).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def imports(name):
    """Return the modules of the project that a module imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(modules()[name].read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            found.update(each if each in modules() else node.module for each in names)
        elif isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
    return sorted(found & set(modules()))


def room(name):
    """Return (package, room) of a module: ("laplace_approx", "mode")."""
    package, _, rest = name.partition(".")
    return package, rest.partition(".")[0]


def breaches(package, order):
    """Return every import within a package that does not run down the order of its rooms."""
    return [
        f"{name} imports {other}"
        for name in modules()
        if room(name)[0] == package and room(name)[1] in order
        for other in imports(name)
        if room(other)[0] == package
        and room(other)[1] in order
        and order.index(room(other)[1]) > order.index(room(name)[1])
    ]


@pytest.mark.parametrize(("package", "order"), [("laplace_approx", CORE), ("laplace_files", FILES)])
def test_imports_run_down_the_floors(package, order):
    rooms = {room(name)[1] for name in modules() if room(name)[0] == package} - {"", "models"}
    assert rooms == set(order) - {"models"}, "a room without a floor, or a floor without a room"
    assert breaches(package, order) == []


def test_a_package_imports_only_from_those_below_it():
    for name in modules():
        package = room(name)[0]
        if package in PACKAGES:
            below = PACKAGES[: PACKAGES.index(package) + 1]
            assert all(room(other)[0] in below for other in imports(name)), name


def test_no_import_runs_in_a_circle():
    order = TopologicalSorter({name: imports(name) for name in modules()})
    assert len(list(order.static_order())) == len(modules())


def test_no_model_is_imported():
    for name in modules():
        assert not any(room(other) == ("laplace_approx", "models") for other in imports(name)), name


def test_the_face_of_a_room_is_its_docstring():
    for name, file in modules().items():
        if file.name == "__init__.py" and name not in GATHERING:
            body = ast.parse(file.read_text("utf-8")).body
            assert len(body) <= 2, name
            assert ast.get_docstring(ast.parse(file.read_text("utf-8"))), name
            assert not imports(name), name


def test_what_begins_with_an_underscore_stays_in_its_file():
    for name, file in modules().items():
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("laplace_"):
                private = [alias.name for alias in node.names if alias.name.startswith("_")]
                assert not private, f"{name} imports {private} from {node.module}"


def test_no_name_of_a_class_means_two_things():
    names = Counter(
        node.name
        for name, file in modules().items()
        if room(name)[0] in PACKAGES
        for node in ast.parse(file.read_text("utf-8")).body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    )
    assert [name for name, n in names.items() if n > 1] == []


# One table of one kind of row: a law a row, its formula and its tolerance.
A_TABLE = {"laplace_audit.catalogue"}


def test_a_file_has_one_subject():
    """A file above 350 lines has had two so far, whenever one was looked at."""
    long = [
        name
        for name, file in modules().items()
        if len(file.read_text("utf-8").splitlines()) > 350 and name not in A_TABLE
    ]
    assert long == []

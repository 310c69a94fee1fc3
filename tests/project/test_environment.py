"""pyproject.toml, environment.yml and the lock files name one environment, and it is enough.

The extras, which single targets need, each have a lock that fits on top of requirements.lock.
"""

import ast
import itertools
import re
import subprocess
import sys
import tokenize
import tomllib
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]

# What conda calls by another name, and what it packages apart from the extra that asks for it.
CONDA_NAMES = {"snakemake": "snakemake-minimal", "matplotlib": "matplotlib-base"}
CONDA_NAMES["fastjsonschema"] = "python-fastjsonschema"
CONDA_EXTRAS = {("snakemake", "reports"): "pygments"}

PYTHONS = ["3.11", "3.12", "3.13", "3.14"]
PLATFORMS = [
    ("linux", "Linux", "x86_64"),
    ("linux", "Linux", "aarch64"),
    ("darwin", "Darwin", "arm64"),
]


def read_pyproject():
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


EXTRAS = sorted(set(read_pyproject()["dependency-groups"]) - {"dev"})
LOCKS = ["requirements.lock", *(f"requirements-{extra}.lock" for extra in EXTRAS)]


def declared(dev=True):
    """Return the requirements of the workflow and, with `dev`, of its tests and tools."""
    pyproject = read_pyproject()
    lines = list(pyproject["project"]["dependencies"])
    if dev:
        lines += pyproject["dependency-groups"]["dev"]
    return [Requirement(line) for line in lines]


def declared_extra(*extras):
    """Return the requirements of the extras named."""
    groups = read_pyproject()["dependency-groups"]
    return [Requirement(line) for extra in extras for line in groups[extra]]


def conda_specifiers():
    """Return {conda name: specifier} of environment.yml."""
    environment = yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))
    parts = (line.partition(" ") for line in environment["dependencies"])
    return {name: SpecifierSet(specifier) for name, _, specifier in parts}


@cache
def read_lock(name):
    """Return a lock file as [(pin, its hashes)]."""
    text = re.sub(r"(?m)^ *#.*\n", "", (ROOT / name).read_text("utf-8")).replace("\\\n", "")
    entries = (line.split("--hash=") for line in text.splitlines())
    return [(Requirement(pin), [digest.strip() for digest in digests]) for pin, *digests in entries]


def pins(lock, python, platform):
    """Return {package: [versions]} that a lock installs on this Python and platform."""
    keys = ("sys_platform", "platform_system", "platform_machine")
    environment = {"python_version": python, "python_full_version": f"{python}.1"}
    environment |= dict(zip(keys, platform, strict=True))
    found = {}
    for pin, _ in read_lock(lock):
        if pin.marker is None or pin.marker.evaluate(environment):
            version = next(iter(pin.specifier)).version
            found.setdefault(canonicalize_name(pin.name), []).append(version)
    return found


def statements(path):
    """Yield the import statements of a Python file or of a Snakefile, which is not quite Python."""
    if path.suffix == ".py":
        yield from ast.walk(ast.parse(path.read_bytes()))
        return
    logical_line = []
    with path.open("rb") as file:
        for token in tokenize.tokenize(file.readline):
            if token.type == tokenize.NEWLINE:
                if logical_line and logical_line[0] in {"import", "from"}:
                    yield from ast.parse(" ".join(logical_line)).body
                logical_line = []
            elif token.type in {tokenize.NAME, tokenize.OP, tokenize.NUMBER, tokenize.STRING}:
                logical_line.append(token.string)


def imported_packages(path):
    """Return the top-level packages that a file imports and that are neither Python's nor ours."""
    names = set()
    for statement in statements(path):
        if isinstance(statement, ast.Import):
            names |= {alias.name for alias in statement.names}
        elif isinstance(statement, ast.ImportFrom) and statement.level == 0:
            names.add(statement.module)
    folders = (path.parent, *(ROOT / name for name in ("workflow/scripts", "tests", "benchmarks")))
    ours = {entry.stem for folder in folders for entry in folder.iterdir()}
    return {name.partition(".")[0] for name in names} - set(sys.stdlib_module_names) - ours


def undeclared(paths, requirements):
    """Return the imports of the files that no requirement provides, as 'file: package'."""
    allowed = {canonicalize_name(requirement.name) for requirement in requirements}
    providers = packages_distributions()
    return [
        f"{path.relative_to(ROOT)}: {package}"
        for path in paths
        for package in sorted(imported_packages(path))
        # what is not installed, as an extra may be, is taken to have the name of its package
        if not allowed & {canonicalize_name(name) for name in providers.get(package, [package])}
    ]


def test_conda_environment_is_the_one_of_pyproject():
    expected = {"python": SpecifierSet(read_pyproject()["project"]["requires-python"])}
    for requirement in declared():
        expected[CONDA_NAMES.get(requirement.name, requirement.name)] = requirement.specifier
        for extra in requirement.extras:
            expected[CONDA_EXTRAS[requirement.name, extra]] = SpecifierSet()
    assert conda_specifiers() == expected


@pytest.mark.parametrize("platform", PLATFORMS, ids="-".join)
@pytest.mark.parametrize("python", PYTHONS)
def test_locks_have_one_fitting_version_of_each_requirement(python, platform):
    base = declared() + [Requirement(name) for name in CONDA_EXTRAS.values()]
    required = {"requirements.lock": base}
    required |= {f"requirements-{extra}.lock": declared_extra(extra) for extra in EXTRAS}
    for lock, requirements in required.items():
        for requirement in requirements:
            (version,) = pins(lock, python, platform)[canonicalize_name(requirement.name)]
            assert requirement.specifier.contains(version), (lock, requirement)


@pytest.mark.parametrize("platform", PLATFORMS, ids="-".join)
@pytest.mark.parametrize("python", PYTHONS)
def test_every_lock_can_be_installed_on_top_of_every_other(python, platform):
    locked = {lock: pins(lock, python, platform) for lock in LOCKS}
    for one, other in itertools.combinations(LOCKS, 2):
        for name in locked[one].keys() & locked[other].keys():
            assert locked[one][name] == locked[other][name], (name, one, other)


def test_each_extra_has_a_lock_and_the_makefile_knows_it():
    assert {path.name for path in ROOT.glob("requirements*.lock")} == set(LOCKS)
    makefile = (ROOT / "Makefile").read_text("utf-8")
    assert sorted(re.search(r"(?m)^EXTRAS := (.+)$", makefile)[1].split()) == EXTRAS


def test_an_extra_that_is_not_there_is_refused_with_those_that_are():
    command = ["make", "--old-file=setup", "extra", "NAME=slrum"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "no extra called 'slrum'" in done.stderr
    assert all(extra in done.stderr for extra in EXTRAS)


def test_the_default_installation_holds_no_extra():
    base = {canonicalize_name(pin.name) for pin, _ in read_lock("requirements.lock")}
    extras = {canonicalize_name(requirement.name) for requirement in declared_extra(*EXTRAS)}
    assert not base & extras


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_pins_every_package_with_hashes(lock):
    for pin, digests in read_lock(lock):
        assert re.fullmatch(r"==[^*,]+", str(pin.specifier)), pin
        assert pin.url is None, pin
        assert digests, pin
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", digest) for digest in digests), pin


@pytest.mark.parametrize("trace", ["/", "@", "--index", "--extra-index", "--find-links"])
@pytest.mark.parametrize("lock", LOCKS)
def test_lock_names_no_host_and_no_path(lock, trace):
    assert trace not in (ROOT / lock).read_text("utf-8")


def test_workflow_imports_only_what_is_declared():
    """But for the packages of single targets, and the tools whose models the adapters take over."""
    paths = [ROOT / "Snakefile", *ROOT.glob("workflow/**/*.smk"), *ROOT.glob("workflow/**/*.py")]
    paths = [path for path in paths if path.exists() and path.parent.name != "laplace_adapters"]
    requirements = declared(dev=False) + declared_extra("arviz", "crate", "nuts")
    assert undeclared(paths, requirements) == []


def test_benchmarks_import_only_what_is_declared():
    requirements = declared(dev=False) + declared_extra("bench")
    assert undeclared(ROOT.glob("benchmarks/**/*.py"), requirements) == []


def test_tests_import_only_what_is_declared():
    """The packages of extras too: the tests that need one are skipped without it."""
    assert undeclared(ROOT.glob("tests/**/*.py"), declared() + declared_extra(*EXTRAS)) == []


def test_imports_of_a_snakefile_are_found(tmp_path):
    snakefile = tmp_path / "Snakefile"
    snakefile.write_text(
        'import json, numpy.linalg as la\n\nrule a:\n    "from nowhere import nothing"\n'
        '    output: "x"\n\nif True:\n    from scipy import (\n        special,\n    )\n'
    )
    assert imported_packages(snakefile) == {"numpy", "scipy"}

"""The laws of the record of the code: it describes the code and libraries that are there now."""

import ast
import hashlib
from functools import cache
from importlib import metadata
from pathlib import Path
from sys import version_info

from laplace_audit.ledger import Page

SCRIPTS = Path(__file__).resolve().parents[2]


def core_laws(page: Page, record: dict, scripts: Path = SCRIPTS) -> dict[str, str]:
    """Hold the record of the code against the scripts in a folder; return the fingerprint of each
    step as it should be now."""
    steps = record["steps"]
    page.same(
        "a record for every step", sorted(steps), sorted(p.stem for p in scripts.glob("*.py"))
    )
    sources = {p.relative_to(scripts).as_posix(): p.read_bytes() for p in scripts.rglob("*.py")}
    hashes = {name: hashlib.sha256(text).hexdigest() for name, text in sources.items()}
    imports = {name: _imports(text) for name, text in sources.items()}
    due = {}
    for name, step in steps.items():
        files = _reached(f"{name}.py", imports)
        page.same("files of every step", sorted(step["files"]), sorted(files))
        stale = [f for f, sha256 in step["files"].items() if hashes.get(f) != sha256]
        page.true("code is that which is there now", not stale, ", ".join(stale[:3]))
        other = [p for p, version in step["versions"].items() if _version(p) != version]
        page.true("libraries are those installed", not other, ", ".join(other[:3]))
        versions = {package: _version(package) for package in step["versions"]}
        now = {file: hashes[file] for file in files if file in hashes}
        due[name] = _fingerprint(now, versions)
        page.same(
            "fingerprint of every step",
            step["fingerprint"],
            _fingerprint(step["files"], step["versions"]),
        )
    return due


def _fingerprint(files: dict, versions: dict) -> str:
    text = repr((sorted(files.items()), sorted(versions.items())))
    return hashlib.sha256(text.encode()).hexdigest()


@cache
def _version(package: str) -> str:
    if package == "python":
        return ".".join(map(str, version_info[:3]))
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "absent"  # as what only single targets need may be


@cache
def _imports(source: bytes) -> set[str]:
    """Return every dotted name that the text imports, or may import from a package."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import():
                names |= {alias.name for alias in node.names}
            case ast.ImportFrom(module=str(module)):
                names |= {module, *(f"{module}.{alias.name}" for alias in node.names)}
    return names


def _reached(start: str, imports: dict[str, set[str]]) -> set[str]:
    reached, waiting = set(), [start]
    while waiting:
        file = waiting.pop()
        if file in reached or file not in imports:
            continue
        reached.add(file)
        for name in imports[file]:
            parts = name.split(".")
            packages = ("/".join(parts[: k + 1]) + "/__init__.py" for k in range(len(parts)))
            waiting += [*packages, "/".join(parts) + ".py"]
    return reached

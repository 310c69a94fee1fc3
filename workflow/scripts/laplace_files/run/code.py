"""What code a step runs: the project's files that it imports, as a fingerprint of their content.

Snakemake does not track what a script imports, and tracks the script by its time. A fingerprint
of the content, given to each rule as a parameter, reruns exactly the steps whose code changed:
a touched file reruns nothing, and an edit that is taken back reruns nothing.
"""

import ast
import hashlib
import re
import sys
from functools import cache
from importlib import metadata
from pathlib import Path

from laplace_files.artifacts.artifacts import sha256_of


def imported_files(path: Path) -> tuple[Path, ...]:
    """Return `path` and every file below its folder that it imports, however deep, sorted."""
    root = path.parent
    seen, waiting = set(), [path]
    while waiting:
        file = waiting.pop()
        if file not in seen:
            seen.add(file)
            waiting.extend(_local_files(file, root))
    return tuple(sorted(seen))


@cache
def _local_files(path: Path, root: Path) -> tuple[Path, ...]:
    found = (_files_of(name, root) for name in _imported_names(path))
    return tuple(file for files in found for file in files)


@cache
def _imported_names(path: Path) -> tuple[str, ...]:
    """Return the dotted names that a file may import; `from a import b` gives a and a.b."""
    names = set()
    for node in import_statements(path.read_bytes(), str(path)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif node.module:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return tuple(sorted(names))


# An import that begins a line, with the brackets that may follow; what may hide one elsewhere.
_IMPORT = re.compile(rb"^[ \t\f]*((?:import|from)[ \t][^\r\n(]*(?:\([^)]*\))?)", re.MULTILINE)
_HIDDEN = re.compile(rb"[:;][ \t]*(?:import|from)[ \t]|\\\r?\n|\r(?!\n)")


def import_statements(source: bytes, name: str) -> list[ast.Import | ast.ImportFrom]:
    """Return every import statement of a Python file, at whatever depth.

    They are found by the word that begins their line, and only they are parsed: parsing whole files
    would be a quarter of what `snakemake` costs before its first job. A file is parsed as a whole
    where that may miss one, or where a line that begins so is text after all.
    """
    if not _HIDDEN.search(source):
        try:
            nodes = [node for line in _IMPORT.findall(source) for node in ast.parse(line).body]
            return [node for node in nodes if isinstance(node, ast.Import | ast.ImportFrom)]
        except SyntaxError:
            pass
    nodes = ast.walk(ast.parse(source, filename=name))
    return [node for node in nodes if isinstance(node, ast.Import | ast.ImportFrom)]


@cache
def _files_of(name: str, root: Path) -> list[Path]:
    """Return the files below `root` that importing the dotted name would run."""
    parts = name.split(".")
    candidates = [
        root.joinpath(*parts[:depth], "__init__.py") for depth in range(1, len(parts) + 1)
    ]
    candidates.append(root.joinpath(*parts).with_suffix(".py"))
    return [file for file in candidates if file.is_file()]


def adapter_files(paths) -> list[Path]:
    """Return the files of this project's own `laplace_adapters` that any of the files imports."""
    scripts = Path(__file__).resolve().parents[2]
    names = {name for path in paths for name in _imported_names(path)}
    entries = {file for name in names if _is_adapter(name) for file in _files_of(name, scripts)}
    found = set(entries)
    for entry in entries:
        for name in filter(_is_adapter, _imported_names(entry)):
            found.update(_files_of(name, scripts))
    return sorted(found)


def _is_adapter(name: str) -> bool:
    return name.split(".")[0] == "laplace_adapters"


def library_versions(files, version_of) -> dict[str, str]:
    """Return the versions of Python and of the libraries that the files import."""
    tops = {name.split(".")[0] for file in files for name in _imported_names(file)}
    installed = _distributions()
    found = {installed[top]: version_of(installed[top]) for top in tops if top in installed}
    return {"python": ".".join(map(str, sys.version_info[:3])), **dict(sorted(found.items()))}


def _version(distribution: str) -> str:
    """Return an installed version; a package that a target of its own needs may be absent."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return "absent"


@cache
def _distributions() -> dict[str, str]:
    """Map the import names of the scientific libraries to the names of their distributions."""
    names = {
        "numpy": "numpy",
        "scipy": "scipy",
        "pyarrow": "pyarrow",
        "matplotlib": "matplotlib",
        "arviz_stats": "arviz-stats",
        "arviz_base": "arviz-base",
        "xarray": "xarray",
        "nutpie": "nutpie",
        "jinja2": "jinja2",
        "yaml": "pyyaml",
        "jsonschema": "jsonschema",
        "fastjsonschema": "fastjsonschema",
    }
    return names


def describe(script: Path, hash_of=sha256_of, version_of=_version) -> dict:
    """Return the fingerprint of a step: its files with their SHA-256, and library versions."""
    files = imported_files(script)
    start = len(f"{script.parent.as_posix()}/")
    hashes = {file.as_posix()[start:]: hash_of(file) for file in files}
    versions = library_versions(files, version_of)
    text = repr((sorted(hashes.items()), sorted(versions.items())))
    fingerprint = hashlib.sha256(text.encode()).hexdigest()
    return {"fingerprint": fingerprint, "files": hashes, "versions": versions}


def describe_steps(folder: Path) -> dict[str, dict]:
    """Describe every step, that is every script in the folder, by name."""
    once = cache(sha256_of), cache(_version)  # most steps share most files and libraries
    return {script.stem: describe(script, *once) for script in sorted(folder.glob("*.py"))}

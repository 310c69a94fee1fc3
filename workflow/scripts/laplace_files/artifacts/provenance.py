"""The record of an artifact: what its bytes are, and what they were made from.

It is written when the job has ended well, and holds no time, so that it is the same in every run
that does the same. A crash between an output and its record leaves an output that does not agree
with its record, or has none: it is made anew.
"""

import hashlib
import json
import os
from pathlib import Path

from laplace_files.artifacts.artifacts import (
    SCHEMA_VERSION,
    plain,
    sha256_of,
    write_json,
)
from laplace_files.artifacts.provenance_path import record_path
from laplace_files.artifacts.provenance_read import record_of


def files_of(path) -> dict[str, dict]:
    """Return size and SHA-256 of a file, by the name "", or of each file below a folder.

    What is neither (a FIFO, a device) has no bytes of its own to describe.
    """
    path = Path(path)
    if os.path.lexists(path) and not (path.is_file() or path.is_dir()):
        return {}  # to read it would block, or never end
    if not path.is_dir():
        return {"": _described(path)}
    inner = sorted(file for file in path.rglob("*") if file.is_file() and _counts(file))
    return {file.relative_to(path).as_posix(): _described(file) for file in inner}


def _counts(file: Path) -> bool:
    return file.name != ".snakemake_timestamp"


def _described(path: Path) -> dict:
    return {"size": path.stat().st_size, "sha256": sha256_of(path)}


def digest(files: dict[str, dict]) -> str:
    """Return one SHA-256 for an output: a file's own, or that of a folder's names and hashes."""
    if list(files) == [""]:
        return files[""]["sha256"]
    text = "".join(f"{entry['sha256']}  {name}\n" for name, entry in sorted(files.items()))
    return hashlib.sha256(text.encode()).hexdigest()


def made_from(rule: str, wildcards: dict, inputs, params: dict) -> dict:
    """Return what a record says of the making: the rule, its inputs by content, its parameters.

    Parameters are the slice of the configuration that the rule is given, and the fingerprint of
    its code (`code`), which `core.json` resolves into files and library versions.
    """
    return {
        "rule": rule,
        "wildcards": wildcards,
        "inputs": {relative(path): input_digest(path) for path in sorted(set(map(str, inputs)))},
        "params": as_json(params),
        "schema_version": SCHEMA_VERSION,
    }


def as_json(params: dict) -> dict:
    """Return parameters as they read back from a record."""
    return json.loads(json.dumps(plain(params), sort_keys=True))


def input_digest(path) -> str:
    """Return the digest of what a job is about to read, by its record if it has one."""
    record = record_of(path)
    return digest(files_of(path) if record is None else record["files"])


def relative(path) -> str:
    """Return the path as seen from the working directory: no artifact holds an absolute one."""
    return Path(os.path.relpath(path)).as_posix()


def write_record(path, making: dict) -> None:
    """Write the record of an output that is on disk."""
    record = record_path(path)
    if record is not None:
        write_json(record, {"artifact": str(path), "files": files_of(path), **making})

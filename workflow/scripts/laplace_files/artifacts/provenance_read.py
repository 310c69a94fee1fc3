"""The record of an artifact read back: as it should be in every point, or as if it were not there.

Anything may lie below `results/.records`: a record that was damaged, or made up. What is read here
has the form that the manifest's schema asks for, is of the artifact beside which it lies, and names
files of that artifact alone.
"""

import hashlib
import os

from laplace_approx.words.printable import one_line
from laplace_files.artifacts.provenance_path import artifact_of, record_path
from laplace_files.artifacts.schemas import fault_of_entry
from laplace_files.artifacts.strict_json import RECORD_BYTES, parsed, read_regular


def read_record(file) -> dict | None:
    """Return the record in a file below `results/.records`; None if it is not as it should be."""
    try:
        record = parsed(read_regular(file, RECORD_BYTES))
    except (ValueError, OSError):
        return None
    return record if fault_of_entry(record) is None and _is_of(record, file) else None


def record_of(path) -> dict | None:
    """Return the record of an output; None where it has none that is as it should be."""
    file = record_path(path)
    return None if file is None else read_record(file)


def _is_of(record: dict, file) -> bool:
    """Return whether a record is of the artifact whose record lies in that file."""
    artifact, names = artifact_of(file), record["files"]
    return (
        record["artifact"] == artifact
        and all(map(_is_plain, (artifact, *record["inputs"])))
        and ("" not in names or len(names) == 1)
        and all(map(_is_inner, filter(None, names)))
    )


def _is_plain(path: str) -> bool:
    """Return whether a path is written in the one way there is, and prints as it is."""
    return path == one_line(path) and path == os.path.normpath(path)


def _is_inner(name: str) -> bool:
    """Return whether a name is of a file below a folder."""
    return _is_plain(name) and not name.startswith(("/", "..", "."))


def agrees_with_record(path, raw: bytes) -> bool | None:
    """Return whether an artifact's bytes are those that its record says; None without a record."""
    record = record_of(path)
    if record is None:
        return None
    said = record["files"].get("", {}).get("sha256")
    return said == hashlib.sha256(raw).hexdigest()

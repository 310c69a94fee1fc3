"""What lies below results/ now: the records of outputs, their files, and what has no record."""

import os
from pathlib import Path
from typing import NamedTuple

from laplace_files.artifacts.artifacts import is_temporary
from laplace_files.artifacts.provenance import files_of
from laplace_files.artifacts.provenance_path import RECORDS, RESULTS, artifact_of
from laplace_files.artifacts.provenance_read import read_record


class Disk(NamedTuple):
    """Outputs by path: their records, and the files that they have now (None where absent).

    `unrecorded` are paths of no output that has a record: as they are, which may be no UTF-8.
    """

    records: dict[str, dict]
    files: dict[str, dict | None]
    unrecorded: list[str]


def read_disk() -> Disk:
    """Read every record, and hash every file below results/."""
    records, unreadable = {}, []
    for file in sorted(RECORDS.rglob("*.json")):
        record = read_record(file)
        if record is None:
            unreadable.append(artifact_of(file))
        else:
            records[artifact_of(file)] = record
    files = {path: files_of(path) if there(path) else None for path in records}
    strangers = [path for path in _files_below_results() if not _belongs(path, records)]
    return Disk(records, files, sorted({*strangers, *filter(there, unreadable)}))


def without_records(disk: Disk, paths) -> Disk:
    """Return what is on disk as if these outputs had no record."""
    gone = set(paths)
    return Disk(
        {path: record for path, record in disk.records.items() if path not in gone},
        {path: files for path, files in disk.files.items() if path not in gone},
        sorted({*disk.unrecorded, *filter(there, gone)}),
    )


def there(path) -> bool:
    """Return whether there is anything at a path; a name that no file can have names nothing."""
    return os.path.exists(path)


def _files_below_results() -> list[str]:
    """Return whatever is no folder below results/, but for what is the workflow's own business."""
    return [
        file.as_posix()
        for file in sorted(RESULTS.rglob("*"))
        if not file.is_dir()
        and RECORDS not in file.parents
        and file.name != ".snakemake_timestamp"
        and not any(map(is_temporary, file.parts))
    ]


def _belongs(path: str, records: dict[str, dict]) -> bool:
    return path in records or any(str(parent) in records for parent in Path(path).parents)

"""What earlier configurations left below results/, removed: their outputs, with their records.

Removed is what the record of an output names, and nothing else: a file that somebody put into a
folder of pictures stays there. No link is followed, below results/ or out of it.
"""

import os
from pathlib import Path

from laplace_approx.errors import InputError
from laplace_files.artifacts.findings import REPORT
from laplace_files.artifacts.provenance_path import RECORDS, RESULTS, record_path
from laplace_files.artifacts.provenance_read import record_of

STAMP = ".snakemake_timestamp"  # which Snakemake puts into a folder that is an output
SHOWN = 30  # lines on the screen


def left_over_lines(paths: list[str], removing: bool) -> list[str]:
    """Return what to say of outputs that are left over: they are removed, or a repair would."""
    if not paths:
        return []
    what = "is to be removed" if removing else "would be removed by a run of this"
    more = [f"  ... and {len(paths) - SHOWN} more"] if len(paths) > SHOWN else []
    head = f"Left over from another configuration, and {what}:"
    return [head, *(f"  {path}" for path in paths[:SHOWN]), *more]


def remove_left_over(paths: list[str]) -> list[str]:
    """Remove outputs that are left over, and their records; return the files that were removed.

    Raises InputError for an output that is not below results/, or lies behind a link.
    """
    removed = []
    for path in paths:
        _insist_on_no_link(path)
        for file in _files_of_output(path):
            _insist_on_no_link(Path(file).parent)
            if os.path.lexists(file):
                os.unlink(file)
                removed.append(file)
        _remove_record(path)
        _remove_empty_folders(Path(path))
    return removed


def _insist_on_no_link(path) -> None:
    """Raise InputError unless a path is below results/ with no link between."""
    path = Path(path)
    between = [folder for folder in (*path.parents, path) if RESULTS in folder.parents]
    if ".." in path.parts or record_path(path) is None or RECORDS in (path, *path.parents):
        raise InputError(f"{path}: is no output below {RESULTS}, and is not removed")
    for folder in between:
        if folder.is_symlink():
            raise InputError(f"{folder}: is a link, and nothing is removed through it; remove it")


def _files_of_output(path: str) -> list[str]:
    """Return the files that an output is made of, by its record."""
    record = record_of(path)
    if record is None:
        return [path] if REPORT.fullmatch(path) else []
    names = [name for name in record["files"] if name]
    if names or not record["files"]:
        names.append(STAMP)
    return [f"{path}/{name}" for name in names] or [path]


def _remove_record(path: str) -> None:
    record = record_path(path)
    record.unlink(missing_ok=True)
    _remove_empty_folders(record)


def _remove_empty_folders(path: Path) -> None:
    """Remove a folder, and those above it below results/, as far as there is nothing in them."""
    for folder in (path, *path.parents):
        if RESULTS not in folder.parents or folder == RECORDS:
            return
        if folder.is_dir():
            try:
                folder.rmdir()
            except OSError:
                return

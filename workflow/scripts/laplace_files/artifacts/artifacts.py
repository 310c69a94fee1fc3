"""Artifacts on disk: strict JSON and Parquet, written whole or not at all, read with suspicion.

The bytes depend on the content alone: keys are sorted, Parquet carries an explicit schema and
sorted key-value metadata, and nothing holds a time, a host or an absolute path.
"""

import hashlib
import json
import math
import os
import shlex
import shutil
import sys
import tempfile
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from laplace_approx.errors import InputError
from laplace_files.artifacts.provenance_path import record_path
from laplace_files.artifacts.provenance_read import agrees_with_record
from laplace_files.artifacts.schemas import fault_of_record, fault_of_table
from laplace_files.artifacts.strict_json import MOST_BYTES, parsed, read_regular

SCHEMA_VERSION = "1"


def sha256_of(path) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def replacing(path):
    """Yield a temporary path beside `path` that takes its place, durably, if the block succeeds."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o666 & ~_umask())
        _sync(temporary)
        os.replace(temporary, path)
        _sync(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def replacing_folder(path):
    """Yield a temporary folder beside `path` that takes its place if the block succeeds."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part"))
    try:
        yield temporary
        temporary.chmod(0o777 & ~_umask())
        for part in (*temporary.rglob("*"), temporary):
            _sync(part)
        if path.exists():
            shutil.rmtree(path)
        os.replace(temporary, path)
        _sync(path.parent)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _sync(path) -> None:
    """Have the system write a file, or the names in a folder, to the disk now."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def plain(value):
    """Return `value` as plain JSON types; a number that is not finite becomes None."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def write_json(path, record: dict) -> None:
    """Write a record as strict JSON: sorted keys, every float with the digits that restore it."""
    content = plain(record)
    _insist(path, fault_of_record(path, content))
    text = json.dumps(content, sort_keys=True, allow_nan=False, indent=1, ensure_ascii=False)
    write_text(path, text + "\n")


def write_unrecorded_json(path, record: dict) -> None:
    """Write a record that is no job's output; what a job noted of its own in that place goes."""
    noted = record_path(path)
    if noted is not None:
        noted.unlink(missing_ok=True)
    write_json(path, record)


def _insist(path, fault: str | None) -> None:
    """Write nothing that breaks the schema of its name: that is a fault of the program."""
    if fault:
        raise InputError(f"{path} was not written, since it would break its schema: {fault}")


def write_text(path, text: str) -> None:
    """Write text as UTF-8, with the line ends that it has on every system."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def read_json(path) -> dict:
    """Read a strict JSON artifact; a corrupt one is an error that names the way to remake it."""
    try:
        raw, proven = _read_unchanged(path, MOST_BYTES)
        record = parsed(raw)
        if not isinstance(record, dict | list):
            raise ValueError("a record is due, not a single value")
        if not proven and (fault := fault_of_record(path, record)):
            raise ValueError(fault)
    except (ValueError, OSError) as error:
        raise corrupt(path, error) from error
    return record


def read_unchanged(path) -> bytes:
    """Return the bytes of an artifact; ValueError if its record says that they were others."""
    return _read_unchanged(path)[0]


def _read_unchanged(path, most: int | None = None) -> tuple[bytes, bool]:
    """Return the bytes of an artifact, and whether a record proves that they are what was written.

    Raises ValueError if its record says that they were others, or if there are more than `most`.
    """
    raw = read_regular(path, most)
    agrees = agrees_with_record(path, raw)
    if agrees is False:
        raise ValueError("its content is not what was written: it was edited or damaged since")
    return raw, bool(agrees)


def corrupt(path, error) -> InputError:
    """Return the error of an artifact that cannot be read, with the command that remakes it."""
    return InputError(
        f"{path} cannot be read as the artifact it should be ({error}). "
        f"Remake it with: snakemake --force {shlex.quote(str(path))}"
    )


def write_table(path, columns: dict, metadata: dict) -> None:
    """Write columns (name -> 1-d array or list) as Parquet with sorted key-value metadata.

    Metadata values are stored as text; every table also carries the artifact schema version.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    arrays = {name: arrow_array(values) for name, values in columns.items()}
    entries = {**metadata, "schema_version": SCHEMA_VERSION}
    schema = pa.schema(
        [(name, array.type) for name, array in arrays.items()],
        metadata={key: str(entries[key]) for key in sorted(entries)},
    )
    _insist(path, fault_of_table(path, {field.name: str(field.type) for field in schema}))
    with replacing(path) as temporary:
        pq.write_table(
            pa.table(list(arrays.values()), schema=schema),
            temporary,
            compression="zstd",
            use_dictionary=[field.name for field in schema if pa.types.is_string(field.type)],
            version="2.6",
            write_page_checksum=True,
        )


@cache
def _do_without_pandas() -> None:
    """Have pyarrow look for pandas, which it does once, while there is none to be found.

    Where an extra has brought pandas, the first array would import it: half a second a job.
    """
    import pyarrow as pa

    sys.meta_path.insert(0, _NoPandas)
    try:
        pa.array([])
    finally:
        sys.meta_path.remove(_NoPandas)


class _NoPandas:
    """A finder of modules that finds no pandas, and leaves every other module to the next one."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        if name == "pandas":
            raise ModuleNotFoundError(name)


def arrow_array(values):
    """Return an Arrow array of float64, int64, bool or text; a float NaN becomes null.

    A list of nothing but None is text: numbers that are not known are NaN.
    """
    import pyarrow as pa

    _do_without_pandas()
    if isinstance(values, np.ndarray):
        return pa.array(values, from_pandas=values.dtype.kind == "f")
    kinds = {type(value) for value in values if value is not None}
    types = {str: pa.string(), bool: pa.bool_(), int: pa.int64()}
    if not kinds:
        return pa.array(values, type=pa.string())
    kind = types.get(next(iter(kinds)), pa.float64()) if len(kinds) == 1 else pa.float64()
    return pa.array(values, type=kind, from_pandas=True)


def read_table(path):
    """Return (columns, metadata) of a Parquet artifact, its page checksums verified.

    Numbers come as NumPy arrays (null as NaN), text as lists.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    _do_without_pandas()
    try:
        raw, proven = _read_unchanged(path)
        with pq.ParquetFile(pa.BufferReader(raw), page_checksum_verification=True) as file:
            table = file.read(use_threads=False)
        _check_types(table.schema)
        types = {field.name: str(field.type) for field in table.schema}
        if not proven and (fault := fault_of_table(path, types)):
            raise ValueError(fault)
        metadata = {k.decode(): v.decode() for k, v in (table.schema.metadata or {}).items()}
    except (pa.ArrowException, OSError, ValueError) as error:
        raise corrupt(path, error) from error
    columns = {
        name: column.to_pylist() if pa.types.is_string(column.type) else column.to_numpy()
        for name, column in zip(table.column_names, table.columns, strict=True)
    }
    return columns, metadata


def _check_types(schema) -> None:
    """Refuse columns of a kind that is never written here: the footer has no checksum."""
    import pyarrow as pa

    kinds = {pa.float64(), pa.int64(), pa.bool_(), pa.string()}
    odd = [f"{field.name!r} holds {field.type}" for field in schema if field.type not in kinds]
    if odd:
        raise ValueError(f"the column {odd[0]}")


def read_tables(paths) -> dict[str, np.ndarray]:
    """Return the columns of several tables of numbers with the same columns, one after another."""
    tables = [read_table(path)[0] for path in paths]
    return {name: np.concatenate([table[name] for table in tables]) for name in tables[0]}


def is_temporary(name: str) -> bool:
    """Return whether a file or folder of this name is one that a writer has not finished."""
    return name.startswith(".") and name.endswith(".part")


class Draws(NamedTuple):
    """The draws of every seed: `columns` maps a name to (seeds, draws), empty where declined."""

    seeds: tuple[int, ...]
    columns: dict[str, np.ndarray]
    status: str


def read_draws(paths) -> Draws:
    """Read files of draws that have the same columns and as many rows, one for each seed."""
    tables = [read_table(path) for path in paths]
    columns = {name: np.stack([table[name] for table, _ in tables]) for name in tables[0][0]}
    metadata = [each for _, each in tables]
    return Draws(tuple(int(each["seed"]) for each in metadata), columns, metadata[0]["status"])

"""Artifacts read with suspicion, by readers of the audit's own: strict JSON and whole Parquet."""

import json
import os
import stat
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np

MOST_BYTES = 2**28  # of a record
KINDS = ("double", "int64", "bool", "string")


class Unreadable(Exception):
    """A file that is not what it should be, in words."""


class Table(NamedTuple):
    """A Parquet artifact: its columns (numbers as arrays, null as NaN; text as lists), the Arrow
    type of each, and the key-value metadata of its footer."""

    columns: dict
    types: dict[str, str]
    metadata: dict[str, str]

    @property
    def rows(self) -> int:
        return len(next(iter(self.columns.values()), ()))


def read_record(path):
    """Return the content of a JSON file: UTF-8, no NaN or Infinity, no key twice, an object or
    list. Raises Unreadable."""
    try:
        text = _regular(path).decode("utf-8", errors="strict")
        content = json.loads(text, parse_constant=_no_constant, object_pairs_hook=_once)
    except FileNotFoundError:
        raise Unreadable("it is not there") from None
    except (OSError, ValueError, RecursionError) as error:
        raise Unreadable(str(error)) from None
    if not isinstance(content, dict | list):
        raise Unreadable("a record is due, not a single value")
    return content


def _regular(path, most: int = MOST_BYTES) -> bytes:
    """Return the bytes of a regular file: a FIFO or a device would block, or never end."""
    _insist_on_regular(path)
    with open(path, "rb") as file:
        raw = file.read(most + 1)
    if len(raw) > most:
        raise Unreadable(f"it has more than {most} bytes")
    return raw


def _insist_on_regular(path) -> None:
    if not stat.S_ISREG(os.stat(path).st_mode):
        raise Unreadable("it is not a regular file")


def _no_constant(text: str):
    raise ValueError(f"{text} is not a JSON number")


def _once(pairs):
    names = [name for name, _ in pairs]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {twice!r} stands twice in one object")
    return dict(pairs)


def read_table(path) -> Table:
    """Return a Parquet file, every page of it read with its checksum. Raises Unreadable."""
    with parquet(path) as file:
        table = file.read(use_threads=False)
        promised = file.metadata.num_rows
        types, metadata = _types(table.schema), footer(table.schema)
        columns = {name: _plain(table.column(k)) for k, name in enumerate(table.column_names)}
    odd = [name for name, kind in types.items() if kind not in KINDS]
    if odd:
        raise Unreadable(f"the column {odd[0]!r} holds {types[odd[0]]}")
    if len(columns) < len(table.column_names) or table.num_rows != promised:
        raise Unreadable("a column stands twice, or rows are missing")
    return Table(columns, types, metadata)


@contextmanager
def parquet(path):
    """Open a Parquet file, with page checksums, and raise Unreadable for what goes wrong inside."""
    import pyarrow.parquet as pq

    try:
        _insist_on_regular(path)
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            yield file
    except FileNotFoundError:
        raise Unreadable("it is not there") from None
    except Unreadable:
        raise
    except Exception as error:  # a damaged footer makes Arrow raise what it likes
        raise Unreadable(f"{type(error).__name__}: {error}"[:300]) from None


def _types(schema) -> dict[str, str]:
    return {field.name: str(field.type) for field in schema}


def footer(schema) -> dict[str, str]:
    """Return the key-value metadata of a table as texts."""
    return {k.decode(): v.decode() for k, v in (schema.metadata or {}).items()}


def _plain(column):
    if str(column.type) == "string":
        return column.to_pylist()
    if column.null_count and str(column.type) != "double":
        raise ValueError("a whole number or truth value is missing")
    return np.asarray(column.to_numpy())

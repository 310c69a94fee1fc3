"""The tables of a sweep, cut into what each scenario has in them, and its records put together.

A table is read by its row groups, one after another, so that no more than one is in memory.
"""

import json
from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from laplace_audit.reading.artifacts import footer, parquet

FILES = "model.files."  # the rest of such a name is a path, dots and all
EMPTY = ("quantities", "units", "labels")  # maps that may have no entry


class Record(dict):
    """A record from a row: what the row does not say is None, as what it says nothing of is."""

    def __missing__(self, key):
        return None


class Blocks:
    """One table of a sweep, open: `columns`, `rows`, `footer`, and its blocks in their order."""

    def __init__(self, path):
        self.path = path
        with parquet(path) as file:
            self.columns, self.rows = list(file.schema_arrow.names), file.metadata.num_rows
            self.footer = footer(file.schema_arrow)

    def walk(self, wanted: set[str] | None = None) -> Iterator[tuple[str, dict]]:
        """Yield (key, columns) of each block of rows of one scenario. Raises Unreadable.

        Of scenarios that are not `wanted` (where that is given) only the key is read.
        """
        with parquet(self.path) as file:
            for group in range(file.num_row_groups):
                yield from _blocks_of(file.read_row_group(group, use_threads=False), wanted)


def _blocks_of(table, wanted: set[str] | None) -> Iterator[tuple[str, dict]]:
    import pyarrow.compute as pc

    runs = pc.run_end_encode(table["scenario"].combine_chunks())
    keys, ends = runs.values.to_pylist(), runs.run_ends.to_pylist()
    if wanted is None:
        columns = {name: _values(table[name]) for name in table.column_names}
    for key, (start, stop) in zip(keys, pairwise([0, *ends]), strict=True):
        if wanted is None:
            yield key, {name: values[start:stop] for name, values in columns.items()}
        elif key in wanted:
            own = table.slice(start, stop - start)
            yield key, {name: _values(own[name]) for name in table.column_names}
        else:
            yield key, {}


def _values(column):
    """Return numbers as an array, null as NaN; anything else, with its nulls, as a list."""
    if str(column.type) == "double":
        return np.asarray(column.to_numpy())
    if str(column.type) in ("int64", "bool") and not column.null_count:
        return np.asarray(column.to_numpy())
    return column.to_pylist()


def rows_of(columns: dict, settings: set[str]) -> list[dict]:
    """Return a block as a list of rows of plain values without the settings; NaN is None."""
    names = [name for name in columns if name not in settings and name != "scenario"]
    lists = [_plain(columns[name]) for name in names]
    return [dict(zip(names, row, strict=True)) for row in zip(*lists, strict=True)]


def _plain(values) -> list:
    if not isinstance(values, np.ndarray):
        return values
    return [None if value != value else value for value in values.tolist()]


def record_of(row: dict) -> Record:
    """Return the record that a row stands for: dotted names are places in maps.

    What has both a value and something below it is a map whose `value` it is; text that is JSON
    of a map or a list is that.
    """
    record = Record({name: Record() for name in EMPTY})
    inner = {name.rpartition(".")[0] for name in row if "." in name}
    for name, value in row.items():
        path = _path(name)
        place = record
        for step in path[:-1]:
            if not isinstance(place.get(step), dict):
                place[step] = Record()
            place = place[step]
        if name in inner:
            place.setdefault(path[-1], Record())["value"] = _parsed(value)
        else:
            place[path[-1]] = _parsed(value)
    return record


def _path(name: str) -> list[str]:
    if name.startswith(FILES):
        return [*FILES.rstrip(".").split("."), name.removeprefix(FILES)]
    return name.split(".")


def _parsed(value):
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value

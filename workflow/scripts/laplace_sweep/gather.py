"""The tables of a sweep: the blocks of its chunks in the order of the scenarios, settings added.

Bounded in memory: a slab of scenarios at a time. The bytes do not depend on how the scenarios were
cut into chunks.
"""

import json
from collections import OrderedDict
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from laplace_approx.errors import InputError
from laplace_files.artifacts.artifacts import (
    corrupt,
    read_json,
    read_unchanged,
    replacing,
)
from laplace_sweep.plan import INVENTORY
from laplace_sweep.tables import HOW, entries, setting_column

SLAB = 2000  # scenarios at a time at the most, one row group each slab
ROWS = 1_000_000  # at a time, about
AT_HAND = 2  # chunks kept in memory


def gather(paths: dict[str, str], scenarios: list[tuple], settings: list[str], output, metadata):
    """Write one table of a step from the tables of the chunks.

    `paths` maps the key of each scenario to the file that holds its rows, `scenarios` lists (key,
    values of the settings) in order. The table has `scenario`, a column a setting, then those of
    the step. Where both have a name in common, `setting_column` says which column is whose.
    """
    read = _Reader()
    files = list(dict.fromkeys(paths.values()))
    schema = pa.unify_schemas([read.schema(path) for path in files], promote_options="default")
    names = [setting_column(setting, schema.names) for setting in settings]
    columns = settings_columns(scenarios, names)
    rest = [field for field in schema if field.name not in ("scenario", *names)]
    fields = [pa.field("scenario", pa.string()), *columns.schema, *rest]
    # by the numbers of rows, which do not depend on how the scenarios were cut
    total = sum(read.rows(path) for path in files)
    size = max(1, min(SLAB, ROWS * len(scenarios) // max(total, 1)))
    final = pa.schema(fields, metadata=entries(metadata))
    with replacing(output) as temporary, pq.ParquetWriter(temporary, final, **HOW) as writer:
        for start in range(0, len(scenarios), size):
            slab = scenarios[start : start + size]
            rows = _rows(read, paths, [key for key, _ in slab], schema)
            position = pc.add(rows["position"], start)
            added = columns.take(position)
            arrays = [rows["scenario"], *added.columns, *(rows[field.name] for field in rest)]
            writer.write_table(pa.table(arrays, schema=final), row_group_size=2**62)


def _rows(read, paths: dict, keys: list[str], schema: pa.Schema) -> pa.Table:
    """Return the rows of these scenarios in their order, with the `position` of each in `keys`."""
    order = pa.array(keys)
    parts = []
    for path in dict.fromkeys(paths[key] for key in keys):
        table = read.table(path, schema)
        position = pc.index_in(table["scenario"], order)
        table = table.append_column("position", position)
        parts.append(table.filter(pc.is_valid(position)))
    joined = pa.concat_tables(parts)
    rank = pa.array(range(joined.num_rows), pa.int64())
    sorting = pa.table({"position": joined["position"], "row": rank})
    by = [("position", "ascending"), ("row", "ascending")]
    return joined.take(pc.sort_indices(sorting, sort_keys=by))


class _Reader:
    """Reads tables of chunks, verified, a few of them kept at hand."""

    def __init__(self):
        self.kept: OrderedDict[str, pa.Table] = OrderedDict()

    def schema(self, path: str) -> pa.Schema:
        return _guarded(path, lambda: pq.read_schema(path)).remove_metadata()

    def rows(self, path: str) -> int:
        return _guarded(path, lambda: pq.read_metadata(path)).num_rows

    def table(self, path: str, schema: pa.Schema) -> pa.Table:
        if path not in self.kept:
            if len(self.kept) >= AT_HAND:
                self.kept.popitem(last=False)
            self.kept[path] = _guarded(path, lambda: _read(path, schema))
        self.kept.move_to_end(path)
        return self.kept[path]


def _read(path: str, schema: pa.Schema) -> pa.Table:
    table = _stored(path).replace_schema_metadata(None)
    if len(table) == 0:
        return schema.empty_table()
    return pa.concat_tables([schema.empty_table(), table], promote_options="default")


def _stored(path, columns: list[str] | None = None) -> pa.Table:
    """Return a table, or some of its columns, whose bytes and pages are those that were written."""
    source = pa.BufferReader(read_unchanged(path))
    with pq.ParquetFile(source, page_checksum_verification=True) as file:
        return file.read(columns=columns, use_threads=False)


def settings_columns(scenarios: list[tuple], settings: list[str]) -> pa.Table:
    """Return the values of the settings, a row a scenario: numbers, or text (JSON if nested)."""
    columns = {
        name: _column([values[i] for _, values in scenarios]) for i, name in enumerate(settings)
    }
    return pa.table(columns)


def _column(values: list) -> pa.Array:
    kinds = {type(value) for value in values}
    if kinds == {int}:
        return pa.array(values, pa.int64())
    if kinds <= {int, float}:
        return pa.array([float(value) for value in values], pa.float64())
    texts = (value if isinstance(value, str) else json.dumps(value) for value in values)
    return pa.array(list(texts), pa.string())


def chunk_files(tables: list[str], keys: list[str]) -> dict[str, str]:
    """Return for each scenario the table of a chunk that holds its rows.

    `tables` are files of one step, one a chunk; the inventory beside each lists its scenarios.
    """
    found = {key: path for path in tables for key in _inventory(path)}
    missing = [key for key in keys if key not in found]
    if missing:
        raise InputError(
            f"{Path(tables[0]).parents[1]}: {len(missing)} scenarios are in no chunk, the first is "
            f"{missing[0]}. Run snakemake again."
        )
    return {key: found[key] for key in keys}


def _inventory(table: str) -> list[str]:
    path = Path(table).with_name(INVENTORY)
    return _guarded(path, lambda: list(map(str, read_json(path)["scenarios"])))


def read_columns(path, names) -> dict[str, list]:
    """Return the columns of a table that are named, as lists, verified; null as None.

    A column that the table lacks, because no scenario had a value, is None throughout.
    """

    table = _guarded(path, lambda: _stored(path, list(names)))
    nothing = dict.fromkeys(names, [None] * table.num_rows)
    return nothing | table.to_pydict()


def _guarded(path, read):
    """Return read(), or say which artifact is corrupt and how to remake it."""
    try:
        return read()
    except (pa.ArrowException, OSError, ValueError, KeyError, TypeError) as error:
        raise corrupt(path, error) from error

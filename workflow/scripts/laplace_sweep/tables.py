"""The tables of a sweep: which there are, and how each is written."""

import json
from collections.abc import Iterator

import pyarrow as pa

from laplace_files.artifacts.artifacts import SCHEMA_VERSION

RECORDS = ("posterior", "mode", "curvature", "grid", "verdict")
TABLES = ("draws", "grid_draws", "marginals", "mass", "quantiles", "remedies", "reference")
STEPS = (*RECORDS, *TABLES)
# settings that a step's own column of that name repeats: there is one column
REPEATED = ("seed", "n_draws", "tolerance", "replicate")
HOW = {"compression": "zstd", "version": "2.6", "write_page_checksum": True}


def entries(metadata: dict) -> dict[str, str]:
    """Return metadata as sorted texts, with the version of the schema."""
    said = {**metadata, "schema_version": SCHEMA_VERSION}
    return {key: str(said[key]) for key in sorted(said)}


def setting_column(setting: str, own) -> str:
    """Return the column of a setting in a table whose step has the columns `own`.

    It has the setting's name, but where a column of the step has that name and says something
    else (`grid` of the quantiles is the exact quantile): there it is NAME_setting.
    """
    return f"{setting}_setting" if setting in own and setting not in REPEATED else setting


def column_of(setting: str, columns) -> str:
    """Return the column of a setting in a stored table of a sweep that has these columns."""
    renamed = f"{setting}_setting"
    return renamed if renamed in columns else setting


TEXTS = ("meaning", "blind_spot")  # the same in every row: the schema of the record explains them
WHOLE = (
    *("details", "moments", "replication", "lattice", "attempts", "modes", "path"),
    *("definition", "space_definition"),
)
_SCALARS = {
    "number": pa.float64(),
    "integer": pa.int64(),
    "boolean": pa.bool_(),
    "string": pa.string(),
}


def flat(record: dict, path: tuple = ()) -> Iterator[tuple[tuple, object]]:
    """Yield (path, value) for everything in a record that is not a map, lists as they are."""
    for key, value in record.items():
        if key in TEXTS:
            continue
        if isinstance(value, dict) and key not in WHOLE:
            yield from flat(value, (*path, key))
        else:
            yield (*path, key), value


def column_name(path: tuple) -> str:
    """Return the name of a column: the path with dots; `value`, and `joint` before, left out."""
    steps = path[1:] if len(path) > 1 and path[0] == "joint" else path
    return ".".join(steps[:-1] if len(steps) > 1 and steps[-1] == "value" else steps)


def records_table(records: list[dict], schema: dict, keys: list[str]) -> pa.Table:
    """Return records, one a row, as a table with the `scenario` (a key) first.

    Numbers, truth values, texts and lists of them have columns of that type; what is nested
    deeper stands as strict JSON in a text column.
    """
    columns: dict[str, list] = {}
    paths: dict[str, tuple] = {}
    flattened: dict[int, list] = {}  # scenarios that differ in their seeds share their records
    for row, record in enumerate(records):
        if id(record) not in flattened:
            flattened[id(record)] = _columns_of(record, schema)
        for name, path, value in flattened[id(record)]:
            paths.setdefault(name, path)
            columns.setdefault(name, [None] * len(records))[row] = value
    arrays = {"scenario": pa.array(keys, pa.string())}
    for name, values in columns.items():
        arrays[name] = pa.array(values, _arrow_type(_node(schema, paths[name])))
    return pa.table(arrays)


def _columns_of(record: dict, schema: dict) -> list[tuple[str, tuple, object]]:
    """Return (column, path, value) of a record; nested values already as JSON text."""
    found = []
    for path, value in flat(record):
        node = _node(schema, path)
        if value is None and path[-1] not in WHOLE and _is_map(node):
            continue  # a map that is not there: its entries are null
        if value is not None and not isinstance(value, str) and _arrow_type(node) == pa.string():
            value = _json(value)
        found.append((column_name(path), path, value))
    return found


def _json(value) -> str:
    return json.dumps(value, sort_keys=True, allow_nan=False, ensure_ascii=False)


def _node(schema: dict, path: tuple) -> dict:
    """Return what the schema says of the value at a path; nothing where it does not say."""
    node = schema
    for step in path:
        node = _below(node, step)
        if node is None:
            return {}
    return node


def _is_map(node: dict) -> bool:
    return any("object" in branch.get("type", ()) for branch in _branches(node))


def _below(node: dict, step: str) -> dict | None:
    for branch in _branches(node):
        if step in branch.get("properties", {}):
            return branch["properties"][step]
        if isinstance(branch.get("additionalProperties"), dict):
            return branch["additionalProperties"]
    return None


def _branches(node: dict) -> list[dict]:
    return [node, *(b for key in ("oneOf", "anyOf") for b in node.get(key, ()))]


def _arrow_type(node: dict) -> pa.DataType:
    for branch in _branches(node):
        types = branch.get("type", [])
        types = [types] if isinstance(types, str) else types
        if branch.get("const") is True:
            return pa.bool_()
        for name in types:
            if name in _SCALARS:
                return _SCALARS[name]
            if name == "array":
                return _list_type(branch.get("items"))
    return pa.string()


def _list_type(items) -> pa.DataType:
    inner = _arrow_type(items) if isinstance(items, dict) else pa.string()
    objects = isinstance(items, dict) and "properties" in items
    return pa.string() if objects else pa.list_(inner)

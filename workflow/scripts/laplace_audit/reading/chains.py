"""Files of draws that a user brought, read again: by chain, the columns that are asked for."""

import csv

import numpy as np

CHAIN = ("chain", ".chain", "chain__")


def read_chains(path: str, columns) -> list[np.ndarray]:
    """Return the chains of a file, (n, m) each, with the m columns in their order."""
    if path.endswith(".nc"):
        return _netcdf(path, columns)
    table = _parquet(path) if path.endswith(".parquet") else _csv(path)
    chosen = np.stack([table[name] for name in columns], axis=-1)
    numbered = next((table[name] for name in CHAIN if name in table), None)
    if numbered is None:
        return [chosen]
    return [chosen[numbered == value] for value in dict.fromkeys(numbered.tolist())]


def _csv(path: str) -> dict:
    """Return the columns of a CSV file, from the row on that follows CmdStan's adaptation."""
    with open(path, encoding="utf-8-sig", newline="") as file:
        lines = [line.strip() for line in file]
    ends = [i for i, line in enumerate(lines) if line.startswith("# Adaptation terminated")]
    numbered = [(i, line) for i, line in enumerate(lines) if line and not line.startswith("#")]
    (_, head), *rows = numbered
    after = max(ends, default=-1)
    kept = [line for i, line in rows if i > after]
    values = np.array(list(csv.reader(kept)), dtype=float)
    names = next(csv.reader([head]))
    return {name.strip(): values[:, k] for k, name in enumerate(names)}


def _parquet(path: str) -> dict:
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        table = file.read(use_threads=False)
    return {name: np.array(table.column(name).to_pylist(), dtype=float) for name in _numbers(table)}


def _numbers(table) -> list[str]:
    import pyarrow as pa

    return [
        field.name
        for field in table.schema
        if pa.types.is_floating(field.type) or pa.types.is_integer(field.type)
    ]


def _netcdf(path: str, columns) -> list[np.ndarray]:
    import h5py

    with h5py.File(path, "r") as file:
        found = [_variable(file["posterior"], name) for name in columns]
    return list(np.stack(found, axis=-1))


def _variable(group, name: str):
    """Return (chains, draws) of `theta` or of an element `theta[0,1]` of it."""
    array, _, place = name.removesuffix("]").partition("[")
    if array not in group:
        array, place = name, ""
    index = tuple(int(step) for step in place.split(",")) if place else ()
    return np.asarray(group[array][(slice(None), slice(None), *index)], dtype=float)

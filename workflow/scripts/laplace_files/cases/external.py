"""Draws that another tool wrote from its normal: a table of draws with `log_p` and `log_q`."""

import re
from pathlib import Path
from typing import NamedTuple

import numpy as np

from laplace_approx.errors import InputError
from laplace_approx.external.judge import ExternalDraws
from laplace_files.artifacts.artifacts import sha256_of
from laplace_files.cases.draw_table import column_named, read_draw_table

# As written by CmdStan's laplace, by its pathfinder, by hand, and by this workflow.
LOG_P = ("log_p__", "lp__", "log_p", "log_density")
LOG_Q = ("log_q__", "lp_approx__", "log_q", "log_approximation")
# Columns that count or describe draws: CmdStan's own end in two underscores.
_NOT_A_QUANTITY = re.compile(
    r".*__|\.?(chain|draw|iteration)|log_(p|q|density|approximation)", re.IGNORECASE
)


class ExternalCase(NamedTuple):
    """A case opened: the draws, and what its record says of the files that they came from."""

    draws: ExternalDraws
    sources: dict


def open_external(name: str, definition: dict) -> ExternalCase:
    """Open the files of the entry `external.NAME` of the configuration."""
    where = f"external.{name}"
    path, exact_path = definition["draws"], definition.get("exact")
    table = read_draw_table(path)
    log_p = _log_density(f"{where}.log_p", path, table, definition.get("log_p"), LOG_P)
    log_q = _log_density(f"{where}.log_q", path, table, definition.get("log_q"), LOG_Q)
    columns = _columns(where, path, table, definition.get("columns"), {log_p, log_q})
    exact = None
    if exact_path:
        exact = _exact(where, exact_path, read_draw_table(exact_path), columns)
    _check_densities(path, log_p, table[log_p], log_q, table[log_q])
    quantities = {quantity: table[column] for quantity, column in columns.items()}
    sources = {
        "draws": _source(path, table, {"log_p": log_p, "log_q": log_q, "columns": columns}),
        "exact": _source(exact_path, next(iter(exact.values()))) if exact_path else None,
    }
    return ExternalCase(ExternalDraws(quantities, table[log_p], table[log_q], exact), sources)


def external_hashes(config: dict) -> dict[str, str]:
    """Return for each external case one text of the content of its files; they must be there."""
    found = {}
    for name, definition in config["external"].items():
        files = [definition[key] for key in ("draws", "exact") if definition.get(key)]
        for file in files:
            if not Path(file).is_file():
                raise InputError(
                    f"external.{name}: {file}: there is no such file; paths are relative to the "
                    "working directory"
                )
        found[name] = " ".join(sha256_of(file) for file in files)
    return found


def _log_density(where: str, path, table: dict, wanted: str | None, usual) -> str:
    """Return the name of the column that holds a log density."""
    if wanted is not None:
        return column_named(where, path, table, wanted)
    for name in usual:
        if name in table:
            return name
    raise InputError(f"{where}: {path} has none of the columns {', '.join(usual)}; name the column")


def _columns(where: str, path, table: dict, wanted: dict | None, taken: set) -> dict[str, str]:
    """Return the column of each quantity: those that are named, or every one that may be one."""
    if wanted is not None:
        return {
            quantity: column_named(f"{where}.columns.{quantity}", path, table, column)
            for quantity, column in wanted.items()
        }
    names = [name for name in table if name not in taken and not _NOT_A_QUANTITY.fullmatch(name)]
    if not names:
        raise InputError(f"{where}: {path} has no column besides the log densities")
    return {name: name for name in names}


def _exact(where: str, path, table: dict, columns: dict[str, str]) -> dict[str, np.ndarray]:
    """Return the exact draws of each quantity, under its own name or its column's."""
    found = {}
    for quantity, column in columns.items():
        name = column if column in table else quantity
        found[quantity] = table[column_named(f"{where}.exact", path, table, name)]
    return found


def _check_densities(path, p_name: str, log_p, q_name: str, log_q) -> None:
    """Refuse what no draw of q can have; where p has no density, log p may be NaN or -inf."""
    bad = np.flatnonzero(~np.isfinite(log_q))
    if bad.size:
        raise InputError(
            f"{path}: {q_name} is {log_q[bad[0]]} at draw {bad[0] + 1}; a draw from the normal has "
            "a finite log density there"
        )
    bad = np.flatnonzero(log_p == np.inf)
    if bad.size:
        raise InputError(f"{path}: {p_name} is infinite at draw {bad[0] + 1}")


def _source(path, columns, more: dict | None = None) -> dict:
    rows = len(next(iter(columns.values()))) if isinstance(columns, dict) else len(columns)
    return {"file": Path(path).as_posix(), "sha256": sha256_of(path), "rows": rows, **(more or {})}

"""Draws that another tool wrote: a table of draws with `log_p` and `log_q`, read with suspicion.

A CSV file may have lines that begin with `#`, as CmdStan writes them, anywhere. A Parquet file is
known by its ending. What is not a number is refused; NaN and infinity are values here, since a
derived quantity may have none at a draw.
"""

import io
import os
import re
from pathlib import Path
from typing import NamedTuple

import numpy as np

from laplace_approx.errors import InputError
from laplace_approx.external.judge import ExternalDraws
from laplace_approx.words.names import suggestion
from laplace_approx.words.numerals import SMALLEST, vanishes
from laplace_files.artifacts.artifacts import sha256_of
from laplace_files.models.data import odd_space, read_text, repeated_name

MAX_BYTES = 256 * 1024 * 1024
FEWEST_DRAWS = 100
# As written by CmdStan's laplace, by its pathfinder, by hand, and by this workflow.
LOG_P = ("log_p__", "lp__", "log_p", "log_density")
LOG_Q = ("log_q__", "lp_approx__", "log_q", "log_approximation")
# Columns that count or describe draws: CmdStan's own end in two underscores.
_NOT_A_QUANTITY = re.compile(
    r".*__|\.?(chain|draw|iteration)|log_(p|q|density|approximation)", re.IGNORECASE
)
_TINY = re.compile(r"[0-9.]+[eE]-[0-9]{3,}|0?\.0{300}[0-9]*")  # numbers that may vanish


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


def read_draw_table(path) -> dict[str, np.ndarray]:
    """Return the columns of a table of draws by name, as floats."""
    table = _read_parquet(path) if str(path).endswith(".parquet") else _read_csv(path)
    rows = len(next(iter(table.values())))
    if rows < FEWEST_DRAWS:
        raise InputError(f"{path}: has {rows} draws; at least {FEWEST_DRAWS} are needed")
    return table


def _read_csv(path) -> dict[str, np.ndarray]:
    text = io.StringIO(read_text(path, MAX_BYTES), newline=None)
    rows = enumerate((line.strip(" \t\n") for line in text), start=1)
    numbered = [(row, line) for row, line in rows if line and not line.startswith("#")]
    lines = [line for _, line in numbered]
    if len(lines) < 2:
        raise InputError(f"{path}: has no rows; a header of names and a row a draw are due")
    names = [name.strip(" \t").strip('"') for name in lines[0].split(",")]
    _check_names(path, names)
    for row, line in numbered[1:]:
        _check_row(path, row, line)
    try:
        values = np.loadtxt(io.StringIO("\n".join(lines[1:])), delimiter=",", ndmin=2)
    except ValueError as error:
        raise InputError(
            f"{path}: is not a table of numbers separated by commas ({error!s:.200}; rows are "
            "counted from the header on, without comments)"
        ) from None
    if values.shape[1] != len(names):
        raise InputError(
            f"{path}: the rows have {values.shape[1]} cells where the header has {len(names)}"
        )
    return {name: values[:, i] for i, name in enumerate(names)}


def _check_row(path, row: int, line: str) -> None:
    """Refuse what the reader of numbers would take in silence for something else."""
    odd = odd_space(line) if not line.isascii() or not line.isprintable() else None
    if odd:
        raise InputError(f"{path}, line {row}: holds {odd}, which is no space; remove it")
    for number in _TINY.findall(line):
        if vanishes(number):
            raise InputError(
                f"{path}, line {row}: {number:.60} is below the range of numbers ({SMALLEST}); "
                "write 0, or a larger one"
            )


def _read_parquet(path) -> dict[str, np.ndarray]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        if os.path.getsize(path) > MAX_BYTES:
            raise InputError(f"{path}: is larger than {MAX_BYTES} bytes; give fewer draws")
        table = pq.read_table(path)
        _check_names(path, table.column_names)
        numbers = {
            field.name: table.column(i).cast(pa.float64()).to_numpy()
            for i, field in enumerate(table.schema)
            if pa.types.is_floating(field.type) or pa.types.is_integer(field.type)
        }
    except (pa.ArrowException, OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read as Parquet ({error})") from None
    if not numbers:
        raise InputError(f"{path}: has no column of numbers")
    return numbers


def _check_names(path, names) -> None:
    for i, name in enumerate(names):
        if not name or not name.isprintable():
            raise InputError(f"{path}: column {i + 1} has no printable name: {name!r:.80}")
    again = repeated_name(names)
    if again:
        raise InputError(f"{path}: two columns are called {names[again[1]]!r:.80}; rename one")


def _log_density(where: str, path, table: dict, wanted: str | None, usual) -> str:
    """Return the name of the column that holds a log density."""
    if wanted is not None:
        return _column(where, path, table, wanted)
    for name in usual:
        if name in table:
            return name
    raise InputError(f"{where}: {path} has none of the columns {', '.join(usual)}; name the column")


def _column(where: str, path, table: dict, name: str) -> str:
    if name not in table:
        raise InputError(
            f"{where}: {path} has no column of numbers {name!r}; {suggestion(name, table)}"
        )
    return name


def _columns(where: str, path, table: dict, wanted: dict | None, taken: set) -> dict[str, str]:
    """Return the column of each quantity: those that are named, or every one that may be one."""
    if wanted is not None:
        return {
            quantity: _column(f"{where}.columns.{quantity}", path, table, column)
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
        found[quantity] = table[_column(f"{where}.exact", path, table, name)]
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

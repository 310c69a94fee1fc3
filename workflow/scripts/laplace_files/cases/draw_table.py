"""A table of draws that another tool wrote, read with suspicion.

A CSV file may have lines that begin with `#`, as CmdStan writes them, anywhere. A Parquet file is
known by its ending. What is not a number is refused; NaN and infinity are values here, since a
derived quantity may have none at a draw.
"""

import io
import os
import re

import numpy as np

from laplace_approx.errors import InputError
from laplace_approx.words.names import suggestion
from laplace_approx.words.numerals import SMALLEST, vanishes
from laplace_files.models.data import odd_space, read_text, repeated_name

MAX_BYTES = 256 * 1024 * 1024
FEWEST_DRAWS = 100
_TINY = re.compile(r"[0-9.]+[eE]-[0-9]{3,}|0?\.0{300}[0-9]*")  # numbers that may vanish


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
        with pq.ParquetFile(path) as file:
            table = file.read(use_threads=False)
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


def column_named(where: str, path, table: dict, name: str) -> str:
    if name not in table:
        raise InputError(
            f"{where}: {path} has no column of numbers {name!r}; {suggestion(name, table)}"
        )
    return name

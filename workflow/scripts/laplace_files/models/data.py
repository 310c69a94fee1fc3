"""Data from a CSV file: a header of names, then rows of plain finite numbers, and nothing else.

Nothing is guessed: a blank, a missing value, another separator or a number in the style of another
country is an error with its row (as a spreadsheet counts them, the header being row 1), column and
value, because what a data reader repairs in silence changes the posterior in silence.
"""

import csv
import io
import math
import os
import re
import stat
import unicodedata
from array import array

import numpy as np

from laplace_approx.errors import InputError
from laplace_approx.words.numerals import SMALLEST, vanishes
from laplace_files.artifacts.strict_json import open_at_once

MAX_BYTES = 256 * 1024 * 1024
MAX_LISTED = 5
MAX_REPLICATED_ROWS = 10_000_000  # 80 MB a column

_BLANK = " \t\n"  # no other white space is stripped: a form feed in a cell is a fault
_LONG = 300  # characters of a line in which a number without an exponent may vanish
_PLAIN = b"0123456789+-.eE, \n"
_NUMBER = re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?")
_THOUSANDS = re.compile(r"[-+]?[0-9]{1,3}([ '_\u00a0\u2009\u202f.][0-9]{3})+")
_GROUPING = "\u00a0\u2009\u202f"  # white space that separates thousands
_MISSING = frozenset(("na", "n/a", "nan", "null", "none", "missing", "-", "--", ".", "?", "#n/a"))
_INFINITE = re.compile(r"[-+]?(inf|infinity)", re.IGNORECASE)
_SEPARATORS = {";": "semicolon", "\t": "tab", "|": "bar"}


def read_data(path) -> dict[str, np.ndarray]:
    """Return the columns of the CSV file at `path` by name, each a read-only array of floats.

    The file is UTF-8 (a byte order mark and either line ending are fine), separated by commas,
    with unquoted decimal numbers. Raises `InputError` that names the file and, for the first few
    faults, row, column, value and what to do.
    """
    lines = io.StringIO(read_text(path, MAX_BYTES), newline=None)
    names = _column_names(path, lines.readline())
    start = lines.tell()
    table = _table(lines, len(names))
    if table is None:  # not all plain: read again, cell by cell, for what to say
        lines.seek(start)
        table = np.array(_columns(path, lines, names))
    if not table.shape[1]:
        raise InputError(f"{path}: has a header and no rows; a row of data is due")
    table.flags.writeable = False
    return dict(zip(names, table, strict=True))


def replicated(data: dict[str, np.ndarray], times: int) -> dict[str, np.ndarray]:
    """Return the data `times` over, one copy of all rows after another."""
    if times == 1:
        return data
    rows = len(next(iter(data.values()), ()))
    if rows * times > MAX_REPLICATED_ROWS:
        raise InputError(
            f"replicate: {rows} rows of data {times} times over are {rows * times} rows; at most "
            f"{MAX_REPLICATED_ROWS}"
        )
    return {name: _frozen(np.tile(values, times)) for name, values in data.items()}


def _frozen(values: np.ndarray) -> np.ndarray:
    values.flags.writeable = False
    return values


def _table(lines, n_columns: int) -> np.ndarray | None:
    """Return the columns (n_columns, rows) of a body that is nothing but numbers, else None.

    For tables of millions of cells: what Python takes for a number is what `_NUMBER` does, as long
    as there are no letters but e, no underscores and no odd spaces.
    """
    values, rows = array("d"), 0
    for line in lines:
        cells = line.split(",")
        if len(cells) != n_columns or line.encode().translate(None, _PLAIN):
            return None
        try:
            row = list(map(float, cells))
        except ValueError:
            return None
        may_vanish = 0.0 in row and ("e" in line.lower() or len(line) > _LONG)
        if may_vanish and any(map(vanishes, cells)):
            return None
        values.extend(row)
        rows += 1
    table = np.array(values, dtype=float).reshape(rows, n_columns)
    return np.ascontiguousarray(table.T) if np.isfinite(table).all() else None


def _column_names(path, line: str) -> list[str]:
    if not line.strip(_BLANK):
        raise InputError(f"{path}: row 1 is empty; it holds the names of the columns")
    if "," not in line:
        _require_comma(path, 1, line)
    try:
        names = [name.strip(_BLANK) for name in next(csv.reader([line]))]
    except csv.Error as error:
        raise InputError(f"{path}: row 1 is not a row of names: {error}") from None
    if all(_NUMBER.fullmatch(name) for name in names):
        raise InputError(f"{path}: row 1 holds numbers; put the names of the columns above them")
    for i, name in enumerate(names, start=1):
        if not name:
            found = ", ".join(repr(n) for n in names)
            raise InputError(f"{path}: row 1, column {i} has no name (the names are {found:.200})")
        if not name.isprintable():
            raise InputError(f"{path}: row 1, column {i}: the name {name!r:.80} is not printable")
    again = repeated_name(names)
    if again:
        first, second = again
        same = "" if names[first] == names[second] else ", but for its Unicode normalisation"
        raise InputError(
            f"{path}: row 1, column {second + 1}: the name {names[second]!r:.80} is that of column "
            f"{first + 1} too{same}; rename one"
        )
    return names


def repeated_name(names) -> tuple[int, int] | None:
    """Return the places of the first two names that are one name to Python, or None.

    Python's own names are in the Unicode normal form NFKC, in which a micro sign is a mu.
    """
    places = {}
    for i, name in enumerate(names):
        first = places.setdefault(unicodedata.normalize("NFKC", name), i)
        if first != i:
            return first, i
    return None


def _require_comma(path, row: int, line: str) -> None:
    for separator, word in _SEPARATORS.items():
        if separator in line.strip():
            raise InputError(
                f"{path}: row {row} is separated by a {word} ({separator!r}); separate the columns "
                "by commas, and write decimals with a point"
            )


def _columns(path, lines, names: list[str]) -> list[array]:
    """Return the values of each column; numbers only, so that a comma always separates."""
    columns = [array("d") for _ in names]
    problems = []
    blank_row = None
    for row, line in enumerate(lines, start=2):
        if not line.strip(_BLANK):
            blank_row = blank_row or row
            continue
        if blank_row:
            problems.append(f"row {blank_row} is blank; delete it, or give its values")
            blank_row = None
        cells = line.rstrip("\n").split(",")
        if len(cells) != len(names):
            problems.append(_ragged(row, cells, names))
        else:
            problems.extend(_append(row, cells, names, columns))
        if len(problems) >= MAX_LISTED:
            break
    if problems:
        more = "; there may be more" if len(problems) >= MAX_LISTED else ""
        raise InputError(f"{path}: {'; '.join(problems[:MAX_LISTED])}{more}")
    return columns


def _append(row: int, cells: list[str], names: list[str], columns: list[array]) -> list[str]:
    """Append the numbers of one row to the columns; return what is wrong with them."""
    problems = []
    for name, cell, column in zip(names, cells, columns, strict=True):
        text = cell.strip(_BLANK)
        value = float(text) if _NUMBER.fullmatch(text) and not vanishes(text) else math.nan
        if math.isfinite(value):
            column.append(value)
        else:
            problems.append(f"row {row}, column {name}: {_fault(text)}")
    return problems


def _fault(text: str) -> str:
    if not text:
        return "is blank; give a number, or delete the row"
    value = f"{text!r:.60}"
    if text.casefold() in _MISSING:
        return f"{value} is a missing value; delete the row, or give a number"
    if _INFINITE.fullmatch(text):
        return f"{value} is infinite; a finite number is due"
    if vanishes(text):
        return f"{value} is below the range of numbers ({SMALLEST}); write 0, or a larger one"
    if _NUMBER.fullmatch(text):
        return f"{value} is beyond the range of numbers (1.8e308)"
    if '"' in text or text.startswith("'"):
        return f"{value} is quoted; write the number without quotes and thousands separators"
    if _THOUSANDS.fullmatch(text):
        return f"{value} has thousands separators; write the digits together"
    for separator, word in _SEPARATORS.items():
        if separator in text:
            return f"{value} holds a {word}; separate the columns by commas"
    odd = odd_space(text, _GROUPING)
    if odd:
        return f"{value} holds {odd}, which is no space and no end of a row; remove it"
    if any(c.isspace() for c in text):
        return f"{value} holds a space; separate the columns by commas"
    return f"{value} is not a number; write it like 1234.5 or 1e-3"


def odd_space(text: str, spared: str = "") -> str | None:
    """Return the code of the first white space that is no space, tab or end of a line, or None."""
    odd = next((c for c in text if c.isspace() and c not in _BLANK + spared), None)
    return f"U+{ord(odd):04X}" if odd else None


def _ragged(row: int, cells: list[str], names: list[str]) -> str:
    message = f"row {row} has {len(cells)} cells where the header has {len(names)}"
    if len(cells) > len(names):
        return f"{message}; write decimals with a point, and no thousands separators"
    if len(cells) == 1 and any(separator in cells[0] for separator in _SEPARATORS):
        return f"{message}; separate the columns by commas"
    return f"{message}; give every cell a number"


def read_replicated(data_file: str | None, replicate: int) -> dict:
    """Return the columns of a data file, `replicate` times over; none without a file."""
    return replicated(read_data(data_file), replicate) if data_file else {}


def read_text(path, max_bytes: int) -> str:
    """Return the text of a UTF-8 file, without its byte order mark if it has one.

    Raises `InputError` for what is not there, cannot be read, is not a regular file (a FIFO or a
    device would block or never end), exceeds `max_bytes`, has another size than it says, or is not
    UTF-8 (with line and byte). The files of /proc and /sys look regular and have no size or a wrong
    one: what is in them, the environment of a process say, must never be shown.
    """
    raw = _read_bytes(path, max_bytes)
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise InputError(
            f"{path}, line {line}: byte 0x{raw[error.start]:02x} is not UTF-8 (the file may be "
            "Latin-1 or UTF-16); save it as UTF-8"
        ) from None


def _read_bytes(path, max_bytes: int) -> bytes:
    try:
        with open(path, "rb", opener=open_at_once) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise InputError(f"{path}: is not a regular file (a device, pipe or socket)")
            raw = file.read(max_bytes + 1)
    except FileNotFoundError:
        raise InputError(
            f"{path}: there is no such file; paths are relative to the working directory"
        ) from None
    except (OSError, ValueError) as error:  # ValueError: a null character in the path
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(f"{path!s:.200}: cannot be read ({reason})") from None
    if len(raw) > max_bytes:
        size = max(status.st_size, len(raw))
        raise InputError(f"{path}: has {size} bytes; at most {max_bytes} are read")
    if len(raw) != status.st_size:
        raise InputError(
            f"{path}: is no ordinary file, or is being written to: it says that it has "
            f"{status.st_size} bytes, and {len(raw)} were read; name a file of your own"
        )
    return raw

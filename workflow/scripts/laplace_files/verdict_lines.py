"""The verdicts of a run as a few lines of text, for the end of the run."""

import math
from pathlib import Path

from laplace_approx.errors import InputError
from laplace_approx.printable import one_line

CASE = ("model", "prior", "space", "grid")
HEADS = ("case", "quantity", "verdict", "error 50", "error 95", "coverage", "remedy")
MOST_ROWS = 40


def verdict_lines(path, cases, page="") -> str:
    """Return the verdict table of a summary on disk, or nothing where it is not one of `cases`.

    It ends with where the page lies, if it is there.

    The errors are those of the endpoints in exact SDs; the coverage is that of the 95 % interval.
    """
    if not Path(path).is_file():
        return ""
    from laplace_files.artifacts import read_table

    try:
        columns, _ = read_table(path)
    except InputError as error:
        return f"\n{error}\n"
    values = zip(*columns.values(), strict=True)
    rows = [dict(zip(columns, row, strict=True)) for row in values]
    if {tuple(map(row.get, CASE)) for row in rows} != {tuple(case) for case in cases}:
        return ""  # of an earlier configuration: this run made something else
    lines = table_lines(rows, path)
    if Path(page).is_file():
        lines += ["", f"With pictures and all numbers: {page}"]
    return "\n".join(["", *lines, ""])


def audit_line(path) -> str:
    """Return in one line what the audit on disk found, for the end of one that passed."""
    from laplace_files.artifacts import read_json

    try:
        counts = read_json(path)["counts"]
    except InputError as error:
        return f"{error}\n"
    return f"{counts['checks']} checks of {counts['files']} files, none broken: {path}\n"


def table_lines(rows: list[dict], where) -> list[str]:
    """Return rows of the summary as lines of a table; `where` are those that it has no room for."""
    cells = [HEADS, *(_cells(row) for row in rows[:MOST_ROWS])]
    widths = [max(len(line[k]) for line in cells) for k in range(len(HEADS))]
    lines = [
        "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()
        for line in cells
    ]
    more = len(rows) - MOST_ROWS
    lines += [f"... and {more} more rows in {where}"] if more > 0 else []
    return list(map(one_line, lines))


def _cells(row: dict) -> tuple[str, ...]:
    return (
        "/".join(row[name] for name in CASE),
        row["quantity"],
        row["verdict"],
        _number(row["error_50_sd"], "{:.2f}"),
        _number(row["error_95_sd"], "{:.2f}"),
        _number(row["coverage_95"], "{:.1%}"),
        row["remedy"] or "",
    )


def _number(value, form: str) -> str:
    return "-" if value is None or math.isnan(value) else form.format(value)

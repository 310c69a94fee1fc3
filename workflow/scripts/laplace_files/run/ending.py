"""The end of a run in which a job died: which cases have no verdict, and where the others are."""

import math
from pathlib import Path
from typing import NamedTuple

from laplace_approx.errors import InputError
from laplace_approx.verdict.short import RESTS_ON, short_reason
from laplace_approx.verdict.summary import verdict_columns
from laplace_approx.words.numbers import or_nan
from laplace_approx.words.printable import one_line
from laplace_files.artifacts.artifacts import corrupt, read_json

MOST_CASES = 20
MOST_NAMES = 4  # quantities on a line
VERDICT = "results/{}/{}/compare/{}/{}/verdict.json"
MODE = "results/{}/{}/laplace/{}/mode.json"


class Death(NamedTuple):
    """A job that died: its rule, and its log."""

    rule: str
    log: str


def verdict_file(case) -> str:
    """Return where the verdict of a case (model, prior, space, grid) lies."""
    return VERDICT.format(*case)


def unfinished_lines(cases, stuck: dict[tuple, list[Death]]) -> str:
    """Return what to say where cases are `stuck`, each on the jobs that died for it.

    The verdicts of the other cases are shown as the summary would show them.
    """
    finished = [case for case in map(tuple, cases) if case not in stuck]
    finished = [case for case in finished if Path(verdict_file(case)).is_file()]
    lines = ["", _head(len(stuck), len(cases))]
    lines += [f"  {'/'.join(case)}: {_why(stuck[case])}" for case in list(stuck)[:MOST_CASES]]
    if len(stuck) > MOST_CASES:
        lines.append(f"  ... and {len(stuck) - MOST_CASES} more")
    lines += [
        "The tables over all cases, results/summary.parquet and results/report.html, are made when "
        "every case has a verdict. Mend what the log says and give the same command, or take the "
        "case out of `cases` in the configuration.",
    ]
    return "\n".join([*lines, *_table(finished), ""])


def _table(finished: list[tuple]) -> list[str]:
    """Return the verdicts of cases as lines; of one that cannot be read, why."""
    rows, faults = [], []
    for case in finished:
        try:
            rows += _rows(case)
        except InputError as error:
            faults.append(str(error))
    if not rows:
        return faults
    where = VERDICT.format(*(name.upper() for name in CASE))
    table = [*table_lines(rows, "these files"), *reason_lines(rows)]
    return [f"The other verdicts are made, in {where}:", "", *table, *faults]


def _head(stuck: int, cases: int) -> str:
    verb = "has" if stuck == 1 else "have"
    return f"{stuck} of {cases} cases {verb} no verdict:"


def _why(deaths: list[Death]) -> str:
    if not deaths:
        return "it was not reached"
    said = [f"the job {death.rule} died, see {death.log}" for death in deaths]
    return "; ".join(said)


def _rows(case) -> list[dict]:
    """Return the rows of the summary of a case, as far as its verdict has them.

    Raises InputError for records of another form, also if they are what was written.
    """
    records = read_json(verdict_file(case)), read_json(MODE.format(*case[:3]))
    named = dict(zip(CASE, case, strict=True))
    try:
        quantities, parameters = records[0]["quantities"], records[1]["parameters"]
        order = dict.fromkeys([*parameters, *quantities])
        return [named | {"quantity": name} | verdict_columns(quantities[name]) for name in order]
    except (LookupError, TypeError, AttributeError) as error:
        raise corrupt(verdict_file(case), f"{type(error).__name__}: {error}") from None


CASE = ("model", "prior", "space", "grid")
HEADS = ("case", "quantity", "verdict", "error 50", "error 95", "coverage", "rests on", "remedy")
MOST_ROWS = 40


def verdict_lines(path, cases, page="") -> str:
    """Return the verdict table of a summary on disk, or nothing where it is not one of `cases`.

    It ends with a reason for what is declined or left to a sampler, and where the page lies, if it
    is there.

    The errors are those of the endpoints in the unit that `scale_is` names; the coverage is that of
    the 95 % interval.
    """
    if not Path(path).is_file():
        return ""
    from laplace_files.artifacts.artifacts import read_table

    try:
        columns, _ = read_table(path)
    except InputError as error:
        return f"\n{error}\n"
    values = zip(*columns.values(), strict=True)
    rows = [dict(zip(columns, row, strict=True)) for row in values]
    if {tuple(map(row.get, CASE)) for row in rows} != {tuple(case) for case in cases}:
        return ""  # of an earlier configuration: this run made something else
    lines = [*table_lines(rows, path), *reason_lines(rows)]
    if Path(page).is_file():
        lines += ["", f"With pictures and all numbers: {page}"]
    return "\n".join(["", *lines, ""])


EXTERNAL = "results/external/{}/verdict.json"
EXTERNAL_HEADS = ("draws of another tool", "quantity", "verdict", "error 50", "error 95", "by")


def external_lines(names) -> str:
    """Return the verdicts on other tools' draws, of those that are made, as lines of a table."""
    made = [name for name in names if Path(EXTERNAL.format(name)).is_file()]
    cells, faults = [EXTERNAL_HEADS], []
    for name in made:
        try:
            quantities = read_json(EXTERNAL.format(name))["quantities"]
            cells += [_external_cells(name, *each) for each in quantities.items()]
        except InputError as error:
            faults.append(str(error))
    if not made:
        return ""
    more = len(cells) - 1 - MOST_ROWS
    lines = _in_columns(cells[: MOST_ROWS + 1])
    lines += [f"... and {more} more rows in {EXTERNAL.format('NAME')}"] if more > 0 else []
    return "\n".join(["", *lines, *faults, ""])


def _external_cells(name: str, quantity: str, said: dict) -> tuple[str, ...]:
    errors = [said["endpoint_error_sd"][level]["value"] for level in ("50", "95")]
    shown = [_number(error, "{:.2f}") for error in errors]
    return name, quantity, said["verdict"], *shown, said["rests_on"]


def audit_line(path) -> str:
    """Return in one line what the audit on disk found, for the end of one that passed."""
    from laplace_files.artifacts.artifacts import read_json

    try:
        counts = read_json(path)["counts"]
    except InputError as error:
        return f"{error}\n"
    return f"{counts['checks']} checks of {counts['files']} files, none broken: {path}\n"


def table_lines(rows: list[dict], where) -> list[str]:
    """Return rows of the summary as lines of a table; `where` are those that it has no room for."""
    lines = _in_columns([HEADS, *(_cells(row) for row in rows[:MOST_ROWS])])
    more = len(rows) - MOST_ROWS
    return [*lines, one_line(f"... and {more} more rows in {where}")] if more > 0 else lines


def reason_lines(rows: list[dict]) -> list[str]:
    """Return a line for each case with quantities that are declined or left to a sampler, and for
    each reason: the case, these quantities where others are served, and the reason in short, as
    the verdict on disk has it. One that cannot be read has said so elsewhere."""
    cases: dict[tuple, list[str]] = {}
    for row in rows:
        cases.setdefault(tuple(row[name] for name in CASE), []).append(row["quantity"])
    lines = []
    for case, names in cases.items():
        lines += [
            f"  {'/'.join(case)}{'' if of == names else f' ({_few(of)})'}: {why}"
            for why, of in _reasons(case, names).items()
        ]
    if not lines:
        return []
    more = len(lines) - MOST_CASES
    lines = ["", "Why not the normal, nor a remedy:", *lines[:MOST_CASES]]
    return [one_line(line) for line in lines] + ([f"  ... and {more} more"] if more > 0 else [])


def _few(names: list[str]) -> str:
    more = len(names) - MOST_NAMES
    return ", ".join(names[:MOST_NAMES]) + (f" and {more} more" if more > 0 else "")


def _reasons(case, names) -> dict[str, list[str]]:
    """Return the quantities of a case by the reason why they are not served."""
    found: dict[str, list[str]] = {}
    try:
        verdict = read_json(verdict_file(case))
        for name in names:
            why = short_reason(verdict, name)
            if why is not None:
                what = verdict["quantities"][name]["verdict"]
                found.setdefault(f"{what}, {why}", []).append(name)
    except (InputError, LookupError, TypeError, AttributeError):
        return {}
    return found


def _in_columns(cells) -> list[str]:
    """Return rows of texts as lines, each column as wide as its longest text."""
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return [
        one_line(
            "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()
        )
        for line in cells
    ]


def _cells(row: dict) -> tuple[str, ...]:
    return (
        "/".join(row[name] for name in CASE),
        row["quantity"],
        row["verdict"],
        _number(row["error_50_sd"], "{:.2f}"),
        _number(row["error_95_sd"], "{:.2f}"),
        _number(row["coverage_95"], "{:.1%}"),
        RESTS_ON.get(row["rests_on"], row["rests_on"]),
        row["remedy"] or "",
    )


def _number(value, form: str) -> str:
    return "-" if math.isnan(or_nan(value)) else form.format(value)

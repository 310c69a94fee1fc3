"""The end of a run in which a job died: which cases have no verdict, and where the others are."""

from pathlib import Path
from typing import NamedTuple

from laplace_approx.errors import InputError
from laplace_approx.summary import verdict_columns
from laplace_files.artifacts import corrupt, read_json
from laplace_files.verdict_lines import CASE, table_lines

MOST_CASES = 20
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
    table = table_lines(rows, "these files")
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

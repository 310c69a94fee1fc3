"""Numbers, tables and headings of an answer, in Markdown."""

import math

ABSENT = "outside the support"


def number(value: float, digits: int = 3) -> str:
    """Return a number with `digits` significant digits; a dash where there is none."""
    if value is None or math.isnan(value):
        return "–"
    return f"{value:#.{digits}g}".rstrip(".")


def signed(value: float) -> str:
    """Return a number with its sign and two decimals."""
    return "–" if math.isnan(value) else f"{value:+.2f}"


def percent(share: float) -> str:
    """Return a probability in per cent, with three significant digits."""
    return f"{number(100 * share)} %"


def table(heads, rows) -> str:
    """Return a Markdown table; the first column is text, the others numbers."""
    lines = [heads, ["---", *(["---:"] * (len(heads) - 1))], *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def document(number_of: int, title: str, *parts: str) -> str:
    """Return the whole text of an exercise."""
    return "\n\n".join([f"# Exercise {number_of}: {title}", *parts]) + "\n"


def setting(case) -> str:
    """Return what is approximated in a case, and what it is held against."""
    record, grid = case.laplace.posterior.record, case.exact.record
    kind = "certified" if grid["certified"] else "not certified"
    return (
        f"Posterior `{case.model}/{case.prior}` ({record['prior']['text']}); "
        f"exact side: the grid `{case.grid}` ({kind})."
    )

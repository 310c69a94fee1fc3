"""Numbers, tables and headings of an answer, in Markdown."""

from laplace_approx.words.numbers import significant


def percent(share: float) -> str:
    """Return a probability in per cent, with three significant digits."""
    return f"{significant(100 * share)} %"


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

"""Numbers of an answer, what it is about, and its blocks put together."""

from laplace_approx.words.blocks import Block, heading, paragraph, written
from laplace_approx.words.numbers import significant


def percent(share: float) -> str:
    """Return a probability in per cent, with three significant digits."""
    return f"{significant(100 * share)} %"


def document(number_of: int, title: str, *parts: Block | str) -> str:
    """Return the whole text of an exercise, in Markdown; a part that is text is a paragraph."""
    blocks = [part if isinstance(part, Block) else paragraph(part) for part in parts]
    return written([heading(f"Exercise {number_of}: {title}"), *blocks])


def setting(case) -> str:
    """Return what is approximated in a case, and what it is held against."""
    record, grid = case.laplace.posterior.record, case.exact.record
    kind = "certified" if grid["certified"] else "not certified"
    return (
        f"Posterior `{case.model}/{case.prior}` ({record['prior']['text']}); "
        f"exact side: the grid `{case.grid}` ({kind})."
    )

"""The nearest valid name to one that is not, for error messages."""

import difflib
from collections.abc import Iterable

MAX_LISTED = 12  # names in a message


def nearest(name, choices: Iterable[str], cutoff: float = 0.6) -> str | None:
    """Return the choice most like `name` (case does not count), or None when none is like it."""
    by_folded = {choice.casefold(): choice for choice in choices}
    found = difflib.get_close_matches(str(name).casefold()[:100], by_folded, n=1, cutoff=cutoff)
    return by_folded[found[0]] if found else None


def suggestion(name, choices: Iterable[str]) -> str:
    """Return "did you mean 'grids'?", or the list of what is valid when nothing is near."""
    choices = list(choices)
    near = nearest(name, choices)
    if near is not None:
        return f"did you mean {near!r}?"
    if not choices:
        return "there is none to choose from"
    more = f", ... ({len(choices)} in all)" if len(choices) > MAX_LISTED else ""
    return f"valid: {', '.join(choices[:MAX_LISTED])}{more}"


def did_you_mean(name, choices: Iterable[str]) -> str:
    """Return " Did you mean 'sd'?" as the end of a sentence, or "" when nothing is near."""
    near = nearest(name, choices)
    return f" Did you mean {near!r}?" if near is not None else ""

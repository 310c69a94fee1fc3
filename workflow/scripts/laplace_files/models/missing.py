"""A column that a model asks for and the data lack, in words."""

import difflib

MOST_COLUMNS = 8  # named in a message


def missing_column(error: BaseException, data: dict) -> str:
    """Return what the data have instead, if an exception is of a column that they lack, else ""."""
    key = error.args[0] if isinstance(error, KeyError) and error.args else None
    if not isinstance(key, str) or key in data:
        return ""
    if not data:
        return f"There is no column {key!r:.80}, for the model has no data: name a file under data."
    near = sorted(data, key=lambda name: -_likeness(name, key))
    more = f", ... ({len(near)} in all)" if len(near) > MOST_COLUMNS else ""
    return (
        f"The data have no column {key!r:.80}; they have, the nearest first: "
        f"{', '.join(near[:MOST_COLUMNS])}{more}. Case counts: rename the column, or ask for it "
        "by the name that it has."
    )


def _likeness(name: str, key: str) -> float:
    return difflib.SequenceMatcher(None, name.casefold(), key.casefold()[:100]).ratio()

"""The picture of a verdict on another tool's draws, from its record and its table."""

import numpy as np

from laplace_approx.comparison.rows import rows_of
from laplace_approx.figures.intervals import PROBABILITIES, Row, intervals, row_from

_SIDES = ("exact", "importance", "laplace")


def external_figure(record: dict, table: dict, case: str):
    """Return the picture of the intervals of each quantity; None where none has a scale."""
    rows = [_row(name, judged, table) for name, judged in record["quantities"].items()]
    rows = [row for row in rows if row is not None]
    if not rows:
        return None
    title = "Intervals of another tool's normal, and what they are held against"
    return intervals(rows, record["tolerance"], title, case=case)


def _row(name: str, judged: dict, table: dict) -> Row | None:
    places = rows_of(table).places(name, PROBABILITIES)
    known = [side for side in _SIDES if np.isfinite(table[side][places]).all()]
    scale = judged["scale_sd"]
    if not known or scale is None or not np.isfinite(scale):
        return None
    row = row_from(table, name, scale, {side: f"{side}_mcse" for side in known})
    if judged["rests_on"] != "rough":
        return row
    called = {"exact": "rough"}
    return Row(name, {called.get(side, side): both for side, both in row.sides.items()})

"""The picture of a verdict on another tool's draws, from its record and its table."""

import numpy as np

from laplace_approx.comparison.rows import Rows
from laplace_approx.figures.intervals import PROBABILITIES, Row, intervals

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
    rows = Rows(table)
    places = [rows.at(name, p) for p in PROBABILITIES]
    known = [side for side in _SIDES if np.isfinite(table[side][places]).all()]
    scale = judged["scale_sd"]
    if not known or scale is None or not np.isfinite(scale):
        return None
    middle = table[known[0]][places][2]
    called = {"exact": "rough"} if judged["rests_on"] == "rough" else {}
    sides = {
        called.get(side, side): (
            (table[side][places] - middle) / scale,
            table[f"{side}_mcse"][places] / scale,
        )
        for side in known
    }
    return Row(name, sides)

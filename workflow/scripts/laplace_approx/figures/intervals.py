"""The picture of the same intervals from several sides, on one axis of posterior SDs."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from laplace_approx.comparison.rows import rows_of
from laplace_approx.figures import style, text

MOST_QUANTITIES = 12  # more rows make a page that nobody can read
LEAST_ERROR = 0.005  # of an SD: a smaller one would be a dot
PROBABILITIES = (0.025, 0.25, 0.5, 0.75, 0.975)  # the ends of both judged intervals, and the median


class Look(NamedTuple):
    """How a side is drawn, and what it is called."""

    label: str
    color: str


LOOKS = {
    "exact": Look("exact", style.EXACT),
    "rough": Look("draws given as exact, with larger errors than the tolerance", style.EXACT),
    "grid": Look("grid (exact)", style.EXACT),
    "laplace": Look("Laplace", style.LAPLACE),
    "importance": Look("Laplace draws with importance weights", style.STUDENT),
    "nuts": Look("NUTS", style.NUTS),
}


class Row(NamedTuple):
    """One quantity: for each side its quantiles (5,) at `PROBABILITIES` and their errors (5,).

    Both are in SDs from the median of the first side, which the others are held against.
    """

    quantity: str
    sides: Mapping[str, tuple[np.ndarray, np.ndarray]]


def row_from(table: dict, quantity: str, scale: float, errors: Mapping[str, str]) -> Row:
    """Return the row of a quantity from a table that has a column for each side and another for its
    error, which `errors` names by side; `scale` is the SD that both are counted in."""
    places = rows_of(table).places(quantity, PROBABILITIES)
    middle = table[next(iter(errors))][places][PROBABILITIES.index(0.5)]
    sides = {
        side: ((table[side][places] - middle) / scale, table[error][places] / scale)
        for side, error in errors.items()
    }
    return Row(quantity, sides)


@style.settings()
def intervals(rows: Sequence[Row], tolerance: float, title: str, *, units=None, case=""):
    """Draw the 50 % (thick) and 95 % (thin) interval and the median of each side.

    Bars across an end are two standard errors to either side; shaded is what lies within the
    tolerance of an end of the first side. Raises ValueError for no row.
    """
    if not rows:
        raise ValueError("the picture of intervals needs at least one quantity")
    shown = list(rows[:MOST_QUANTITIES])
    sides = [side for side in LOOKS if any(side in row.sides for row in shown)]
    n_lines = sum(len(row.sides) + 1 for row in shown)
    figure = style.page(1.6 + 0.21 * n_lines, title)
    handles = [style.line(color=LOOKS[side].color, linewidth=4) for side in sides]
    axes = figure.add_subplot(style.keyed(figure, handles, [LOOKS[side].label for side in sides]))
    places, names, at = [], [], 0.0
    for row in shown:
        n = len(row.sides)
        _band(axes, row, at, tolerance)
        for k, (side, (value, error)) in enumerate(row.sides.items()):
            _bar(axes, at + k, value, error, LOOKS[side])
        places.append(at + (n - 1) / 2)
        names.append(text.label(row.quantity, units, 110, 8))
        at += n + 1
    axes.set_yticks(places, names)
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(at - 1.2, -0.8)
    axes.set_xlim(_limits(shown))
    axes.set_xlabel("distance from the reference's median (SD of the reference)")
    left_out = len(rows) - len(shown)
    notes = [
        "Thick: 50 % interval; thin: 95 %. Bars across the ends: two errors.",
        f"Shaded: within the tolerance of {tolerance:g} SD.",
        f"The first {len(shown)} quantities are shown, {left_out} more are left out."
        if left_out
        else "",
    ]
    style.footer(figure, notes, case)
    return figure


def _band(axes, row: Row, at: float, tolerance: float) -> None:
    value, _ = next(iter(row.sides.values()))
    for end in np.asarray(value)[[0, 1, 3, 4]]:
        if np.isfinite(end):
            axes.fill_between(
                [end - tolerance, end + tolerance],
                at - 0.5,
                at + len(row.sides) - 0.5,
                color=style.EXACT,
                alpha=0.15,
                linewidth=0,
            )


def _bar(axes, y: float, value, error, look: Look) -> None:
    for (low, high), thickness in (((0, 4), 1.4), ((1, 3), 4.5)):
        axes.plot(
            [value[low], value[high]],
            [y, y],
            color=look.color,
            linewidth=thickness,
            solid_capstyle="butt",
        )
    axes.plot(value[2], y, "o", color="white", markersize=3.5, markeredgecolor=look.color, zorder=4)
    for place in (0, 1, 3, 4):
        if np.isfinite(value[place]) and error[place] > LEAST_ERROR:
            ends = value[place] + 2 * error[place] * np.array([-1, 1])
            axes.plot(ends, [y, y], "|-", color="black", linewidth=0.7, markersize=5, zorder=5)


def _limits(rows) -> tuple[float, float]:
    """Return limits that hold every end, but none that is beyond ten SDs."""
    ends = np.concatenate([value for row in rows for value, _ in row.sides.values()])
    ends = np.clip(ends[np.isfinite(ends)], -10, 10)
    if not ends.size:
        return -3.0, 3.0
    pad = 0.05 * (ends.max() - ends.min()) + 0.1
    return float(ends.min() - pad), float(ends.max() + pad)

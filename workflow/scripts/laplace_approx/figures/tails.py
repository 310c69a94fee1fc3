"""The picture of the densities far into the tail, where importance weights go wrong."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.ticker import FuncFormatter, MaxNLocator

from laplace_approx.figures import clouds, style, text
from laplace_approx.words.numbers import power

LOOKS = {
    "exact": {"color": style.EXACT, "linestyle": "-"},
    "laplace": {"color": style.LAPLACE, "linestyle": style.SOURCES["laplace"].dash},
    "t4": {"color": style.STUDENT, "linestyle": (0, (1.2, 1.2))},
}
LABELS = {"exact": "exact", "laplace": "Laplace", "t4": "Student t, 4 degrees of freedom"}
DECADES = 14  # below the peak


class TailPanel(NamedTuple):
    """A parameter: log densities (m,) at x (m,), natural logarithm, normalised; t4 may be None."""

    name: str
    x: np.ndarray
    exact: np.ndarray
    laplace: np.ndarray
    t4: np.ndarray | None = None


@style.settings()
def tails(parameters: Sequence[TailPanel], *, units=None, case="") -> style.Figure:
    """Draw one panel a parameter (at most six), the density on a logarithmic axis.

    Takes log densities, which do not underflow; -inf is not drawn. Raises ValueError for none.
    """
    if not parameters:
        raise ValueError("the picture of the tails needs at least one parameter")
    shown = list(parameters[: clouds.MOST_PARAMETERS])
    columns = min(2, len(shown))
    rows = -(-len(shown) // columns)
    figure = style.page(1.0 + (3.3 if columns == 1 else 2.7) * rows, "Densities far into the tails")
    kinds = [kind for kind in LOOKS if any(getattr(tail, kind) is not None for tail in shown)]
    lines = [style.line(**LOOKS[kind]) for kind in kinds]
    grid = style.keyed(figure, lines, [LABELS[kind] for kind in kinds]).subgridspec(rows, columns)
    for order, tail in enumerate(shown):
        axes = figure.add_subplot(grid[order // columns, order % columns])
        _panel(axes, tail, kinds)
        axes.set_xlabel(text.label(tail.name, units, 420 / columns))
        if order % columns == 0:
            axes.set_ylabel("density")
    left_out = len(parameters) - len(shown)
    note = f"The first {len(shown)} parameters are shown, {left_out} more are left out."
    style.footer(figure, [note if left_out else ""], case)
    return figure


def _panel(axes, tail: TailPanel, kinds) -> None:
    top = -math.inf
    for kind in kinds:
        if getattr(tail, kind) is None:
            continue
        decades = np.asarray(getattr(tail, kind), dtype=float) / math.log(10)
        decades = np.where(np.isfinite(decades), decades, np.nan)
        axes.plot(tail.x, decades, label=kind, **LOOKS[kind])
        top = max(top, np.nanmax(decades))
    low = max(axes.dataLim.y0, top - DECADES)
    axes.set_ylim(low - 0.3, top + 0.5)
    axes.set_xlim(np.min(tail.x), np.max(tail.x))
    axes.yaxis.set_major_locator(MaxNLocator(7, integer=True))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: power(10.0**value)))
    axes.xaxis.set_major_locator(MaxNLocator(6))

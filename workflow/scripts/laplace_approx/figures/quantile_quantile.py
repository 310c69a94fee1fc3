"""The picture of Laplace quantiles against exact ones."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from laplace_approx.figures import clouds, labels, style, text
from laplace_approx.words.numbers import counted, nominal


class Quantiles(NamedTuple):
    """A quantity's exact and Laplace quantiles (m,) at the same probabilities (m,)."""

    name: str
    probabilities: np.ndarray
    exact: np.ndarray
    laplace: np.ndarray


@style.settings()
def quantile_quantile(items: Sequence[Quantiles], *, units=None, case="") -> style.Figure:
    """Draw one panel a quantity (at most six): on the diagonal, the quantiles agree.

    Quantiles that are not finite are left out and counted. Raises ValueError for no quantity.
    """
    if not items:
        raise ValueError("the quantile picture needs at least one quantity")
    shown = list(items[: clouds.MOST_PARAMETERS])
    columns = min(3, len(shown))
    rows = -(-len(shown) // columns)
    panel = (style.POINTS - 70 * columns) / columns
    figure = style.page(
        0.8 + (min(panel, 250) + 66) / 72 * rows, "Laplace quantiles against exact ones"
    )
    grid = figure.add_gridspec(rows, columns)
    panels, notes = [], []
    for order, item in enumerate(shown):
        axes = figure.add_subplot(grid[order // columns, order % columns])
        exact, laplace = (np.asarray(q, dtype=float) for q in (item.exact, item.laplace))
        kept = np.isfinite(exact) & np.isfinite(laplace)
        panels.append((axes, np.asarray(item.probabilities)[kept], exact[kept], laplace[kept]))
        if lost := int(np.sum(~kept)):
            notes.append(f"{item.name}: {counted(lost, 'quantile')} not finite, left out.")
        _panel(axes, exact[kept], laplace[kept])
        style.few_ticks(axes, *((4, 4) if columns > 2 else (6, 6)))
        axes.set_title(text.label(item.name, units, panel))
        if order + columns >= len(shown):
            axes.set_xlabel("exact quantile", fontsize=8)
        if order % columns == 0:
            axes.set_ylabel("Laplace quantile", fontsize=8)
    if len(items) > len(shown):
        left_out = len(items) - len(shown)
        notes.append(f"The first {len(shown)} quantities are shown, {left_out} more are left out.")
    style.footer(figure, notes, case)
    for panel in panels:
        _name_ends(*panel)
    return figure


def _panel(axes, exact, laplace) -> None:
    low, high = clouds.limits([], [*exact, *laplace])
    axes.plot([low, high], [low, high], color=style.GREY, linewidth=0.9)
    axes.plot(
        exact, laplace, "-o", color=style.LAPLACE, markersize=4, linewidth=1.1, label="quantiles"
    )
    axes.set(xlim=(low, high), ylim=(low, high), aspect="equal")


def _name_ends(axes, probabilities, exact, laplace) -> None:
    """Write the probability of the lowest and the highest quantile beside them."""
    if not exact.size:
        return
    diagonal = np.linspace(*axes.get_xlim(), 60)
    steps = np.linspace(0, exact.size - 1, 60)
    curve = [np.interp(steps, np.arange(exact.size), q) for q in (exact, laplace)]
    avoid = np.concatenate([np.column_stack([diagonal, diagonal]), np.column_stack(curve)])
    ends = [0, -1] if exact.size > 1 else [0]
    labels.place(
        axes,
        np.column_stack([exact, laplace])[ends],
        [nominal(probabilities[end]) for end in ends],
        avoid,
        style.SMALL,
        style.LAPLACE_DARK,
    )

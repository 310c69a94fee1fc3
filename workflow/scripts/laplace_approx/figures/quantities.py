"""The picture of the derived quantities: histograms of the draws, and what they leave out."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from laplace_approx.figures import clouds, style, text
from laplace_approx.words.numbers import counted

BINS = 60  # of a histogram
WIDENED = 0.5  # of the exact central 99 % on each side
HEADROOM = 0.16  # of the highest bar, a line: counts are written above the bars, never over them


class Quantity(NamedTuple):
    """A quantity: `draws` {"grid" | "laplace" | "nuts": values (n,)} where its condition holds.

    `excluded` {source: number of draws where the condition is false}, `condition` its wording
    ("beta > 0"), `central` the exact central 99 % range; None takes it from the first source.
    """

    name: str
    draws: Mapping[str, np.ndarray]
    excluded: Mapping[str, int] = {}
    condition: str = ""
    central: tuple[float, float] | None = None


@style.settings()
def quantities(items: Sequence[Quantity], *, units=None, case="") -> style.Figure:
    """Draw one panel a quantity (at most six) with the sources' histograms on shared bins.

    A bar's height is a share of *all* draws of its source: excluded, outside the axis and not
    finite ones included, whose numbers are written in the panel. Raises ValueError for no
    quantity or an unknown source.
    """
    if not items:
        raise ValueError("the picture of the quantities needs at least one quantity")
    shown = list(items[: clouds.MOST_PARAMETERS])
    figure = style.page(0.9 + 2.6 * len(shown), "Derived quantities: draws by source")
    sources = [source for source in style.SOURCES if any(source in item.draws for item in shown)]
    looks = [style.SOURCES[source] for source in sources]
    handles = [style.line(color=look.dark, linestyle=look.dash) for look in looks]
    cell = style.keyed(figure, handles, [look.label for look in looks])
    for item, place in zip(shown, cell.subgridspec(len(shown), 1), strict=True):
        axes = figure.add_subplot(place)
        _panel(axes, item)
        axes.set_xlabel(text.label(item.name, units, 420))
        axes.set_ylabel("% of all draws")
    left_out = len(items) - len(shown)
    note = f"The first {len(shown)} quantities are shown, {left_out} more are left out."
    style.footer(figure, [note if left_out else ""], case)
    return figure


def _panel(axes, item: Quantity) -> None:
    unknown = set(item.draws) - set(style.SOURCES)
    if unknown or not item.draws:
        raise ValueError(f"draws of {sorted(unknown) or 'no source'}: use {tuple(style.SOURCES)}")
    ordered = {
        source: np.asarray(item.draws[source], dtype=float).ravel()
        for source in style.SOURCES
        if source in item.draws
    }
    low, high = _range(item, ordered)
    edges = np.linspace(low, high, BINS + 1)
    highest, lines = 0.0, []
    for order, (source, values) in enumerate(ordered.items()):
        look = style.SOURCES[source]
        total = values.size + int(item.excluded.get(source, 0))
        heights = 100 * np.histogram(values, edges)[0] / max(total, 1)
        highest = max(highest, heights.max())
        if order == 0:
            axes.stairs(heights, edges, fill=True, color=look.color, alpha=0.45)
        axes.stairs(
            heights,
            edges,
            color=look.dark,
            linestyle=look.dash,
            linewidth=1.2,
            label=f"{source} histogram",
        )
        lines.append((look, _count(item, source, values, total, low, high)))
    axes.set_xlim(low, high)
    axes.set_ylim(0, (1.05 + HEADROOM * len(lines)) * highest or 1.0)
    for row, (look, line) in enumerate(lines):
        axes.annotate(
            text.wrap(line, 440, style.SMALL, 1),
            (0, 1),
            (4, -2 - 11.5 * row),
            xycoords="axes fraction",
            textcoords="offset points",
            verticalalignment="top",
            fontsize=style.SMALL,
            color=look.dark,
        )


def _range(item: Quantity, ordered) -> tuple[float, float]:
    """Return the exact central 99 % range, widened by half of itself on each side."""
    if item.central is not None and np.all(np.isfinite(item.central)):
        low, high = map(float, item.central)
    else:
        first = next(iter(ordered.values()))
        first = first[np.isfinite(first)]
        low, high = np.quantile(first, [0.005, 0.995]) if first.size else (0.0, 1.0)
    room = WIDENED * (high - low)
    room = room if room > 0 else 0.05 * abs(low) or 0.5
    return low - room, high + room


def _count(item: Quantity, source: str, values, total: int, low: float, high: float) -> str:
    """Return what the histogram does not show, as "grid: 1,500 draws; 2 left of the axis, ..."."""
    below, above = int(np.sum(values < low)), int(np.sum(values > high))
    line = (
        f"{style.SOURCES[source].label}: {counted(total, 'draw')}; {below:,} left of the "
        f"axis, {above:,} right of it"
    )
    undefined = int(np.sum(np.isnan(values)))
    line += f", {undefined:,} not a number" if undefined else ""
    excluded = int(item.excluded.get(source, 0))
    if not (item.condition or excluded):
        return line
    condition = text.wrap(item.condition, 120, style.SMALL, 1) or "the condition"
    return f"{line}; {excluded:,} excluded ({condition} false)"

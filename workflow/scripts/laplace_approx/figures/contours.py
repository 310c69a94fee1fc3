"""The picture of the exact density's contours with the Laplace ellipses on the same axes."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.legend import Legend
from matplotlib.patches import Patch
from matplotlib.transforms import ScaledTranslation

from laplace_approx.figures import clouds, regions, style, text
from laplace_approx.words.numbers import nominal

# From the outermost region inwards; pale enough for the blue ellipses to stand out on all.
FILLS = ("#eff6ee", "#e0efde", "#cde5ca", "#b7d9b2", "#9ecb98", "#86bd7f", "#6fae67")
DASHES = {0.50: "-", 0.90: (0, (5, 1.5)), 0.95: (0, (1.2, 1.2))}


class Pair(NamedTuple):
    """Two parameters: the exact marginal density[i, j] at (x[i], y[j]) and the Laplace outlines.

    `ellipses` maps a probability to a closed outline (k, 2) in these same coordinates (in another
    space than the natural one, the transformed ellipse); `mode` is (2,).
    """

    names: tuple[str, str]
    x: np.ndarray
    y: np.ndarray
    density: np.ndarray
    ellipses: Mapping[float, np.ndarray]
    mode: np.ndarray


@style.settings()
def contours(pairs: Sequence[Pair], *, units=None, case="") -> style.Figure:
    """Draw for each pair the exact highest-density regions and the Laplace ellipses.

    Regions hold 10, 25, 50, 75, 90, 95 and 99 % of the exact mass. A pair's first name runs
    along x. Pairs of more than six names are left out and counted. Raises ValueError for no pair
    or a density whose shape is not (nx, ny).
    """
    if not pairs:
        raise ValueError("contours need at least one pair of parameters")
    names = list(dict.fromkeys(name for pair in pairs for name in pair.names))
    shown = names[: clouds.MOST_PARAMETERS]
    places = {name: order for order, name in enumerate(shown)}
    drawn = [pair for pair in pairs if set(pair.names) <= set(shown)]
    side = len(shown) - 1
    figure = style.page(
        4.9 if side == 1 else 3.8 + 0.7 * side,
        "Exact contours and Laplace ellipses on the same axes",
    )
    sizes = {"width_ratios": [1, 0.38]} if side == 1 else {}
    grid = figure.add_gridspec(max(side, 1), max(side, 2), **sizes)
    notes = []
    for pair in drawn:
        column, row = places[pair.names[0]], places[pair.names[1]] - 1
        axes = figure.add_subplot(grid[row, column])
        notes += _panel(axes, pair, 11 if side == 1 else 7)
        _label(axes, pair.names, units, side)
    key = figure.add_subplot(grid[0, 1:] if side < 4 else grid[:2, 2:])
    _legend(key, large=side == 1)
    if len(names) > len(shown):
        notes.append(
            f"The first {len(shown)} parameters are shown, "
            f"{len(names) - len(shown)} more are left out."
        )
    style.footer(figure, notes, case)
    return figure


def fill_regions(axes, x, y, density) -> float:
    """Draw the exact regions of density (nx, ny) and return the height of the outermost."""
    levels = regions.mass_levels(x, y, density)[::-1]  # the outermost, lowest, first
    # regions that end at one height (a plateau) are one region
    distinct = np.concatenate([[True], np.diff(levels) > 0])
    fills = [fill for fill, kept in zip(FILLS, distinct, strict=True) if kept]
    top = max(density.max(), levels[-1])
    heights = np.append(levels[distinct], 2 * top) / top
    # density[i, j] is at (x[i], y[j]); matplotlib's rows run along y, hence the transpose
    axes.contourf(x, y, density.T / top, levels=heights, colors=fills)
    axes.contour(x, y, density.T / top, levels=heights[:-1], colors=style.EXACT, linewidths=0.6)
    return float(levels[0])


def _panel(axes, pair: Pair, size: float) -> list[str]:
    """Draw one pair and return what there is to say of what does not fit on it."""
    x, y, density = regions.checked(pair.x, pair.y, pair.density)
    lowest = fill_regions(axes, x, y, density)
    for probability, outline in sorted(pair.ellipses.items()):
        axes.plot(
            *np.asarray(outline, dtype=float).T,
            color=style.LAPLACE_DARK,
            linewidth=1.5,
            linestyle=DASHES.get(probability, "-"),
            label=f"ellipse {probability:g}",
        )
    axes.plot(
        *regions.peak(x, y, density),
        "o",
        markersize=1.35 * size,
        label="exact peak",
        markerfacecolor="none",
        markeredgecolor=style.EXACT_DARK,
        markeredgewidth=1.4,
    )
    clouds.mark_mode(axes, pair.mode, 0.85 * size)
    return _frame(axes, pair, x, y, density >= lowest)


def _frame(axes, pair: Pair, x, y, inside) -> list[str]:
    """Show the 99 % region and the ellipses, as far as they go at most 1.5 times beyond it."""
    cut = False
    for axis, values, held in (("x", x, inside.any(axis=1)), ("y", y, inside.any(axis=0))):
        low, high = values[held].min(), values[held].max()
        room = 1.5 * (high - low) or 0.5
        position = "xy".index(axis)
        points = np.concatenate(
            [np.asarray(line)[:, position] for line in pair.ellipses.values()] or [np.empty(0)]
        )
        points = points[np.isfinite(points)]
        wanted = np.concatenate([points, [low, high, pair.mode[position]]])
        left, right = max(wanted.min(), low - room), min(wanted.max(), high + room)
        cut = cut or left > wanted.min() or right < wanted.max()
        pad = 0.04 * (right - left) or 0.5
        getattr(axes, f"set_{axis}lim")(left - pad, right + pad)
    return [f"{' and '.join(pair.names)}: the Laplace ellipses leave the axes."] if cut else []


def _label(axes, names, units, side: int) -> None:
    bounds = axes.get_subplotspec()
    large = side == 1
    if large or bounds.rowspan.stop == side:
        width = 330 if large else (style.POINTS - 70) / side
        axes.set_xlabel(
            text.label(names[0], units, width, 9 if large else 8), fontsize=9 if large else 8
        )
    if large or bounds.colspan.start == 0:
        axes.set_ylabel(
            text.label(names[1], units, 240 if large else 80, 9 if large else 8),
            fontsize=9 if large else 8,
        )
    if not large:
        axes.tick_params(labelsize=7)
        style.few_ticks(axes, 3, 3)


def _legend(axes, large: bool) -> None:
    """Stack three legends from the top of an empty panel downwards, by the height of their rows."""
    axes.set_axis_off()
    exact = [Patch(facecolor=fill, edgecolor=style.EXACT, linewidth=0.6) for fill in FILLS]
    rings = [
        style.line(color=style.LAPLACE_DARK, linewidth=1.5, linestyle=DASHES[probability])
        for probability in regions.ELLIPSES
    ]
    circle = style.line(
        linestyle="none",
        marker="o",
        markersize=10,
        markerfacecolor="none",
        markeredgecolor=style.EXACT_DARK,
        markeredgewidth=1.4,
    )
    blocks = (
        ("Exact: regions holding", exact, [nominal(p) for p in reversed(regions.PROBABILITIES)]),
        ("Laplace: ellipses holding", rings, [nominal(p) for p in regions.ELLIPSES]),
        ("Points", [circle, clouds.mode_handle()], ["peak of the exact density", "mode"]),
    )
    down = 0.0
    for title, handles, labels in blocks:
        columns = 1 if large else 4
        rows = -(-len(handles) // columns)
        shift = ScaledTranslation(0, -down / 72, axes.get_figure().dpi_scale_trans)
        block = Legend(
            axes,
            handles,
            labels,
            title=title,
            loc="upper left",
            ncols=columns,
            frameon=False,
            bbox_to_anchor=(0.0, 1.0),
            bbox_transform=axes.transAxes + shift,
            borderaxespad=0.0,
            alignment="left",
            handlelength=2.4,
            columnspacing=1.0,
            title_fontsize=8,
        )
        block.set_in_layout(False)
        axes.add_artist(block)
        down += 12 * (rows + 1) + 10

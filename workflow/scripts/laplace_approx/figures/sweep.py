"""The pictures of a sweep: error against a setting, against two, and the effects in order."""

from collections.abc import Mapping

import numpy as np
from matplotlib.colors import LogNorm
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator

from laplace_approx.figures import style, text
from laplace_approx.words.numbers import nominal
from laplace_approx.words.units import LONG, SD

WIDE = 20.0  # ratio of positive values above which an axis is logarithmic
COLUMNS = 3  # panels side by side
MOST_LABELS = 8  # ticks of an axis
TOGETHER = "Settings move together: what is said of one holds of those that move with it."
BESIDE = {"50": -0.08, "95": 0.08}  # of the distance between two names


@style.settings()
def error_lines(
    lines: Mapping[str, Mapping],
    setting: str,
    *,
    tolerance=None,
    sweep="",
    together=False,
    unit=LONG[SD],
):
    """Draw the error of the 50 and 95 % intervals against a setting, a panel a quantity.

    `lines` maps a quantity to {level: (values, mean, least, largest)}; the band reaches from the
    least to the largest error over the other settings. Between names there is nothing: they have
    a point and a bar each, and no line.
    """
    figure = style.page(
        1.3 + 2.4 * -(-len(lines) // COLUMNS), f"Error of the normal against {setting}"
    )
    handles = [style.line(**_look(level, _kind(lines))) for level in ("50", "95")]
    keys = ["50 % interval", "95 % interval"]
    if tolerance is not None:
        handles.append(style.line(color="black", linewidth=0.8, linestyle=":"))
        keys.append(f"tolerance {tolerance:g}")
    panels = _panels(figure, handles, keys, len(lines))
    for axes, (quantity, levels) in zip(panels, lines.items(), strict=True):
        for level, (values, mean, least, largest) in levels.items():
            x, axis = _places(values)
            _draw(axes, x, (mean, least, largest), level, axis)
        _scale(axes.xaxis, values, x, axis)
        if tolerance is not None:
            axes.axhline(tolerance, color="black", linewidth=0.8, linestyle=":")
        axes.set_title(text.wrap(quantity, 140, 9, 1))
        axes.set_xlabel(text.wrap(setting, 140, 9, 1))
    style.log_axis(panels[0].yaxis, _positive(lines, tolerance))
    panels[0].set_ylabel(f"largest error of an end\n({unit})")
    what = "Bars" if axis == "names" else "Bands"
    note = f"{what}: from the least to the largest over the other settings."
    style.footer(figure, [note, TOGETHER if together else ""], sweep=sweep)
    return figure


@style.settings()
def error_maps(
    maps: Mapping[str, tuple], settings, *, tolerance=None, sweep="", together=False, unit=LONG[SD]
):
    """Draw the mean error of the 95 % interval over two settings, a panel a quantity.

    `maps` maps a quantity to (values of the first setting, of the second, error (n, m)); all
    panels share one logarithmic scale of colour. The line is where the error is the tolerance.
    """
    title = f"Error of the 95 % interval over {settings[0]} and {settings[1]}"
    figure = style.page(1.1 + 2.5 * -(-len(maps) // COLUMNS), title)
    known = np.concatenate(
        [error[np.isfinite(error) & (error > 0)] for _, _, error in maps.values()]
    )
    low, high = (known.min(), known.max()) if known.size else (0.1, 1.0)
    norm = LogNorm(max(low, high / 1e3), high if high > low else 10 * low)
    cells = figure.add_gridspec(-(-len(maps) // COLUMNS), min(COLUMNS, len(maps)))
    drawn, lined = [], False
    for cell, (quantity, (xs, ys, error)) in zip(_cells(cells), maps.items(), strict=False):
        axes = figure.add_subplot(cell)
        x, x_log = _places(xs)
        y, y_log = _places(ys)
        drawn.append(
            axes.pcolormesh(
                *(x, y, np.clip(error.T, norm.vmin, None)),
                cmap="cividis",
                norm=norm,
                shading="nearest",
                rasterized=True,
            )
        )
        _scale(axes.xaxis, xs, x, x_log)
        _scale(axes.yaxis, ys, y, y_log)
        numbers = "names" not in (x_log, y_log)  # between names there is no place for a line
        if tolerance is not None and numbers and np.isfinite(error).all():
            axes.contour(x, y, error.T, levels=[tolerance], colors="white", linewidths=1.2)
            lined = True
        axes.set_title(text.wrap(quantity, 140, 9, 1))
        axes.set_xlabel(text.wrap(settings[0], 140, 9, 1))
        if len(drawn) % COLUMNS == 1:
            axes.set_ylabel(text.wrap(settings[1], 140, 9, 1))
    bar = figure.colorbar(drawn[0], ax=figure.axes, label=f"error ({unit})", pad=0.02)
    bar.ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    bar.ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    bar.ax.yaxis.set_minor_formatter(FuncFormatter(lambda value, _: ""))
    notes = [f"White line: the tolerance, {tolerance:g}."] if lined else []
    notes += ["Means over the other settings.", TOGETHER if together else ""]
    style.footer(figure, notes, sweep=sweep)
    return figure


@style.settings()
def effect_bars(bars: list[tuple], *, sweep="", together=False, unit=LONG[SD]):
    """Draw the largest effects on the error of the normal's quantiles, the largest on top.

    Each bar is (setting, quantity, probability, share of the variance, effect).
    """
    figure = style.page(1.2 + 0.24 * len(bars), "What moves the error of the normal's quantiles")
    axes = figure.add_subplot()
    settings = list(dict.fromkeys(bar[0] for bar in bars))
    hue = {setting: style.series(i)["color"] for i, setting in enumerate(settings)}
    place = np.arange(len(bars))[::-1]
    effects = [bar[4] for bar in bars]
    axes.barh(place, effects, color=[hue[bar[0]] for bar in bars], height=0.7)
    names = [f"{setting}: {quantity}, {nominal(p)}" for setting, quantity, p, _, _ in bars]
    axes.set_yticks(place, [text.wrap(name, 190, 8, 1) for name in names])
    for y, (_, _, _, share, effect) in zip(place, bars, strict=True):
        axes.text(effect, y, f" {100 * share:.0f} %", va="center", fontsize=style.SMALL)
    axes.set_xlim(0, 1.12 * max([*effects, 1e-12]))
    axes.set_xlabel(f"range of the mean error over the setting\n({unit})")
    note = "At the bars: the share of the variance of the error that the setting alone explains."
    style.footer(figure, [note, TOGETHER if together else ""], sweep=sweep)
    return figure


def _positive(lines, tolerance):
    """Return what the vertical axis must show: four decades of positive errors at the most."""
    drawn = [part for levels in lines.values() for line in levels.values() for part in line[1:]]
    values = np.concatenate([*drawn, [0.1 if tolerance is None else tolerance]])
    values = values[np.isfinite(values) & (values > 0)]
    return values[values > values.max() * 1e-4]


def _draw(axes, x, errors, level: str, kind: str) -> None:
    """Draw (mean, least, largest) at the places x: a line in a band, or points on bars."""
    mean, least, largest = errors
    look = _look(level, kind)
    if kind == "names":
        x = x + BESIDE[level]
        axes.vlines(x, least, largest, color=look["color"], linewidth=1.2)
        axes.set_xlim(-0.5, x.size - 0.5)
    else:
        axes.fill_between(x, least, largest, color=look["color"], alpha=0.18, lw=0)
    axes.plot(x, mean, markersize=3.5, **look)


def _kind(lines) -> str:
    """Return the kind of the horizontal axis, which all panels have in common."""
    (values, *_) = next(iter(next(iter(lines.values())).values()))
    return _places(values)[1]


def _look(level: str, kind: str) -> dict:
    colors = {"50": (style.LAPLACE, "-", "o"), "95": (style.STUDENT, (0, (5, 1.5)), "s")}
    color, dash, marker = colors[level]
    return {"color": color, "linestyle": "none" if kind == "names" else dash, "marker": marker}


def _panels(figure, handles, keys, count: int) -> list:
    """Return the axes of `count` panels under a legend, all with the same vertical axis."""
    rows = -(-count // COLUMNS)
    grid = style.keyed(figure, handles, keys).subgridspec(rows, min(COLUMNS, count))
    panels = []
    for cell in _cells(grid)[:count]:
        panels.append(figure.add_subplot(cell, sharey=panels[0] if panels else None))
    return panels


def _cells(grid) -> list:
    return [grid[i, j] for i in range(grid.nrows) for j in range(grid.ncols)]


def _places(values: list):
    """Return where values stand on an axis, and whether it is "log", "linear" or "names"."""
    if not all(isinstance(value, int | float) for value in values):
        return np.arange(len(values), dtype=float), "names"
    x = np.array(values, dtype=float)
    return x, "log" if np.all(x > 0) and x.max() / x.min() > WIDE else "linear"


def _scale(axis, values, x, kind: str) -> None:
    if kind == "log":
        style.log_axis(axis, x)
    elif kind == "names":
        every = -(-len(values) // MOST_LABELS)
        axis.set_major_locator(FixedLocator(x[::every]))
        names = [text.wrap(str(value), 60, 8, 1) for value in values[::every]]
        axis.set_ticklabels(names)

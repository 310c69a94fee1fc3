"""Clouds of draws: what is drawn and what is left out, for one, two and more parameters."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from laplace_approx.figures import style, text
from laplace_approx.words.numbers import counted

MOST_DRAWS = 20_000  # more only turn the cloud into a blot
MOST_PARAMETERS = 6  # more make panels that nobody can read
FARTHEST = 1e100  # axis limits beyond this overflow in matplotlib's transforms
VECTOR_DRAWS = 4_000  # points in one picture that stay vectors; more are rasterised in SVG


class Cloud(NamedTuple):
    """Draws of one source: `values` (n, d), all finite; `total` counts those that came in."""

    source: str
    values: np.ndarray
    total: int


def clouds(draws: Mapping[str, np.ndarray], n_parameters: int) -> list[Cloud]:
    """Return one `Cloud` a source from arrays (n, d), or (n,) where d is 1.

    Rows that are not finite are dropped. Raises ValueError for another number of columns or a
    source that `style.SOURCES` does not name.
    """
    found = []
    for source, values in draws.items():
        if source not in style.SOURCES:
            raise ValueError(f"draws of {source!r}: use one of {tuple(style.SOURCES)}")
        values = np.asarray(values, dtype=float)
        values = values[:, None] if values.ndim == 1 else values
        if values.ndim != 2 or values.shape[1] != n_parameters:
            raise ValueError(
                f"draws of {source!r} have shape {values.shape}, for {n_parameters} parameters"
            )
        kept = values[np.all(np.isfinite(values), axis=1)]
        found.append(Cloud(source, kept, len(values)))
    return found


def thin(values: np.ndarray) -> np.ndarray:
    """Return at most `MOST_DRAWS` rows, evenly spaced, always the same ones."""
    if len(values) <= MOST_DRAWS:
        return values
    return values[np.linspace(0, len(values) - 1, MOST_DRAWS).astype(int)]


def limits(arrays, include=()) -> tuple[float, float]:
    """Return axis limits that hold the draws, but not the far outliers of a heavy tail.

    On each side at most one width of the central 98 % is added to it: all draws of a normal lie
    inside, a Cauchy tail does not squeeze the rest into a line. `include` lies inside always.
    """
    lows, highs = [], []
    for values in arrays:
        values = np.asarray(values)[np.isfinite(values)].clip(-FARTHEST, FARTHEST)
        if not values.size:
            continue
        core = np.quantile(values, [0.01, 0.99])
        span = core[1] - core[0]
        lows.append(max(values.min(), core[0] - span))
        highs.append(min(values.max(), core[1] + span))
    wanted = [float(value) for value in include if np.isfinite(value)]
    lows, highs = [*lows, *wanted], [*highs, *wanted]
    if not lows:
        return 0.0, 1.0
    low, high = min(lows), max(highs)
    pad = 0.04 * (high - low) if high > low else max(0.05 * abs(low), 1e-9) if low else 0.5
    return float(low - pad), float(high + pad)


def notes(found: list[Cloud], bounds: list[tuple[float, float]], n_left_out: int) -> list[str]:
    """Say what of the draws is not in the picture: not finite, thinned, outside, left out."""
    sentences = []
    for cloud in found:
        name = style.SOURCES[cloud.source].label
        dropped = cloud.total - len(cloud.values)
        if dropped:
            sentences.append(f"{name}: {counted(dropped, 'draw')} not finite, left out.")
        if len(cloud.values) > MOST_DRAWS:
            sentences.append(
                f"{name}: {MOST_DRAWS:,} of {len(cloud.values):,} draws shown, evenly spaced."
            )
        low, high = np.array(bounds).T
        shown = cloud.values[:, : len(bounds)]
        outside = int(np.sum(np.any((shown < low) | (shown > high), axis=1)))
        if outside:
            sentences.append(f"{name}: {counted(outside, 'draw')} outside the axes.")
    if n_left_out:
        sentences.append(
            f"The first {len(bounds)} parameters are shown, {n_left_out} more are left out."
        )
    return sentences


def scatter(axes, cloud: Cloud, columns: tuple[int, int], look: style.Source, rasterized: bool):
    """Draw two columns of a cloud; the points are the data of one line labelled by their source."""
    values = thin(cloud.values)
    # the more points, the more transparent, so that the dense middle does not become a blot
    alpha = look.alpha * min(1.0, max(1500 / max(len(values), 1), 0.04) ** 0.5)
    return axes.plot(
        values[:, columns[0]],
        values[:, columns[1]],
        linestyle="none",
        marker=look.marker,
        markersize=look.size,
        markeredgewidth=look.edge,
        color=look.color,
        alpha=alpha,
        rasterized=rasterized,
        label=f"{cloud.source} draws",
    )


def histogram(axes, found: list[Cloud], column: int, bounds, looks, bins: int) -> None:
    """Draw densities on shared bins: the first source filled, the others outlined."""
    edges = np.linspace(*bounds, bins + 1)
    for order, (cloud, look) in enumerate(zip(found, looks, strict=True)):
        if not len(cloud.values):
            continue
        counts = np.histogram(cloud.values[:, column], edges)[0]
        heights = counts / (len(cloud.values) * np.diff(edges))
        if order == 0:
            axes.stairs(heights, edges, fill=True, color=look.color, alpha=0.45)
        axes.stairs(heights, edges, color=look.dark, linestyle=look.dash, linewidth=1.1)


def mark_mode(axes, mode, size: float = 11) -> None:
    """Draw the mode: the chapter's red cross, with a white edge that lifts it off the cloud."""
    axes.plot(
        *mode,
        "P",
        color=style.MODE,
        markersize=size,
        markeredgecolor="white",
        markeredgewidth=0.09 * size,
        zorder=10,
        clip_on=False,
        label="mode",
    )


def mode_handle():
    """Return what stands for the mode in a legend."""
    return style.line(
        marker="P", linestyle="none", color=style.MODE, markersize=9, markeredgecolor="white"
    )


def handle(look: style.Source):
    """Return what stands for a cloud in a legend: larger and opaque."""
    return style.line(
        marker=look.marker,
        linestyle="none",
        color=look.color,
        markersize=6,
        markeredgewidth=max(look.edge, 1.2) if look.edge else 0.0,
    )


class _Scene(NamedTuple):
    """All clouds with what is drawn about them: limits, mode, names, looks, units, and the key."""

    found: list[Cloud]
    bounds: list
    mode: np.ndarray | None
    names: Sequence[str]
    looks: Sequence
    units: Mapping | None
    key: tuple[list, list]


def draw(title, draws, mode, names, looks, units=None, curve=None, case="") -> style.Figure:  # noqa: PLR0913
    """Draw clouds of one, two or more parameters with the mode: the page of two pictures.

    One parameter: histograms (and `curve`, (x, density)); two: a scatter; more: a matrix of pairs.

    Many arguments: what a picture shows, by name, and its words.
    """
    found = clouds(draws, len(names))
    shown = min(len(names), MOST_PARAMETERS)
    mode = None if mode is None else np.asarray(mode, dtype=float)
    bounds = [
        limits([cloud.values[:, j] for cloud in found], [] if mode is None else [mode[j]])
        for j in range(shown)
    ]
    handles = [handle(look) for look in looks]
    labels = [
        f"{look.label}: {counted(len(cloud.values), 'draw')}"
        for cloud, look in zip(found, looks, strict=True)
    ]
    if mode is not None:
        handles, labels = [*handles, mode_handle()], [*labels, "mode"]
    height = {1: 3.9, 2: 5.0}.get(shown, 1.9 + 1.05 * shown)
    figure = style.page(height, title)
    scene = _Scene(found, bounds, mode, names, looks, units, (handles, labels))
    if shown == 1:
        _strip(figure, scene, curve)
    elif shown == 2:
        _plane(figure, scene)
    else:
        _matrix(figure, scene)
    style.footer(figure, notes(found, bounds, len(names) - shown), case)
    return figure


def _strip(figure, scene: _Scene, curve) -> None:
    found, (bounds,), mode, (name, *_), looks, units, key = scene
    axes = figure.add_subplot()
    histogram(axes, found, 0, bounds, looks, 45)
    handles, labels = key
    handles = [style.line(color=look.dark, linestyle=look.dash) for look in looks]
    handles += key[0][len(looks) :]
    if curve is not None:
        handles += axes.plot(
            *np.asarray(curve, dtype=float), color=style.LAPLACE_DARK, label="curve"
        )
        labels = [*labels, "Laplace density"]
    if mode is not None:
        axes.axvline(mode[0], color=style.MODE, linewidth=1.2)
        mark_mode(axes, (mode[0], 0.0))
    axes.set_xlim(bounds)
    axes.set_ylim(bottom=0)
    axes.set_xlabel(text.label(name, units, 420))
    axes.set_ylabel("density")
    style.legend(axes, handles, labels)


def _plane(figure, scene: _Scene) -> None:
    found, bounds, mode, names, looks, units, key = scene
    axes = figure.add_subplot()
    rasterized = sum(len(cloud.values) for cloud in found) > VECTOR_DRAWS
    for cloud, look in zip(found, looks, strict=True):
        scatter(axes, cloud, (0, 1), look, rasterized)
    if mode is not None:
        mark_mode(axes, mode)
    axes.set(xlim=bounds[0], ylim=bounds[1])
    axes.set_xlabel(text.label(names[0], units, 420))
    axes.set_ylabel(text.label(names[1], units, 240))
    style.legend(axes, *key)


def _matrix(figure, scene: _Scene) -> None:
    found, bounds, mode, names, looks, units, key = scene
    shown = len(bounds)
    grid = figure.add_gridspec(shown, shown)
    panel = (style.POINTS - 70) / shown
    for row in range(shown):
        for column in range(row + 1):
            axes = figure.add_subplot(grid[row, column])
            axes.tick_params(labelsize=7)
            style.few_ticks(axes, 3, 3)
            axes.set_xlim(bounds[column])
            if row == column:
                histogram(axes, found, row, bounds[row], looks, 24)
                axes.set_yticks([])
                axes.set_ylim(bottom=0)
            else:
                for cloud, look in zip(found, looks, strict=True):
                    small = look._replace(size=0.6 * look.size, edge=0.7 * look.edge)
                    scatter(axes, cloud, (column, row), small, True)
                if mode is not None:
                    mark_mode(axes, (mode[column], mode[row]), 7)
                axes.set_ylim(bounds[row])
            if row == shown - 1:
                axes.set_xlabel(text.label(names[column], units, panel, 8), fontsize=8)
            else:
                axes.tick_params(labelbottom=False)
            if column == 0:
                axes.set_ylabel(text.label(names[row], units, 72, 8), fontsize=8)
            else:
                axes.tick_params(labelleft=False)
    corner = figure.add_subplot(grid[0, shown - 2 :] if shown > 3 else grid[0, 1:])
    corner.set_axis_off()
    corner.legend(*key, loc="upper right")
    figure.align_labels()

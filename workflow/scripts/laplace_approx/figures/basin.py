"""The picture of the starts from which Newton's method finds the mode."""

import numpy as np
from matplotlib.colors import ListedColormap
from matplotlib.patches import Patch

from laplace_approx.figures import clouds, style, text
from laplace_approx.words.numbers import counted, percent

COLORS = ("#4d4d4d", "#c6d7ea")  # fails, converges: far apart in lightness


@style.settings()
def basin(x, y, undamped, damped, names, *, mode=None, units=None, case="") -> style.Figure:  # noqa: PLR0913
    """Draw two lattices of starts side by side: undamped Newton and the damped one.

    undamped and damped are boolean arrays (nx, ny); [i, j] says whether the start (x[i], y[j])
    converged. Raises ValueError for another shape.

    Many arguments: what a picture shows, by name, and its words.
    """
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    figure = style.page(3.9, "Starts from which Newton's method converges")
    handles = [Patch(facecolor=COLORS[1], edgecolor=style.GREY), Patch(facecolor=COLORS[0])]
    keys = ["converges to the mode", "does not"]
    if mode is not None:
        handles, keys = [*handles, clouds.mode_handle()], [*keys, "mode"]
    cell = style.keyed(figure, handles, keys).subgridspec(1, 2)
    for place, (kind, converged) in zip(
        cell, (("undamped", undamped), ("damped", damped)), strict=True
    ):
        converged = np.asarray(converged, dtype=bool)
        if converged.shape != (x.size, y.size):
            raise ValueError(f"{kind} has shape {converged.shape}, not ({x.size}, {y.size})")
        axes = figure.add_subplot(place)
        axes.pcolormesh(
            x,
            y,
            converged.T.astype(float),
            cmap=ListedColormap(COLORS),
            vmin=0,
            vmax=1,
            shading="nearest",
            rasterized=True,
        )
        if mode is not None and x[0] <= mode[0] <= x[-1] and y[0] <= mode[1] <= y[-1]:
            clouds.mark_mode(axes, mode, 10)
        axes.set_title(f"{kind}: {percent(converged.mean())} of {counted(converged.size, 'start')}")
        axes.set_xlabel(text.label(names[0], units, 200))
        if kind == "undamped":
            axes.set_ylabel(text.label(names[1], units, 170))
    style.footer(figure, [], case)
    return figure

"""The picture of the optimiser's path from the start to the mode."""

import numpy as np

from laplace_approx.figures import clouds, labels, regions, style, text
from laplace_approx.figures.contours import fill_regions
from laplace_approx.words.numbers import counted

PATH = "#222222"


@style.settings()
def newton_path(path, log_density, names, *, exact=None, units=None, case="") -> style.Figure:
    """Draw the iterates (k, d), the start first and the mode last, and log_density (k,) of each.

    With two coordinates the path lies on a plane, over `exact` = (x, y, density (nx, ny)) where
    given (same coordinates); otherwise each coordinate (at most six) is drawn by iteration.
    Iterates that are not finite are left out and counted. Raises ValueError for shapes that
    disagree.
    """
    path = np.asarray(path, dtype=float)
    path = path[:, None] if path.ndim == 1 else path
    log_density = np.asarray(log_density, dtype=float).ravel()
    if path.shape != (log_density.size, len(names)) or not log_density.size:
        raise ValueError(
            f"path has shape {path.shape}, for {log_density.size} log densities, {len(names)} names"
        )
    finite = np.all(np.isfinite(path), axis=1)
    steps = np.flatnonzero(finite)
    plane = len(names) == 2
    shown = 2 if plane else min(len(names), clouds.MOST_PARAMETERS)
    figure = style.page(4.2 if plane else 1.6 + 1.15 * shown, "Newton's path to the mode")
    style.footer(figure, _notes(len(names) - shown, len(path) - len(steps), plane, exact), case)
    if plane:
        _plane(figure, path[finite], steps, log_density, names, exact, units)
    else:
        _rows(figure, path[finite], steps, log_density, names[:shown], units)
    return figure


def _notes(left_out: int, lost: int, plane: bool, exact) -> list[str]:
    notes = [] if plane else ["The first point is the start, the red cross the mode."]
    if plane and exact is not None:
        notes.append("Green: exact regions holding 10, 25, 50, 75, 90, 95 and 99 %.")
    if lost:
        notes.append(f"{counted(lost, 'iterate')} not finite, left out.")
    if left_out:
        notes.append(f"{counted(left_out, 'more coordinate')} left out.")
    return notes


def _plane(figure, path, steps, log_density, names, exact, units) -> None:  # noqa: PLR0913
    """Draw the path over the exact density, and beside it how the log density rises.

    Many arguments: those of the picture.
    """
    grid = figure.add_gridspec(1, 2, width_ratios=[1.75, 1])
    axes = figure.add_subplot(grid[0])
    if exact is not None:
        fill_regions(axes, *regions.checked(*exact))
    axes.plot(*path.T, "-o", color=PATH, linewidth=1.1, markersize=4, label="path")
    if len(path):
        axes.plot(*path[0], "s", color=PATH, markersize=7, label="start")
        clouds.mark_mode(axes, path[-1])
    axes.set_xlabel(text.label(names[0], units, 260))
    axes.set_ylabel(text.label(names[1], units, 220))
    _frame(axes, path, exact)
    _climb(figure.add_subplot(grid[1]), steps, log_density)
    if len(path):
        _name(axes, path, steps)


def _frame(axes, path, exact) -> None:
    """Show the whole path and, of the contours, the part that holds 99 % of the mass."""
    points = [path]
    if exact is not None:
        x, y, density = regions.checked(*exact)
        inside = density >= regions.mass_levels(x, y, density).min()
        points.append(
            np.array(
                [
                    [x[inside.any(1)].min(), y[inside.any(0)].min()],
                    [x[inside.any(1)].max(), y[inside.any(0)].max()],
                ]
            )
        )
    points = np.concatenate(points)
    for j, axis in enumerate("xy"):
        getattr(axes, f"set_{axis}lim")(clouds.limits([], points[:, j]))


def _name(axes, path, steps) -> None:
    """Label start, mode and those iterates between them that stand apart on the page."""
    style.settle(axes.get_figure())
    spots = axes.transData.transform(path) * 72 / axes.get_figure().dpi
    chosen = [0, len(path) - 1] if len(path) > 1 else [0]
    for k in range(1, len(path) - 1):
        if np.min(np.hypot(*(spots[chosen] - spots[k]).T)) > 16:
            chosen.append(k)
    words = {0: "start", len(path) - 1: f"mode (iteration {steps[-1]})"}
    labels.place(axes, path[chosen], [words.get(k, str(steps[k])) for k in chosen], path)


def _rows(figure, path, steps, log_density, names, units) -> None:
    grid = figure.add_gridspec(len(names) + 1, 1)
    top = None
    for row, name in enumerate(names):
        top = axes = figure.add_subplot(grid[row], sharex=top)
        axes.plot(steps, path[:, row], "-o", color=PATH, linewidth=1.1, markersize=4, label="path")
        if len(path):
            clouds.mark_mode(axes, (steps[-1], path[-1, row]), 9)
        axes.set_ylabel(text.label(name, units, 60, 8), fontsize=8)
        axes.tick_params(labelbottom=False)
        style.few_ticks(axes, 8, 3)
    _climb(figure.add_subplot(grid[len(names)], sharex=top), steps, log_density)
    figure.align_ylabels()


def _climb(axes, steps, log_density) -> None:
    held = steps[np.isfinite(log_density[steps])]
    axes.plot(
        held, log_density[held], "-o", color=PATH, linewidth=1.1, markersize=4, label="log_density"
    )
    if held.size:
        clouds.mark_mode(axes, (held[-1], log_density[held[-1]]), 9)
    axes.set_xlabel("iteration")
    axes.set_ylabel("log density\n(unnormalised)", fontsize=8)
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.margins(x=0.06, y=0.12)

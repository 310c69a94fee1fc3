"""How every picture looks: colours, page, legend, axes, and the one way to write a file."""

import os
import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from laplace_approx.figures import text
from laplace_approx.words.numbers import power

# The chapter's colours. One thing has one colour in every picture; whatever must be told apart
# differs in shape, dash or lightness too, for readers who do not see the hue.
EXACT = "#54a24b"
EXACT_DARK = "#2c6625"
LAPLACE = "#4c78a8"
LAPLACE_DARK = "#2b4b73"
MODE = "#e45756"
STUDENT = "#d9700a"
NUTS = "#4a4a4a"  # told from green and blue by its lightness
GREY = "#595959"

WIDTH = 7.2  # inches: 691 CSS pixels as SVG, a README's column
POINTS = 72 * WIDTH
RASTER_DPI = 200  # of clouds with too many points for lines of their own
SMALL = 7.5  # points: what is said beside a picture

SETTINGS = {
    "font.family": [text.FONT],
    "font.size": 9,
    "axes.titlesize": 9,
    "axes.titlelocation": "left",
    "axes.labelsize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.7,
    "axes.formatter.useoffset": False,
    "figure.titlesize": 10.5,
    "figure.titleweight": "bold",
    "legend.frameon": False,
    "legend.fontsize": 8,
    "lines.linewidth": 1.6,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "svg.hashsalt": "laplace",  # element ids from the content, not from a random number
    "svg.fonttype": "path",  # the letters themselves: the reader's fonts change nothing
    "text.hinting": "no_hinting",  # widths that do not depend on the resolution
    "text.parse_math": False,  # a "$" in a name is a "$"
    "text.usetex": False,
}


class Source(NamedTuple):
    """How the draws of one origin are drawn, wherever they appear."""

    label: str
    color: str
    dark: str
    marker: str
    size: float
    edge: float
    alpha: float
    dash: object


SOURCES = {
    "grid": Source("grid (exact)", EXACT, EXACT_DARK, "o", 3.4, 0.0, 0.45, "-"),
    "laplace": Source("Laplace", LAPLACE, LAPLACE_DARK, "x", 3.2, 0.7, 0.6, (0, (5, 1.5))),
    "nuts": Source("NUTS", NUTS, "#1f1f1f", "^", 3.0, 0.0, 0.4, (0, (1.5, 1))),
}

# Lines of several things of one kind (spaces, priors, quantities): hue, dash and marker differ.
# None has the colour of a thing of its own above: a blue curve is the normal everywhere.
_HUES = ("#b8860b", "#8a4a8f", "#7b5a45", "#3f9690", "#8a8a8a", "#c46a9a")
_DASHES = ("-", (0, (5, 1.5)), (0, (1.2, 1.2)), (0, (6, 1.5, 1.2, 1.5)), (0, (9, 2)))
_MARKERS = ("o", "s", "^", "D", "v", "P", "X")


def series(index: int) -> dict:
    """Return line settings for the index-th of several curves; the first 210 all differ."""
    return {
        "color": _HUES[index % len(_HUES)],
        "linestyle": _DASHES[index % len(_DASHES)],
        "marker": _MARKERS[index % len(_MARKERS)],
    }


@contextmanager
def settings():
    """Draw under matplotlib's own defaults and `SETTINGS`, whatever the user's matplotlibrc says.

    A letter that the font lacks is drawn as a box, without a warning: a name is not an error.
    """
    with matplotlib.rc_context(), warnings.catch_warnings():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(SETTINGS)
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        yield


def page(height: float, title: str) -> Figure:
    """Return an empty figure of the common width, `height` inches high, with its title."""
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    FigureCanvasAgg(figure)  # keeps its renderer, and with it what texts measure, between passes
    figure.get_layout_engine().set(w_pad=0.06, h_pad=0.05)
    wrapped = text.wrap(title, POINTS - 16, 10.5, 3, weight="bold")
    figure.suptitle(wrapped, x=0.012, horizontalalignment="left")
    return figure


def footer(figure: Figure, notes=(), case: str = "", sweep: str = "") -> None:
    """Write the case, or the sweep, and what the picture leaves out as small print below."""
    sentences = [f"Case {text.literal(case)}."] if case else []
    sentences += [f"Sweep {text.literal(sweep)}."] if sweep else []
    sentences += [text.literal(note) for note in notes if note]
    if sentences:
        wrapped = text.wrap(" ".join(sentences), POINTS - 16, SMALL, 5)
        figure.supxlabel(wrapped, x=0.012, horizontalalignment="left", fontsize=SMALL, color=GREY)


def line(**options) -> Line2D:
    """Return a line without data: what stands for a curve in a legend."""
    return Line2D([], [], **options)


def columns(labels, points: float) -> int:
    """Return how many columns of a legend fit: all entries beside each other, or a table."""
    widths = [text.width(label, 8) + 44 for label in labels]
    if sum(widths) <= points:
        return len(labels)
    return max(1, min(len(labels), int(points // max(widths))))


def legend(axes, handles, labels, points: float = POINTS - 40, **options):
    """Put a legend above `axes`, where it covers no data, in as many columns as fit."""
    labels = [text.wrap(label, 0.8 * points, 8, 1) for label in labels]
    # matplotlib leaves an entry out when its first letter is "_"
    labels = [f"\N{ZERO WIDTH SPACE}{label}" if label[:1] == "_" else label for label in labels]
    options = {
        "loc": "lower left",
        "bbox_to_anchor": (0, 1.0),
        "borderaxespad": 0.2,
        "ncols": columns(labels, points),
        **options,
    }
    return axes.legend(handles, labels, **options)


def keyed(figure: Figure, handles, labels):
    """Put a legend in a row of its own under the title and return the rest of the page, a cell
    to divide: for pages of several panels."""
    points = POINTS - 20
    rows = -(
        -len(labels) // columns([text.wrap(label, 0.8 * points, 8, 1) for label in labels], points)
    )
    rest = 72 * figure.get_figheight() - 76 - 14 * rows
    grid = figure.add_gridspec(2, 1, height_ratios=[14 * rows, rest])
    row = figure.add_subplot(grid[0])
    row.set_axis_off()
    legend(row, handles, labels, points, bbox_to_anchor=(0, 0)).set_in_layout(False)
    return grid[1]


def few_ticks(axes, x: int = 5, y: int = 5) -> None:
    """Ask for at most so many ticks: long numbers in small panels must not touch."""
    axes.xaxis.set_major_locator(MaxNLocator(x))
    axes.yaxis.set_major_locator(MaxNLocator(y))


def log_axis(axis, values) -> None:
    """Make `axis` logarithmic about positive `values`, its ends round numbers (1, 2 or 5 times a
    power of ten), its labels plain text (matplotlib's own are mathtext)."""
    low, high = float(np.min(values)) / 1.25, float(np.max(values)) * 1.25
    steps = 10.0 ** np.floor(np.log10([low, high]))
    low = steps[0] * max(step for step in (1, 2, 5) if step * steps[0] <= low * (1 + 1e-9))
    high = steps[1] * min(step for step in (1, 2, 5, 10) if step * steps[1] >= high * (1 - 1e-9))
    getattr(axis.axes, f"set_{axis.axis_name}scale")("log")
    getattr(axis.axes, f"set_{axis.axis_name}lim")(low, high)
    axis.set_major_locator(LogLocator(subs=(1, 2, 5) if high / low <= 300 else (1,), numticks=8))
    axis.set_major_formatter(FuncFormatter(lambda value, _: power(value)))
    axis.set_minor_formatter(NullFormatter())


def settle(figure: Figure) -> None:
    """Lay the figure out once and for all, so that text can be placed by its drawn position.

    A pass may change the tick labels and so the room that they need: passes are made until the
    labels that were measured are those that will be drawn, or nothing moves by more than a pixel,
    five at most.
    """
    if (engine := figure.get_layout_engine()) is None:
        return
    before = np.full((len(figure.axes), 4), np.inf)
    for _ in range(5):
        engine.execute(figure)
        after = np.array([axes.get_position().bounds for axes in figure.axes])
        if np.all(np.abs(after - before) < 1e-3) or _labels_stay(figure):
            break
        before = after
    figure.set_layout_engine(None)
    # the layout's linear programme has a different last bit from run to run: round it away
    for axes in figure.axes:
        axes.set_position(np.round(axes.get_position(original=True).bounds, 6))


def _labels_stay(figure: Figure) -> bool:
    """Return whether every axis would now have the tick labels that the layout last measured.

    The room that a page's decorations need depends on the size of its axes by these labels alone:
    titles and legends are wrapped at widths fixed beforehand. A further pass would find the same.
    Not so where a fixed aspect shrinks the axes: their place follows from the room that is left.
    """
    if any(axes.get_aspect() != "auto" for axes in figure.axes):
        return False
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis) if axes.axison else ():
            labels = axis.major.formatter.format_ticks(axis.get_majorticklocs())
            if labels != [tick.label1.get_text() for tick in axis.majorTicks[: len(labels)]]:
                return False
    return True


def save(figure: Figure, target, kind: str | None = None) -> None:
    """Write `figure` to a path (kind by its suffix) or a binary file object (SVG unless told).

    The bytes depend on the figure alone: no date, no version, no random ids. Raises ValueError
    for a kind other than "svg" and "png".
    """
    if kind is None:
        is_path = isinstance(target, str | os.PathLike)
        kind = Path(target).suffix.lower().lstrip(".") if is_path else "svg"
    metadata = {
        "svg": {"Date": None, "Creator": None, "Title": text.literal(figure.get_suptitle())},
        "png": {"Software": None},
    }
    if kind not in metadata:
        raise ValueError(f"a picture is written as .svg or .png, not as {kind!r}")
    with settings():
        settle(figure)
        figure.savefig(target, format=kind, dpi=RASTER_DPI, metadata=metadata[kind])

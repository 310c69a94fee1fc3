"""The picture of the remedies: what each costs and how far its answer is off."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from laplace_approx.figures import labels, style, text
from laplace_approx.words.numbers import power
from laplace_approx.words.units import SD, unit_of_axis

NEGLIGIBLE = 1e-3  # of the tolerance: what is less is no longer told apart


class Rung(NamedTuple):
    """A method: the evaluations that it needs, with all that it starts from, and the error of its
    answer in the unit of the picture."""

    method: str
    evaluations: float
    error_sd: float


@style.settings()
def remedy_ladder(
    rungs: Sequence[Rung], tolerance: float, *, quantity="", units=None, scale_is=SD, case=""
) -> style.Figure:
    """Draw error against cost on logarithmic axes, one named point a method.

    An error that is far below the tolerance, or 0, is drawn as a triangle at the foot, so that the
    others keep their room; a method without a finite error or cost is named under the picture.
    `scale_is` says what errors are counted in: "sd" or "half_interval".
    Raises ValueError when no method has both.
    """
    usable = [rung for rung in rungs if _drawable(rung)]
    if not usable:
        raise ValueError("no method has a finite error and a finite number of evaluations")
    cost = np.maximum([float(rung.evaluations) for rung in usable], 1.0)
    error = np.array([float(rung.error_sd) for rung in usable])
    least = tolerance * NEGLIGIBLE
    positive = np.append(error[error >= least], tolerance)
    foot = positive.min() / (3 if np.any(error < least) else 1)
    name = text.label(quantity, units, style.POINTS - 250, 10.5, 1)
    figure = style.page(4.8, "Remedies: error against cost" + (f", {name}" if name else ""))
    axes = figure.add_subplot()
    # a decade more on either side than the points need: room for their names
    style.log_axis(axes.xaxis, [cost.min() / 4, cost.max() * 4])
    style.log_axis(axes.yaxis, [foot, positive.max() * 1.3])
    _tolerance(axes, tolerance)
    for rung, x, y in zip(usable, cost, error, strict=True):
        hue = style.LAPLACE if rung.method.lower().startswith("laplace") else style.GREY
        axes.plot(
            x,
            max(y, foot),
            "v" if y < least else "o",
            color=hue,
            markersize=7,
            markerfacecolor=hue if y <= tolerance else "white",
            markeredgewidth=1.5,
            label=rung.method,
        )
    axes.set_xlabel("evaluations of the density, with those that reach the mode")
    axes.set_ylabel(f"endpoint error ({unit_of_axis([scale_is])})")
    style.footer(figure, _notes(rungs, error, least), case)
    line = np.geomspace(*axes.get_xlim(), 200)
    labels.place(
        axes,
        np.column_stack([cost, np.maximum(error, foot)]),
        [rung.method for rung in usable],
        avoid=np.column_stack([line, np.full(line.size, tolerance)]),
    )
    return figure


def _drawable(rung: Rung) -> bool:
    return bool(np.isfinite(rung.error_sd) and rung.error_sd >= 0 and np.isfinite(rung.evaluations))


def _tolerance(axes, tolerance: float) -> None:
    axes.axhspan(axes.get_ylim()[0], tolerance, color=style.EXACT, alpha=0.1, linewidth=0)
    axes.axhline(tolerance, color=style.EXACT_DARK, linewidth=1.0, linestyle=(0, (5, 1.5)))
    axes.annotate(
        f"tolerance {tolerance:g}",
        (1, tolerance),
        (-3, 2),
        color=style.EXACT_DARK,
        xycoords=axes.get_yaxis_transform(),
        textcoords="offset points",
        horizontalalignment="right",
        verticalalignment="bottom",
        fontsize=8,
    )


def _notes(rungs, error, least: float) -> list[str]:
    notes = ["Filled: within the tolerance."]
    if np.any(error < least):
        notes.append(f"Triangle: an error below {power(least)}.")
    lost = [rung for rung in rungs if not _drawable(rung)]
    known = [text.literal(rung.method) for rung in lost if np.isfinite(rung.error_sd)]
    others = [text.literal(rung.method) for rung in lost if not np.isfinite(rung.error_sd)]
    if others:
        notes.append(f"No finite error: {', '.join(others)}.")
    return [*notes, f"Cost not known: {', '.join(known)}."] if known else notes

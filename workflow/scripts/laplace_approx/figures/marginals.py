"""The picture of every parameter's marginal: exact and Laplace, with their intervals."""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.patches import Patch

from laplace_approx.figures import clouds, style, text
from laplace_approx.words.numbers import minus, nominal, percent, to_scale

EDGE = 2e-3  # curves are shown where they exceed this share of their peak


class MarginalPanel(NamedTuple):
    """One parameter: curves (x, density) and equal-tailed intervals {probability: (lower, upper)}.

    `exact` is None where there is no grid, `exact_intervals` where there is no exact side at all:
    draws give the ends of intervals, each with an error, but no curve. Laplace mass below `lower`
    or above `upper` (the support, or where a quantity loses its meaning) is shaded and its share
    written.
    """

    name: str
    laplace: tuple[np.ndarray, np.ndarray]
    laplace_intervals: Mapping[float, tuple[float, float]]
    exact: tuple[np.ndarray, np.ndarray] | None = None
    exact_intervals: Mapping[float, tuple[float, float]] | None = None
    lower: float = -math.inf
    upper: float = math.inf

    @property
    def has_exact_side(self) -> bool:
        return self.exact is not None or bool(self.exact_intervals)


@style.settings()
def marginals(parameters: Sequence[MarginalPanel], *, units=None, case="") -> style.Figure:
    """Draw one panel a parameter (at most six): densities, and the intervals below the axis.

    Curves need not be normalised to the last digit, but both to the same area. Raises ValueError
    for no parameter.
    """
    if not parameters:
        raise ValueError("marginals need at least one parameter")
    shown = list(parameters[: clouds.MOST_PARAMETERS])
    columns = 1 if len(shown) <= 2 else 2
    rows = -(-len(shown) // columns)
    room = (style.POINTS - 110) / 2 if columns == 2 else 420
    figure = style.page(1.0 + (2.8 if columns == 1 else 3.0) * rows, _title(shown))
    grid = style.keyed(figure, *_key(shown)).subgridspec(rows, columns)
    for order, marginal in enumerate(shown):
        parts = grid[order // columns, order % columns].subgridspec(
            2, 1, height_ratios=[3, 1.5 * columns], hspace=0.02
        )
        upper = figure.add_subplot(parts[0])
        lower = figure.add_subplot(parts[1], sharex=upper)
        _curves(upper, marginal, room)
        _bars(lower, marginal, columns)
        lower.set_xlabel(text.label(marginal.name, units, room))
        upper.set_ylabel("density")
        upper.set_xlim(_limits(marginal))
        style.few_ticks(upper, 6, 4)
    left_out = len(parameters) - len(shown)
    note = f"The first {len(shown)} parameters are shown, {left_out} more are left out."
    style.footer(figure, [note if left_out else ""], case)
    return figure


def _title(shown: list[MarginalPanel]) -> str:
    if any(marginal.exact is not None for marginal in shown):
        return "Marginal densities: exact and Laplace"
    if any(marginal.has_exact_side for marginal in shown):
        return "Marginal densities of the normal, and the exact intervals"
    return "Marginal densities of the normal"


def _sides(marginal: MarginalPanel) -> list[tuple]:
    """Return (name, curve, intervals, color, dark) of the sides that there are, exact first; the
    curve is None of an exact side by draws."""
    known = marginal.exact, marginal.exact_intervals or {}, style.EXACT, style.EXACT_DARK
    return [
        *([("exact", *known)] if marginal.has_exact_side else []),
        (
            "Laplace",
            marginal.laplace,
            marginal.laplace_intervals,
            style.LAPLACE,
            style.LAPLACE_DARK,
        ),
    ]


def _limits(marginal: MarginalPanel) -> tuple[float, float]:
    """Show both curves and all intervals, unless that would dwarf the exact curve."""
    ends = []
    for side, curve, intervals, _, _ in _sides(marginal):
        held = [] if curve is None else _bulk(*curve)
        points = np.array([*held, *np.ravel(list(intervals.values()))], dtype=float)
        points = points[np.isfinite(points)]
        if not points.size:
            raise ValueError(f"the {side} density of {marginal.name!r} is nowhere positive")
        ends.append((points.min(), points.max()))
    low, high = np.min(ends, axis=0)[0], np.max(ends, axis=0)[1]
    if marginal.exact is not None:
        left, right = ends[0]
        low, high = max(low, left - 1.5 * (right - left)), min(high, right + 1.5 * (right - left))
    pad = 0.02 * (high - low) or 0.5
    return float(low - pad), float(high + pad)


def _bulk(x, density) -> np.ndarray:
    """Return where a curve exceeds `EDGE` of its peak."""
    x, density = np.asarray(x, dtype=float), np.asarray(density, dtype=float)
    return x[np.nan_to_num(density, posinf=0.0) > EDGE * np.max(density[np.isfinite(density)])]


def _curves(axes, marginal: MarginalPanel, room: float) -> None:
    for side, curve, _, color, _ in _sides(marginal):
        if curve is None:
            continue
        if side == "exact":
            axes.fill_between(*curve, color=color, alpha=0.25, linewidth=0)
        axes.plot(
            *curve,
            color=color,
            label=f"{side.lower()} density",
            linestyle="-" if side == "exact" else style.SOURCES["laplace"].dash,
        )
    headings = [
        _shade(axes, marginal, bound, sign, room)
        for bound, sign in ((marginal.lower, "<"), (marginal.upper, ">"))
        if np.isfinite(bound)
    ]
    axes.set_title("\n".join(filter(None, headings)), fontsize=8, color=style.LAPLACE_DARK)
    axes.set_ylim(bottom=0)
    axes.tick_params(labelbottom=False)


def _shade(axes, marginal: MarginalPanel, bound: float, sign: str, room: float) -> str:
    """Hatch the Laplace density beyond a bound and return its share in words ("" for none)."""
    x, density = (np.asarray(values, dtype=float) for values in marginal.laplace)
    beyond = x < bound if sign == "<" else x > bound
    if not beyond.any():
        return ""
    edge = np.sort(np.append(x[beyond], bound))
    axes.fill_between(
        edge,
        np.interp(edge, x, density),
        facecolor="none",
        hatch="/////",
        edgecolor=style.LAPLACE_DARK,
        linewidth=0,
    )
    axes.axvline(bound, color=style.GREY, linewidth=0.8, linestyle=":")
    shares = [
        f"{percent(_share(*curve, bound, sign))} of the {side} mass"
        for side, curve, _, _, _ in reversed(_sides(marginal))
        if curve is not None
    ]
    name = text.wrap(marginal.name, 80, 8, 1)
    return text.wrap(f"at {name} {sign} {minus(f'{bound:g}')}: {', '.join(shares)}", room, 8)


def _share(x, density, bound: float, sign: str) -> float:
    """Return the share of a curve's own area beyond `bound`, by the trapezoidal rule."""
    x, density = np.asarray(x, dtype=float), np.nan_to_num(np.asarray(density, dtype=float))
    pieces = 0.5 * (density[1:] + density[:-1]) * np.diff(x)
    below = np.interp(bound, x, np.concatenate([[0.0], np.cumsum(pieces)])) / pieces.sum()
    return float(below if sign == "<" else 1.0 - below)


def _bars(axes, marginal: MarginalPanel, columns: int) -> None:
    """Draw the intervals of each side as bars under their numbers."""
    sides = [side for side in _sides(marginal) if side[2]]
    spans = [ends[1] - ends[0] for side in sides for ends in side[2].values()]
    span = max([span for span in spans if np.isfinite(span)], default=1.0)
    for row, (side, _, intervals, color, dark) in enumerate(sides):
        for probability, ends in sorted(intervals.items()):
            thick = 5.0 if probability == min(intervals) else 1.6
            axes.plot(
                ends,
                [-row, -row],
                color=color,
                linewidth=thick,
                solid_capstyle="butt",
                label=f"{side.lower()} interval {probability:g}",
            )
        numbers = [
            f"{nominal(p)}: {to_scale(low, span)} to {to_scale(high, span)}"
            for p, (low, high) in sorted(intervals.items())
        ]
        line = f"{side}   " + ("   " if columns == 1 else "\n").join(numbers)
        axes.annotate(
            line,
            (0, -row),
            (0, 4),
            xycoords=axes.get_yaxis_transform(),
            color=dark,
            textcoords="offset points",
            fontsize=style.SMALL,
            verticalalignment="bottom",
        )
    axes.set_ylim(0.6 - max(len(sides), 1), 0.9)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)


def _key(shown: list[MarginalPanel]):
    """Return handles and labels of what the panels hold."""
    handles = [style.line(color=style.LAPLACE, linestyle=style.SOURCES["laplace"].dash)]
    labels = ["Laplace"]
    if any(marginal.has_exact_side for marginal in shown):
        handles = [Patch(facecolor="#d4e8d2", edgecolor=style.EXACT), *handles]
        labels = ["exact", *labels]
    probabilities = sorted({p for marginal in shown for p in marginal.laplace_intervals})
    for order, probability in enumerate(probabilities):
        handles.append(style.line(color=style.GREY, linewidth=1.6 if order else 5.0))
        labels.append(f"{100 * probability:g} % interval")
    return handles, labels

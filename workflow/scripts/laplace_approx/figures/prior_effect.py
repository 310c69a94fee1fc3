"""The picture of what the prior does to the mode and the curvature."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from laplace_approx.figures import clouds, style, text
from laplace_approx.words.numbers import to_scale


class PriorFit(NamedTuple):
    """The Laplace approximation under one prior: mode (2,) and an outline (k, 2) of 95 %."""

    prior: str
    mode: np.ndarray
    ellipse: np.ndarray


@style.settings()
def prior_effect(fits: Sequence[PriorFit], names, *, units=None, case="") -> style.Figure:
    """Draw the modes and 95 % ellipses of several priors on one pair of axes.

    Raises ValueError for no prior or for other than two names.
    """
    if not fits or len(names) != 2:
        raise ValueError("the picture of the priors needs two parameters and at least one prior")
    figure = style.page(5.0, "Modes and 95 % Laplace ellipses under several priors")
    axes = figure.add_subplot()
    outlines = [np.asarray(fit.ellipse, dtype=float) for fit in fits]
    spans = [np.ptp(np.concatenate([line[:, j] for line in outlines])) for j in (0, 1)]
    handles, keys = [], []
    for index, (fit, outline) in enumerate(zip(fits, outlines, strict=True)):
        look = style.series(index)
        marker = look.pop("marker")
        axes.plot(*outline.T, label=f"ellipse {fit.prior}", **look)
        axes.plot(
            *fit.mode,
            marker,
            color=look["color"],
            markersize=7,
            markeredgecolor="white",
            markeredgewidth=0.8,
            zorder=5,
            label=f"mode {fit.prior}",
        )
        handles.append(style.line(marker=marker, markersize=6, **look))
        numbers = ", ".join(to_scale(fit.mode[j], spans[j]) for j in (0, 1))
        keys.append(f"{text.wrap(fit.prior, 250, 8, 1)}: mode ({numbers})")
    for j, axis in enumerate("xy"):
        points = np.concatenate([*(line[:, j] for line in outlines), [fit.mode[j] for fit in fits]])
        getattr(axes, f"set_{axis}lim")(clouds.limits([], points))
    axes.set_xlabel(text.label(names[0], units, 420))
    axes.set_ylabel(text.label(names[1], units, 240))
    style.legend(axes, handles, keys)
    style.footer(figure, [], case)
    return figure

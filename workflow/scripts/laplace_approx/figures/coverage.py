"""The picture of what the Laplace intervals really hold."""

from collections.abc import Mapping

import numpy as np

from laplace_approx.figures import style


@style.settings()
def coverage(nominal, exact: Mapping[str, np.ndarray], *, case="") -> style.Figure:
    """Draw the exact probability of each quantity's central Laplace interval against its nominal.

    nominal (m,) and each of `exact` {quantity: (m,)} are shares between 0 and 1. Below the
    diagonal the intervals promise more than they hold. Raises ValueError for other lengths.
    """
    nominal = np.asarray(nominal, dtype=float)
    order = np.argsort(nominal)
    figure = style.page(4.9, "Coverage of the Laplace intervals")
    axes = figure.add_subplot()
    axes.plot([0, 100], [0, 100], color=style.GREY, linewidth=0.9)
    handles, labels = [style.line(color=style.GREY, linewidth=0.9)], ["as promised"]
    for index, (name, held) in enumerate(exact.items()):
        held = np.asarray(held, dtype=float)
        if held.shape != nominal.shape:
            raise ValueError(f"coverage of {name!r} has shape {held.shape}, not {nominal.shape}")
        look = style.series(index)
        handles += axes.plot(
            100 * nominal[order], 100 * held[order], markersize=5, label=name, **look
        )
        labels.append(name)
    low = min([100 * nominal.min(), *(100 * np.nanmin(held) for held in exact.values())])
    low = max(0.0, 10 * np.floor(low / 10) - 2)
    axes.set(xlim=(low, 102), ylim=(low, 102), aspect="equal")
    axes.annotate(
        "holds less than it promises",
        (0.97, 0.06),
        xycoords="axes fraction",
        horizontalalignment="right",
        color=style.GREY,
        fontsize=8,
    )
    axes.annotate(
        "holds more", (0.03, 0.93), xycoords="axes fraction", color=style.GREY, fontsize=8
    )
    axes.set_xlabel("nominal probability (%)")
    axes.set_ylabel("exact probability (%)")
    style.legend(axes, handles, labels, 185, loc="upper left", bbox_to_anchor=(1.02, 1), ncols=1)
    style.footer(figure, [], case)
    return figure

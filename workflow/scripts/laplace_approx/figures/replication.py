"""The picture of the error falling as the data are replicated."""

from collections.abc import Mapping

import numpy as np

from laplace_approx.figures import style


@style.settings()
def replication(
    replications, errors: Mapping[str, np.ndarray], *, label="error", case=""
) -> style.Figure:
    """Draw errors (m,) against the number of copies of the data (m,) on logarithmic axes.

    The thin line falls as n^-1/2 through the last point of the first error: the rate at which
    the normal approximation becomes exact (Gelman et al. 2013, BDA3, section 4.2). Values that
    are not positive and finite are not drawn. Raises ValueError when none are left.
    """
    n = np.asarray(replications, dtype=float)
    figure = style.page(4.3, "Error of the approximation as the data are replicated")
    axes = figure.add_subplot()
    handles, keys, anchor, drawn = [], [], None, []
    for index, (name, error) in enumerate(errors.items()):
        error = np.asarray(error, dtype=float)
        kept = np.isfinite(error) & (error > 0)
        if not kept.any():
            continue
        anchor = anchor or (n[kept][-1], error[kept][-1])
        drawn.append(error[kept])
        handles += axes.plot(n[kept], error[kept], markersize=5, label=name, **style.series(index))
        keys.append(name)
    if anchor is None:
        raise ValueError("no error is positive and finite")
    line = anchor[1] * np.sqrt(anchor[0] / n)
    handles += axes.plot(n, line, color="black", linewidth=0.8, label="rate", zorder=5)
    keys.append("rate n^(-1/2)")
    style.log_axis(axes.xaxis, n)
    style.log_axis(axes.yaxis, np.concatenate([*drawn, line]))
    axes.set_xlabel("copies of the data, n")
    axes.set_ylabel(label)
    style.legend(axes, handles, keys)
    style.footer(figure, [], case)
    return figure

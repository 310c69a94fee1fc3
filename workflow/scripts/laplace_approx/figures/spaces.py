"""The picture of one parameter's marginal with the Laplace approximation in several spaces."""

from collections.abc import Mapping

import numpy as np

from laplace_approx.figures import style, text


@style.settings()
def spaces(  # noqa: PLR0913
    name, x, exact, laplace: Mapping[str, np.ndarray], *, units=None, note="", case=""
) -> style.Figure:
    """Draw the exact density (m,) at x (m,) of a parameter, and the Laplace density of each space.

    All are densities of the parameter on its natural scale; `laplace` is {space: (m,)}. Values
    that are not finite are not drawn. Raises ValueError for a length other than x's.

    Many arguments: what a picture shows, by name, and its words.
    """
    x, exact = np.asarray(x, dtype=float), np.asarray(exact, dtype=float)
    figure = style.page(4.3, "One marginal, approximated in several spaces")
    axes = figure.add_subplot()
    axes.fill_between(x, exact, color=style.EXACT, alpha=0.25, linewidth=0)
    handles, keys = axes.plot(x, exact, color=style.EXACT, label="exact"), ["exact"]
    for index, (space, density) in enumerate(laplace.items()):
        density = np.asarray(density, dtype=float)
        if density.shape != x.shape:
            raise ValueError(f"density of space {space!r} has shape {density.shape}, not {x.shape}")
        look = style.series(index)
        # dashes even for the first: solid is the exact curve
        look |= {"linestyle": style.series(index + 1)["linestyle"], "markersize": 4.5}
        density = np.where(np.isfinite(density), density, np.nan)
        handles += axes.plot(x, density, markevery=(0.03 + 0.02 * index, 0.13), label=space, **look)
        keys.append(f"Laplace in {space}")
    axes.set_xlim(x.min(), x.max())
    axes.set_ylim(bottom=0)
    axes.set_xlabel(text.label(name, units, 420))
    axes.set_ylabel("density")
    style.legend(axes, handles, keys)
    style.footer(figure, [note], case)
    return figure

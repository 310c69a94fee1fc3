"""The picture of the Laplace draws about the mode (the chapter's first scatter)."""

from laplace_approx.figures import clouds, style


@style.settings()
def laplace_draws(draws, mode, names, *, units=None, curve=None, case="") -> style.Figure:
    """Draw the Laplace draws (n, d) in blue with the mode (d,) as a red cross.

    `names` (d,) label the axes, with `units` {name: unit}. With one parameter the draws are a
    histogram, and `curve`, a pair (x, density), is the normal that they come from. With three
    and more, the first six are a matrix of pairs. Draws that are not finite are dropped and
    counted in the picture.
    """
    look = style.SOURCES["laplace"]._replace(marker="o", size=3.4, edge=0.0, alpha=0.5, dash="-")
    title = "Draws from the Laplace approximation, and the mode"
    return clouds.draw(title, {"laplace": draws}, mode, names, [look], units, curve, case)

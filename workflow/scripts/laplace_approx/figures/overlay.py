"""The picture of the exact draws under the Laplace draws (the chapter's second scatter)."""

from laplace_approx.figures import clouds, style


@style.settings()
def overlay(draws, names, *, mode=None, units=None, case="") -> style.Figure:
    """Draw the draws of several sources over each other on shared axes.

    `draws` maps "grid", "laplace" and "nuts" (those there are, drawn in that order) to arrays
    (n, d). Colours are the chapter's; the shape of the points differs as well. Raises
    ValueError for another source or another number of columns than `names`.
    """
    ordered = {source: draws[source] for source in style.SOURCES if source in draws}
    unknown = sorted(set(draws) - set(ordered))
    if unknown or not ordered:
        raise ValueError(f"draws of {unknown or 'no source'}: use {tuple(style.SOURCES)}")
    looks = [style.SOURCES[source] for source in ordered]
    title = "Draws over each other: " + ", ".join(look.label for look in looks)
    return clouds.draw(title, ordered, mode, names, looks, units, None, case)

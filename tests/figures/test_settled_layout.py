"""A picture that is laid out once is where it would be after any number of passes."""

import numpy as np
import pytest

from laplace_approx.figures import style


def page_of(columns: int, decades: float) -> style.Figure:
    """Return a page of panels whose tick labels are as wide as their numbers are large."""
    figure = style.page(3.6, "Panels")
    grid = figure.add_gridspec(1, columns)
    for order in range(columns):
        axes = figure.add_subplot(grid[order])
        axes.plot([0, 1], [0, 10.0 ** (decades * (order + 1))])
        axes.set_xlabel("x")
        axes.set_ylabel("y")
    style.footer(figure, ["A note."])
    return figure


def places(figure):
    return np.array([axes.get_position().bounds for axes in figure.axes])


@pytest.mark.parametrize("columns", [1, 2, 3])
@pytest.mark.parametrize("decades", [0.4, 1.7, 2.3])
def test_further_passes_would_move_nothing(columns, decades):
    """A pixel of a page is 1e-3 of it, about."""
    with style.settings():
        once, often = page_of(columns, decades), page_of(columns, decades)
        style.settle(once)
        for _ in range(5):
            often.get_layout_engine().execute(often)
        assert np.max(np.abs(places(once) - places(often))) < 1e-3

"""Pictures: what is drawn is what was given, the right way round, literally, and the same twice."""

import importlib
import io
import math
import re
import subprocess
import sys
import warnings
from xml.etree import ElementTree

import matplotlib
import numpy as np
import pytest
from matplotlib.text import Text

from laplace_approx import figures
from laplace_approx.figures import clouds, labels, regions, style, text
from laplace_approx.figures.contours import Pair
from laplace_approx.figures.marginals import MarginalPanel
from laplace_approx.figures.prior_effect import PriorFit
from laplace_approx.figures.quantile_quantile import Quantiles
from laplace_approx.figures.quantities import Quantity
from laplace_approx.figures.remedy_ladder import Rung
from laplace_approx.figures.tails import TailPanel
from laplace_approx.words.numbers import percent, power, to_scale
from laplace_approx.words.units import LONG as OF_ERRORS

# The bioassay posterior under a flat prior; mode and covariance computed independently by
# 40-digit Newton iteration.
DOSE = np.array([-0.86, -0.30, -0.05, 0.73])
DEATHS = np.array([0.0, 1.0, 3.0, 5.0])
MODE = np.array([0.8466, 7.7488])
COVARIANCE = np.array([[1.0385, 3.5460], [3.5460, 23.7439]])
NAMES = ("alpha", "beta")
UNITS = {"beta": "per log g/ml", "LD50": "log g/ml"}
LONG = "$\\foo$_a_name_far_too_long_for_any_axis_of_any_picture_of_this_width_number_1"


def draw(stem, *arguments, **options):
    """Call a picture by its file stem."""
    picture = getattr(importlib.import_module(f"laplace_approx.figures.{stem}"), stem)
    return picture(*arguments, **options)


def svg(figure) -> bytes:
    target = io.BytesIO()
    style.save(figure, target)
    return target.getvalue()


def bioassay_mesh(nx=100, ny=120):
    """Return x, y and the unnormalised exact density (nx, ny)."""
    x, y = np.linspace(-3.2, 8, nx), np.linspace(-0.5, 60, ny)
    eta = x[:, None, None] + y[None, :, None] * DOSE
    log_density = np.sum(DEATHS * eta - 5 * np.logaddexp(0, eta), axis=-1)
    return x, y, np.exp(log_density - log_density.max())


def normal_draws(n, d=2, seed=42):
    rng = np.random.default_rng(seed)
    mixing = np.eye(d) + 0.3 * rng.normal(size=(d, d))
    return rng.normal(size=(n, d)) @ mixing


def pair(names=NAMES):
    ellipses = {p: regions.ellipse(MODE, COVARIANCE, p) for p in regions.ELLIPSES}
    return Pair(names, *bioassay_mesh(), ellipses, MODE)


def marginal(name="beta", **options):
    x = np.linspace(-15, 60, 300)
    exact = np.where(x > 0, np.abs(x) ** 3 * np.exp(-np.abs(x) / 2.9), 0.0)
    exact /= np.sum(exact) * (x[1] - x[0])
    laplace = np.exp(-0.5 * ((x - MODE[1]) / 4.873) ** 2) / (4.873 * math.sqrt(2 * math.pi))
    return MarginalPanel(
        name,
        (x, laplace),
        {0.5: (4.462, 11.035), 0.95: (-1.80, 17.30)},
        (x, exact),
        {0.5: (7.363, 14.831), 0.95: (3.449, 25.414)},
        **options,
    )


def newton():
    """Return five iterates on the way from (0, 0) to the mode and their log densities."""
    share = np.array([0.0, 0.4, 0.75, 0.97, 1.0])
    return share[:, None] * MODE, -6 - 8 * (1 - share) ** 2


def every_picture(name="alpha"):
    """Return one small figure of every kind, a parameter or a thing being called `name`."""
    names = (name, "beta")
    path, heights = newton()
    x, y, density = bioassay_mesh(40, 50)
    curve = np.linspace(-10, 30, 80)
    log_normal = -0.5 * (curve - 8) ** 2 / 25 - math.log(5 * math.sqrt(2 * math.pi))
    nominal = np.array([0.5, 0.8, 0.9, 0.95, 0.99])
    lattice = np.add.outer(np.arange(6), np.arange(5)) < 5
    units = {**UNITS, name: "units of measure"}
    options = {"units": units, "case": f"bioassay / {name} / natural / chapter"}
    draws = normal_draws(60)
    counts = np.array([1, 2, 4, 8])
    quantiles = Quantiles(name, [0.025, 0.5, 0.975], [-1, 0, 3], [-2, 0, 1.5])
    return {
        "laplace_draws": draw("laplace_draws", draws, [0, 0], names, **options),
        "overlay": draw("overlay", {"grid": draws, "laplace": draws}, names, **options),
        "contours": draw("contours", [pair(names)], **options),
        "marginals": draw("marginals", [marginal(name, lower=0.0)] * 3, **options),
        "quantities": draw(
            "quantities",
            [Quantity(name, {"grid": draws[:, 0], "laplace": draws[:, 1]}, {}, name)],
            **options,
        ),
        "newton_path": draw("newton_path", path, heights, names, exact=(x, y, density), **options),
        "declined": draw("declined", "separation", f"{name} is separated. " * 9, case=name),
        "coverage": draw("coverage", nominal, {name: nominal - 0.04, "b": nominal}, case=name),
        "quantile_quantile": draw("quantile_quantile", [quantiles] * 4, **options),
        "remedy_ladder": draw(
            "remedy_ladder",
            [Rung("Laplace", 12, 0.8), Rung(name, 13, 0.75), Rung("grid", 10_000, 0.0)],
            0.1,
            quantity=name,
            **options,
        ),
        "basin": draw("basin", np.arange(6), np.arange(5), lattice, ~lattice, names, **options),
        "replication": draw("replication", counts, {name: 0.2 / np.sqrt(counts)}, case=name),
        "tails": draw("tails", [TailPanel(name, curve, log_normal - 1, log_normal)] * 2, **options),
        "prior_effect": draw(
            "prior_effect",
            [PriorFit(name, MODE, regions.ellipse(MODE, COVARIANCE, 0.95))],
            names,
            **options,
        ),
        "spaces": draw(
            "spaces", name, curve, np.exp(log_normal), {name: np.exp(log_normal)}, **options
        ),
    }


@pytest.fixture(scope="module")
def plain():
    """One figure of every kind, with names that ask for nothing special."""
    return every_picture()


def lines(figure, label):
    """Return the data (k, 2) of every line with this label, over all axes."""
    return [
        np.column_stack(line.get_data())
        for axes in figure.axes
        for line in axes.get_lines()
        if line.get_label() == label
    ]


def words(figure) -> str:
    return "\n".join(found.get_text() for found in figure.findobj(Text))


def drawn_texts(figure, monkeypatch):
    """Return (text, box) of every text that is really drawn, boxes in pixels."""
    boxes = {}
    original = Text.draw

    def recording(self, renderer):
        if self.get_visible() and self.get_text().strip():
            boxes[id(self)] = (self.get_text(), Text.get_window_extent(self, renderer))
        return original(self, renderer)

    with style.settings(), monkeypatch.context() as patch:
        patch.setattr(Text, "draw", recording)
        style.settle(figure)
        figure.savefig(io.BytesIO(), format="png")
    return list(boxes.values())


# --- geometry -------------------------------------------------------------------------------


@pytest.mark.parametrize("probability", [0.5, 0.9, 0.95])
def test_an_ellipse_holds_its_probability(probability):
    """The outline is a level of the normal density, and its enclosed mass is the probability."""
    outline = regions.ellipse(MODE, COVARIANCE, probability, 2001)
    centred = outline - MODE
    squared = np.einsum("ki,ki->k", centred, np.linalg.solve(COVARIANCE, centred.T).T)
    # chi-square with 2 degrees of freedom: P(squared distance < r) = 1 - exp(-r/2)
    np.testing.assert_allclose(1 - np.exp(-squared / 2), probability, rtol=1e-12)
    np.testing.assert_array_equal(outline[0], outline[-1])
    # area of an ellipse by the shoelace formula: pi r sqrt(det); 2000 chords miss 1.6e-6 of it
    x, y = outline.T
    area = 0.5 * abs(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1]))
    expected = math.pi * -2 * math.log(1 - probability) * math.sqrt(np.linalg.det(COVARIANCE))
    assert area == pytest.approx(expected, rel=1e-5)


def test_mass_levels_of_a_normal_on_an_uneven_mesh():
    """For a normal in two dimensions the region that holds p ends at (1 - p) of the peak."""
    x = np.sinh(np.linspace(-2.4, 2.4, 161))
    y = 3 * np.linspace(-6, 6, 121)
    density = np.exp(-0.5 * (x[:, None] ** 2 + (y[None, :] / 3) ** 2))
    levels = regions.mass_levels(x, y, density)
    # cells of up to 0.17 SD: the mass is right to about the square of that
    np.testing.assert_allclose(levels, 1 - np.array(regions.PROBABILITIES), atol=0.01)


def test_peak_is_finer_than_the_mesh_and_safe_at_its_edge():
    x, y, density = bioassay_mesh(40, 50)
    # spacing .29 and 1.23; the summit of the fitted quadratic is within a ninth of a cell
    assert np.all(np.abs(regions.peak(x, y, density) - MODE) < [0.03, 0.13])
    edge = np.exp(-x)[:, None] * np.exp(-y)[None, :]
    np.testing.assert_array_equal(regions.peak(x, y, edge), [x[0], y[0]])


def test_a_transposed_density_is_refused():
    x, y, density = bioassay_mesh(40, 50)
    with pytest.raises(ValueError, match=r"\(40, 50\)"):
        draw("contours", [Pair(NAMES, x, y, density.T, {}, MODE)])
    density[3, 4] = np.nan
    with pytest.raises(ValueError, match="finite"):
        draw("contours", [Pair(NAMES, x, y, density, {}, MODE)])


# --- what is drawn is what was given ----------------------------------------------------------


def test_contours_are_the_right_way_round():
    """The peak that is drawn, and the contours around it, are at alpha .85, beta 7.75."""
    figure = draw("contours", [pair()], units=UNITS)
    (peak,) = lines(figure, "exact peak")
    # a tenth of a cell (0.113, 0.508); transposed it would be near (7.7, 0.85)
    np.testing.assert_allclose(peak[0], [0.85, 7.75], atol=0.05)
    np.testing.assert_allclose(lines(figure, "mode")[0][0], MODE)
    axes = figure.axes[0]
    assert axes.get_xlabel() == "alpha"
    assert axes.get_ylabel().replace("\n", " ") == "beta (per log g/ml)"
    filled, outlines = axes.collections[0], axes.collections[1]
    for collection in (filled, outlines):
        vertices = np.concatenate([path.vertices for path in collection.get_paths()])
        # the 99 % region reaches beta 34 and not below 0.6; alpha stays within -1.9 and 5.5
        assert vertices[:, 1].max() > 30 > 8 > vertices[:, 0].max() > 4
    innermost = outlines.get_paths()[-1].vertices
    assert np.all(np.ptp(innermost, axis=0) < [1.6, 7])
    assert np.all(np.abs(innermost.mean(axis=0) - MODE) < [0.2, 1.0])
    assert len(outlines.get_paths()) == len(regions.PROBABILITIES)


def test_ellipses_share_the_axes_and_keep_their_points():
    figure = draw("contours", [pair()])
    for probability in regions.ELLIPSES:
        (outline,) = lines(figure, f"ellipse {probability:g}")
        np.testing.assert_array_equal(outline, regions.ellipse(MODE, COVARIANCE, probability))
    (low, high), (bottom, top) = figure.axes[0].get_xlim(), figure.axes[0].get_ylim()
    assert low < outline[:, 0].min() and outline[:, 0].max() < high
    assert bottom < outline[:, 1].min() and outline[:, 1].max() < top


def test_a_plateau_has_one_region():
    x, y = np.linspace(0, 1, 9), np.linspace(0, 2, 7)
    figure = draw("contours", [Pair(NAMES, x, y, np.full((9, 7), 1e-290), {}, (0.5, 0.5))])
    assert svg(figure)


def test_contours_of_three_parameters_put_each_pair_in_its_place():
    names = ("a", "b", "c")
    pairs = [pair((names[i], names[j])) for j in range(3) for i in range(j)]
    figure = draw("contours", pairs)
    panels = {axes.get_subplotspec().get_geometry()[2]: axes for axes in figure.axes[:3]}
    # a grid of 2 by 2 cells, counted by row: (a, b), key, (a, c), (b, c)
    assert sorted(panels) == [0, 2, 3]
    assert [panels[2].get_xlabel(), panels[3].get_xlabel()] == ["a", "b"]
    assert [panels[0].get_ylabel(), panels[2].get_ylabel()] == ["b", "c"]


def test_an_ellipse_far_outside_is_cut_and_said():
    wide = pair()._replace(ellipses={0.95: regions.ellipse(MODE, 1e6 * COVARIANCE, 0.95)})
    figure = draw("contours", [wide])
    assert np.ptp(figure.axes[0].get_ylim()) < 200
    assert "leave the axes" in words(figure)


def test_clouds_hold_the_draws_with_alpha_along_x():
    exact, laplace = normal_draws(50, seed=1) * 2, normal_draws(40, seed=2)
    figure = draw("overlay", {"laplace": laplace, "grid": exact}, NAMES)
    np.testing.assert_array_equal(lines(figure, "grid draws")[0], exact)
    np.testing.assert_array_equal(lines(figure, "laplace draws")[0], laplace)
    axes = figure.axes[0]
    markers = {line.get_label(): line.get_marker() for line in axes.get_lines()}
    colors = {line.get_label(): line.get_color() for line in axes.get_lines()}
    assert markers["grid draws"] != markers["laplace draws"]
    assert colors == {"grid draws": "#54a24b", "laplace draws": "#4c78a8"}
    first = draw("laplace_draws", laplace, [0.5, 1.5], NAMES)
    np.testing.assert_array_equal(lines(first, "laplace draws")[0], laplace)
    np.testing.assert_array_equal(lines(first, "mode")[0], [[0.5, 1.5]])


def test_a_matrix_of_pairs_has_the_right_columns():
    draws = normal_draws(30, 3)
    figure = draw("laplace_draws", draws, [1.0, 2.0, 3.0], ("a", "b", "c"))
    clouds_drawn = lines(figure, "laplace draws")
    for found, (column, row) in zip(clouds_drawn, [(0, 1), (0, 2), (1, 2)], strict=True):
        np.testing.assert_array_equal(found, draws[:, [column, row]])
    np.testing.assert_array_equal(np.concatenate(lines(figure, "mode")), [[1, 2], [1, 3], [2, 3]])


@pytest.mark.parametrize("d", [1, 2, 3, 8])
def test_clouds_of_any_dimension(d):
    names = tuple(f"theta_{j}" for j in range(d))
    draws = normal_draws(40, d)
    both = draw("overlay", {"grid": draws, "nuts": draws}, names, mode=np.zeros(d))
    alone = draw("laplace_draws", draws, np.zeros(d), names)
    for figure in (both, alone):
        assert ("2 more are left out" in words(figure)) == (d == 8)
    assert svg(both).startswith(b"<?xml")


def test_one_parameter_shows_the_curve_that_was_given():
    x = np.linspace(-3, 3, 50)
    density = np.exp(-0.5 * x * x) / math.sqrt(2 * math.pi)
    figure = draw("laplace_draws", normal_draws(100, 1)[:, 0], [0.0], ("mu",), curve=(x, density))
    np.testing.assert_array_equal(lines(figure, "curve")[0], np.column_stack([x, density]))
    assert figure.axes[0].get_xlabel() == "mu"


def test_draws_that_are_not_finite_are_dropped_and_counted():
    draws = normal_draws(50)
    draws[3, 0], draws[7, 1] = np.nan, -np.inf
    figure = draw("laplace_draws", draws, [0, 0], NAMES)
    assert len(lines(figure, "laplace draws")[0]) == 48
    assert "2 draws not finite, left out" in words(figure)
    assert "48 draws" in words(figure)
    nothing = draw("overlay", {"grid": np.full((4, 2), np.nan)}, NAMES)
    assert "4 draws not finite" in words(nothing)
    assert svg(nothing)


def test_many_draws_are_thinned_and_far_ones_counted():
    draws = normal_draws(30_001)
    draws[11] = [1e9, 0]
    figure = draw("laplace_draws", draws, [0, 0], NAMES)
    (shown,) = lines(figure, "laplace draws")
    assert len(shown) == clouds.MOST_DRAWS
    np.testing.assert_array_equal(shown[[0, -1]], draws[[0, -1]])
    said = words(figure).replace("\n", " ")
    assert "20,000 of 30,001 draws shown, evenly spaced" in said
    assert "1 draw outside the axes" in said
    assert figure.axes[0].get_xlim()[1] < 20
    cloud = figure.axes[0].get_lines()[0]
    assert cloud.get_rasterized()
    assert len(svg(figure)) < 2e6


def test_limits_hold_all_of_a_normal_and_survive_a_constant():
    values = np.random.default_rng(3).normal(size=5000)
    low, high = clouds.limits([values])
    assert low < values.min() and values.max() < high
    low, high = clouds.limits([np.full(9, 5.0)])
    assert low < 5 < high
    assert np.all(np.isfinite(clouds.limits([np.array([-1e308, 1e308])])))
    assert clouds.limits([np.array([np.nan])]) == (0.0, 1.0)


def test_wrong_draws_are_refused():
    with pytest.raises(ValueError, match="shape"):
        draw("laplace_draws", normal_draws(5, 3), [0, 0], NAMES)
    with pytest.raises(ValueError, match="nuts"):
        draw("overlay", {"gird": normal_draws(5)}, NAMES)


def test_marginals_draw_curves_intervals_and_the_share_beyond_a_bound():
    given = marginal(lower=0.0)
    figure = draw("marginals", [given], units=UNITS)
    np.testing.assert_array_equal(lines(figure, "exact density")[0], np.column_stack(given.exact))
    np.testing.assert_array_equal(
        lines(figure, "laplace density")[0], np.column_stack(given.laplace)
    )
    np.testing.assert_array_equal(lines(figure, "exact interval 0.95")[0][:, 0], [3.449, 25.414])
    said = words(figure).replace("\n", " ")
    assert "50 %: 7.36 to 14.83" in said and "95 %: −1.80 to 17.30" in said
    # P(beta < 0) under N(7.7488, 4.873): 5.59 %
    assert re.search(r"at beta < 0: 5\.6 % of the Laplace mass, \S+ % of the exact mass", said)
    alone = draw("marginals", [given._replace(exact=None, exact_intervals=None)])
    assert not lines(alone, "exact density") and lines(alone, "laplace density")


@pytest.mark.parametrize(
    ("ends", "title", "bars"),
    [
        (
            marginal().exact_intervals,
            "Marginal densities of the normal, and the exact intervals",
            4,
        ),
        ({}, "Marginal densities of the normal", 2),
    ],
)
def test_an_exact_side_without_a_curve_shows_its_intervals(ends, title, bars):
    figure = draw("marginals", [marginal(lower=0.0)._replace(exact=None, exact_intervals=ends)])
    assert figure.get_suptitle() == title
    _, upper, lower = figure.axes
    assert "exact density" not in {line.get_label() for line in upper.lines}
    drawn = {tuple(line.get_xdata()) for line in lower.lines}
    assert len(drawn) == bars and {*ends.values()} <= drawn


def test_quantities_count_what_their_axis_does_not_show():
    grid = np.concatenate([np.linspace(-0.9, 0.9, 90), [-7.0, 8.0, 9.0]])
    laplace = np.concatenate([np.linspace(-0.5, 0.5, 50), [-np.inf, 30.0, np.nan]])
    item = Quantity(
        "LD50", {"grid": grid, "laplace": laplace}, {"laplace": 47}, "beta > 0", (-1.0, 1.0)
    )
    figure = draw("quantities", [item], units=UNITS)
    said = words(figure)
    assert "grid (exact): 93 draws; 1 left of the axis, 2 right of it; 0 excluded" in said
    assert (
        "Laplace: 100 draws; 1 left of the axis, 1 right of it, 1 not a number; "
        "47 excluded (beta > 0 false)" in said
    )
    panel = figure.axes[1]
    assert panel.get_xlabel() == "LD50 (log g/ml)"
    assert panel.get_xlim() == (-2.0, 2.0)  # the exact range, half as much again on each side
    drawn = {patch.get_label(): patch.get_data() for patch in panel.patches}
    edges = [drawn[f"{source} histogram"].edges for source in ("grid", "laplace")]
    np.testing.assert_array_equal(*edges)
    # shares of all draws, those that are not on the axis included
    assert drawn["grid histogram"].values.sum() == pytest.approx(100 * 90 / 93)
    assert drawn["laplace histogram"].values.sum() == pytest.approx(50.0)


def test_newton_path_keeps_order_and_orientation():
    path, heights = newton()
    figure = draw("newton_path", path, heights, NAMES, exact=bioassay_mesh(), units=UNITS)
    np.testing.assert_array_equal(lines(figure, "path")[0], path)
    np.testing.assert_array_equal(lines(figure, "start")[0], path[:1])
    np.testing.assert_array_equal(lines(figure, "mode")[0], path[-1:])
    np.testing.assert_array_equal(lines(figure, "log_density")[0][:, 1], heights)
    contour = figure.axes[0].collections[-1].get_paths()[-1].vertices
    assert np.all(np.abs(contour.mean(axis=0) - MODE) < [0.2, 1.0])
    assert "start" in words(figure) and "mode (iteration 4)" in words(figure)


@pytest.mark.parametrize("d", [1, 3, 8])
def test_newton_path_off_the_plane(d):
    path, heights = newton()
    path = np.repeat(path[:, :1], d, axis=1)
    path[2] = np.nan
    figure = draw("newton_path", path, heights, [f"theta_{j}" for j in range(d)])
    assert len(lines(figure, "path")) == min(d, clouds.MOST_PARAMETERS)
    assert "1 iterate not finite" in words(figure)
    assert ("2 more coordinates left out" in words(figure)) == (d == 8)


def test_basin_is_the_right_way_round():
    x, y = np.arange(7.0), np.arange(5.0)
    undamped = np.zeros((7, 5), dtype=bool)
    undamped[6, 0] = True
    figure = draw("basin", x, y, undamped, ~undamped, NAMES)
    values = np.asarray(figure.axes[1].collections[0].get_array()).reshape(5, 7)
    assert values[0, 6] == 1 and values.sum() == 1
    assert "undamped: 2.9 % of 35 starts" in words(figure)
    with pytest.raises(ValueError, match=r"\(7, 5\)"):
        draw("basin", x, y, undamped.T, undamped, NAMES)


def test_comparisons_draw_their_arrays():
    nominal, held = np.array([0.95, 0.5]), np.array([0.846, 0.464])
    found = lines(draw("coverage", nominal, {"beta": held}), "beta")[0]
    np.testing.assert_allclose(found, [[50, 46.4], [95, 84.6]])
    item = Quantiles("beta", [0.1, 0.5, 0.9], [np.nan, 2.0, 3.0], [0.0, 1.0, 4.0])
    figure = draw("quantile_quantile", [item])
    np.testing.assert_array_equal(lines(figure, "quantiles")[0], [[2, 1], [3, 4]])
    assert "1 quantile not finite" in words(figure)
    n = np.array([1, 4, 16])
    figure = draw("replication", n, {"tv": [0.2, 0.11, 0.05], "none": [0, np.nan, 0]})
    rate = lines(figure, "rate")[0]
    np.testing.assert_allclose(rate, [[1, 0.2], [4, 0.1], [16, 0.05]])
    x = np.linspace(0, 1, 5)
    logs = np.array([0.0, -50.0, -1000.0, -np.inf, -1.0])
    found = lines(draw("tails", [TailPanel("b", x, logs, logs)]), "exact")[0]
    np.testing.assert_allclose(found[:3, 1], logs[:3] / math.log(10))


def test_remedies_are_all_named_even_without_an_error():
    rungs = [
        Rung("Laplace", 12, 0.8),
        Rung("exact", 9000, 0.0),
        Rung("broken", 5, np.nan),
        Rung("endless", np.inf, 0.1),
    ]
    figure = draw("remedy_ladder", rungs, 0.1)
    said = words(figure)
    assert "No finite error: broken." in said and "Cost not known: endless." in said
    assert lines(figure, "Laplace")[0].tolist() == [[12, 0.8]]
    assert lines(figure, "exact")[0][0, 1] > 0  # at the foot: zero has no place on a log axis
    with pytest.raises(ValueError, match="no method"):
        draw("remedy_ladder", rungs[2:], 0.1)


@pytest.mark.parametrize("kind", OF_ERRORS)
def test_a_ladder_names_the_unit_of_its_errors_and_no_other(kind):
    figure = draw("remedy_ladder", [Rung("Laplace", 12, 0.8)], 0.1, scale_is=kind)
    label = figure.axes[0].get_ylabel()
    assert [other for other, text in OF_ERRORS.items() if text in label] == [kind]


def test_an_error_of_no_matter_takes_no_room_from_the_others():
    rungs = [Rung("Laplace", 12, 0.8), Rung("grid", 9000, 1e-12), Rung("good", 90, 2e-4)]
    figure = draw("remedy_ladder", rungs, 0.1)
    low, high = figure.axes[0].get_ylim()
    assert low > 1e-5 and high < 10
    assert lines(figure, "good")[0].tolist() == [[90, 2e-4]]
    (grid,) = (line for line in figure.axes[0].get_lines() if line.get_label() == "grid")
    assert grid.get_marker() == "v" and low <= grid.get_ydata()[0] < 2e-4
    assert "Triangle: an error below 1e−4." in words(figure)


def test_names_beside_points_do_not_touch():
    figure = style.page(4, "title")
    axes = figure.add_subplot()
    axes.set(xlim=(0, 1), ylim=(0, 1))
    points = [(0.5 + 0.01 * (k % 3), 0.5 + 0.01 * (k // 3)) for k in range(9)]
    with style.settings():
        written = labels.place(axes, points, [f"method {k}" for k in range(9)])
        figure.draw_without_rendering()
    boxes = [Text.get_window_extent(found) for found in written]  # without the leading lines
    frame = axes.bbox
    for order, box in enumerate(boxes):
        assert frame.x0 <= box.x0 and box.x1 <= frame.x1
        assert not any(box.overlaps(other) for other in boxes[:order])


# --- text and bytes ---------------------------------------------------------------------------


# What no file name, font or XML file holds: a leading underscore, a control character, a lone
# surrogate, a code point that is no character, a letter that DejaVu lacks, markup.
STRANGE = "_β\x00\x01\ud800\ufffe中<&-->"


@pytest.mark.parametrize("name", ["alpha", LONG, STRANGE])
def test_text_is_literal_stays_on_the_page_and_does_not_overlap(name, plain, monkeypatch):
    """In every picture; and no name makes a warning or breaks the file."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        drawn = plain if name == "alpha" else every_picture(name)
        assert tuple(drawn) == figures.PICTURES
        for stem, figure in drawn.items():
            boxes = drawn_texts(figure, monkeypatch)
            check_boxes(stem, boxes, figure.bbox)
            said = " ".join(found for found, _ in boxes)
            assert ("$\\foo$" in said) == (name == LONG), stem
            if name == STRANGE:
                assert "_β\ufffd\ufffd\ufffd\ufffd中<&-->" in said.replace("\n", ""), stem
                root = ElementTree.fromstring(svg(figure))
                assert root.tag.endswith("svg")


def check_boxes(stem, boxes, page):
    assert len(boxes) > 3, stem
    for order, (said, box) in enumerate(boxes):
        inside = box.x0 > -1 and box.y0 > -1 and box.x1 < page.x1 + 1 and box.y1 < page.y1 + 1
        assert inside, (stem, said, box)
        for other, other_box in boxes[:order]:
            # two pixels of the line height are empty: boxes may share them
            wide = min(box.x1, other_box.x1) - max(box.x0, other_box.x0)
            high = min(box.y1, other_box.y1) - max(box.y0, other_box.y0)
            assert not (wide > 2 and high > 2), (stem, said, other)


def test_bytes_are_the_same_twice_and_hold_no_date(plain, monkeypatch):
    """Also after the figure was drawn for something else, and under a user's own settings."""
    first = {stem: svg(figure) for stem, figure in plain.items()}
    monkeypatch.setitem(matplotlib.rcParams, "font.size", 17)  # a user's setting
    for stem, figure in every_picture().items():
        again = svg(figure)
        assert again == first[stem], stem
        assert b"<dc:date>" not in again and b"atplotlib v" not in again
        # the layout solver's last bits differ from run to run; none of them may be left
        for axes in figure.axes:
            bounds = axes.get_position(original=True).bounds
            np.testing.assert_allclose(bounds, np.round(bounds, 6), rtol=0, atol=1e-15)


def test_a_figure_can_be_saved_again_by_any_kind_of_target(tmp_path):
    figure = draw("contours", [pair()])
    for kind, magic in (("png", b"\x89PNG"), ("svg", b"<?xml")):
        style.save(figure, tmp_path / f"x.{kind}")
        style.save(figure, str(tmp_path / f"y.{kind}"))
        bytes_written = (tmp_path / f"x.{kind}").read_bytes()
        assert bytes_written.startswith(magic)
        assert bytes_written == (tmp_path / f"y.{kind}").read_bytes()
    with pytest.raises(ValueError, match="pdf"):
        style.save(figure, tmp_path / "x.pdf")


def test_declined_shows_reason_and_message_in_full():
    message = "Along (alpha, beta) = (1, 2.3) the $log$ density rises for ever: give beta a prior."
    figure = draw("declined", "separation", message, case="bioassay / flat")
    said = words(figure)
    assert "declined: separation" in said
    assert message in said.replace("\n", " ")
    assert "Case bioassay / flat." in said
    endless = draw("declined", "improper", "word " * 5000)
    assert endless.get_figheight() < 8 and "…" in words(endless)


def test_no_series_has_the_colour_of_a_thing():
    things = {style.EXACT, style.LAPLACE, style.MODE, style.STUDENT, style.NUTS}
    assert not things & {style.series(k)["color"] for k in range(210)}


def test_every_series_looks_different():
    looks = [tuple(map(str, style.series(k).values())) for k in range(210)]
    assert len(set(looks)) == 210


def test_pyplot_is_never_imported():
    code = (
        "import io, sys\n"
        "from laplace_approx.figures import PICTURES\n"
        "assert 'matplotlib' not in sys.modules and 'numpy' not in sys.modules\n"
        "from laplace_approx.figures.declined import declined\n"
        "from laplace_approx.figures.style import save\n"
        "save(declined('separation', 'm'), io.BytesIO())\n"
        "bad = [m for m in sys.modules if m.split('.')[0] in ('scipy', 'pandas')]\n"
        "assert not bad and 'matplotlib.pyplot' not in sys.modules, bad\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": ":".join(filter(None, sys.path)), "HOME": "/tmp", "PATH": ""},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


# --- words and numbers ------------------------------------------------------------------------


def test_wrapped_text_fits_and_loses_nothing():
    sentence = "the quick_brown fox jumps/over " * 6 + "W" * 80
    rows = text.wrap(sentence, 120, 9).split("\n")
    assert all(text.width(row, 9) <= 120 for row in rows)
    assert re.sub(r"\s", "", "".join(rows)) == re.sub(r"\s", "", sentence)
    short = text.wrap("beginning_" + "x" * 300 + "_end", 120, 9, 2)
    assert short.count("\n") <= 1
    assert short.startswith("beginning") and short.endswith("_end") and text.ELLIPSIS in short
    assert text.wrap("", 100, 9) == ""


def test_labels_keep_the_unit():
    assert text.label("LD50", UNITS) == "LD50 (log g/ml)"
    kept = text.label("x" * 200, {"x" * 200: "mm"}, 150)
    assert kept.endswith("(mm)") and kept.count("\n") == 1


@pytest.mark.parametrize(
    ("value", "span", "shown"),
    [
        (25.4142, 22, "25.41"),
        (-0.27571, 0.379, "−0.2757"),
        (-0.00001, 22, "0.00"),
        (12345.6, 4000, "12,346"),
        (1.5e9, 1e8, "1.500e9"),
        (math.inf, 1, "∞"),
        (-math.inf, 1, "−∞"),
        (math.nan, 1, "none"),
    ],
)
def test_numbers(value, span, shown):
    assert to_scale(value, span) == shown


@pytest.mark.parametrize(
    ("share", "shown"),
    [
        (0.05589, "5.6 %"),
        (4.011e-6, "0.00040 %"),
        (0.0, "0 %"),
        (1.0, "100 %"),
        (0.99954, "99.954 %"),
        (0.712, "71 %"),
        (1e-9, "1.0e−7 %"),
        (math.nan, "unknown"),
    ],
)
def test_percentages(share, shown):
    assert percent(share) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.001, "0.001"), (200.0, "200"), (1e6, "1,000,000"), (5e-7, "5e−7"), (1e10, "1e10")],
)
def test_ticks_of_logarithmic_axes(value, shown):
    assert power(value) == shown


def test_an_axis_bears_the_label_and_the_unit_of_the_model():
    record = {"labels": {"ld50": "LD50"}, "units": {"ld50": "log g/ml", "beta": "per log g/ml"}}
    spoken = text.axis_texts(record)
    assert text.label("ld50", spoken) == "LD50 (log g/ml)"
    assert text.label("beta", spoken) == "beta (per log g/ml)"
    assert text.label("alpha", spoken) == "alpha"

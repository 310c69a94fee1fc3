"""Laws of quadrature on a lattice, of quantiles of any quantity, and of quantiles of draws."""

import math

import numpy as np
import pytest

from known_posteriors import BIOASSAY, BIOASSAY_NORMAL
from laplace_approx.exact.box import named_grid
from laplace_approx.exact.derived.quantiles import DerivedQuantity
from laplace_approx.exact.draw_quantiles import draw_quantiles
from laplace_approx.exact.normal_lattice import normal_lattice
from laplace_approx.normal.normal import Normal
from laplace_approx.numerics.inverse_cdf import invert_cdf
from laplace_approx.numerics.quadrature import (
    ORDER,
    band_limited,
    bounded_increments,
    increments,
    interpolation_weights,
    node_weights,
    partial_weights,
)
from laplace_approx.numerics.roots import crossings

P = np.array([0.005, 0.025, 0.25, 0.5, 0.75, 0.975, 0.995])
Z = np.array([-2.575829303548901, -1.959963984540054, -0.6744897501960817, 0])
Z = np.append(Z, -Z[2::-1])  # of the standard normal
# Quantiles of LD50 = -alpha / beta under the normal approximation of the bioassay posterior,
# given beta > 0 and of all of it, computed independently by 40-digit quadrature.
LAPLACE_LD50 = [-1.0297512328797038, -0.3943607003829333, -0.1702902537530086]
LAPLACE_LD50 += [-0.11199369515280133, -0.04235407662072826, 0.452448138825354, 2.299287084828211]
LAPLACE_LD50_ALL = [-2.9331876843835945, -0.6435081909451509, -0.17709528359400864]
LAPLACE_LD50_ALL += [-0.1146467724579935, -0.042674680671457535, 0.5231161843326667]
LAPLACE_LD50_ALL += [2.825209929330113]
LD50_SCALE = 0.08  # it has no SD; this is about half its central 68 %


def ld50(theta):
    return -theta[..., 0] / theta[..., 1]


def slope_positive(theta):
    return theta[..., 1] > 0


def correlated(d):
    mean = np.arange(1.0, d + 1)
    spread = np.array([[1, 0.9, 0.5], [0.9, 1, 0.7], [0.5, 0.7, 1]])[:d, :d]
    return Normal(mean, np.linalg.cholesky(spread))


@pytest.mark.parametrize("degree", range(ORDER))
def test_polynomials_below_the_order_are_integrated_exactly(degree):
    x = np.linspace(-1, 1, 23)
    h = x[1] - x[0]
    exact = (x ** (degree + 1) - x[0] ** (degree + 1)) / (degree + 1)
    # the weights come from a system of the order's size, which costs two digits
    assert h * np.cumsum(increments(x**degree)) == pytest.approx(exact[1:], abs=1e-13)
    assert h * node_weights(23) @ x**degree == pytest.approx(exact[-1], abs=1e-13)
    # within the stencil that starts at node 5: to 0.3 of its fourth interval, and the value there
    stencil = x[5 : 5 + ORDER] ** degree
    low, high = x[8], x[8] + 0.3 * h
    part = h * partial_weights(0.3, 3, ORDER) @ stencil
    assert part == pytest.approx((high ** (degree + 1) - low ** (degree + 1)) / (degree + 1))
    assert interpolation_weights(0.3, 3, ORDER) @ stencil == pytest.approx(high**degree)


def test_the_rule_converges_with_its_order():
    """As far as 41 nodes: from 81 on the error is the rounding of the weights (1e-13 of 54)."""
    errors = []
    for n in (21, 41):
        x = np.linspace(0, 4, n)
        total = np.cumsum(increments(np.exp(x)))[-1] * (x[1] - x[0])
        errors.append(abs(total - math.expm1(4)))
    assert math.log2(errors[0] / errors[1]) > ORDER - 0.5


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 6, 7, 8, 9])
def test_few_nodes_are_enough_for_a_lower_order(n):
    assert node_weights(n).sum() == pytest.approx(max(n - 1, 1))
    if n > 1:
        assert increments(np.arange(n)) == pytest.approx(np.arange(n - 1) + 0.5)


def test_an_unresolved_peak_stays_where_it_is():
    peak = np.zeros(20)
    peak[7] = 1.0
    mass = bounded_increments(peak)
    assert np.all(mass >= 0) and mass[:6].sum() == 0 and mass[8:].sum() == 0


def test_a_series_fills_in_what_fades_at_both_ends():
    x = np.linspace(-9, 9, 55)
    dense = band_limited(np.exp(-0.5 * x**2), 8)
    exact = np.exp(-0.5 * np.linspace(-9, 9, 433) ** 2)
    # a third of an SD between nodes: the alias error is exp(-2 pi^2 / (1/3)^2 / 4)
    assert dense == pytest.approx(exact, abs=1e-14)
    assert dense[::8] == pytest.approx(np.exp(-0.5 * x**2), abs=0)


@pytest.mark.parametrize("d", [1, 2, 3])
def test_linear_quantities_of_a_normal_are_exact(d):
    normal = correlated(d)
    form = np.array([1.0, -1.0, 2.0])[:d]
    sd = np.linalg.norm(normal.cholesky.T @ form)
    points, tolerance = {1: (201, 1e-7), 2: (121, 1e-6), 3: (41, 1e-4)}[d]
    derived = DerivedQuantity(normal_lattice(normal, points), lambda x: x @ form)
    found = derived.quantiles(P)
    assert (found.value - form @ normal.mean) / sd == pytest.approx(Z, abs=tolerance)
    assert np.all(np.abs(found.value - form @ normal.mean - sd * Z) <= found.error)
    assert derived.cdf(found.value).value == pytest.approx(P, abs=1e-6)
    assert derived.excluded_mass == pytest.approx(0, abs=1e-12)


def test_ld50_of_the_laplace_approximation():
    derived = DerivedQuantity(normal_lattice(BIOASSAY_NORMAL, 171), ld50, slope_positive)
    found = derived.quantiles(P)
    truth = np.array(LAPLACE_LD50)
    # the 99.5 % point is the hardest: the density is 0.002 there, and 1e-9 of mass 1e-6 of LD50
    assert (found.value - truth) / LD50_SCALE == pytest.approx(np.zeros(7), abs=1e-5)
    assert np.all(np.abs(found.value - truth) < found.error)
    assert np.all(found.error / LD50_SCALE < 1e-3)
    mean, sd = BIOASSAY_NORMAL.mean[1], np.linalg.norm(BIOASSAY_NORMAL.cholesky[1])
    below = 0.5 * math.erfc(mean / sd / math.sqrt(2))
    assert derived.excluded_mass == pytest.approx(below, abs=1e-8)


def test_ld50_across_its_pole():
    derived = DerivedQuantity(normal_lattice(BIOASSAY_NORMAL, 121), ld50)
    found = derived.quantiles(P)
    assert (found.value - LAPLACE_LD50_ALL) / LD50_SCALE == pytest.approx(np.zeros(7), abs=1e-4)
    assert np.all(np.abs(found.value - LAPLACE_LD50_ALL) < found.error)


def test_no_answer_depends_on_what_was_asked_before():
    def opened():
        lattice = normal_lattice(BIOASSAY_NORMAL, 81)
        return DerivedQuantity(lattice, ld50, slope_positive, usual=P)

    asked, fresh, x = opened(), opened(), np.array([-0.3, 0.1])
    asked.cdf(np.array([0.7]))
    asked.quantiles([0.3, 0.99])
    asked.quantiles(P[2:4])
    np.testing.assert_array_equal(asked.quantiles([0.99]), opened().quantiles([0.99]))
    np.testing.assert_array_equal(asked.cdf(x), fresh.cdf(x))
    assert asked.excluded_mass == fresh.excluded_mass
    np.testing.assert_array_equal(asked.quantiles(P), np.flip(fresh.quantiles(P[::-1]), axis=1))


def test_axes_in_the_other_order_give_the_same():
    swapped = Normal(
        BIOASSAY_NORMAL.mean[::-1],
        np.linalg.cholesky((BIOASSAY_NORMAL.cholesky @ BIOASSAY_NORMAL.cholesky.T)[::-1, ::-1]),
    )
    derived = DerivedQuantity(
        normal_lattice(swapped, 121), lambda x: -x[..., 1] / x[..., 0], lambda x: x[..., 0] > 0
    )
    assert derived.quantiles(P).value == pytest.approx(np.array(LAPLACE_LD50), abs=1e-5)


def test_stretches_that_are_smooth_from_one_side_need_no_panels():
    """A ratio whose denominator passes 0, with a correlation of 0.99: at some level every rough
    stretch is served from the lines on one side of it."""
    normal = Normal(np.array([0.3, -0.2]), np.linalg.cholesky([[1, 0.99], [0.99, 1]]))
    p = np.array([0.005, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975, 0.995])
    lattice = normal_lattice(normal, 201)
    found = DerivedQuantity(lattice, lambda x: x[..., 0] / x[..., 1], usual=p).quantiles(p)
    z = np.random.default_rng(1).standard_normal((2_000_000, 2)) @ normal.cholesky.T + normal.mean
    draws = draw_quantiles(z[:, 0] / z[:, 1], p)
    assert np.all(np.abs(found.value - draws.value) < 4 * draws.error + found.error)


def test_a_round_region_has_the_chi_squared_distribution():
    standard = Normal(np.zeros(2), np.eye(2))
    derived = DerivedQuantity(normal_lattice(standard, 81), lambda x: np.sum(x * x, axis=-1))
    p = P[[0, 3, 5]]
    found = derived.quantiles(p)
    truth = -2 * np.log1p(-p)
    # lines that graze a small circle are the hardest: its mass has a square root's bend there
    assert found.value == pytest.approx(truth, rel=3e-5)
    assert np.all(np.abs(found.value - truth) <= found.error)


def test_a_step_has_the_quantiles_of_its_steps():
    standard = Normal(np.zeros(1), np.eye(1))
    derived = DerivedQuantity(normal_lattice(standard, 201), lambda x: np.floor(x[..., 0]))
    assert derived.quantiles([0.1, 0.4, 0.6]).value == pytest.approx([-2, -1, 0], abs=1e-6)
    assert derived.cdf([-1.0, -0.5]).value == pytest.approx([0.5, 0.5], abs=1e-9)


def test_a_quantity_of_one_parameter_finds_the_axis_that_crosses_it():
    normal = correlated(2)
    derived = DerivedQuantity(normal_lattice(normal, 121), lambda x: np.exp(x[..., 1]))
    assert np.log(derived.quantiles(P).value) == pytest.approx(2 + Z, abs=1e-7)


def test_a_condition_that_never_holds_leaves_nothing():
    lattice = normal_lattice(correlated(2), 41)
    derived = DerivedQuantity(lattice, lambda x: x[..., 0], lambda x: x[..., 0] > 1e6)
    assert derived.excluded_mass == 1
    assert np.isnan(derived.quantiles(P).value).all()


def test_nan_counts_as_excluded():
    standard = Normal(np.zeros(1), np.eye(1))
    derived = DerivedQuantity(normal_lattice(standard, 201), lambda x: np.sqrt(x[..., 0]))
    assert derived.excluded_mass == pytest.approx(0.5, abs=1e-8)
    # half the median of a half normal is at its 50 % point, 0.6744897501960817
    assert derived.quantiles([0.5]).value ** 2 == pytest.approx([0.6744897501960817], abs=1e-7)


def test_a_named_box_passes_on_what_it_leaves_out():
    grid = named_grid(BIOASSAY, [-4, -10], [8, 40], [100, 100])
    lost = grid.outside_mass["total"]
    inside = DerivedQuantity(grid.lattice, ld50, slope_positive)
    honest = DerivedQuantity(grid.lattice, ld50, slope_positive, outside_mass=lost)
    truth = np.array([-0.35596739184205206, -0.11173031572762505, 0.23828674165298608])
    wide, narrow = honest.quantiles(P[[0, 3, 6]]), inside.quantiles(P[[0, 3, 6]])
    assert np.array_equal(wide.value, narrow.value)
    assert np.all(np.abs(wide.value - truth) < wide.error)
    assert np.all(wide.error > narrow.error)


def test_probabilities_that_are_none_are_refused():
    derived = DerivedQuantity(normal_lattice(correlated(1), 41), lambda x: x[..., 0])
    for p in ([0.0], [1.0], [math.nan]):
        with pytest.raises(ValueError, match="between 0 and 1"):
            derived.quantiles(p)
        if p != [0.0] and p != [1.0]:
            with pytest.raises(ValueError, match="between 0 and 1"):
                draw_quantiles([1.0, 2.0], p)


def test_crossings_of_smooth_steep_and_broken_functions():
    functions = (
        lambda x: np.cos(x) - x,
        lambda x: np.where(x < 0.3, -1e12, 1e-9),
        lambda x: np.where(x < 0.7, np.nan, -1.0),
        lambda x: np.tan(np.pi * (x - 0.5)) - 1e6,
    )
    low, high = np.full(4, 1e-9), np.full(4, 1 - 1e-9)

    def value(x, which):
        return np.array([functions[i](t) for i, t in zip(which, x, strict=True)])

    everything = np.arange(4)
    found = crossings(value, low, high, value(low, everything), value(high, everything), 1e-12)
    truth = [0.7390851332151607, 0.3, 0.7, 0.5 + math.atan(1e6) / math.pi]
    assert found == pytest.approx(truth, abs=1e-11)


def test_a_cdf_is_inverted_from_a_poor_guess():
    def logistic(x):
        return 1 / (1 + np.exp(-x))

    found = invert_cdf(logistic, [0.001, 0.5, 0.999], [5, 5, 5], [6, 6, 6])
    assert found == pytest.approx([-math.log(999), 0, math.log(999)], abs=1e-7)
    never = invert_cdf(lambda x: np.full(x.shape, 0.2), [0.5], [0.0], [1.0])
    assert never == [np.inf]


def test_draw_quantiles_are_median_unbiased():
    x = np.random.default_rng(3).standard_normal(37)
    p = np.concatenate([[0, 1], P])
    found = draw_quantiles(x, p).value
    assert found == pytest.approx(np.quantile(x, p, method="median_unbiased"))


def test_the_standard_error_is_that_of_repetition():
    rng = np.random.default_rng(8)
    p = np.array([0.025, 0.5, 0.975])
    repeated = [draw_quantiles(rng.exponential(size=1500), p) for _ in range(400)]
    spread = np.std([found.value for found in repeated], axis=0)
    claimed = np.mean([found.error for found in repeated], axis=0)
    # the spread of 400 repetitions is itself known to 3.5 %: allow four of these
    assert claimed / spread == pytest.approx(np.ones(3), abs=0.14)


def test_draws_with_infinity_nan_or_next_to_none():
    heavy = draw_quantiles([1.0, 2.0, np.inf, -np.inf, 3.0], [0.1, 0.5, 0.95])
    assert heavy.value[1] == 2 and heavy.value[2] == np.inf and heavy.value[0] == -np.inf
    assert np.isnan(draw_quantiles([1.0, np.nan], P).value).all()
    assert np.isnan(draw_quantiles([], P).value).all()
    one = draw_quantiles([4.0], [0.5])
    assert one.value == [4] and np.isnan(one.error).all()
    assert draw_quantiles([4.0, 4.0, 4.0], [0.5]).error == [0]

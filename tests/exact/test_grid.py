"""Laws of the named grid: cells, edges, what lies outside, spacing, draws and records."""

import json
import math
import tracemalloc

import numpy as np
import pytest

from known_posteriors import BIOASSAY, BIOASSAY_LOG_EVIDENCE, unbounded
from laplace_approx.density.density import Density
from laplace_approx.density.model import Model
from laplace_approx.density.posterior import natural_density
from laplace_approx.density.priors import build_prior
from laplace_approx.exact.box import named_grid
from laplace_approx.exact.ends import mass_beyond
from laplace_approx.exact.grid import grid_bytes, jittered_draws, lattice_from
from laplace_approx.exact.marginal import cdf_from_marginal, quantile_from_marginal

# The chapter's box for the bioassay under a flat prior. What lies outside was computed
# independently by 40-digit quadrature.
CHAPTER = ([-4, -10], [8, 40])
OUTSIDE = 7.112845716857885e-4
OUTSIDE_SIDES = {
    "alpha": {"lower": 2.4738936143171488e-08, "upper": 2.5738948823372915e-05},
    "beta": {"lower": 9.912825748906248e-40, "upper": 0.0006930134236714003},
}


@pytest.fixture(scope="module")
def chapter():
    return named_grid(BIOASSAY, *CHAPTER, [100, 100])


def normal(mean, sd, offset=0.0, correlation=0.0):
    """Return independent normals, or a pair with a correlation, plus an offset."""
    mean, sd = np.asarray(mean, dtype=float), np.asarray(sd, dtype=float)

    def value(x):
        u = (x - mean) / sd
        cross = 2 * correlation * np.prod(u, axis=-1) if correlation else 0.0
        return offset - 0.5 * (np.sum(u * u, axis=-1) - cross) / (1 - correlation**2)

    return unbounded([f"x{i}" for i in range(mean.size)], value)


def on_half_line(value):
    return Density(("s",), value, None, None, np.zeros(1), np.array([np.inf]))


def half_normal(x):
    with np.errstate(invalid="ignore"):
        return np.where(x[..., 0] > 0, -0.5 * x[..., 0] ** 2, -np.inf)


def test_cells_are_those_of_the_chapter(chapter):
    # moments of the cells of this very grid, computed independently in double precision
    assert chapter.mass.sum() == pytest.approx(1, abs=1e-13)
    assert chapter.mean == pytest.approx([1.3128172743124984, 11.613945096974742], abs=1e-11)
    assert chapter.sd == pytest.approx([1.0992951990313686, 5.712999407223388], abs=1e-11)
    assert chapter.lattice.nodes()[0, :, 1] == pytest.approx(np.linspace(-10, 40, 100), abs=1e-14)


def test_log_evidence_is_that_of_the_box(chapter):
    # what is left is the trapezoid's end correction, step^2 / 12 times the slope at beta = 40
    truth = BIOASSAY_LOG_EVIDENCE + math.log1p(-OUTSIDE)
    assert chapter.log_evidence == pytest.approx(truth, abs=2e-6)


def test_outside_mass_is_estimated_on_every_side(chapter):
    assert chapter.outside_mass["total"] == pytest.approx(OUTSIDE, rel=0.02)
    for name, sides in OUTSIDE_SIDES.items():
        for end, truth in sides.items():
            # a side is judged inside the bounds of the other parameter: part of it is cut off
            assert 0.5 < chapter.outside_mass[name][end] / truth < 2
    assert not chapter.certified
    assert any(reason.startswith("beta > 40 holds about 6.8e-04") for reason in chapter.reasons)


def test_marginals_are_those_of_the_box(chapter):
    from scipy.integrate import quad

    t, w = np.polynomial.legendre.leggauss(120)
    for i, name in enumerate(chapter.lattice.frame.names):
        (low, high), (other_low, other_high) = ((CHAPTER[0][j], CHAPTER[1][j]) for j in (i, 1 - i))
        nodes = other_low + (other_high - other_low) * (t + 1) / 2

        def density(x, i=i, nodes=nodes):
            theta = np.stack([np.full(nodes.shape, x), nodes], axis=-1)
            return w @ np.exp(BIOASSAY.log_density(theta if i == 0 else theta[:, ::-1]) + 6)

        whole = quad(density, low, high, epsabs=1e-13, epsrel=1e-12, limit=200)[0]
        p = np.array([0.005, 0.5, 0.975, 0.995])
        x = quantile_from_marginal(chapter.marginals[name], p)
        exact = [quad(density, low, q, epsabs=1e-13, epsrel=1e-12, limit=200)[0] for q in x]
        # 1e-7 of probability is 2e-5 SD even at the 99.5 % point, where the density is 0.005 / SD
        assert np.array(exact) / whole == pytest.approx(p, abs=1e-7)


@pytest.mark.parametrize("offset", [-1e6, 1e6])
def test_an_offset_moves_only_the_log_evidence(offset, chapter):
    moved = unbounded(("alpha", "beta"), lambda x: BIOASSAY.log_density(x) + offset)
    grid = named_grid(moved, *CHAPTER, [100, 100])
    assert grid.log_evidence - offset == pytest.approx(chapter.log_evidence, abs=1e-9)
    assert grid.mass == pytest.approx(chapter.mass, abs=1e-11)  # 1e6 is known to 1e-10


@pytest.mark.parametrize("scale", [1e-8, 1.0, 1e8])
@pytest.mark.parametrize("d", [1, 2, 3])
def test_exact_on_a_normal_of_any_scale(d, scale):
    mean, sd = scale * np.arange(1, d + 1), scale * 2.0 ** np.arange(d)
    points = {1: [201], 2: [201, 211], 3: [61, 71, 65]}[d]
    grid = named_grid(normal(mean, sd), mean - 8 * sd, mean + 8 * sd, points)
    # with 65 nodes an axis, leaving out half of them moves the quantiles by 3e-4 SD
    assert grid.certified == (d < 3), grid.reasons
    # the trapezoid rule of a normal with a quarter of an SD between nodes is exact to rounding
    assert grid.log_evidence == pytest.approx(
        d / 2 * math.log(2 * math.pi) + np.log(sd).sum(), abs=1e-12
    )
    assert grid.mean / scale == pytest.approx(mean / scale, abs=1e-12)
    assert grid.sd / sd == pytest.approx(np.ones(d), abs=1e-12)
    assert grid.skewness == pytest.approx(np.zeros(d), abs=1e-11)
    assert grid.correlation == pytest.approx(np.eye(d), abs=1e-12)
    for i, name in enumerate(grid.lattice.frame.names):
        z = quantile_from_marginal(grid.marginals[name], [0.025, 0.5]) - mean[i]
        assert z / sd[i] == pytest.approx([-1.959963984540054, 0], abs=2e-6)


def test_every_axis_is_the_right_way_round():
    grid = named_grid(normal([1, 20], [0.5, 4], correlation=0.6), [-2, -5], [4, 45], [51, 77])
    assert grid.correlation[0, 1] == pytest.approx(0.6, abs=1e-7)  # the box ends at 5 SD
    assert grid.mean == pytest.approx([1, 20], abs=1e-7)
    rows = grid.columns()
    theta = np.stack([rows["x0"], rows["x1"]], axis=-1)
    assert rows["mass"] @ theta == pytest.approx(grid.mean)
    density = normal([1, 20], [0.5, 4], correlation=0.6).log_density(theta)
    assert rows["log_density"] == pytest.approx(density)


def test_a_grid_is_rebuilt_from_its_record_and_log_densities(chapter):
    record = json.loads(json.dumps(chapter.record(), allow_nan=False))
    lattice = lattice_from(record, chapter.columns()["log_density"])
    assert np.array_equal(lattice.nodes(), chapter.lattice.nodes())
    assert lattice.mass() == pytest.approx(chapter.mass)
    assert record["points"] == [100, 100]
    assert record["bounds"] == {"alpha": [-4, 8], "beta": [-10, 40]}


def test_weights_integrate_a_density_to_its_evidence(chapter):
    weights, lattice = chapter.lattice.weights(), chapter.lattice
    assert math.log(np.sum(weights * np.exp(lattice.log_density))) == pytest.approx(
        chapter.log_evidence
    )


def test_a_box_that_misses_the_mode_says_so():
    grid = named_grid(normal([0.0], [1.0]), [1], [6], [80])
    assert grid.outside_mass["x0"]["lower"] is None and grid.outside_mass["total"] is None
    assert any("the mode lies outside" in reason for reason in grid.reasons)
    assert not grid.certified


def test_a_density_that_does_not_decay_is_not_certified():
    plateau = unbounded(("x",), lambda x: np.logaddexp(-0.5 * x[..., 0] ** 2, -20.0))
    grid = named_grid(plateau, [-12], [12], [241])
    assert not grid.certified
    assert any("does not fall" in reason for reason in grid.reasons)


def test_a_coarse_grid_says_so_and_its_quantiles_stay_near():
    grid = named_grid(BIOASSAY, *CHAPTER, [10, 10])
    assert any("too coarse: one cell holds 0.23" in reason for reason in grid.reasons)
    assert grid.discretisation_error["quantiles_sd"]["beta"] > 0.1
    # nodes are 5.6 apart: the polynomials between them must not put mass where there is none
    q = quantile_from_marginal(grid.marginals["beta"], [0.005, 0.5])
    assert q == pytest.approx([2.32, 10.65], abs=1.5)


def test_the_change_without_every_other_node_bounds_the_error():
    exact = named_grid(BIOASSAY, *CHAPTER, [801, 801])
    p = np.array([0.005, 0.025, 0.25, 0.5, 0.75, 0.975, 0.995])
    for n in (20, 41, 100):
        grid = named_grid(BIOASSAY, *CHAPTER, [n, n])
        for i, name in enumerate(("alpha", "beta")):
            wrong = quantile_from_marginal(grid.marginals[name], p)
            wrong = wrong - quantile_from_marginal(exact.marginals[name], p)
            bound = grid.discretisation_error["quantiles_sd"][name]
            assert np.abs(wrong).max() / exact.sd[i] < bound
        change = abs(grid.log_evidence - exact.log_evidence)
        assert change < grid.discretisation_error["log_evidence"]


def test_an_open_end_of_the_support_costs_no_mass():
    from scipy.special import ndtri

    grid = named_grid(on_half_line(half_normal), [0], [8], [161])
    assert grid.certified, grid.reasons
    # the trapezoid rule ends where the density is flat, so even its end costs nothing
    assert grid.log_evidence == pytest.approx(0.5 * math.log(math.pi / 2), abs=1e-10)
    p = np.array([0.005, 0.5, 0.995])
    truth = ndtri(0.5 + p / 2)
    assert quantile_from_marginal(grid.marginals["s"], p) == pytest.approx(truth, abs=1e-8)


def test_a_density_without_a_limit_at_its_end_keeps_to_the_nodes_inside():
    def cubic(x):
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(x[..., 0] > 0, 3 * np.log(x[..., 0]) - x[..., 0], -np.inf)

    grid = named_grid(on_half_line(cubic), [0], [60], [1201])
    assert grid.lattice.log_density[0] == -np.inf
    assert grid.mean == pytest.approx([4], abs=1e-6)  # gamma(4, 1)


def test_a_box_beyond_the_support_is_told():
    grid = named_grid(on_half_line(half_normal), [-1], [8], [181])
    assert any("reaches beyond the support 0 < s" in reason for reason in grid.reasons)


def test_what_cannot_be_a_grid_is_refused_before_it_is_made():
    with pytest.raises(ValueError, match="would take 1"):
        named_grid(BIOASSAY, *CHAPTER, [10**6, 10**6])
    with pytest.raises(ValueError, match="one to three parameters"):
        named_grid(normal(np.zeros(4), np.ones(4)), [-1] * 4, [1] * 4, [5] * 4)
    for low, high in ([8, -4], [0, 0], [0, math.inf], [math.nan, 1]):
        with pytest.raises(ValueError, match="lower < upper"):
            named_grid(normal([0.0], [1.0]), [low], [high], [10])
    with pytest.raises(ValueError, match="two points"):
        named_grid(normal([0.0], [1.0]), [-1], [1], [1])
    assert grid_bytes([1000, 1000]) == 16_000_000


@pytest.mark.parametrize("points", [2, 3, 4, 5, 8])
def test_a_handful_of_points_is_a_poor_grid_and_no_failure(points):
    grid = named_grid(normal([0.0], [1.0]), [-4], [4], [points])
    assert not grid.certified
    assert np.all(np.diff(grid.marginals["x0"].cdf) >= 0)
    json.dumps(grid.record(), allow_nan=False)


def test_no_density_anywhere_is_an_empty_grid():
    nothing = unbounded(("x",), lambda x: np.full(x.shape[:-1], -np.inf))
    grid = named_grid(nothing, [-1], [1], [11])
    assert grid.log_evidence is None and grid.marginals == {} and not grid.certified
    assert grid.record()["sd"] == {"x": None}
    with pytest.raises(ValueError, match="no draws"):
        jittered_draws(grid, np.random.default_rng(0), 3)


def test_infinite_densities_are_left_out_and_told():
    spike = unbounded(("x",), lambda x: np.where(x[..., 0] == 0, np.inf, -0.5 * x[..., 0] ** 2))
    grid = named_grid(spike, [-9], [9], [181])
    assert any("infinite at 1 nodes" in reason for reason in grid.reasons)
    assert np.isfinite(grid.log_evidence)


def test_jittered_draws_follow_the_cells():
    density = normal([1, 20], [0.5, 4], correlation=0.6)
    grid = named_grid(density, [-2, -5], [4, 45], [51, 77])
    n = 40_000
    draws = jittered_draws(grid, np.random.default_rng(5), n)
    assert np.array_equal(draws, jittered_draws(grid, np.random.default_rng(5), n))
    step = np.array([6 / 50, 50 / 76])
    sd = np.sqrt(grid.sd**2 + step**2 / 12)  # of a cell, and uniform within it
    # five Monte Carlo standard errors
    assert draws.mean(axis=0) == pytest.approx(grid.mean, abs=5 * sd.max() / math.sqrt(n))
    assert draws.std(axis=0) / sd == pytest.approx([1, 1], abs=5 / math.sqrt(2 * n))
    assert np.corrcoef(draws.T)[0, 1] == pytest.approx(0.6 * np.prod(grid.sd / sd), abs=0.02)


def test_draws_stay_in_the_support():
    grid = named_grid(on_half_line(half_normal), [0], [8], [41])
    assert jittered_draws(grid, np.random.default_rng(1), 5000).min() > 0


def test_marginal_and_its_inverse_agree(chapter):
    p = np.linspace(0, 1, 201)
    for table in chapter.marginals.values():
        q = quantile_from_marginal(table, p)
        assert np.all(np.diff(q) > 0)
        assert cdf_from_marginal(table, q) == pytest.approx(p, abs=1e-13)
        assert cdf_from_marginal(table, [-1e9, 1e9]).tolist() == [0, 1]
        assert np.isnan(cdf_from_marginal(table, np.nan))
        with pytest.raises(ValueError, match="between 0 and 1"):
            quantile_from_marginal(table, [1.5])


def test_tails_of_known_shape():
    t = 0.01 * np.arange(3)  # inward from the edge
    assert mass_beyond(np.exp(3 * t), 0.01).mass == pytest.approx(1 / 3)  # exponential: exact
    power = 5 * (1 - t / 4) ** -6.0  # 5 (1 + s / 4)^-6 outward has the integral 5 * 4 / 5
    assert mass_beyond(power, 0.01).mass == pytest.approx(4, rel=2e-3)  # of differences over 0.01
    for edge in (1.0, 2.0, 4.0):
        tail = mass_beyond(np.exp(-0.5 * (edge - t) ** 2), 0.01).mass
        truth = math.sqrt(math.pi / 2) * math.erfc(edge / math.sqrt(2))
        assert truth < tail < 1.02 * truth  # the bound on Mills' ratio is 2 % high at one SD
    assert mass_beyond(np.exp(-t), 0.01).mass is None
    assert mass_beyond(np.exp(-t), 0.01, gap=2.0).mass == pytest.approx(math.exp(2) - 1)
    assert mass_beyond(np.array([0.0, 1.0, 2.0]), 0.01).mass == 0
    assert mass_beyond((1 - t) ** -0.9, 0.01).mass is None  # a power law without a finite integral


def test_a_grid_takes_no_more_memory_than_twice_its_columns():
    """An array of all cells and all data would take a hundred times as much, and one of a block of
    cells and all data would still be too large."""
    x = np.linspace(-1, 1, 400)
    model = Model(
        name="line",
        parameters=("a", "b"),
        log_likelihood=lambda theta: -np.sum((theta[..., :1] + theta[..., 1:] * x) ** 2, axis=-1),
        gradient=None,
        hessian=None,
        lower=np.full(2, -np.inf),
        upper=np.full(2, np.inf),
        start=np.zeros(2),
        quantities={},
        conditions={},
        monotone=None,
        n_data=x.size,
    )
    density = natural_density(model, build_prior({}, model.parameters))
    tracemalloc.start()
    columns = named_grid(density, [-1, -1], [1, 1], [601, 601]).columns()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2 * sum(column.nbytes for column in columns.values())

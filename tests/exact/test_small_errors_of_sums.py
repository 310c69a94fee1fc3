"""Errors of sums that leaving out nodes of one axis, or half of all, does not show: each is held
against a closed form, or against far more nodes."""

import math

import numpy as np
import pytest
from scipy import stats
from scipy.integrate import quad

from known_posteriors import unbounded
from laplace_approx.density.transforms import Identity
from laplace_approx.exact import marginal_lines
from laplace_approx.exact.axis import Axis
from laplace_approx.exact.bounds import Reach
from laplace_approx.exact.certified import certified_grid
from laplace_approx.exact.derived.quantiles import DerivedQuantity
from laplace_approx.exact.diagonals import diagonals, sums_by_remainder
from laplace_approx.exact.frame import Frame
from laplace_approx.exact.lattice import evaluate
from laplace_approx.exact.marginal_lines import MarginalLines
from laplace_approx.exact.normal_lattice import normal_lattice
from laplace_approx.exact.trial import LatticeTrial
from laplace_approx.normal.normal import Normal


def plane(points: int, shift=0.0) -> Frame:
    """Return a square frame of two plain axes, 12 each way."""
    axes = (Axis(-12.0 + shift, 12.0 + shift, points),) * 2
    support = np.array([np.full(2, -np.inf), np.full(2, np.inf)])
    return Frame(("x", "y"), (Identity(),) * 2, np.zeros(2), np.eye(2), axes, support)


RIDGE = (1e-9, 5.0, 0.8, 0.08)  # share, place on the diagonal, SD along it and across


def with_a_ridge(theta):
    """A standard normal, and far out a thin normal along the diagonal of the plane."""
    share, place, along, across = RIDGE
    v = (theta[..., 0] + theta[..., 1]) / math.sqrt(2)
    w = (theta[..., 0] - theta[..., 1]) / math.sqrt(2)
    bulk = -0.5 * (v * v + w * w)
    ridge = -0.5 * (((v - math.sqrt(2) * place) / along) ** 2 + ((w - 0.5 / 7) / across) ** 2)
    return np.logaddexp(bulk, ridge + math.log(share / (along * across)))


def moments_with_a_ridge():
    """Return mean, SD and skewness of x, in closed form."""
    share, place, along, across = RIDGE
    share = share / (1 + share)
    centre, variance = place + 0.5 / 7 / math.sqrt(2), (along**2 + across**2) / 2
    mean = share * centre
    away = centre - mean
    sd = math.sqrt((1 - share) * (1 + mean**2) + share * (variance + away**2))
    third = (1 - share) * (-3 * mean - mean**3) + share * (3 * away * variance + away**3)
    return np.array([mean, sd, third / sd**3])


@pytest.mark.parametrize("shift", [0.0, 0.03, 0.06])
def test_moments_owe_what_runs_along_the_diagonal(shift):
    """Nodes 0.2 apart, of diagonals 0.14 apart: what they miss of a ridge 0.08 wide is a wave
    across both axes, of which leaving out nodes of one shows next to nothing."""
    frame = plane(121, shift)
    trial = LatticeTrial(Reach(frame, ends_on(frame)), with_a_ridge, 0)
    found = trial.result()
    stated = np.array([found.numbers.mean, found.numbers.sd, found.numbers.skewness])
    off = np.abs(stated - moments_with_a_ridge())
    assert np.all(off <= 2 * found.moment_errors)
    assert np.all(found.moment_errors < 1e-6)  # of the third moment, 1.25e-7 is the ridge's


def ends_on(frame):
    from laplace_approx.exact.axis_ends import ends_of

    p, _ = evaluate(frame, with_a_ridge).relative()
    return ends_of(frame, p, 0)


@pytest.mark.parametrize("shape", [(7, 5), (6, 9, 4)])
def test_remainders_along_a_diagonal_add_up_to_the_sums_over_lines(shape):
    """Every node leaves one remainder, and that of the number that its place gives."""
    p = np.random.default_rng(1).random(shape)
    across = tuple(range(1, p.ndim))
    assert len(diagonals(2)) == 2 and len(diagonals(3)) == 10
    for each in diagonals(p.ndim):
        sums = sums_by_remainder(p, each)
        assert np.allclose(sums.sum(axis=0), p.sum(axis=across), rtol=1e-13)
        numbers = np.tensordot(each, np.indices(shape), 1) % 8
        due = np.where(numbers == 3, p, 0.0).sum(axis=across)
        assert np.allclose(sums[3], due, rtol=1e-13)


def test_fewer_nodes_of_lines_are_read_by_the_same_rule(monkeypatch):
    """Else the lines that are not filled in are held against fewer that are, and these are nearer
    to the truth."""
    lattice = evaluate(plane(121), lambda theta: -0.5 * np.sum(theta**2, axis=-1))
    for filled, times in ((2**23, 4), (3 * 121**2, 2), (2 * 121**2 - 1, 1), (0, 1)):
        monkeypatch.setattr(marginal_lines, "FILLED", filled)
        lines = MarginalLines(lattice, 1)
        assert lines.times == times
        assert all(lines.every(few).times == times for few in (2, 4, 8))


@pytest.mark.parametrize(("a", "w"), [(0.14972346705334846, 43.067669983680055), (0.5, 12.0)])
def test_the_mean_of_a_log_density_is_off_by_no_more_than_is_said(a, w):
    """Of (1 + a cos w x) exp(-x^2 / 2) the logarithm has waves of which the density has none."""

    def log_density(theta):
        x = theta[..., 0]
        return np.log1p(a * np.cos(w * x)) - 0.5 * x * x

    grid = certified_grid(unbounded(("x",), log_density), np.zeros(1))
    mean = float(np.sum(grid.mass * grid.lattice.log_density))
    x = np.linspace(-12, 12, 400001)
    density = np.exp(log_density(x[:, None]))
    due = float(np.sum(density * log_density(x[:, None])) / np.sum(density))
    # what lies outside has a log density of at most 40 here
    allowed = grid.lattice_error["entropy"] + 40 * grid.outside_mass["total"]
    assert abs(mean - due) <= 2 * allowed + 1e-12
    assert allowed < 1e-4


def test_a_slow_tail_under_a_steep_one_lies_outside():
    """A spike far out in the tail of a normal: the nodes on the spike fall at once, and those
    beyond it say nothing each, and of the normal's tail together."""
    width, place = 1.6e-4, 6.85

    def log_density(theta):
        x = theta[..., 0]
        spike = -0.5 * ((x - place) / width) ** 2 + math.log(0.2 / width)
        return np.logaddexp(math.log(0.8) - 0.5 * x * x, spike)

    grid = certified_grid(unbounded(("x",), log_density), np.array([0.0]))
    beyond = 0.8 * stats.norm.sf(grid.bounds[0, 1])
    beyond += 0.2 * stats.norm.sf((grid.bounds[0, 1] - place) / width)
    assert grid.outside_mass["x"]["upper"] >= beyond / 2
    assert grid.certified


@pytest.mark.parametrize("width", [2.0, 4.0])
@pytest.mark.parametrize("power", [1.5, 2.5, 3.5])
def test_a_region_that_begins_between_two_lines_is_as_good_as_it_says(power, width):
    """The region |y| <= ((x - t) / width)^power begins at x = t: the first line that meets it has
    little mass, and so have all differences. Of two independent standard normals its probability
    is the integral of phi(x) (2 Phi(((x - t) / width)^power) - 1) over x > t."""
    lattice = normal_lattice(Normal(np.zeros(2), np.eye(2)), 101)

    def quantity(theta):
        return width * np.abs(theta[..., 1]) ** (1 / power) - theta[..., 0]

    def due(t):
        def each(s):
            return stats.norm.pdf(t + s) * (1 - 2 * stats.norm.sf((s / width) ** power))

        pieces = ((0, 0.5), (0.5, 2), (2, 4), (4, 12))
        return sum(quad(each, *ends, epsabs=1e-14, epsrel=1e-12)[0] for ends in pieces)

    places = np.linspace(-1, 2.4, 35)
    value, error = DerivedQuantity(lattice, quantity).cdf(-places)
    off = np.abs(value - [due(t) for t in places])
    assert np.all(off <= 2 * error)
    assert np.all(error < 5e-6)  # half of the lines, 0.3 SDs apart, are off by that

"""The exact side of what is nearly normal, against the certified grid, and where it declines."""

import numpy as np
import pytest

from known_posteriors import BIOASSAY
from laplace_approx.density.density import Density
from laplace_approx.density.evaluation import counted
from laplace_approx.exact import near_normal as looks
from laplace_approx.exact.certified import certified_grid
from laplace_approx.exact.marginal import quantile_from_marginal
from laplace_approx.exact.near_normal import close_evaluations, close_look, glimpse
from laplace_approx.remedies.replication import replicated

MODE = (0.8466, 7.7488)  # of the bioassay, with any number of copies
P = np.array([0.025, 0.25, 0.5, 0.75, 0.975])


def near_normal(density, mode):
    """Return what the first look tells that serves, as it is in a search for copies of the data."""
    return glimpse(density, mode) or close_look(density, mode)


@pytest.mark.parametrize("copies", [16, 256])
def test_it_agrees_with_the_certified_grid(copies):
    density = replicated(BIOASSAY, None, copies)
    found, grid = near_normal(density, MODE), certified_grid(density, MODE)
    for name, sd in zip(density.names, grid.sd, strict=True):
        pair = (quantile_from_marginal(x[name], P) for x in (found.marginals, grid.marginals))
        assert np.max(np.abs(np.subtract(*pair))) < 1e-4 * sd
        assert abs(found.sd[name] - sd) < 1e-4 * sd


def test_a_heavy_tail_is_left_to_the_certified_grid():
    def log_density(x):
        return -1.5 * np.log1p(np.sum(x * x, axis=-1))

    ends = np.full(2, np.inf)
    density = Density(("x", "y"), log_density, None, None, -ends, ends)
    assert near_normal(density, (0.0, 0.0)) is None


@pytest.mark.parametrize("a, b", [(10.01, 0.01), (0.01, 10.01), (10.001, 0.001)])
def test_what_lies_where_digits_end_is_left_to_it(a, b):
    """Ten of ten with a prior that is nearly 1 / (p (1 - p)): what is left of 1 is no number."""

    def log_density(x):
        with np.errstate(divide="ignore", invalid="ignore"):
            return (a - 1) * np.log(x[..., 0]) + (b - 1) * np.log1p(-x[..., 0])

    density = Density(("p",), log_density, None, None, np.zeros(1), np.ones(1))
    assert near_normal(density, (a / (a + b),)) is None


# of exp(-x^2 / 2 + sin(x) / 50), by the trapezoid rule with 20 001 nodes on (-12, 12)
NODES = np.linspace(-12, 12, 20_001)
WAVY = np.exp(-(NODES**2) / 2 + np.sin(NODES) / 50)
MEAN_OF_WAVY = np.average(NODES, weights=WAVY)
SD_OF_WAVY = np.sqrt(np.average((NODES - MEAN_OF_WAVY) ** 2, weights=WAVY))


def normal_but(d, off):
    """Return a standard normal whose log density is off by `off(x)`."""
    ends = np.full(d, np.inf)
    value = lambda x: -0.5 * np.sum(x * x, axis=-1) + off(x)  # noqa: E731
    return Density(tuple("abc"[:d]), value, None, None, -ends, ends)


def near(place, sd):
    return lambda x: np.exp(-0.5 * np.sum((x - np.array(place)) ** 2, axis=-1) / sd**2)


IN_A_PLANE, IN_SPACE = near((0.53, -0.71), 0.05), near((0.53, -0.71, 0.42), 0.3)
OFF_THE_NODES = {
    "hump": normal_but(2, lambda x: np.log1p(50 * IN_A_PLANE(x))),
    "hole": normal_but(2, lambda x: np.log1p(-0.9 * IN_A_PLANE(x))),
    "second hump": normal_but(2, lambda x: np.log1p(1e5 * near((4.1, -2.2), 0.05)(x))),
    "ripple": normal_but(2, lambda x: np.log1p(0.5 * np.cos(2 * np.pi * x[..., 0] / 0.15))),
    "hole in space": normal_but(3, lambda x: np.log1p(-0.9 * IN_SPACE(x))),
    "hump on a line": normal_but(1, lambda x: np.log1p(30 * near((0.53,), 0.004)(x))),
}


@pytest.mark.parametrize("name", OFF_THE_NODES)
def test_what_lies_off_its_nodes_is_left_to_it(name):
    density = OFF_THE_NODES[name]
    assert near_normal(density, (0.0,) * len(density.names)) is None


@pytest.mark.parametrize("d", [1, 2, 3])
def test_what_is_nearly_normal_raises_no_alarm(d):
    density = normal_but(d, lambda x: 0.02 * np.sum(x, axis=-1) ** 3 / (1 + np.sum(x * x, axis=-1)))
    found = near_normal(density, (0.0,) * d)
    grid = certified_grid(density, np.zeros(d))
    assert found is not None
    np.testing.assert_allclose(list(found.sd.values()), grid.sd, rtol=1e-4)


@pytest.mark.parametrize("d, most", [(2, 9e4), (3, 2.2e5)])
def test_what_is_nearly_normal_is_known_from_few_places(d, most):
    """In space a fifth or less of the nodes of a close look, those off the nodes included."""
    density, counter = counted(normal_but(d, lambda x: 0.02 * np.sum(np.sin(x), axis=-1)))
    found = near_normal(density, (0.0,) * d)
    assert counter.evaluations < most
    assert d < 3 or 5 * counter.evaluations < close_evaluations(d)
    np.testing.assert_allclose(list(found.sd.values()), SD_OF_WAVY, rtol=1e-6)


def test_two_widths_that_no_such_lattice_resolves_are_left_to_it():
    def log_density(x):
        square = np.sum(x * x, axis=-1)
        return np.logaddexp(-0.5 * square, 8 - 0.5e4 * square)

    ends = np.full(2, np.inf)
    density = Density(("x", "y"), log_density, None, None, -ends, ends)
    assert near_normal(density, (0.0, 0.0)) is None


def test_which_lattice_is_thinned_is_said_and_not_read_off_its_steps(monkeypatch):
    """The first look with the steps of the second one is taken whole, and the second by halves."""
    monkeypatch.setattr(looks, "GLIMPSE", (looks.CLOSE[0], 8.0))
    plain = normal_but(2, lambda x: 0.0 * x[..., 0])
    whole, thinned = (look(plain, (0.0, 0.0)) for look in (glimpse, close_look))
    assert whole.for_derived is whole.lattice
    points, half = (each.frame.shape for each in (thinned.lattice, thinned.for_derived))
    assert half == tuple(-(-n // 2) for n in points)

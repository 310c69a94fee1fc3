"""The exact side of what is nearly normal, against the certified grid, and where it declines."""

import numpy as np
import pytest

from known_posteriors import BIOASSAY
from laplace_approx.density.density import Density
from laplace_approx.exact.certified import certified_grid
from laplace_approx.exact.marginal import quantile_from_marginal
from laplace_approx.exact.near_normal import near_normal
from laplace_approx.remedies.replication import replicated

MODE = (0.8466, 7.7488)  # of the bioassay, with any number of copies
P = np.array([0.025, 0.25, 0.5, 0.75, 0.975])


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


def test_two_widths_that_no_such_lattice_resolves_are_left_to_it():
    def log_density(x):
        square = np.sum(x * x, axis=-1)
        return np.logaddexp(-0.5 * square, 8 - 0.5e4 * square)

    ends = np.full(2, np.inf)
    density = Density(("x", "y"), log_density, None, None, -ends, ends)
    assert near_normal(density, (0.0, 0.0)) is None

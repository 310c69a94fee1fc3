"""Stated errors of quantiles and CDFs are bounds, against distributions known in closed form."""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pytest
from scipy.special import ndtr

from laplace_approx.exact.derived.quantiles import DerivedQuantity
from laplace_approx.exact.normal_lattice import normal_lattice
from laplace_approx.normal.normal import Normal

P = np.array([0.005, 0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975, 0.995])


class Case(NamedTuple):
    """A quantity of theta whose CDF `truth` is known, where `condition` holds; `error` is the
    largest stated error of the CDF that is still of use."""

    quantity: Callable
    truth: Callable
    condition: Callable | None = None
    error: float = 3e-5


def sine(c):
    """P(sin(2 x) <= c), x standard normal: from one rising branch to the next falling one."""
    turn = np.arange(-8, 9)
    rising = (np.arcsin(c)[:, None] + 2 * np.pi * turn) / 2
    falling = (np.pi - np.arcsin(c)[:, None] + 2 * np.pi * turn) / 2
    return 1 - np.sum(ndtr(falling) - ndtr(rising), axis=1)


def both_sides(c):
    """P(x^2 <= c)."""
    return 2 * ndtr(np.sqrt(c)) - 1


TWO = {  # of two independent standard normals x and y
    "linear": Case(lambda t: 2 * t[..., 0] - t[..., 1], lambda c: ndtr(c / math.sqrt(5))),
    "cauchy": Case(lambda t: t[..., 1] / t[..., 0], lambda c: 0.5 + np.arctan(c) / math.pi),
    "ratio of what is positive": Case(
        lambda t: t[..., 1] / t[..., 0],
        lambda c: 0.5 + np.arctan(c) / math.pi,
        lambda t: t[..., 0] > 0,
    ),
    "circle": Case(lambda t: np.sum(t * t, axis=-1), lambda c: -np.expm1(-c / 2)),
    "the larger": Case(lambda t: np.max(t, axis=-1), lambda c: ndtr(c) ** 2),
    "y above x": Case(lambda t: t[..., 1], lambda c: ndtr(c) ** 2, lambda t: t[..., 1] > t[..., 0]),
    "heavy": Case(lambda t: np.exp(3 * t[..., 0] + 4 * t[..., 1]), lambda c: ndtr(np.log(c) / 5)),
    "square": Case(lambda t: t[..., 0] ** 2, both_sides),
    "waves": Case(lambda t: np.sin(2 * t[..., 0]), sine),
    "edge": Case(
        lambda t: t[..., 0],
        lambda c: (ndtr(c) - ndtr(0.5)) / ndtr(-0.5),
        lambda t: t[..., 0] > 0.5,
    ),
}


def inverse(truth, p):
    """Return the quantiles of a rising function by bisection, to the last digit."""
    scale = 10.0 ** np.arange(-12, 13)
    ends = np.concatenate([-scale[::-1], scale])
    with np.errstate(all="ignore"):
        values = np.nan_to_num(truth(ends))
    inside = np.flatnonzero(np.diff(values) > 0)
    low = np.full(p.shape, ends[inside[0]])
    high = np.full(p.shape, ends[inside[-1] + 1])
    for _ in range(200):
        middle = (low + high) / 2
        with np.errstate(all="ignore"):
            below = np.nan_to_num(truth(middle)) < p
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return high


def held_to(derived: DerivedQuantity, case: Case, truth_at):
    """Compare the CDF at the true quantiles, and the quantiles, with the truth."""
    found = derived.cdf(truth_at)
    assert np.all(np.abs(found.value - P) <= found.error)
    assert np.all(found.error < case.error)
    quantiles = derived.quantiles(P)
    assert np.all(np.abs(quantiles.value - truth_at) <= quantiles.error)


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("name", TWO)
def test_of_two_normals(name, turned):
    """Along the axes of the lattice, and across them."""
    case = TWO[name]
    angle = 0.4 if turned else 0.0
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    lattice = normal_lattice(Normal(np.zeros(2), np.eye(2)), 101)
    lattice = lattice._replace(frame=lattice.frame._replace(shear=turn))
    derived = DerivedQuantity(lattice, case.quantity, case.condition)
    held_to(derived, case, inverse(case.truth, P))


@pytest.mark.parametrize("points", [81, 101])
def test_a_quantile_in_a_gap_of_the_distribution_is_as_uncertain_as_the_gap_is_wide(points):
    """Half of the mass is about 0 and half about 40: by symmetry the median is 20."""
    lattice = normal_lattice(Normal(np.zeros(2), np.eye(2)), points)
    derived = DerivedQuantity(lattice, lambda t: t[..., 0] + 40.0 * (t[..., 1] > 0))
    (median,), (error,) = derived.quantiles([0.5])
    assert abs(median - 20) <= error
    assert error > 4


@pytest.mark.parametrize("points", [61, 81, 101])
def test_an_error_is_stated_where_the_rough_cdf_is_flat(points):
    """The ratio of two standard normals, whose far quantiles lie between few nodes."""
    lattice = normal_lattice(Normal(np.zeros(2), np.eye(2)), points)
    derived = DerivedQuantity(lattice, lambda t: t[..., 0] / t[..., 1])
    found, truth = derived.quantiles(P), np.tan(np.pi * (P - 0.5))
    assert np.all(np.abs(found.value - truth) <= found.error)
    assert np.all(found.error < 0.03 * np.maximum(1, np.abs(truth)))

"""Quantities with corners, poles and atoms: stated errors hold against closed forms."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pytest
from scipy.special import ndtr

from laplace_approx.comparison.distances import Nodes, compare
from laplace_approx.exact.derived.quantiles import DerivedQuantity
from laplace_approx.exact.normal_lattice import normal_lattice
from laplace_approx.normal.normal import Normal

P = np.array([0.005, 0.025, 0.25, 0.5, 0.75, 0.975, 0.995])
APART = 0.7  # x ~ N(1, 1), y ~ N(0.3, 1), so that x - y ~ N(0.7, 2)


class Case(NamedTuple):
    """A quantity of (x, y), its CDF, and its atoms; `error` is the largest of the CDF."""

    quantity: Callable
    cdf: Callable
    atoms: tuple = ()
    error: float = 1e-5


def difference(c):
    return ndtr((c - APART) / np.sqrt(2))


def of_size(c):
    """P(|x - y| <= c)."""
    return np.where(c > 0, difference(c) - difference(-c), 0.0)


CASES = {
    "size": Case(lambda t: np.abs(t[..., 0] - t[..., 1]), of_size),
    "pole": Case(
        lambda t: np.log(np.abs(t[..., 0] - t[..., 1])),
        lambda c: of_size(np.exp(np.minimum(c, 99))),
    ),
    "smaller": Case(
        lambda t: np.min(t, axis=-1), lambda c: 1 - (1 - ndtr(c - 1)) * (1 - ndtr(c - 0.3))
    ),
    "box": Case(
        lambda t: np.max(np.abs(t), axis=-1),
        lambda c: np.where(
            c > 0, (ndtr(c - 1) - ndtr(-c - 1)) * (ndtr(c - 0.3) - ndtr(-c - 0.3)), 0.0
        ),
    ),
    "positive part": Case(
        lambda t: np.maximum(t[..., 0] - t[..., 1], 0.0),
        lambda c: np.where(c < 0, 0.0, difference(c)),
        (0.0,),
    ),
    "cut at both sides": Case(
        lambda t: np.clip(t[..., 0] - t[..., 1], -1.0, 2.0),
        lambda c: np.where(c < -1, 0.0, np.where(c < 2, difference(c), 1.0)),
        (-1.0, 2.0),
    ),
    "whole": Case(
        lambda t: np.floor(t[..., 0] - t[..., 1]),
        lambda c: difference(np.floor(c) + 1),
        tuple(np.arange(-9.0, 10.0)),
    ),
    "indicator": Case(
        lambda t: (t[..., 0] > t[..., 1]) * 1.0,
        lambda c: np.where(c < 0, 0.0, np.where(c < 1, difference(0.0), 1.0)),
        (0.0, 1.0),
    ),
    "constant": Case(lambda t: 3.5 + 0 * t[..., 0], lambda c: (c >= 3.5) * 1.0, (3.5,)),
}


def quantiles_of(case: Case):
    """Return the smallest values at which the CDF is p or more, by bisection."""
    low, high = np.full(P.size, -60.0), np.full(P.size, 60.0)
    for _ in range(200):
        middle = (low + high) / 2
        reached = case.cdf(middle) >= P
        low, high = np.where(reached, low, middle), np.where(reached, middle, high)
    for atom in case.atoms:
        high = np.where(np.abs(high - atom) < 1e-9, atom, high)
    return high


@pytest.mark.parametrize("name", CASES)
def test_stated_errors_hold(name):
    case = CASES[name]
    lattice = normal_lattice(Normal(np.array([1.0, 0.3]), np.eye(2)), 101)
    derived = DerivedQuantity(lattice, case.quantity, usual=P)
    truth, found = quantiles_of(case), derived.quantiles(P)
    slack = 1e-12 * (1 + np.abs(truth))
    assert np.all(np.abs(found.value - truth) <= found.error + slack)
    cdf = derived.cdf(truth)
    assert np.all(np.abs(cdf.value - case.cdf(truth)) <= cdf.error)
    assert np.all(cdf.error < case.error)
    at_atom = np.isin(truth, case.atoms)
    assert np.all(found.value[at_atom] == truth[at_atom])
    assert np.all(found.error[at_atom] == 0)


def test_a_probability_at_the_height_of_a_step_leaves_the_gap_open():
    """P(x <= 0) = 1/2: the median of the sign of x is -1, or anything up to 1 to the last digit."""
    lattice = normal_lattice(Normal(np.zeros(2), np.eye(2)), 101)
    (median,), (error,) = DerivedQuantity(lattice, lambda t: np.sign(t[..., 0])).quantiles([0.5])
    assert abs(median + 1) <= error + 1e-9


@pytest.mark.parametrize("shift", [0.05, 0.3, 1.0, 2.2])
@pytest.mark.parametrize("points", [31, 41, 61])
def test_the_error_of_the_total_variation_counts_its_kink(points, shift):
    """Normals whose means are a shift apart: TV = 2 Phi(shift / 2) - 1."""
    x = np.linspace(-8.5, 8.5 + shift, points)
    log_q = -0.5 * (x - shift) ** 2 - 0.5 * np.log(2 * np.pi)
    nodes = Nodes(-0.5 * x**2, log_q, np.full(x.size, np.log(x[1] - x[0])))
    thin = Nodes(*(part[::2] for part in nodes))._replace(
        log_weights=nodes.log_weights[::2] + np.log(2)
    )
    found = compare(nodes, thin)["total_variation"]
    assert abs(found.value - (2 * ndtr(shift / 2) - 1)) <= found.error

"""Measures on a line, held against closed forms: cut where densities cross, with both ends."""

import math

import numpy as np
import pytest
from scipy import stats
from scipy.special import ndtr

from laplace_approx.comparison.coverage import held_by_intervals
from laplace_approx.comparison.on_a_line import Law, Line
from laplace_approx.density.model import Model
from laplace_approx.exact.draw_quantiles import Estimates

Z = np.linspace(-40, 40, 801)
NONE = np.empty(0)


def law(frozen):
    return Law(frozen.logpdf, lambda z: (frozen.cdf(z), np.zeros(z.shape)))


def apart(mean, sd):
    """TV of N(0, 1) and N(mean, sd), from where their densities cross."""
    a, b = 1 - 1 / sd**2, 2 * mean / sd**2
    c = -(mean**2) / sd**2 - 2 * math.log(sd)
    roots = np.roots([a, b, c]) if a else np.array([-c / b])
    cuts = np.sort(roots)
    gaps = np.concatenate([[0], stats.norm.cdf(cuts) - stats.norm.cdf(cuts, mean, sd), [0]])
    return 0.5 * np.sum(np.abs(np.diff(gaps)))


@pytest.mark.parametrize("mean", [0.3, 2.0, 9.0])
@pytest.mark.parametrize("sd", [1.0, 0.1, 1e-3, 7.0])
def test_total_variation_of_two_normals(mean, sd):
    # the places of a narrow one are those of its own
    places = np.concatenate([Z, mean + sd * Z])
    found = Line(law(stats.norm()), law(stats.norm(mean, sd)), mean, places, NONE).total_variation()
    assert abs(found.value - apart(mean, sd)) <= found.error < 1e-8


def test_equal_laws_have_no_total_variation():
    same = law(stats.norm())
    found = Line(same, same, 0.0, Z, NONE).total_variation()
    assert found.value == 0 and found.error < 1e-9


@pytest.mark.parametrize("shape", [1.0, 2.5, 20.0])
def test_what_lies_beyond_the_end_of_a_support_counts(shape):
    """About a place m within its support, a gamma law and its reflection: by its CDF alone where
    it falls throughout, with the crossing in m; by quadrature otherwise."""
    gamma, m = stats.gamma(shape), 3.0
    x = np.linspace(m - 60, m, 2_000_001)[:-1] + 60 / 4_000_000
    difference = np.abs(gamma.pdf(x) - gamma.pdf(2 * m - x))
    due = 0.5 * np.sum(difference) * (x[1] - x[0])
    places = np.concatenate([m + Z, np.linspace(0, 100, 801)])
    line = Line(law(gamma), law(stats.norm(m, 1)), m, places, np.array([0.0]))
    found = line.reflection_bound()
    assert found.value == pytest.approx(due, abs=2e-6)


class Side:
    """A side of max(x, 0), x normal: an atom at 0 and a continuous part."""

    model = Model(
        *("m", ("x",), None, None, None, np.array([-np.inf]), np.array([np.inf])),
        *(np.array([0.0]), {}, {}, None),
    )

    def __init__(self, mean):
        self.mean = mean

    def quantiles(self, name, p):
        return Estimates(np.maximum(stats.norm.ppf(p, self.mean), 0.0), np.zeros(np.shape(p)))

    def cdf(self, name, values):
        return Estimates(
            np.where(values < 0, 0.0, ndtr(values - self.mean)), np.zeros(values.shape)
        )


@pytest.mark.parametrize("mean", [-1.0, 0.0, 0.5, 3.0])
def test_an_interval_holds_its_ends(mean):
    held = held_by_intervals(Side(mean), Side(0.2), "largest", (0.5, 0.95))
    low, high = (stats.norm.ppf([0.25, 0.025], mean), stats.norm.ppf([0.75, 0.975], mean))
    below = np.where(low > 0, ndtr(np.maximum(low, 0) - 0.2), 0.0)  # nothing is below an atom at 0
    above = 1 - ndtr(np.maximum(high, 0) - 0.2)
    np.testing.assert_allclose(held.below, below, atol=1e-12)
    np.testing.assert_allclose(held.above, above, atol=1e-12)
    np.testing.assert_allclose(held.value, 1 - below - above, atol=1e-12)

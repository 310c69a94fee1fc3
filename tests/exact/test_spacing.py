"""Sums over all axes but one, and integrals over intervals, against the same sums written out."""

import numpy as np
import pytest

from laplace_approx.exact.box_sums import padded, profiles
from laplace_approx.exact.spacing import owed
from laplace_approx.numerics.quadrature import increments

LETTERS = "abc"


@pytest.mark.parametrize("shape", [(9,), (6, 9), (5, 7, 4)])
def test_each_profile_is_the_sum_over_the_other_axes(shape):
    rng = np.random.default_rng(len(shape))
    p, d = rng.random(shape), len(shape)
    weights = [rng.random((n, 3)) for n in shape]
    for k, found in enumerate(profiles(p, weights)):
        for rule in range(3):
            others = [i for i in range(d) if i != k]
            written = ",".join([LETTERS[:d], *(LETTERS[i] for i in others)]) + f"->{LETTERS[k]}"
            expected = np.einsum(written, p, *(weights[i][:, rule] for i in others))
            assert found[:, rule] == pytest.approx(expected, rel=1e-13)


def test_padded_weights_are_those_of_every_other_node():
    assert padded(np.array([1.0, 2.0, 3.0]), 6, every=2).tolist() == [1, 0, 2, 0, 3, 0]
    assert padded(np.array([1.0, 2.0]), 3).tolist() == [1, 2, 0]


@pytest.mark.parametrize("n", [2, 3, 5, 8, 9, 30])
def test_rows_are_integrated_as_each_by_itself(n):
    rows = np.random.default_rng(n).random((4, 2, n))
    expected = [[increments(row) for row in pair] for pair in rows]
    assert increments(rows) == pytest.approx(np.array(expected), abs=1e-13)


FUNCTIONS = {  # of x and a place c, in the middle of (0, 1)
    "jump": lambda x, c: (x > c).astype(float),
    "kink": lambda x, c: np.abs(x - c),
    "smooth": lambda x, c: np.exp(np.cos(6 * (x - c))),
}


def faded(function, c, x):
    """Return a function that fades out at both ends of (0, 1)."""
    return function(x, c) * np.exp(8 - 2 / (x * (1 - x)))


@pytest.mark.parametrize("kind", FUNCTIONS)
@pytest.mark.parametrize("nodes", [64, 256])
def test_what_the_spacing_owes_is_a_bound(kind, nodes):
    """Over many places of a jump or kink, the error of sums over nodes is never twice the bound."""
    many = (np.arange(2**17) + 0.5) / 2**17
    for c in np.random.default_rng(nodes).uniform(0.2, 0.8, 200):
        integral = faded(FUNCTIONS[kind], c, many).mean()
        values = faded(FUNCTIONS[kind], c, (np.arange(nodes) + 0.5) / nodes)

        def thinned(times, first, values=values):
            return np.array([values[first::times].mean()])

        fine = values.mean()
        half = np.abs(fine - thinned(2, 0))
        quarter = [np.abs(fine - thinned(4, k)) for k in range(4)]
        eighth = [np.abs(fine - thinned(8, k)) for k in range(1, 8, 2)]
        limit = 2 * owed(half, quarter, eighth)[0] + 1e-5  # the integral has an error of its own
        assert abs(fine - integral) <= limit

"""Sums over all axes but one, and integrals over intervals, against the same sums written out."""

import numpy as np
import pytest

from laplace_approx.exact.spacing import padded, profiles
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

"""Laws of the lower factor: it is one of the same covariance, and only one is lower."""

import numpy as np
import pytest

from laplace_approx.numerics.precision import lower_factor

RNG = np.random.default_rng(11)
# name: a factor (d, n) of a covariance, not lower
FACTORS = {
    "one": np.array([[-2.0]]),
    "square": RNG.standard_normal((3, 3)),
    "wide, as of a mixture": RNG.standard_normal((3, 9)),
    "of many": RNG.standard_normal((20, 20)),
    "scales far apart": np.diag([1e-150, 1.0, 1e150]) @ RNG.standard_normal((3, 3)),
    "correlated to nine digits": np.array([[1.0, 0.0], [1.0, 1e-9]]),
    "without a width in one direction": np.array([[1.0, 0.0], [2.0, 0.0]]),
}
CASES = [
    (name, first) for name, each in FACTORS.items() for first in (None, *range(min(len(each), 4)))
]
# A Householder triangle of d rows is that of a factor changed by some d^2 roundings of each row.
ROUNDING = 8 * np.finfo(float).eps


@pytest.mark.parametrize(("name", "first"), CASES)
def test_it_is_a_factor_of_the_same_covariance(name, first):
    given, found = FACTORS[name], lower_factor(FACTORS[name], first)
    assert found.shape == (len(given), len(given))
    rows = np.linalg.norm(given, axis=1)
    one, other = (each / rows[:, None] for each in (given, found))
    assert one @ one.T == pytest.approx(other @ other.T, abs=len(given) ** 2 * ROUNDING)


@pytest.mark.parametrize(("name", "first"), CASES)
def test_it_is_lower_with_a_diagonal_that_is_not_negative(name, first):
    given, d = FACTORS[name], len(FACTORS[name])
    order = sorted(range(d), key=lambda i: i != first)
    found = lower_factor(given, first)[order]
    assert not np.triu(found, 1).any()
    assert (np.diag(found) >= 0).all()


def test_a_coordinate_put_first_varies_along_the_first_column_alone():
    given = FACTORS["of many"]
    for first in range(len(given)):
        row = lower_factor(given, first)[first]
        assert row[0] == pytest.approx(np.linalg.norm(given[first]), rel=20 * ROUNDING)
        assert not row[1:].any()


def test_what_is_no_number_stays_none():
    given = np.array([[1.0, np.nan], [0.0, 1.0]])
    assert not np.isfinite(lower_factor(given)).all()

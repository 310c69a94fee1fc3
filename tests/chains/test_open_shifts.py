"""Draws of chains that may be of another posterior by as much as they would not show."""

import numpy as np
import pytest
from scipy.stats import norm

from chains_of import autoregressive
from laplace_approx.chains.belongs import belonging, open_shifts
from laplace_approx.chains.side import CHAIN, ChainSide
from laplace_approx.chains.step import _belongs_record
from laplace_approx.density.density import Density
from laplace_approx.reference.coordinates import Unbounded

NAMES, CHAINS, DRAWS = ("a", "b"), 4, 2000
P = np.array([0.025, 0.5, 0.975])
LOOKED_AT = 200  # of 8000 draws: they tell the shift to .09 SD, and let .4 be
TOLERANCE, REPETITIONS = 0.1, 40


def of_two_normals():
    ends = np.full(2, np.inf)
    return Unbounded(
        Density(NAMES, lambda x: -0.5 * np.sum(x**2, axis=-1), lambda x: -x, None, -ends, ends)
    )


def scores(shift: float, evaluations: int, tolerance: float = TOLERANCE):
    """Return z of the ends of `a` with the open shift counted and without, and the shifts."""
    found = []
    for seed in range(REPETITIONS):
        theta = autoregressive(np.random.default_rng(seed), CHAINS, DRAWS, 2)
        theta = theta + np.array([shift, 0.0])
        said = belonging(of_two_normals(), theta, evaluations)
        if said.worst is not None:
            continue  # seen, and refused
        shifts = open_shifts({"belongs": _belongs_record(said)}, tolerance)
        columns = dict(zip(NAMES, theta.reshape(-1, 2).T, strict=True))
        columns |= {"sum": columns["a"] + columns["b"]}
        columns |= {CHAIN: np.repeat(np.arange(float(CHAINS)), DRAWS)}
        value, error = ChainSide(columns, 0.0, shifts).quantiles("a", P)
        plain = ChainSide(columns).quantiles("a", P).error
        found.append(((value - norm.ppf(P)) / error, (value - norm.ppf(P)) / plain, shifts))
    return found


def rms(z) -> float:
    return float(np.sqrt(np.mean(np.square(z))))


def test_a_shift_that_was_not_seen_is_in_the_errors():
    found = scores(0.2, LOOKED_AT)
    counted, plain, _ = zip(*found, strict=True)
    assert len(found) >= REPETITIONS / 2  # most of such draws pass
    assert rms(plain) > 3  # their own errors are false
    assert rms(counted) < 1.2


def test_where_a_shift_would_be_seen_nothing_is_added():
    """All 8000 draws, of which 3 are worth one, tell a shift to .02 SD, and so show one of .2."""
    counted, plain, shifts = zip(*scores(0.0, 10**6, 0.2), strict=True)
    assert not any(shifts) and np.array_equal(counted, plain)


def test_a_derived_quantity_counts_the_largest_shift():
    theta = autoregressive(np.random.default_rng(1), CHAINS, DRAWS, 2).reshape(-1, 2)
    columns = {"a": theta[:, 0], "b": theta[:, 1], "sum": theta.sum(axis=1)}
    columns |= {CHAIN: np.repeat(np.arange(float(CHAINS)), DRAWS)}
    plain = ChainSide(columns)
    side = ChainSide(columns, 0.0, {"a": 0.3, "b": 0.1})
    for name, shift in (("a", 0.3), ("b", 0.1), ("sum", 0.3)):
        due = np.hypot(plain.quantiles(name, P).error, shift * plain.scale(name))
        np.testing.assert_allclose(side.quantiles(name, P).error, due)
        at = plain.quantiles(name, P).value
        assert np.all(side.cdf(name, at).error > plain.cdf(name, at).error)


@pytest.mark.parametrize("seed", range(3))
def test_draws_that_are_right_keep_most_of_what_they_know(seed):
    theta = autoregressive(np.random.default_rng([seed, 7]), CHAINS, DRAWS, 2)
    said = belonging(of_two_normals(), theta, LOOKED_AT)
    shifts = open_shifts({"belongs": _belongs_record(said)}, TOLERANCE)
    # the slope is known to 1 / sqrt(200) = .07 SD; four of these are exceeded once in 16 000
    assert all(0.04 < shift < 4 * 0.1 for shift in shifts.values()) and len(shifts) == 2

"""Guesses and steps toward quantiles, on CDFs that are known."""

import numpy as np
import pytest

from laplace_approx.exact.derived.borders import matches
from laplace_approx.numerics.inverse_cdf import Guess, SecantSearch, guessed, rough_odds
from laplace_approx.numerics.roots import log_odds

P = np.array([0.005, 0.1, 0.5, 0.9, 0.995])


def logistic(x):
    """A CDF whose log odds are x^3 + x."""
    return 1 / (1 + np.exp(-(x**3 + x)))


def place(p):
    """The real root of x^3 + x = log odds of p (Cardano)."""
    half = log_odds(p) / 2
    root = np.sqrt(half**2 + 1 / 27)
    return np.cbrt(half + root) + np.cbrt(half - root)


def searched(cdf, guess, error):
    search = SecantSearch(P, guess)
    search.begin(cdf(search.x))
    while search.active.any():
        which = np.flatnonzero(search.active)
        search.step(which, cdf(search.x[which]), np.full(which.size, error))
    return search


def test_a_guess_is_exact_for_a_cubic_of_the_log_odds():
    odds = log_odds(rough_odds(P))
    assert odds[0] < log_odds(P[0]) and odds[-1] > log_odds(P[-1])
    cubic = odds**3 + 2 * odds
    found = guessed(P, cubic, 1 / (1 + np.exp(-odds)), P)
    target = log_odds(P)
    assert found.x == pytest.approx(target**3 + 2 * target, rel=1e-9, abs=1e-9)
    assert found.slope == pytest.approx(1 / (3 * target**2 + 2), rel=1e-9)


def test_a_guess_from_few_places_is_a_straight_line_or_none():
    found = guessed(P, np.array([-1.0, 1.0]), 1 / (1 + np.exp([3.0, -3.0])), P)
    assert found.x == pytest.approx(log_odds(P) / 3)
    alone = guessed(P, np.array([2.0]), np.array([0.5]), np.full(5, 2.0))
    assert alone.x.tolist() == [2] * 5 and np.isnan(alone.slope).all()


def test_steps_settle_within_the_error_that_they_state():
    x = place(P)
    # each guess off by a tenth, and its slope by a fifth
    search = searched(logistic, Guess(x + 0.1, 1.2 * (3 * x**2 + 1)), 1e-8)
    assert search.settled.all()
    assert np.all(np.abs(search.value - x) <= search.error)
    assert np.all(search.error < 1e-4)


def test_a_cdf_that_jumps_is_not_settled():
    with np.errstate(all="ignore"):
        found = searched(lambda x: np.where(x < 0, 0.2, 0.8), Guess(P - 0.5, np.ones(5)), 1e-8)
    assert not found.settled.any()


def test_every_place_of_a_key_is_found():
    listed, wanted = np.array([0, 0, 2, 2, 2, 5]), np.array([2, 1, 0, 5, 2])
    pair, found = matches(listed, wanted)
    assert list(zip(pair, found, strict=True)) == [
        (i, j) for i, key in enumerate(wanted) for j in range(6) if listed[j] == key
    ]

"""Quantiles from a CDF that costs much: a guess from a rough one, and a few steps of a secant.

All is done on the log odds of the CDF, in which tails are nearly straight.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from laplace_approx.numerics.roots import CLOSE, DOUBLINGS, crossings, log_odds

SPACING = 0.5  # of the log odds at which the rough CDF is known
BEYOND = 1.0  # of the log odds of the outermost probabilities
STEPS = 5  # of a secant at the most
SETTLED = 0.1  # of what was left to go before: where less is left, the search is at its end
DIGITS = 1e-6  # of the log odds, between two places: below, they are no use for a secant
UNSURE = 0.1  # of a slope that is no secant's
WORTH = 0.1  # of the error of the CDF: what is less need not be stepped


class Guess(NamedTuple):
    """Where quantiles are, roughly, and the slope of the log odds there (NaN: not known)."""

    x: np.ndarray
    slope: np.ndarray


def rough_odds(p):
    """Return probabilities about all of p, evenly spaced in their log odds."""
    odds = log_odds(p)
    low, high = float(odds.min()) - BEYOND, float(odds.max()) + BEYOND
    odds = np.linspace(low, high, math.ceil((high - low) / SPACING) + 1)
    return 1 / (1 + np.exp(-odds))


def guessed(p, x, cdf, otherwise) -> Guess:
    """Return the quantiles at p (n,) of a rough CDF that is known at rising x (m,).

    x is the cubic of the log odds through the four places about each; beyond the last and where
    the CDF is flat, a straight line. `otherwise` (n,) is returned where there are no two places.
    """
    if x.size < 2:
        return Guess(otherwise, np.full(p.shape, np.nan))
    odds, target = log_odds(cdf), log_odds(p)
    right = np.searchsorted(np.maximum.accumulate(odds), target)
    right = np.clip(right, 1, x.size - 1)
    ends = right - 1, right
    inverse = (x[ends[1]] - x[ends[0]]) / (odds[ends[1]] - odds[ends[0]])
    straight = x[ends[0]] + inverse * (target - odds[ends[0]])
    if x.size < 4:
        return Guess(straight, 1 / inverse)
    window = np.clip(right - 2, 0, x.size - 4) + np.arange(4)[:, None]
    place, slope = _cubic(odds[window], x[window], target)
    good = (np.diff(odds[window], axis=0) > 0).all(axis=0) & (slope > 0)
    good &= (x[ends[0]] <= place) & (place <= x[ends[1]])
    return Guess(np.where(good, place, straight), 1 / np.where(good, slope, inverse))


def _cubic(t, x, at):
    """Return the cubic through the four points (t, x), each (4, n), and its slope, at places (n,):
    by Newton's divided differences."""
    levels = [x]
    for order in range(1, 4):
        before = levels[-1]
        levels.append((before[1:] - before[:-1]) / (t[order:] - t[:-order]))
    value, slope = levels[3][0], np.zeros_like(at)
    for k in (2, 1, 0):
        slope = value + slope * (at - t[k])
        value = levels[k][0] + value * (at - t[k])
    return value, slope


class SecantSearch:
    """A search for the quantiles at p (n,): `x` are the places where the CDF is to be found next.

    `value` and `error` are what was found, `density` that of the quantity at the least, `settled`
    where the steps become shorter, `measured` where a secant told the slope, and `active` where
    the next step is worth its while.
    """

    def __init__(self, p, guess: Guess):
        self.p, self.target = p, log_odds(p)
        self.x, self.slope = guess.x.copy(), guess.slope.copy()  # the least slope that was seen
        self.active = np.isfinite(guess.x) & (guess.slope > 0) & np.isfinite(guess.slope)
        self.settled, self.measured = self.active.copy(), np.zeros(p.size, dtype=bool)
        self.value, self.error = self.x.copy(), np.full(p.size, np.nan)
        self.steps = 0

    @property
    def density(self):
        return self.slope * self.p * (1 - self.p)

    def begin(self, cdf):
        """Take the first step, along the slope of the guess."""
        self.left = self.target - log_odds(cdf)
        self.moved = np.where(self.active, self.left / self.slope, 0.0)
        self.x += self.moved

    def step(self, which, cdf, error):
        """Take one more step where the CDF and its error are now known: `which` of the places."""
        before, step = self.left[which], self.moved[which]
        left = self.target[which] - log_odds(cdf)
        far = np.abs(before - left) > DIGITS
        inverse = np.where(far, step / (before - left), 1 / self.slope[which])
        new = left * inverse
        # each step of a secant is to the one before as that is to its own
        remaining = np.abs(new) * np.where(far, np.abs(new / step), UNSURE)
        rising = far & (inverse > 0)
        least = np.fmin(1 / inverse, self.slope[which])
        self.slope[which] = np.where(rising, least, self.slope[which])
        self.measured[which] |= rising
        known = error / self.density[which]
        self.x[which] += new
        self.moved[which], self.left[which] = new, left
        self.value[which], self.error[which] = self.x[which], known + remaining
        self.steps += 1
        settles = np.abs(left) <= SETTLED * np.abs(before) + DIGITS
        self.settled[which] = settles
        # a step that leads away from the goal, as where the CDF is flat, is the last
        good = (inverse > 0) & (np.abs(left) <= np.abs(before) + DIGITS)
        self.active[which] = good & ~(settles & (remaining <= WORTH * known))
        if self.steps == STEPS:
            self.active[:] = False


CLOSE_ODDS = 1e-9  # of the log odds of a CDF: below what a lattice resolves


def invert_cdf(cdf: Callable, probability, low, high):
    """Return x with cdf(x) = probability, for probabilities (n,) and first guesses low < high.

    `cdf` maps any number of places to as many probabilities, and rises. An interval that does not
    enclose its root doubles until it does; after 60 doublings the answer is -inf or inf. The
    search is on the log odds of the CDF, in which tails are nearly straight.
    """
    target = log_odds(np.asarray(probability, dtype=float))
    low, high, f_low, f_high = _enclosed(lambda x: log_odds(cdf(x)) - target, low, high)
    result = np.where(np.isfinite(low), high, low)
    kept = np.flatnonzero(np.isfinite(low) & np.isfinite(high))

    def excess(x, which):
        return log_odds(cdf(x)) - target[kept[which]]

    ends = (v[kept] for v in (low, high, f_low, f_high))
    close = CLOSE * (high - low)[kept]
    result[kept] = crossings(excess, *ends, close, CLOSE_ODDS)
    return result


def _enclosed(function, low, high):
    """Return low, high and their values, with function(low) <= 0 <= function(high) unless one of
    them is infinite."""
    low, high = np.array(low, dtype=float), np.array(high, dtype=float)
    width = high - low
    f_low, f_high = function(low), function(high)
    for step in range(DOUBLINGS + 1):
        below, above = f_low > 0, f_high < 0  # the root is below the interval, or above it
        if not (below.any() or above.any()):
            break
        reach = width * 2.0**step if step < DOUBLINGS else np.inf
        high, f_high, low = (
            np.where(below, low, high),
            np.where(below, f_low, f_high),
            np.where(below, low - reach, low),
        )
        low, f_low, high = (
            np.where(above, high, low),
            np.where(above, f_high, f_low),
            np.where(above, high + reach, high),
        )
        f_low = np.where(below, function(low), f_low)
        f_high = np.where(above, function(high), f_high)
    return low, high, f_low, f_high

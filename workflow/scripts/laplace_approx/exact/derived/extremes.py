"""Where a function along lines turns back between the places at which it is known.

A place that is lower than both of its neighbours betrays a minimum between these two, wherever in
the two intervals it lies, at a corner and at a pole as well as at the foot of a parabola.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

# of an interval: how close to an extreme the next parabola is laid; half as close, the parabola
# tells the extreme with a quarter of the error, and its differences keep fewer digits
NEAR = (0.5, 0.1)
# of its depth: how well a parabola is to meet the extreme that it foretells; doubled or halved, an
# extreme more or less is narrowed by division
AS_FORETOLD = 1e-6
# of an interval: how well an extreme that is no parabola's is known; `PARTS` sixteen times narrower
# in each round, so that half of it seldom takes another
CLOSE = 1e-9
# into which the two intervals about an extreme are divided, again and again; doubled, 1.1 to 1.4
# times the evaluations, halved, 0.75 to 0.92
PARTS = 16


class Extremes(NamedTuple):
    """Extremes: the line, the place in intervals from the first one, and the value of each."""

    line: np.ndarray
    place: np.ndarray
    value: np.ndarray


def extremes(function: Callable, values) -> Extremes:
    """Return the extremes of functions with `values` (lines, places) at whole places; those at such
    a place itself only where nothing beside it is better.

    `function(line, place)` gives the values of lines at places, which broadcast. Where a function
    is not known (NaN) there is none.
    """
    found = [_minima(function, values, sign) for sign in (1.0, -1.0)]
    return Extremes(*(np.concatenate(x) for x in zip(*found, strict=True)))


def _minima(function, values, sign: float) -> Extremes:
    """Return the minima of sign times the functions."""
    with np.errstate(invalid="ignore"):
        change = np.sign(sign * np.diff(values, axis=1))
        falls, rises = change[:, :-1], change[:, 1:]
        # of two equal lowest places either may be beside the minimum
        line, place = np.nonzero((falls <= 0) & (rises >= 0) & (falls != rises))
    place = place + 1

    def depth(which, at):
        return sign * function(line[which], at)

    at, value = _by_parabolas(depth, place, sign * values[line[:, None], place[:, None] + _ABOUT])
    rest = np.flatnonzero(np.isnan(at))
    if rest.size:
        beside = sign * values[line[rest], place[rest]]
        at[rest], value[rest] = _by_division(
            lambda where: depth(rest[:, None], where), place[rest], beside
        )
    return Extremes(line, at, sign * value)


_ABOUT = np.arange(-1, 2)


def _by_parabolas(depth, place, known):
    """Return (place, value) of minima near `place` (n,), NaN where it is no parabola's: the vertex
    of the parabola through the three values `known` (n, 3), and of two that are closer to it."""
    at, each = place.astype(float), np.arange(place.size)[:, None]
    if place.size == 0:
        return at, at.copy()
    with np.errstate(all="ignore"):
        offset, good = _vertex(*known.T, 1.0)[0], np.ones(place.size, dtype=bool)
        for near in NEAR:
            at = np.clip(at + offset, place - 1 + near, place + 1 - near)
            three = depth(each, at[:, None] + near * _ABOUT)
            offset, fall = _vertex(*three.T, near)
            good &= np.abs(offset) <= near
        foretold = three[:, 1] - fall
        at = at + offset
        value = depth(each[:, 0], at)
        span = np.max(three, axis=1) - np.min(three, axis=1)
        good &= (np.abs(value - foretold) <= AS_FORETOLD * span) & (value <= known.min(axis=1))
    return np.where(good, at, np.nan), value


def _vertex(before, middle, after, width):
    """Return how far from the middle of three places `width` apart the vertex of their parabola
    lies, and how far below."""
    slope, bend = (after - before) / 2, after - 2 * middle + before
    return -width * slope / bend, slope**2 / (2 * bend)


def _by_division(depth, place, value):
    """Return (place, value) of minima within an interval of `place` (n,), where `value` is known:
    the lowest of places in between, and again between its neighbours."""
    at, value, width = place.astype(float), value.copy(), 2.0
    inner = np.arange(1, PARTS) / PARTS - 0.5
    each = np.arange(place.size)
    while width > CLOSE:
        places = at[:, None] + width * inner
        found = depth(places)
        found = np.where(np.isnan(found), np.inf, found)
        lowest = np.argmin(found, axis=1)
        better = found[each, lowest] < value
        at = np.where(better, places[each, lowest], at)
        value = np.where(better, found[each, lowest], value)
        width *= 2 / PARTS
    return at, value

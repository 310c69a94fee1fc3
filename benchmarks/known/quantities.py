"""Derived quantities whose laws are known: sets {g <= t} that are intervals of x given the rest."""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy import optimize, special, stats

from known.laws import Closed, Law, Tabulated

TINY = 1e-17  # mass beyond which the outer parameter is not followed
PLACES = (1e-12, 1e-8, 1e-5, 1e-3, 0.02, 0.15, 0.5, 0.85, 0.98, 0.999, 1 - 1e-5)


class Quantity(NamedTuple):
    """A function g of x, or of x and y, and for each t the interval of x where g <= t.

    `below(t, y)` returns (low, high, inside): g <= t where x is within [low, high), or where it is
    not if `inside` is False. `splits(t)` are values of y at which that interval does not change
    smoothly.
    """

    function: Callable
    below: Callable
    splits: Callable = lambda t: ()


def _all_or_none(all_of_it):
    """Return an interval of everything where True, of nothing where False."""
    end = np.where(all_of_it, np.inf, -np.inf)
    return -np.inf, end, True


def _indicator(t, cut):
    return -np.inf, np.where(t < 0, -np.inf, np.where(t < 1, cut, np.inf)), True


def _reciprocal(t, y):
    if t == 0:
        return -np.inf, 0.0, True
    return (0.0, 1 / t, False) if t > 0 else (1 / t, 0.0, True)


def _root(t):
    return math.sqrt(t) if t > 0 else 0.0


def _log(t):
    with np.errstate(all="ignore"):
        return np.where(t > 0, np.log(np.maximum(t, 1e-320)), -np.inf)


OF_X = {
    "itself": Quantity(lambda x: x, lambda t, y: (-np.inf, t, True)),
    "positive_part": Quantity(
        lambda x: np.maximum(x, 0), lambda t, y: (-np.inf, np.where(t < 0, -np.inf, t), True)
    ),
    "whole": Quantity(lambda x: np.floor(x), lambda t, y: (-np.inf, np.floor(t) + 1, True)),
    "above_one": Quantity(lambda x: (x > 1) * 1.0, lambda t, y: _indicator(t, 1.0)),
    "constant": Quantity(lambda x: 3.5 + 0 * x, lambda t, y: _all_or_none(t >= 3.5)),
    "square": Quantity(lambda x: x**2, lambda t, y: (-_root(t), _root(t), True)),
    "size": Quantity(lambda x: np.abs(x), lambda t, y: (-max(t, 0.0), max(t, 0.0), True)),
    "exponential": Quantity(lambda x: np.exp(x), lambda t, y: (-np.inf, _log(t), True)),
    "reciprocal": Quantity(lambda x: 1 / x, _reciprocal),
}


def _product(t, y):
    edge = np.where(y == 0, np.inf, t / np.where(y == 0, 1.0, y))
    return np.where(y > 0, -np.inf, edge), np.where(y > 0, edge, np.inf), True


def _ratio(t, y):
    edge = t * y
    return np.where(y > 0, -np.inf, edge), np.where(y > 0, edge, np.inf), True


OF_XY = {
    "difference": Quantity(lambda x, y: x - y, lambda t, y: (-np.inf, t + y, True)),
    "product": Quantity(lambda x, y: x * y, _product, lambda t: (0.0,)),
    "ratio": Quantity(lambda x, y: x / y, _ratio, lambda t: (0.0,)),
    "distance": Quantity(
        lambda x, y: np.abs(x - y), lambda t, y: (y - max(t, 0.0), y + max(t, 0.0), True)
    ),
    "smaller": Quantity(
        lambda x, y: np.minimum(x, y),
        lambda t, y: (-np.inf, np.where(y <= t, np.inf, t), True),
        lambda t: (t,),
    ),
    "larger": Quantity(
        lambda x, y: np.maximum(x, y),
        lambda t, y: (-np.inf, np.where(y <= t, t, -np.inf), True),
        lambda t: (t,),
    ),
    "exponentials": Quantity(
        lambda x, y: np.exp(x) + np.exp(y),
        lambda t, y: (-np.inf, _log(t - np.exp(y)), True),
        lambda t: (math.log(t),) if t > 0 else (),
    ),
    "x_is_larger": Quantity(lambda x, y: (x > y) * 1.0, lambda t, y: _indicator(t, y)),
}


class Pushed(Law):
    """The law of g(x), x having a law; nothing is said of its moments."""

    def __init__(self, law: Law, quantity: Quantity):
        self.law, self.quantity, self.error = law, quantity, law.error

    def _at_most(self, t: float) -> float:
        low, high, inside = self.quantity.below(t, None)
        part = float(self.law.cdf(high)) - float(self.law.cdf(low)) if high > low else 0.0
        return part if inside else 1 - part

    def cdf(self, t):
        with np.errstate(all="ignore"):
            found = [self._at_most(float(each)) for each in np.ravel(t)]
        return np.reshape(found, np.shape(t))

    def bracket(self, p):
        """Return a bracket by doubling: the quantities take all values from -inf to inf."""
        low = high = 1.0
        while high < 1e300 and self._at_most(high) < np.max(p):
            high *= 4
        while low < 1e300 and self._at_most(-low) >= np.min(p):
            low *= 4
        return np.full(np.shape(p), -low), np.full(np.shape(p), high)

    def quantile(self, p):
        """Return inf {t: cdf(t) >= p}, one after another, by Brent's method."""
        p = np.asarray(p, dtype=float)
        low, high = self.bracket(p)
        order = np.argsort(np.ravel(p))
        found, floor = np.empty(p.size), np.ravel(low)[0] if p.size else 0.0
        for k in order:
            floor = found[k] = self._one(np.ravel(p)[k], floor, np.ravel(high)[k])
        return found.reshape(p.shape)

    def _one(self, p: float, low: float, high: float) -> float:
        below, above = self._at_most(low), self._at_most(high)
        if below >= p:
            return low
        if math.isnan(below + above):  # the rule does not serve, and so the truth is vague
            return math.nan
        found = optimize.brentq(
            lambda t: self._at_most(t) - p, low, high, xtol=1e-15, rtol=1e-13, maxiter=2000
        )
        return _snapped(found, self._at_most, p)

    def atom(self, t: float) -> float:
        """Return the mass at t and within 1e-9 of it."""
        gap = 1e-9 * max(1.0, abs(t))
        return max(0.0, self._at_most(t + gap) - self._at_most(t - gap))


def _snapped(t: float, at_most: Callable, p: float) -> float:
    """Return the whole or half number beside t where the CDF jumps over p exactly there."""
    near = round(2 * t) / 2
    jumps = abs(near - t) < 1e-9 and at_most(near) >= p > at_most(np.nextafter(near, -np.inf))
    return near if jumps else t


class PushedPlane(Pushed):
    """The law of g(x, y), y having a law and x given y a frozen distribution of scipy.stats."""

    def __init__(self, outer: Law, given: Callable, quantity: Quantity, step: float = 1 / 8):
        self.outer, self.given, self.quantity, self.step = outer, given, quantity, step
        self.error = max(outer.error, 1e-11)
        places = outer.quantile(np.array([TINY, *PLACES]))
        tail = outer.isf(np.array([1e-8, 1e-12, TINY]))
        self.edges = np.unique(np.concatenate([places, tail, outer.breaks]))
        # what changes at a value of y changes fast near it
        near = outer.half_interval() * 10.0 ** -np.arange(1, 6)
        self.beside = np.concatenate([-near, [0.0], near])

    def _at_most(self, t: float) -> float:
        splits = np.array(self.quantity.splits(t))[:, None] + self.beside
        inner = splits[(splits > self.edges[0]) & (splits < self.edges[-1])]
        edges = np.unique(np.concatenate([self.edges, inner]))
        y, weight = _double_exponential(edges[:-1], edges[1:], self.step)
        mass = np.exp(self.outer.logpdf(y)) * weight
        law = self.given(y)
        low, high, inside = self.quantity.below(t, y)
        part = np.where(high > low, law.cdf(high) - law.cdf(low), 0.0)
        part = part if inside else 1 - part
        return float(np.sum(np.where(mass > 0, mass * part, 0.0)) / np.sum(mass))


def _double_exponential(low, high, step):
    """Return nodes and weights of the tanh-sinh rule on each interval [low, high], flat."""
    k = np.arange(-math.ceil(3.4 / step), math.ceil(3.4 / step) + 1) * step
    arc = 0.5 * math.pi * np.sinh(k)
    near = 1 / (1 + np.exp(2 * np.abs(arc)))  # the distance to the nearer end, of 1
    weight = step * 0.5 * math.pi * np.cosh(k) / np.cosh(arc) ** 2 * 0.5
    length = (high - low)[:, None]
    node = np.where(k < 0, low[:, None] + length * near, high[:, None] - length * near)
    return node.ravel(), (length * weight).ravel()


def pushed_plane(outer: Law, given: Callable, quantity: Quantity) -> Law:
    """Return the law of a quantity of a plane, its error from a rule of half the step."""
    fine = PushedPlane(outer, given, quantity, 1 / 13)
    p = np.array([0.005, 0.025, 0.5, 0.975, 0.995])
    values = PushedPlane(outer, given, quantity, 1 / 9)
    found = fine.quantile(p)
    off = [abs(values._at_most(t) - fine._at_most(t)) for t in found]
    scale = fine.half_interval()
    slopes = [abs(fine._at_most(t + 1e-3 * scale) - fine._at_most(t - 1e-3 * scale)) for t in found]
    fine.error = outer.error + 1e-11
    if scale > 0:
        fine.error += float(np.max(np.array(off) / np.maximum(np.array(slopes) / 2e-3, 1e-6)))
    elif math.isnan(scale):
        fine.error = math.nan
    return fine


def of_normal(quantity: Quantity, mean, covariance, lower=None, upper=None) -> Law:
    """Return the law of a quantity under a normal of x, or of x and y, given that it is within."""
    mean, covariance = np.asarray(mean), np.asarray(covariance)
    sd = np.sqrt(np.diag(covariance))
    low = np.full(mean.size, -np.inf) if lower is None else np.asarray(lower)
    high = np.full(mean.size, np.inf) if upper is None else np.asarray(upper)
    if mean.size == 1:
        return Pushed(_cut_normal(mean[0], sd[0], low[0], high[0]), quantity)
    slope = covariance[0, 1] / covariance[1, 1]
    rest = math.sqrt(covariance[0, 0] - slope * covariance[0, 1])

    def centre(y):
        return mean[0] + slope * (y - mean[1])

    if not np.any(np.isfinite([low[0], high[0]])):
        outer = _cut_normal(mean[1], sd[1], low[1], high[1])
        return pushed_plane(outer, lambda y: stats.norm(centre(y), rest), quantity)

    def log_density(y):
        ends = special.ndtr((np.array([[low[0]], [high[0]]]) - np.ravel(centre(y))) / rest)
        inside = (ends[1] - ends[0]).reshape(np.shape(y))
        return -0.5 * ((y - mean[1]) / sd[1]) ** 2 + np.log(np.maximum(inside, 1e-300))

    def given(y):
        m = centre(y)
        return stats.truncnorm((low[0] - m) / rest, (high[0] - m) / rest, m, rest)

    reach = mean[1] + 9 * sd[1] * np.array([-1, 1])
    edges = np.linspace(max(reach[0], low[1]), min(reach[1], high[1]), 61)
    return pushed_plane(Tabulated(log_density, edges), given, quantity)


def _cut_normal(mean, sd, low, high) -> Law:
    if np.isinf(low) and np.isinf(high):
        return Closed(stats.norm(mean, sd))
    return Closed(stats.truncnorm((low - mean) / sd, (high - mean) / sd, mean, sd))

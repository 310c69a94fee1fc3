"""The length over which a log density changes by one, along each axis or any direction."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from laplace_approx.derivatives.central import difference_hessian
from laplace_approx.numerics.batched import MANY

EPS = np.finfo(float).eps
COARSE = np.arange(-100, 101, 4)  # powers of two: 1e-30 to 1e30
FINE = np.arange(-3, 1)


def rough_scales(evaluator, x):
    """Return a length (d,) for each axis at x (d,), at the price of one Hessian where d is large.

    (|H_ii| + g_i^2)^-1/2 above 50 dimensions, if there is a gradient at least, else `axis_scales`.
    """
    if evaluator.has_hessian and x.size > MANY:
        size = np.abs(np.diag(evaluator.hessian(x))) + evaluator.gradient(x) ** 2
        if np.isfinite(size).all():
            return 1 / np.sqrt(np.where(size > 0, size, 1.0))
    elif evaluator.has_gradient and x.size > MANY:
        scale = difference_hessian(evaluator.gradient, x)[1]
        if np.isfinite(scale).all():
            return scale
    return axis_scales(evaluator.far, x)


def axis_scales(log_density, x, directions=None):
    """Return, for each direction, the length at which the second difference at x is of order one.

    x is (d,), `directions` (m, d) the axes by default, the result (m,): the least h, to within a
    factor of two, for which |f(x + h v) - 2 f(x) + f(x - h v)| >= 1, found by two vectorised sweeps
    of powers of two. Where f is straight along v, the first difference serves; where it does not
    change at all, max(1, |x|). The edge of the support counts as a change. For several points x is
    (p, d), `directions` (p, m, d) and the result (p, m).
    """
    x = np.asarray(x, dtype=float)
    directions = np.eye(x.size) if directions is None else directions
    shape = directions.shape[:-1]
    value = np.repeat(np.reshape(log_density(x), -1), shape[-1])
    largest = np.max(np.abs(x), axis=-1, initial=0.0)
    flat = np.repeat(np.maximum(1.0, np.reshape(largest, -1)), shape[-1])
    points = np.repeat(np.reshape(x, (-1, x.shape[-1])), shape[-1], axis=0)
    rows = _Rows(log_density, points, value, directions.reshape(-1, x.shape[-1]))
    return _scales(rows, flat).reshape(shape)


class _Rows(NamedTuple):
    """A point (m, d) with its log density (m,) and a direction (m, d) for each row."""

    log_density: Callable
    x: np.ndarray
    value: np.ndarray
    directions: np.ndarray

    def changes(self, exponents):
        """Return |second difference| and the larger |first difference| at 2^exponents, (m, K)."""
        move = np.ldexp(1.0, exponents)[:, :, None] * self.directions[:, None, :]
        x = self.x[:, None]
        forward, backward = self.log_density(np.stack([x + move, x - move])) - self.value[:, None]
        bend = np.abs(forward + backward)
        drop = np.maximum(np.abs(forward), np.abs(backward))
        return np.where(np.isnan(bend), np.inf, bend), drop


def _scales(given: _Rows, flat):
    target = np.maximum(1.0, 1e3 * EPS * np.abs(given.value))
    limit = target[:, None]
    bend, drop = given.changes(np.broadcast_to(COARSE, (target.size, COARSE.size)))
    bends = bend >= limit
    bent = bends.any(axis=1)
    reached = np.where(bent[:, None], bends, drop >= limit)
    first = COARSE[np.argmax(reached, axis=1)]
    bend, drop = given.changes(first[:, None] + FINE)
    change = np.where(bent[:, None], bend, drop)
    k = np.argmax(change >= limit, axis=1)
    rows = np.arange(k.size)
    step = np.ldexp(1.0, first + FINE[k])
    # second differences go as h^2: down to where the change is one, but not below the last step
    shrink = np.clip(np.sqrt(target / np.maximum(change[rows, k], target)), 0.5, 1.0)
    return np.where(reached.any(axis=1), step * shrink, flat)

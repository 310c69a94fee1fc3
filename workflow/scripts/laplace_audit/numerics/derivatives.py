"""Derivatives of a log density by central differences of eighth order, in whitened coordinates.

With x = centre + L u the differences are taken in u, where a normal's SD is one. A difference of
step h along a direction has the error O(h^8) of the tenth (ninth) derivative and rounding of
about eps |f| / h^2 (eps |f| / h); both steps h and h / 2 are taken, and their difference is the
error that is stated.
"""

import math
from typing import NamedTuple

import numpy as np

# Fornberg (1988), Mathematics of Computation 51, tables 1 and 2: offsets 1 to 4.
FIRST = np.array([4 / 5, -1 / 5, 4 / 105, -1 / 280])
SECOND = np.array([8 / 5, -1 / 5, 8 / 315, -1 / 560])
OFFSETS = np.arange(1, 5)
STEPS = (1 / 16, 1 / 64, 1 / 256)
MOST_PAIRS = 12
EPS = np.finfo(float).eps


class Derivatives(NamedTuple):
    """The value at u = 0, slopes along the axes (d,), second derivatives along the directions
    (m,), and the error of the slopes and of the second derivatives, one number each."""

    value: float
    slopes: np.ndarray
    bends: np.ndarray
    slope_error: float
    bend_error: float


def derivatives(log_density, centre, factor) -> Derivatives:
    """Return the derivatives of u -> log_density(centre + factor u) at u = 0.

    The directions are the axes and the diagonals of every two axes, so that the second
    derivatives determine the Hessian; beyond `MOST_PAIRS` dimensions, seeded random ones. Of the
    steps the one with the least error counts: near a kink, or the edge of the support, a small one.
    """
    centre = np.asarray(centre, dtype=float)
    directions = _directions(len(centre))
    found = [_at_step(log_density, centre, factor, directions, step) for step in STEPS]
    slopes = min(found, key=lambda each: each.slope_error)
    bends = min(found, key=lambda each: each.bend_error)
    return bends._replace(slopes=slopes.slopes, slope_error=slopes.slope_error)


def _at_step(log_density, centre, factor, directions, step: float) -> Derivatives:
    (value, g1, h1), (_, g2, h2) = (
        _along(log_density, centre, factor, directions, h) for h in (step, step / 2)
    )
    d, noise = len(centre), EPS * max(1.0, abs(value))
    errors = np.max(np.abs(g1[:d] - g2[:d])), np.max(np.abs(h1 - h2))
    slope_error, bend_error = (math.inf if np.isnan(e) else float(e) for e in errors)
    slope_error, bend_error = slope_error + 8 * noise / step, bend_error + 32 * noise / step**2
    return Derivatives(value, g1[:d], h1, slope_error, bend_error)


def _directions(d: int):
    axes = np.eye(d)
    if d > MOST_PAIRS:
        others = np.random.default_rng(0).standard_normal((d, d))
        return np.concatenate([axes, others / np.linalg.norm(others, axis=1, keepdims=True)])
    pairs = [
        (axes[i] + s * axes[j]) / np.sqrt(2) for i in range(d) for j in range(i) for s in (1, -1)
    ]
    return np.array([*axes, *pairs])


def _along(log_density, centre, factor, directions, h):
    """Return (value, first, second derivatives) along each direction."""
    moves = h * OFFSETS[:, None, None] * (directions @ np.asarray(factor).T)
    points = np.concatenate([centre[None], *(centre + moves), *(centre - moves)])
    values = log_density(points)
    value, rest = float(values[0]), values[1:].reshape(2, OFFSETS.size, len(directions))
    with np.errstate(invalid="ignore"):
        first = FIRST @ (rest[0] - rest[1]) / h
        second = SECOND @ ((rest[0] - value) + (rest[1] - value)) / h**2
    return value, first, second

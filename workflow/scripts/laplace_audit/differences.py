"""Derivatives of a log density by central differences of eighth order, in whitened coordinates.

With x = centre + L u the differences are taken in u, where a normal's SD is one. A difference of
step h along a direction has the error O(h^8) of the tenth (ninth) derivative and rounding of
about eps |f| / h^2 (eps |f| / h); both steps h and h / 2 are taken, and their difference is the
error that is stated.
"""

from typing import NamedTuple

import numpy as np

# Fornberg (1988), Mathematics of Computation 51, tables 1 and 2: offsets 1 to 4.
FIRST = np.array([4 / 5, -1 / 5, 4 / 105, -1 / 280])
SECOND = np.array([8 / 5, -1 / 5, 8 / 315, -1 / 560])
OFFSETS = np.arange(1, 5)
STEP = 1 / 16
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


def derivatives(log_density, centre, factor, step: float = STEP) -> Derivatives:
    """Return the derivatives of u -> log_density(centre + factor u) at u = 0.

    The directions are the axes and the diagonals of every two axes, so that the second
    derivatives determine the Hessian; beyond `MOST_PAIRS` dimensions, seeded random ones.
    """
    centre, d = np.asarray(centre, dtype=float), len(centre)
    directions = _directions(d)
    (value, g1, h1), (_, g2, h2) = (
        _along(log_density, centre, factor, directions, h) for h in (step, step / 2)
    )
    noise = EPS * max(1.0, abs(value))
    return Derivatives(
        value,
        g1[:d],
        h1,
        float(np.max(np.abs(g1[:d] - g2[:d]))) + 8 * noise / step,
        float(np.max(np.abs(h1 - h2))) + 32 * noise / step**2,
    )


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

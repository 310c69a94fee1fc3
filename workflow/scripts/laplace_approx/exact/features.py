"""What stands out of the density that the nodes of a lattice tell: humps, dents and shoulders, each
with a place and a width, so that the next lattice can have its nodes close together there.

A feature need not be a mode: a hole has no top, and a hump on a steep slope none either. All are
places where the density is off what the lattice says by the largest share of that; and of a normal
that is added or taken away, the log of this share is that of the normal. Nothing that is found here
enters a number: it decides only where the nodes go.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from laplace_approx.exact.alignment import local_factor
from laplace_approx.exact.between_nodes import Between
from laplace_approx.exact.frame import Frame

# features: each adds nodes to every axis; doubled, up to twice those of a density that has so many
MOST = 8
# of a simplex, a parameter; doubled, twice the evaluations of a climb that does not settle
STEPS = 100
# steps of the lattice: the edge of the first simplex; doubled, a hump between two nodes is stepped
# over more often
FIRST = 0.3
# log share below which the density is what the lattice says: 1e-13, or doubled, 1e-26, which is
# rounding
LEAST = -30.0
LARGEST = 600.0  # log ratio that is still told apart; e^709 is the largest number
# widths of the one between two features that are one; halved, one feature met twice has its nodes
# twice
SAME = 1.0
# steps of the lattice over which dz / du is told; doubled, a central difference has four times the
# error, of 1e-10, and half the rounding
DIFFERENCE = 1e-5


class Feature(NamedTuple):
    """A place z (d,), a factor (d, d) of the covariance of a normal that has about its width, and
    the share of the mass that the lattice is off by there."""

    z: np.ndarray
    factor: np.ndarray
    share: float


def features(between: Between, thetas) -> list[Feature]:
    """Return the features next to places theta (n, d), the heaviest first."""
    frame, found = between.frame, []
    for u in frame.locate(thetas):
        with np.errstate(all="ignore"):
            feature = _feature(between, u) if np.isfinite(u).all() else None
        if feature is not None and not any(_same(feature, each) for each in found):
            found.append(feature)
    return sorted(found, key=lambda each: -each.share)[:MOST]


def _feature(between: Between, u) -> Feature | None:
    """Return the feature at the extreme next to u (d,), None where there is none."""
    from scipy.optimize import minimize  # slow to import

    off = _off(between, float(np.sign(between.log_ratio(u[None])[0])))
    step = np.array([axis.step for axis in between.frame.axes])
    simplex = u + np.concatenate([np.zeros((1, u.size)), FIRST * np.diag(step)])
    options = {"initial_simplex": simplex, "maxfev": STEPS * u.size, "xatol": 0, "fatol": 1e-3}
    top = minimize(lambda v: -float(off(v)), u, method="Nelder-Mead", options=options).x
    factor, height = local_factor(off, top), float(off(top))
    if not (np.isfinite(factor).all() and height > LEAST):
        return None
    ratio = float(between.log_ratio(top[None])[0])
    # (2 pi)^(d/2) |factor| times the height of what is missed or invented
    size = np.linalg.slogdet(factor)[1] + u.size / 2 * math.log(2 * math.pi)
    log_told = float(between.log_truth(top[None])[0]) - ratio
    share = math.exp(min(height + log_told + size, LARGEST)) / between.total
    frame = between.frame
    return Feature(frame.unconstrained(top), _slopes(frame, top) @ factor, share)


def _off(between: Between, sign: float) -> Callable:
    """Return the log of what the density has above what the lattice says at u (..., d), or below
    it, as a share of that."""

    def value(u):
        ratio = between.log_ratio(np.reshape(u, (-1, np.shape(u)[-1])))
        off = sign * np.expm1(np.minimum(ratio, LARGEST))
        return np.log(np.maximum(off, math.exp(LEAST))).reshape(np.shape(u)[:-1])

    return value


def _slopes(frame: Frame, u):
    """Return dz / du at u (d,), (d, d)."""
    move = DIFFERENCE * np.diag([axis.step for axis in frame.axes])
    change = frame.unconstrained(u + move) - frame.unconstrained(u - move)
    return (change / (2 * np.diag(move)[:, None])).T


def _same(one: Feature, other: Feature) -> bool:
    away = np.linalg.solve(other.factor, one.z - other.z)
    return bool(np.linalg.norm(away) < SAME)

"""The peaks of a density of two or three parameters far from the bulk of its lattices.

A lattice ends where its own mass does, so a hump of like width a dozen SDs further leaves no trace
on it. But such a hump need not be hit to be found: wherever the density of the bulk has faded out
more than its own, the log density rises toward it, and all climbs that begin there end on it. So
shells about the bulk are looked at, whose radii grow by a factor, and what stands above all around
it is climbed. Nothing that is found here enters a number: it decides for what lattices are laid.
"""

from collections.abc import Callable

import numpy as np
from scipy.special import ndtri

from laplace_approx.exact.frame import Frame
from laplace_approx.exact.scans import SEED, Bulk
from laplace_approx.numerics.even import even_points, nearest

# Power of two of places, by dimension: half as many lie 1.4 (two parameters) or 1.3 times as far
# apart, and a thin hump far out is found so much less often; twice as many cost as much again.
PLACES = {2: 14, 3: 15}
NEAREST = 3.0  # SDs from the centre: nearer, the bulk is looked at evenly
FARTHEST = 1e3  # SDs: ten times that costs a third of the places at each radius
NEIGHBOURS = 12  # which a place must exceed: with half, twice as many climbs begin in vain
MOST = 12  # peaks that are climbed, the highest first: each costs some thousand evaluations
AT_ONCE = 32  # places about each peak a round
ROUNDS = 40  # of a climb, whose steps halve where none of them is higher
WIDEST = 0.3  # of the distance from the centre: the first steps, a place's distance to the next


def peaks_afar(frame: Frame, bulk: Bulk, of_z: Callable) -> np.ndarray:
    """Return the places z (n, d) to which climbs from shells about the bulk of a lattice lead.

    They are near the tops of humps, on a ridge or in the bulk itself: whoever asks must look.
    """
    left, right = (
        np.array([float(axis.stretched(u)) for axis, u in zip(frame.axes, side, strict=True)])
        for side in (bulk.left, bulk.right)
    )
    centre = frame.unconstrained((bulk.left + bulk.right) / 2)
    scale = frame.shear * ((right - left) / 2)
    if not (np.isfinite(centre).all() and np.isfinite(scale).all()):
        return np.empty((0, centre.size))

    def value(x):
        with np.errstate(all="ignore"):
            found = of_z(centre + x @ scale.T)
        return np.where(np.isnan(found), -np.inf, found)

    log_radius, way = _shells(centre.size)
    x = np.exp(log_radius)[:, None] * way
    rows = _above_all_around(np.column_stack([log_radius, way]), value(x))
    x = x[rows[log_radius[rows] > np.log(NEAREST)][:MOST]]
    x = _climbed(value, x)
    return centre + x[np.linalg.norm(x, axis=1) < 2 * FARTHEST] @ scale.T


def _shells(d: int):
    """Return log radii (n,) and directions (n, d), evenly spread, the same at each call."""
    sobol = even_points(d + 1, PLACES[d], SEED + 3)
    low, high = np.log(NEAREST) - WIDEST, np.log(FARTHEST)  # the nearest have neighbours within
    way = _normal_scores(sobol[:, 1:])
    return low + (high - low) * sobol[:, 0], way / np.linalg.norm(way, axis=1, keepdims=True)


def _normal_scores(u):
    return ndtri(np.clip(u, 1e-12, 1 - 1e-12))


def _above_all_around(at, height):
    """Return the rows of the highest of those that exceed all of their neighbours."""
    rows = np.flatnonzero(np.isfinite(height))
    _, near = nearest(at, at[rows], NEIGHBOURS + 1)
    rows = rows[height[rows] >= np.max(height[near], axis=1)]
    return rows[np.argsort(-height[rows])]


def _climbed(value: Callable, x):
    """Return where climbs from x (n, d) end, all at once: each goes to the highest place of a cloud
    about it, which shrinks where there is none."""
    if not len(x):
        return x
    d = x.shape[1]
    sobol = even_points(d, AT_ONCE.bit_length() - 1, SEED + 4)
    cloud = _normal_scores(sobol)
    size = WIDEST * np.linalg.norm(x, axis=1)
    best = value(x)
    for _ in range(ROUNDS):
        tried = x[:, None, :] + size[:, None, None] * cloud
        found = value(tried.reshape(-1, d)).reshape(tried.shape[:2])
        top = np.argmax(found, axis=1)
        higher = np.take_along_axis(found, top[:, None], axis=1)[:, 0]
        rose = higher > best
        x = np.where(rose[:, None], tried[np.arange(len(x)), top], x)
        best, size = np.where(rose, higher, best), np.where(rose, size, size / 2)
    return x

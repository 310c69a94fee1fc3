"""The nodes of a lattice by diagonals, of which some are left out to see what several axes owe
together.

A feature that runs aslant to its axes is seen by none of them alone: what the nodes err by is a
wave across several axes, and nodes that are left out along one axis do not make it longer. The
nodes whose numbers n meet s n = r modulo 2, 4 or 8, for a vector s of -1, 0 and 1, are a lattice on
which it is longer.
"""

import itertools

import numpy as np

from laplace_approx.exact.axis import along_axis

MOST_LEFT_OUT = 8  # diagonals of which one is kept, at the most; `owed` takes 2, 4 and 8


def diagonals(dimension: int) -> list[tuple[int, ...]]:
    """Return the vectors s of -1, 0 and 1 that join two or more axes, one of every s and -s."""
    vectors = itertools.product((1, 0, -1), repeat=dimension)
    return [s for s in vectors if np.count_nonzero(s) > 1 and s > tuple(-x for x in s)]


def sums_by_remainder(weighed, diagonal):
    """Return the sums (8, n) of weighed densities over all axes but the first, of the nodes whose
    numbers n along a diagonal s leave s n = 0, 1, ... modulo 8."""
    free = tuple(k for k, sign in enumerate(diagonal) if k and not sign)
    weighed = weighed.sum(axis=free, keepdims=True)
    numbers = np.zeros((1,) * weighed.ndim, dtype=np.int32)
    for k, sign in enumerate(diagonal):
        if sign:
            each = np.arange(weighed.shape[k], dtype=np.int32)
            numbers = numbers + along_axis(sign * each, k, weighed.ndim)
    first = along_axis(np.arange(weighed.shape[0], dtype=np.int32), 0, weighed.ndim)
    place = np.broadcast_to(first * MOST_LEFT_OUT + numbers % MOST_LEFT_OUT, weighed.shape)
    found = np.bincount(place.ravel(), weighed.ravel(), weighed.shape[0] * MOST_LEFT_OUT)
    return found.reshape(-1, MOST_LEFT_OUT).T

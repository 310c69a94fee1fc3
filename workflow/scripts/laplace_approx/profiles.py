"""A density on a lattice summed over every axis but one, by several rules in one reading.

A large lattice is read from memory once for all rules, not once for each: the weights of the rules
are the columns of a matrix, and a sum over an axis is a product with it.
"""

from collections.abc import Sequence

import numpy as np


def profiles(p, weights: Sequence) -> list[np.ndarray]:
    """Return, for each axis k of p, its sums over all other axes: (points of axis k, rules).

    `weights[k]` (points, rules) holds the weight of every node of axis k under each rule; rule r
    weighs a node by the product of column r over the axes that are summed.
    """
    d = p.ndim
    if d == 1:
        return [np.repeat(p[:, None], weights[0].shape[1], axis=1)]
    last = p @ weights[-1]
    first = np.tensordot(weights[0], p, axes=(0, 0))  # (rules, axes 1 to d - 1)
    for k in range(1, d - 1):
        first = np.einsum("nr,rn...->r...", weights[k], first)
    return [*(_others_summed(last, weights, k) for k in range(d - 1)), first.T]


def _others_summed(sums, weights, k: int):
    """Sum (axes 0 to d - 2, rules) over every axis but k, rule by rule."""
    for axis in reversed(range(sums.ndim - 1)):
        if axis != k:
            sums = np.einsum("n...r,nr->...r", np.moveaxis(sums, axis, 0), weights[axis])
    return sums


def padded(weights, points: int, every: int = 1):
    """Return the weights of the nodes 0, every, 2 every, ... as weights of all nodes, the others
    zero."""
    whole = np.zeros(points)
    whole[: weights.size * every : every] = weights
    return whole

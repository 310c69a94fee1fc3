"""A density on a lattice summed over every axis but one, by several rules at once.

The rules of a lattice weigh nearly all nodes alike, or nearly all even ones and nearly all odd
ones: they differ near the ends of an axis. So two plain sums, of all nodes and of the even ones,
serve all rules, and what a rule adds to them takes a few nodes. A plain sum reads the lattice as
fast as memory gives it, where a matrix product that the library spreads over threads waits for
them on a busy machine.
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
    last = _over_last(p, weights[-1])
    first = _over_first(p, weights[0])
    for k in range(1, d - 1):
        first = np.einsum("nr,rn...->r...", weights[k], first)
    return [*(_others_summed(last, weights, k) for k in range(d - 1)), first.T]


def _over_last(p, weights):
    """Return the sums over the last axis, with the rules in its place."""
    even, odd, rest, rows = _split(weights)
    total, of_even = p.sum(axis=-1), p[..., ::2].sum(axis=-1)
    return total[..., None] * odd + of_even[..., None] * (even - odd) + p[..., rows] @ rest


def _over_first(p, weights):
    """Return the sums over the first axis, with the rules in its place."""
    even, odd, rest, rows = _split(weights)
    total, of_even = p.sum(axis=0), p[::2].sum(axis=0)
    plain = np.multiply.outer(odd, total) + np.multiply.outer(even - odd, of_even)
    return plain + np.tensordot(rest, p[rows], axes=(0, 0))


def _split(weights):
    """Return the weights of the even and of the odd nodes in the middle (rules,) each, and what
    the others, whose numbers are `rows`, weigh beyond that: (rows, rules)."""
    middle = weights.shape[0] // 4 * 2
    even, odd = weights[middle], weights[min(middle + 1, len(weights) - 1)]
    rest = weights.copy()
    rest[::2] -= even
    rest[1::2] -= odd
    rows = np.flatnonzero(rest.any(axis=1))
    return even, odd, rest[rows], rows


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

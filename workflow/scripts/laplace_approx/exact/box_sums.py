"""The sums over a plain box: its marginals and its integral, of all nodes and of half of them.

Both come from one walk over the nodes, as weighted sums over all axes but one.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from laplace_approx.exact.axis import trapezoid_weights
from laplace_approx.exact.frame import Frame
from laplace_approx.numerics.quadrature import node_weights


class Sums(NamedTuple):
    """What a plain box says of each of its parameters and of its evidence, at one spacing.

    `densities[k]` is the marginal density of parameter k at its nodes, in any unit; `integral` the
    trapezoid rule's, of a density per unit of u.
    """

    frame: Frame
    densities: list[np.ndarray]
    integral: float


class BoxSums(NamedTuple):
    """The sums over a plain box: of all nodes, of the odd number of nodes (`fine`) that it shares
    with half of them (`coarse`), both None where fewer than three nodes an axis would be left, and
    the mass of the layers across each axis (`layers[k]`)."""

    whole: Sums
    fine: Sums | None
    coarse: Sums | None
    layers: list[np.ndarray]


def box_sums(p, frame: Frame) -> BoxSums:
    """Return the sums of p, a density per unit of u at the nodes of a plain box."""
    lattices = [(frame, 1), *_halved(frame)]
    weights = [
        np.stack([*_rules(lattices, k, n), np.ones(n)], axis=1) for k, n in enumerate(frame.shape)
    ]
    found = profiles(p, weights)
    sums = [_sums(at, every, found, 2 * i) for i, (at, every) in enumerate(lattices)]
    layers = [profile[:, -1] for profile in found]
    return BoxSums(*sums, *(None,) * (3 - len(sums)), layers=layers)


def _halved(frame: Frame):
    """Return the frame with an odd number of nodes an axis, and that of every other one of them;
    neither where fewer than three would be left."""
    odd = [(n - 1) // 2 * 2 + 1 for n in frame.shape]
    if min(odd) < 5:
        return []
    axes = tuple(axis.cut(n) for axis, n in zip(frame.axes, odd, strict=True))
    thin = tuple(axis.thin() for axis in axes)
    return [(frame._replace(axes=axes), 1), (frame._replace(axes=thin), 2)]


def _rules(lattices, k, points):
    """Return the weights of axis k, two rules a lattice: the marginal's and the trapezoid's."""
    for frame, every in lattices:
        axis = frame.axes[k]
        yield padded(node_weights(axis.points), points, every)
        yield padded(trapezoid_weights(axis), points, every)


def _sums(frame, every, found, column) -> Sums:
    kept = [slice(0, axis.points * every, every) for axis in frame.axes]
    densities = [profile[rows, column].copy() for profile, rows in zip(found, kept, strict=True)]
    integral = trapezoid_weights(frame.axes[0]) @ found[0][kept[0], column + 1]
    return Sums(frame, densities, float(integral))


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

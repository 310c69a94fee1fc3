"""Integrals of a smooth function from its values on equally spaced nodes, to eighth order.

A polynomial of degree seven runs through eight neighbouring nodes (one-sided at the two ends) and
is integrated exactly over one interval, so the error of an interval is of order h^9 and that of a
cumulative integral of order h^8 (Davis and Rabinowitz 1984, Methods of Numerical Integration). In
the interior the weights add up to one at every node: there the rule is the trapezoid's, which
converges faster than any power of h where the function fades out at both ends (Trefethen and
Weideman 2014, SIAM Review 56, section 5). All spacings here are one: multiply by h.
"""

import math
from functools import cache

import numpy as np

ORDER = 8  # points of a stencil: polynomials up to degree 7 are integrated exactly
# On [0, 1] the 7 nodes and weights of Kronrod, and those of Gauss at every other of them, which
# are exact to degree 11 and 5 (Piessens et al. 1983, QUADPACK).
_K = [0.960491268708020283423507092629080, 0.774596669241483377035853079956480]
_K += [0.434243749346802558002071502844628, 0.0]
# Kronrod's weights, from the end to the middle
_W = [0.104656226026467265193823857192073, 0.268488089868333440728569280666710]
_W += [0.401397414775962222905051818618432, 0.450916538658474142345110087045571]
KRONROD = (
    0.5 + 0.5 * np.array([-_K[0], -_K[1], -_K[2], 0.0, _K[2], _K[1], _K[0]]),
    0.5 * np.array([*_W, *_W[2::-1]]),
    0.5 * np.array([0, 5 / 9, 0, 8 / 9, 0, 5 / 9, 0]),
)


@cache
def _antiderivatives(order: int) -> np.ndarray:
    """Coefficients (order, order + 1), rising powers, of the integral from 0 of each basis."""
    nodes = np.arange(order) - (order - 1) / 2  # centred, so that the powers stay small
    basis = np.linalg.solve(np.vander(nodes, increasing=True), np.eye(order)).T
    powers = np.arange(1, order + 1)
    return np.concatenate([np.zeros((order, 1)), basis / powers], axis=1)


def _integral_to(position, order: int) -> np.ndarray:
    """Weights (..., order) of the integral from stencil node 0 to `position` in node units."""
    centre = (order - 1) / 2
    weights = _antiderivatives(order).T
    at_node_0 = _powers(-centre, order + 1) @ weights
    return _powers(np.asarray(position, dtype=float) - centre, order + 1) @ weights - at_node_0


def stencils(intervals, n: int):
    """Return (first, local): the first node of the stencil of each interval of n nodes, and
    the interval's place within its stencil."""
    intervals = np.asarray(intervals)
    order = min(ORDER, n)
    first = np.clip(intervals - (order - 2) // 2, 0, n - order)
    return first, intervals - first


def applied(weights, values):
    """Return the sums over the stencil of each interval of values (n,), as (n - 1, rows).

    `weights` (rows, order - 1, order) are those of each place of an interval within its stencil.
    All intervals but the first and last few have the same place.
    """
    order = weights.shape[-1]
    centre = (order - 2) // 2
    values = np.ascontiguousarray(values)
    # a view of all stencils, one node apart
    step = values.itemsize
    shape, strides = (values.size - order + 1, order), (step, step)
    windows = np.ndarray(shape, values.dtype, values, strides=strides)
    inner = windows @ np.ascontiguousarray(weights[:, centre].T)
    if order == 2:
        return inner
    first, last = weights[:, :centre] @ windows[0], weights[:, centre + 1 :] @ windows[-1]
    return np.concatenate([first.T, inner, last.T])


def increments(values):
    """Return the integral of values (..., n) over each of the n - 1 intervals, (..., n - 1)."""
    values = np.asarray(values, dtype=float)
    weights = _increment_weights(min(ORDER, values.shape[-1]))
    if values.ndim == 1:
        return applied(weights, values)[:, 0]
    return _increments_of_rows(values, weights[0])


def _increments_of_rows(values, weights):
    """The same for many rows at once, without an array of all their stencils."""
    order, n = weights.shape[-1], values.shape[-1]
    centre = (order - 2) // 2
    result = np.empty((*values.shape[:-1], n - 1))
    result[..., :centre] = values[..., :order] @ weights[:centre].T
    result[..., n - order + 1 + centre :] = values[..., -order:] @ weights[centre + 1 :].T
    middle = result[..., centre : n - order + 1 + centre]
    middle[...] = 0.0
    for k, weight in enumerate(weights[centre]):
        middle += weight * values[..., k : n - order + 1 + k]
    return result


@cache
def _increment_weights(order: int) -> np.ndarray:
    return np.diff(_integral_to(np.arange(order), order), axis=0)[None]


def bounded_increments(density):
    """Return `increments` of a density (..., n), kept within what the ends of each interval allow.

    A bump that the nodes resolve at all stays within these limits; where the nodes are too few,
    the polynomials swing and would put mass where there is none, or less than none.
    """
    ends = density[..., :-1], density[..., 1:]
    within = np.maximum(increments(density), 0.5 * np.minimum(*ends))
    return np.minimum(within, 1.5 * np.maximum(*ends))


@cache
def _node_weights(n: int) -> np.ndarray:
    order = min(ORDER, n)
    per_interval = np.diff(_integral_to(np.arange(order), order), axis=0)
    first, local = stencils(np.arange(n - 1), n)
    weights = np.zeros(n)
    np.add.at(weights, first[:, None] + np.arange(order), per_interval[local])
    return weights


def node_weights(n: int) -> np.ndarray:
    """Return the n weights whose sum with the values is the integral over all the nodes."""
    return _node_weights(n) if n > 1 else np.ones(1)


@cache
def stencil_weights() -> np.ndarray:
    """Return the weights (ORDER - 1, ORDER) of each interval of a stencil of the full order."""
    return np.diff(_integral_to(np.arange(ORDER), ORDER), axis=0)


@cache
def stencil_errors() -> np.ndarray:
    """Return (ORDER - 1,): the error of each of these integrals, per unit of the difference of
    order `ORDER` there, that is the integral of |product of (t - node)| over ORDER!."""
    polynomial = np.polynomial.Polynomial.fromroots(np.arange(ORDER)).integ()
    return np.abs(np.diff(polynomial(np.arange(ORDER)))) / math.factorial(ORDER)


@cache
def from_every_other(n: int) -> np.ndarray:
    """Return the weights (n, (n + 1) / 2) that fill in n nodes, an odd number, from every other."""
    known = (n + 1) // 2
    weights = np.zeros((n, known))
    weights[::2] = np.eye(known)
    order = min(ORDER, known)
    first, local = stencils(np.arange(known - 1), known)
    for i in range(known - 1):
        weights[2 * i + 1, first[i] : first[i] + order] = interpolation_weights(
            0.5, local[i], order
        )
    return weights


def partial_weights(fraction, interval, order: int) -> np.ndarray:
    """Return the weights (..., order) on the nodes of a stencil of the integral over the first
    `fraction` (0 to 1) of its `interval`; the two broadcast."""
    interval = np.asarray(interval, dtype=float)
    return _integral_to(interval + fraction, order) - _integral_to(interval, order)


def interpolation_weights(fraction, interval, order: int) -> np.ndarray:
    """Return the weights (..., order) on the nodes of a stencil of the value at `fraction` (0 to
    1) of its `interval`; the two broadcast."""
    position = np.asarray(interval, dtype=float) + fraction
    derivatives = _antiderivatives(order)[:, 1:] * np.arange(1, order + 1)
    return _powers(position - (order - 1) / 2, order) @ derivatives.T


def read_between(values, first, position, order: int) -> np.ndarray:
    """Return the polynomial through the nodes first, ..., first + order - 1 of the flat `values`,
    at a `position` in node units from the first of them; `first` and `position` (N,).

    By Lagrange's formula, each basis the product of what is before and what is after its node: for
    very many places no weights are kept (Berrut and Trefethen 2004, SIAM Review 46, section 3).
    """
    away = [position - j for j in range(order)]
    after = [np.ones_like(position)]
    for each in away[:0:-1]:
        after.append(after[-1] * each)
    found, before = np.zeros_like(position), np.ones_like(position)
    for j in range(order):
        scale = (-1) ** (order - 1 - j) / (math.factorial(j) * math.factorial(order - 1 - j))
        found += values[first + j] * (before * after[order - 1 - j] * scale)
        before = before * away[j]
    return found


def _powers(x, n: int):
    """Return 1, x, ..., x^(n - 1) along a new last axis (products: far faster than powers)."""
    powers = np.ones((*np.shape(x), n))
    powers[..., 1:] = np.asarray(x)[..., None]
    return np.multiply.accumulate(powers, axis=-1)


def band_limited(values, times: int):
    """Return the values (n,) at `times` as many places, (n - 1) times + 1, by Fourier's series.

    For a function that fades out at both ends the error is that of the trapezoid rule's, below
    any power of the step. What falls below zero, a rounding error of the largest value, is zero.
    """
    n = values.size
    spectrum = np.fft.rfft(values)
    if n % 2 == 0:
        spectrum[-1] /= 2  # this frequency stands for itself and for its mirror image
    dense = np.fft.irfft(spectrum, n * times) * times
    dense[::times] = values
    return np.maximum(dense[: (n - 1) * times + 1], 0.0)


@cache
def product_rule(points: int, dimension: int):
    """Return (u (points^d, d), log weights (points^d,)): E[f(u)] = sum of weights times f(u).

    u is standard normal; each side of the product has `points` Gauss-Hermite nodes, so that
    polynomials of degree 2 points - 1 in each coordinate are integrated exactly (Golub and Welsch
    1969). The first coordinate varies slowest. The arrays are not to be written to.
    """
    node, weight = np.polynomial.hermite_e.hermegauss(points)
    with np.errstate(divide="ignore"):
        log_weight = np.log(weight) - np.log(np.sum(weight))
    index = np.indices((points,) * dimension).reshape(dimension, -1).T
    rule = node[index], np.sum(log_weight[index], axis=1)
    for array in rule:
        array.flags.writeable = False
    return rule

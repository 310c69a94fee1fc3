"""Humps too thin to be hit by a point, seen on a lattice about a mode by what they do to a smooth
function.

A narrow normal beside a smooth density is still a billionth of it at seven of its own SDs, and so
much is seen: at a node, the log density is held against what its neighbours on a line tell. Along
every axis they must tell less, and by far more than about any node a little further, on all sides:
along an edge all nodes stand out, and a hump does so alone. That makes a lattice see what is a
quarter as thin as points would have to hit, in a plane.
"""

import itertools
from collections.abc import Callable

import numpy as np

# SDs between nodes, by dimension. On one line a round hump of 2e-4 SDs that holds a hundredth of
# the mass is seen wherever it lies, in a plane one of 0.012, in space one of 0.11; half of it costs
# 2^d times the nodes and sees half as thin
SPACING = {1: 2.5e-3, 2: 0.12, 3: 0.55}
RADIUS = {1: 20.0, 2: 6.0, 3: 6.0}  # SDs from the mode
WEIGHTS = (np.array([15, -6, 1]) / 20, np.array([4, -1]) / 6)  # of the pairs next, second, third
# nodes away: there the neighbours that tell do not reach the hump; 2 BESIDE + 1 is a power of three
BESIDE = 4
# times as far off as beside; halved, smooth skewed posteriors are looked at closer, in vain
STANDS_OUT = 4.0
ROUNDING = 1e-14  # of a log density, relative: fifty last digits
TOPS = 4  # nodes higher than all around that are climbed from, at most
MOST = {1: 12, 2: 6, 3: 6}  # nodes that are looked at closer; each costs as much as `CLOSER`
CLOSER = {1: 17, 2: 7, 3: 5}  # places on each axis, from 3/4 of a spacing on one side to the other
EXCESS = 0.1  # of log density, over a quadratic: what may be a hump


def thin_humps(evaluator, proof):
    """Return (log density, x) of the places beside a proven mode where a thin hump stands out."""
    d = evaluator.size
    if d not in SPACING:
        return []
    h, frame = SPACING[d], proof.factored.cholesky
    count = int(RADIUS[d] / h)
    axis = h * np.arange(-count, count + 1)
    u = np.stack(np.meshgrid(*[axis] * d, indexing="ij"), axis=-1)
    near = np.linalg.norm(u, axis=-1) <= RADIUS[d]
    values = np.full(near.shape, np.nan)
    values[near] = evaluator.log_density(proof.x + u[near] @ frame.T)
    values[~np.isfinite(values)] = np.nan
    own = np.max(np.abs(u), axis=-1) <= h
    found = [(values[node], proof.x + frame @ u[node]) for node in _tops(values, own)]
    for node in standing_out(values, MOST[d]):
        seen = closer(lambda v: evaluator.far(proof.x + v @ frame.T), u[node], np.full(d, h))
        found += [] if seen is None else [(seen[0], proof.x + frame @ seen[1])]
    return found


def _tops(values, own):
    """Return the indices of the highest nodes that are higher than all about them, diagonals too,
    and not about the mode itself (`own`)."""
    high = np.isfinite(values) & ~own
    around = np.nan_to_num(values, nan=-np.inf)
    for axis in range(values.ndim):  # the highest of three, on one axis after another
        near = (_shifted(around, axis, by) for by in (1, -1))
        around = np.fmax(around, np.fmax(*near))
    with np.errstate(invalid="ignore"):
        high &= values >= around
    nodes = np.argwhere(high)
    order = np.argsort(-values[high], kind="stable")[:TOPS]
    return [tuple(node) for node in nodes[order]]


def standing_out(values, most: int, highest: float = 0.0):
    """Return the indices of the nodes that stand out most, no two of them neighbours, of `values`
    (n_1, ..., n_d) of a log density at equally spaced nodes, from which `highest` was taken; NaN
    where there are none."""
    off = np.stack([_off(values, axis) for axis in range(values.ndim)])
    noise = ROUNDING * (1 + np.abs(values) + abs(highest))
    beside = _around(np.fmax.reduce(np.abs(off), axis=0))
    with np.errstate(invalid="ignore"):
        score = np.nan_to_num(off.min(axis=0) / (beside + noise), nan=0.0, posinf=0.0)
    rows = np.flatnonzero(score > STANDS_OUT)
    rows = rows[np.argsort(-score.ravel()[rows], kind="stable")]
    kept: list[tuple] = []
    for node in zip(*np.unravel_index(rows, score.shape), strict=True):
        if all(max(abs(a - b) for a, b in zip(node, one, strict=True)) > 1 for one in kept):
            kept.append(node)
        if len(kept) == most:
            break
    return kept


def _around(size):
    """Return the largest of the sizes `BESIDE` nodes away along one axis and no farther along the
    others: on the faces of a box about each node, 0 where the lattice has none of them."""
    found = np.zeros(size.shape)
    for axis in range(size.ndim):
        face = size
        for other in range(size.ndim):
            for by in (1, 3) if other != axis else ():  # of three, and of three times three: 9
                face = np.fmax(face, np.fmax(*(_shifted(face, other, way) for way in (by, -by))))
        for way in (BESIDE, -BESIDE):
            found = np.fmax(found, _shifted(face, axis, way))
    return found


def _off(values, axis):
    """Return by how much the values exceed what their neighbours along an axis tell: from three
    pairs, or two where there is no third; NaN where there is no second."""
    told = []
    for weights in WEIGHTS:
        pairs = (
            _shifted(values, axis, k + 1) + _shifted(values, axis, -k - 1)
            for k in range(len(weights))
        )
        told.append(sum(weight * pair for weight, pair in zip(weights, pairs, strict=True)))
    return values - np.where(np.isnan(told[0]), told[1], told[0])


def _shifted(values, axis, by):
    """Return the values `by` nodes further along an axis, NaN beyond the lattice."""
    found = np.full(values.shape, np.nan)
    n = values.shape[axis]
    here, there = [slice(None)] * values.ndim, [slice(None)] * values.ndim
    here[axis], there[axis] = slice(max(-by, 0), n - max(by, 0)), slice(max(by, 0), n + min(by, 0))
    found[tuple(here)] = values[tuple(there)]
    return found


def closer(value: Callable, u, edges):
    """Return (log density, place) of the place about a node u (d,) that most exceeds a quadratic,
    and None where none does by so much that it may be a hump. `value` is the log density of places
    (n, d), `edges` (d,) are the distances between nodes."""
    d = u.size
    t = np.linspace(-1, 1, CLOSER[d])
    places = np.array(list(itertools.product(t, repeat=d)))
    at = u + 0.75 * edges * places
    values = value(at)
    fine = np.isfinite(values)
    i, j = np.triu_indices(d)
    terms = np.hstack([np.ones((len(places), 1)), places, places[:, i] * places[:, j]])
    if fine.sum() < 2 * terms.shape[1]:
        return None
    told = terms @ np.linalg.lstsq(terms[fine], values[fine], rcond=None)[0]
    excess = np.where(fine, values - told, -np.inf)
    top = int(np.argmax(excess))
    return (float(values[top]), at[top]) if excess[top] > EXCESS else None

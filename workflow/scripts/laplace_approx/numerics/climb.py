"""The maxima of many functions, with the curvature at each."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

MOST_STEPS = 60  # of a climb
MOST_HALVINGS = 40  # of a step: 2^-40 of it is left
DECREMENT = 1e-12  # squared Newton step in local standard deviations at which a row has arrived
LONGEST = 1e3  # steps, in units of the distance from the start or of the scale at the mode
STALLED = 1e-6  # accepted where rounding lets no step go uphill any more


class Climb(NamedTuple):
    """Where each row of a batch arrived.

    `v` (m, k) the maximiser, `value` (m,), `log_determinant` (m,) of minus the Hessian there, and
    `converged` (m,): a stationary point with a negative definite Hessian. Rows that did not
    converge hold NaN in `value` and `log_determinant`.
    """

    v: np.ndarray
    value: np.ndarray
    log_determinant: np.ndarray
    converged: np.ndarray


def climb(value: Callable, derivatives: Callable, start) -> Climb:
    """Maximise m functions of k variables each, from `start` (m, k).

    `value(rows, v)` returns the functions numbered `rows` at their own points v (r, k), as (r,);
    `derivatives(rows, v, scale)` their gradients (r, k) and Hessians (r, k, k), with `scale` (r, k)
    the current local standard deviations for finite differences. Only rows that have not arrived
    are evaluated. Directions of the wrong curvature are climbed by its absolute value, and the step
    is halved until the value rises (Nocedal and Wright 2006, sections 3.1 and 3.4).
    """
    v = np.array(start, dtype=float)
    m, k = v.shape
    best = np.asarray(value(np.arange(m), v), dtype=float)
    log_determinant = np.full(m, np.nan if k else 0.0)
    if k == 0:
        return Climb(v, best, log_determinant, np.isfinite(best))
    scale = np.ones((m, k))
    rows = np.flatnonzero(np.isfinite(best))
    for _ in range(MOST_STEPS):
        if rows.size == 0:
            break
        gradient, hessian = derivatives(rows, v[rows], scale[rows])
        usable = np.isfinite(gradient).all(axis=1) & np.isfinite(hessian).all(axis=(1, 2))
        rows, gradient, hessian = rows[usable], gradient[usable], hessian[usable]
        step, decrement, curvature = _climbing_step(gradient, hessian)
        step = _shortened(step, v[rows])
        rise = np.sum(gradient * step, axis=1)
        scale[rows] = _local_scale(hessian, scale[rows])
        concave = curvature.min(axis=1, initial=np.inf) > 0
        arrived = concave & (decrement < DECREMENT)
        away, moved = ~arrived, np.zeros(rows.size, dtype=bool)
        moved[away] = _climb_search(value, v, best, rows[away], step[away], rise[away])
        arrived |= concave & ~moved & (decrement < STALLED)
        log_determinant[rows[arrived]] = np.sum(np.log(curvature[arrived]), axis=1)
        rows = rows[moved]
    converged = np.isfinite(log_determinant)
    return Climb(v, np.where(converged, best, np.nan), log_determinant, converged)


def _climbing_step(gradient, hessian):
    """Return the step (r, k), its squared length in the curvature's norm, and the curvatures."""
    curvature, axes = np.linalg.eigh(-hessian)
    size = np.abs(curvature)
    largest = size.max(axis=1, keepdims=True, initial=0.0)
    size = np.maximum(size, np.maximum(1e-10 * largest, np.finfo(float).tiny))
    along = np.einsum("rki,rk->ri", axes, gradient)
    return (
        np.einsum("rki,ri->rk", axes, along / size),
        np.sum(along**2 / size, axis=1),
        curvature,
    )


def _shortened(step, v):
    """Return the step no longer than `LONGEST` times max(1, |v|): flat directions lead far away."""
    most = LONGEST * np.maximum(1.0, np.abs(v).max(axis=1, keepdims=True))
    return step * np.minimum(
        1.0, most / np.maximum(np.abs(step).max(axis=1, keepdims=True), 1e-300)
    )


def _local_scale(hessian, previous):
    """Return 1/sqrt(-H_ii) where that is a standard deviation, else the previous scale."""
    curvature = -np.einsum("rii->ri", hessian)
    inner = np.clip(curvature, 1e-16, 1e16)
    return np.where(curvature > 0, 1 / np.sqrt(inner), previous)


def _climb_search(value, v, best, rows, step, rise):
    """Move each row uphill in place, halving its step; return which rows moved.

    `rise` (r,) is what the slope promises of the whole step: a ten-thousandth of it must come true.
    """
    moved = np.zeros(rows.size, dtype=bool)
    length = 1.0
    for _ in range(MOST_HALVINGS):
        waiting = np.flatnonzero(~moved)
        if waiting.size == 0:
            break
        trial = v[rows[waiting]] + length * step[waiting]
        reached = np.asarray(value(rows[waiting], trial), dtype=float)
        better = reached > best[rows[waiting]] + 1e-4 * length * rise[waiting]
        done = waiting[better]
        v[rows[done]], best[rows[done]], moved[done] = trial[better], reached[better], True
        length /= 2
    return moved

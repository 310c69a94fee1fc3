"""The maxima of many functions, with the curvature at each."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from laplace_approx.numerics.newton import newton_rows

MOST_STEPS = 60  # of an ascent: one that arrives takes ten or so, and what runs away stops sooner
ARRIVED = 1e-6  # SDs: a tenth costs a step more, and changes no value by more than its rounding
CURVED = (1e-16, 1e16)  # curvatures whose root is a length at which differences can be taken
MOST_OFF = 10.0  # times: differences of cosh then err by 1e-3; doubled, by four times as much
ROUNDS = (
    4  # of climbing on with lengths that were off: each brings them nearer by some powers of ten
)


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
    """Maximise m functions of k variables each, from `start` (m, k), as `newton_rows` does.

    `value(rows, v)` returns the functions numbered `rows` at their own points v (r, k), as (r,);
    `derivatives(rows, v, scale)` their gradients (r, k) and Hessians (r, k, k), with `scale` (r, k)
    the current local standard deviations for finite differences. A row has arrived only where the
    lengths that it was measured over are about those that were found; else it climbs on with them.
    """
    start = np.asarray(start, dtype=float)
    rows = np.arange(len(start))
    if start.shape[1] == 0:
        best = np.asarray(value(rows, start), dtype=float)
        return Climb(start, best, np.zeros(len(start)), np.isfinite(best))
    measured = _Measured(derivatives, start.shape)
    v, height, converged = start.copy(), np.full(len(start), np.nan), np.ones(len(start), bool)
    for _ in range(ROUNDS):
        off = rows[converged & ~measured.settled()]
        if off.size == 0:
            break
        v[off], height[off], converged[off] = _ascents(value, measured, off, v[off])
    log_determinant = measured.log_determinants()
    converged &= measured.settled() & np.isfinite(log_determinant)
    height, log_determinant = (np.where(converged, x, np.nan) for x in (height, log_determinant))
    return Climb(v, height, log_determinant, converged)


def _ascents(value, measured, rows, start):
    """Return where the ascents of some rows end, how high, and which arrive; measured there."""
    measured.at[rows] = np.nan  # to be measured anew, with the lengths known now
    found = newton_rows(
        lambda few, v: value(rows[few], v),
        lambda few, v: measured.gradient(rows[few], v),
        lambda few, v: measured.hessian(rows[few], v),
        start,
        tolerance=ARRIVED,
        max_iterations=MOST_STEPS,
    )
    arrived = found.converged
    measured.hessian(rows[arrived], found.x[arrived])
    return found.x, found.log_density, arrived


class _Measured:
    """The derivatives of every row where it was last asked for them, and its local scale."""

    def __init__(self, derivatives: Callable, shape):
        m, k = shape
        self.derivatives, self.scale = derivatives, np.ones(shape)
        self.used = np.full(shape, np.nan)  # the scale with which a row was measured
        self.at, self.slopes = np.full(shape, np.nan), np.empty(shape)
        self.hessians = np.full((m, k, k), np.nan)

    def gradient(self, rows, v):
        self._measure(rows, v)
        return self.slopes[rows]

    def hessian(self, rows, v):
        self._measure(rows, v)
        return self.hessians[rows]

    def settled(self):
        """Return which rows (m,) were measured with scales that are also what was found."""
        ratio = self.used / self.scale
        return ((ratio < MOST_OFF) & (ratio > 1 / MOST_OFF)).all(axis=1)

    def log_determinants(self):
        """Return those of minus the Hessians (m,), NaN where one is not positive definite."""
        found = np.full(len(self.hessians), np.nan)
        curvature = -np.einsum("rii->ri", self.hessians)
        rows = np.flatnonzero((curvature > 0).all(axis=1))
        rows = rows[np.isfinite(self.hessians[rows]).all(axis=(1, 2))]
        scale = np.sqrt(curvature[rows])
        correlated = -self.hessians[rows] / scale[:, :, None] / scale[:, None, :]
        values = np.linalg.eigvalsh(correlated)
        with np.errstate(invalid="ignore", divide="ignore"):
            logs = np.sum(np.log(np.where(values > 0, values, np.nan)), axis=1)
        found[rows] = logs + 2 * np.sum(np.log(scale), axis=1)
        return found

    def _measure(self, rows, v):
        new = (self.at[rows] != v).any(axis=1)
        rows, v = rows[new], v[new]
        if rows.size == 0:
            return
        self.used[rows] = self.scale[rows]
        slopes, hessians = self.derivatives(rows, v, self.scale[rows])
        self.at[rows], self.slopes[rows], self.hessians[rows] = v, slopes, hessians
        size = np.abs(np.einsum("rii->ri", hessians)) + slopes**2
        length = 1 / np.sqrt(np.clip(size, *CURVED))
        self.scale[rows] = np.where(size > 0, length, self.scale[rows])

"""Ascents by BFGS, many at once: rows of arrays, every step taken for all of them together.

A step costs a gradient and a value or two, where one of Newton's method costs a Hessian, which is
dear where it comes from differences: this is for looking where starts lead, and not for proving
that an end is a mode.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from laplace_approx.numerics.batched import dot

ARMIJO = 1e-4  # share of the gain promised by the slope that a step must deliver
PARTS = 0.25 ** np.arange(1, 6)  # of a step, tried where the whole one does not gain
ARRIVED = 1e-3  # decrement; halved, an ascent to a smooth mode takes no step more
# steps; doubled, ascents that follow a bent ridge come further, and cost up to twice as much
MOST_STEPS = 60
# cosine between a step and the change of the slope, of which a curvature is learnt; halved,
# rounding is learnt from as well
CURVED = 1e-8
# times as long are the steps after one along which the slope did not fall, as in a heavy tail;
# twice that comes home from 10^3 SDs a step sooner
LONGER = 10.0
RUNNING, DONE, AT_REST, STUCK = range(4)


class Climbed(NamedTuple):
    """Where k ascents ended: `x` (k, d), `value` (k,), `decrement` (k,) by the curvature that BFGS
    has built up, `evaluations` (k,) of the function and its gradient, and `state` (k,): still
    RUNNING after the last step, DONE by the caller's word, AT_REST, or STUCK without a gain."""

    x: np.ndarray
    value: np.ndarray
    decrement: np.ndarray
    evaluations: np.ndarray
    state: np.ndarray


@np.errstate(all="ignore")  # what overflows far out is looked at, not warned of
def bfgs_rows(function: Callable, gradient: Callable, starts, done: Callable, cost: int):
    """Maximise a function from each of the starts (k, d): return where they ended, `Climbed`.

    The coordinates are such that its curvature is of order one.

    `function` (n, d) -> (n,) may be -inf; `gradient` takes points (n, d), the lengths (n,) of the
    last steps and the values (n,), and gives (n, d) for `cost` evaluations a row; `done` takes
    points and values (n,) and says (n,) which need go no further.

    The step is B g with the inverse B of the curvature by Broyden, Fletcher, Goldfarb and Shanno
    (Nocedal and Wright 2006, section 6.1), from the unit matrix on, no longer than the way to the
    origin or one; a part of it is taken where the whole gains too little (Armijo), the best of
    five. Where none does, B is the unit matrix again, once; where the slope does not fall along a
    step, B is taken ten times as large.
    """
    ascents = _Ascents(function, gradient, np.array(starts, dtype=float), cost)
    for _ in range(MOST_STEPS):
        rows = np.flatnonzero(ascents.state == RUNNING)
        if rows.size == 0:
            break
        ascents.advance(rows, done)
    return Climbed(ascents.x, ascents.value, ascents.decrement, ascents.evaluations, ascents.state)


class _Ascents:
    """The state of k ascents: one row each."""

    def __init__(self, function, gradient, starts, cost):
        self.function, self.gradient, self.cost = function, gradient, cost
        self.x = starts
        k, d = starts.shape
        self.value = function(starts)
        self.unit = np.eye(d)
        self.inverse = np.tile(self.unit, (k, 1, 1))
        self.fresh = np.ones(k, dtype=bool)  # whether `inverse` is the unit matrix
        self.slope = gradient(starts, np.ones(k), self.value)
        self.decrement = np.full(k, np.inf)
        self.evaluations = np.full(k, 1 + cost)
        self.state = np.where(np.isfinite(self.value), RUNNING, STUCK)
        self.state[~np.isfinite(self.slope).all(axis=1)] = STUCK

    def advance(self, rows, done):
        """One step of the given rows."""
        rows, step, promise = self._steps(rows)
        if rows.size == 0:
            return
        moved, x, value = self._gaining(rows, step, promise)
        lost = rows[~moved]
        self.state[lost[self.fresh[lost]]] = STUCK
        self.inverse[lost], self.fresh[lost] = self.unit, True
        rows, x, value = rows[moved], x[moved], value[moved]
        if rows.size == 0:
            return
        change = x - self.x[rows]
        ended = done(x, value)
        self.x[rows], self.value[rows] = x, value
        self.state[rows[ended]] = DONE
        rows, x, value, change = (part[~ended] for part in (rows, x, value, change))
        if rows.size == 0:
            return
        slope = self.gradient(x, np.linalg.norm(change, axis=1), value)
        self.evaluations[rows] += self.cost
        self._learn(rows, change, self.slope[rows] - slope)
        self.slope[rows] = slope
        self.state[rows[~np.isfinite(slope).all(axis=1)]] = STUCK

    def _steps(self, rows):
        """Return the rows that go on, their steps (n, d) and the gains that the slope promises."""
        slope = self.slope[rows]
        step = dot(self.inverse[rows], slope[:, None, :])
        self.decrement[rows] = np.sqrt(np.maximum(dot(slope, step), 0.0))
        rest = ~(self.decrement[rows] > ARRIVED)
        self.state[rows[rest]] = AT_REST
        rows, slope, step = rows[~rest], slope[~rest], step[~rest]
        length = np.linalg.norm(step, axis=1)
        reach = np.maximum(1.0, np.linalg.norm(self.x[rows], axis=1))
        step *= np.minimum(1.0, reach / length)[:, None]
        return rows, step, dot(slope, step)

    def _gaining(self, rows, step, promise):
        """Return which rows gain by their steps (n, d) or by a part, and the points and values."""
        x, before = self.x[rows], self.value[rows]
        points = x + step
        values = self.function(points)
        self.evaluations[rows] += 1
        moved = values >= before + ARMIJO * promise
        late = np.flatnonzero(~moved)
        if late.size:
            parts = x[late, None] + PARTS[:, None] * step[late, None]
            tried = self.function(parts.reshape(-1, x.shape[1])).reshape(late.size, PARTS.size)
            self.evaluations[rows[late]] += PARTS.size
            enough = before[late, None] + ARMIJO * PARTS * promise[late, None]
            good = (tried >= enough) & (tried > before[late, None])
            top = np.argmax(np.where(good, tried, -np.inf), axis=1)
            at = np.arange(late.size)
            points[late], values[late], moved[late] = parts[at, top], tried[at, top], good.any(1)
        return moved, points, values

    def _learn(self, rows, step, bend):
        """Update the inverses by the steps (n, d) and the changes of minus the slope (n, d)."""
        curvature = dot(step, bend)
        least = CURVED * np.linalg.norm(step, axis=1) * np.linalg.norm(bend, axis=1)
        good = curvature > least
        self.inverse[rows[~good]] *= LONGER
        self.fresh[rows[~good]] = False
        rows, step, bend, curvature = rows[good], step[good], bend[good], curvature[good]
        new = self.fresh[rows]
        size = np.where(new, curvature / np.maximum(dot(bend, bend), 1e-300), 1.0)
        inverse = self.inverse[rows] * size[:, None, None]
        side = dot(inverse, bend[:, None, :])
        across = side[:, :, None] * step[:, None, :]
        along = (1 + dot(bend, side) / curvature)[:, None, None]
        outer = step[:, :, None] * step[:, None, :]
        across = across + np.swapaxes(across, 1, 2)
        self.inverse[rows] = inverse + (along * outer - across) / curvature[:, None, None]
        self.fresh[rows] = False

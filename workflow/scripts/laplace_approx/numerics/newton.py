"""Newton's method with a line search, for one start or for many at once.

Many ascents are rows of arrays, and every step is taken for all rows at once, in element by element
arithmetic: what a row comes to does not depend, to the last bit, on the rows beside it, as long as
that holds for the functions that are climbed.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from laplace_approx.numerics.batched import dot, keep_small_arrays
from laplace_approx.numerics.newton_steps import newton_steps, plain_steps, scaling

EPS = np.finfo(float).eps
ARMIJO = 1e-4  # share of the gain promised by the slope that a step must deliver
HALVINGS = 0.5 ** np.arange(1, 61)
FIRST = 6  # halvings that are tried before the others
ESCAPES = 2.0 ** np.arange(3, -31, -1)
RESCUES = 2.0 ** np.arange(20, -41, -1)
NEARLY = 1e-2  # SDs from the mode: here rounding may hide the gain of a step
MOST_STALE = 2  # steps at the noise of the derivatives before the best of them is taken
MESSAGES = (
    "the iterations ran out",
    "the log density is not finite at the start",
    "the derivatives are not finite",
    "the Hessian is singular",
    "the decrement is at its least",
    "a stationary point that is not a maximum",
    "no step along the ascent direction gains",
    "the iterates left the support",
)
RAN_OUT, NO_START, NO_DERIVATIVES, SINGULAR, ARRIVED, NO_MAXIMUM, NO_GAIN, LEFT = range(8)


class NewtonResult(NamedTuple):
    """Where an ascent ended.

    `x` (d,) with its `log_density`, `gradient` (d,) and `decrement` sqrt(g' (-H)^-1 g), the length
    of the next step in SDs of the normal at x; `path` (n, d) holds the start and every accepted
    iterate; `n_evaluations` counts points of the log density, the gradient and the Hessian;
    `converged` says that -H is positive definite at x and the decrement as small as rounding lets
    it be.
    """

    x: np.ndarray
    log_density: float
    gradient: np.ndarray
    decrement: float
    path: np.ndarray
    n_evaluations: int
    converged: bool
    message: str


class NewtonRows(NamedTuple):
    """Where k ascents ended: the fields of `NewtonResult` as arrays with a row for each.

    `message` (k,) holds places in `MESSAGES`; `paths` is a list of (n, d), or None where they were
    not asked for.
    """

    x: np.ndarray
    log_density: np.ndarray
    gradient: np.ndarray
    decrement: np.ndarray
    n_evaluations: np.ndarray
    converged: np.ndarray
    message: np.ndarray
    paths: list[np.ndarray] | None


def newton(log_density, gradient, hessian, start, **settings) -> NewtonResult:
    """Maximise a log density from `start` (d,); see `newton_rows`."""
    starts = np.asarray(start, dtype=float)[None]
    return newton_many(log_density, gradient, hessian, starts, **settings)[0]


def newton_many(
    log_density: Callable, gradient: Callable, hessian: Callable, starts, **settings
) -> list[NewtonResult]:
    """Maximise one log density of x (n, d) from each of the starts (k, d); see `newton_rows`."""
    found = newton_rows(
        lambda rows, x: log_density(x),
        lambda rows, x: gradient(x),
        lambda rows, x: hessian(x),
        starts,
        paths=True,
        **settings,
    )
    return [
        NewtonResult(
            found.x[row],
            float(found.log_density[row]),
            found.gradient[row],
            float(found.decrement[row]),
            found.paths[row],
            int(found.n_evaluations[row]),
            bool(found.converged[row]),
            MESSAGES[found.message[row]],
        )
        for row in range(found.x.shape[0])
    ]


@np.errstate(all="ignore")  # what overflows far out is looked at, not warned of
def newton_rows(  # noqa: PLR0913
    log_density: Callable,
    gradient: Callable,
    hessian: Callable,
    starts,
    *,
    damped=True,
    tolerance=1e-13,
    max_iterations=200,
    paths=False,
) -> NewtonRows:
    """Maximise k log densities, one a row, from the starts (k, d), all in step.

    `log_density(rows, x)` returns for x (n, d) the log densities numbered `rows` (n,), each at its
    own point, (n,); `gradient` and `hessian` likewise (n, d) and (n, d, d). So every row can have
    data or a prior of its own.

    The step is s = (-H)^-1 g. Where -H is not positive definite, its eigenvalues in coordinates
    scaled by its diagonal are replaced by their absolute values, floored (Nocedal and Wright 2006,
    section 3.4). The full step is taken where the gain that it promises, half the squared
    decrement, is below the rounding of the log density; else the best of s, s/2, s/4, ... that
    gains enough (Armijo), as far as the gain has a single peak. The ascent ends on the decrement:
    at `tolerance`, or where it no longer falls. At a stationary point that is no maximum it leaves
    along the steepest upward curvature. `damped=False` is the method of the textbook: the full step
    of the matrix as it is. `paths=True` keeps every iterate.

    Many arguments: a function with two derivatives, and the rules of the ascent by keyword.
    """
    keep_small_arrays()
    ascents = _Ascents(log_density, gradient, hessian, starts, paths)
    for _ in range(max_iterations):
        rows = ascents.running.nonzero()[0]
        if rows.size == 0:
            break
        ascents.advance(rows, damped, tolerance)
    return ascents.result()


class _Ascents:
    """The state of k ascents: one row each."""

    def __init__(self, log_density, gradient, hessian, starts, paths):
        self.log_density, self.gradient, self.hessian = log_density, gradient, hessian
        self.x = np.array(starts, dtype=float)
        k = self.x.shape[0]
        self.value = np.array(log_density(np.arange(k), self.x), dtype=float)
        self.slope = np.full(self.x.shape, np.nan)
        self.decrement = np.full(k, np.inf)
        # the iterate of the least decrement among those near the mode, infinite where there is none
        self.best = np.full(k, np.inf)
        self.best_x, self.best_slope = self.x.copy(), self.slope.copy()
        self.best_value = self.value.copy()
        self.stale = np.zeros(k, dtype=int)
        self.count = np.ones(k, dtype=int)
        self.message = np.full(k, RAN_OUT)
        self.moves = [(np.arange(k), self.x.copy())] if paths else None
        self.converged = np.zeros(k, dtype=bool)
        self.running = np.isfinite(self.value)
        self.message[~self.running] = NO_START

    def advance(self, rows, damped, tolerance):
        """One step of the given rows."""
        x = self.x[rows]
        gradient, hessian = self.gradient(rows, x), self.hessian(rows, x)
        self.count[rows] += 2
        self.slope[rows] = gradient
        if not (math.isfinite(gradient.sum()) and math.isfinite(hessian.sum())):  # or each is
            finite = np.isfinite(gradient).all(axis=1) & np.isfinite(hessian).all(axis=(1, 2))
            self._stop(rows[~finite], NO_DERIVATIVES)
            rows, gradient, hessian = rows[finite], gradient[finite], hessian[finite]
            if rows.size == 0:
                return
        if not damped:
            self._pure(rows, gradient, hessian, tolerance)
            return
        step, decrement, definite, upward = newton_steps(gradient, hessian)
        self.decrement[rows] = decrement
        promise = decrement**2
        noise = 100 * EPS * np.maximum(1.0, np.abs(self.value[rows]))
        near = definite & ((0.5 * promise <= noise) | (decrement <= tolerance))
        if near.any():
            self._keep_best(rows[near], tolerance)
        stuck = ~definite & (decrement <= 1e-7)
        for i in stuck.nonzero()[0]:
            self._escape(rows[i], upward[i], noise[i])
        go = ~stuck & self.running[rows]
        given = (rows, step, promise, noise, near, definite)
        if go.all():
            self._search(*given)
        elif go.any():
            self._search(*(each[go] for each in given))

    def _pure(self, rows, gradient, hessian, tolerance):
        step, singular = plain_steps(gradient, hessian)
        self._stop(rows[singular], SINGULAR)
        rows, gradient, hessian = rows[~singular], gradient[~singular], hessian[~singular]
        step = step[~singular]
        decrement = np.sqrt(np.abs(dot(gradient, step)))
        self.decrement[rows] = decrement
        there = decrement <= max(tolerance, 1e-12)
        self.converged[rows[there]] = (np.linalg.eigvalsh(-hessian[there]) > 0).all(axis=1)
        self._stop(rows[there], ARRIVED)
        rows, step = rows[~there], step[~there]
        if rows.size:
            points = self.x[rows] + step
            self.count[rows] += 1
            self._move(rows, points, np.asarray(self.log_density(rows, points), dtype=float))

    def _keep_best(self, rows, tolerance):
        """Note the iterates near the mode; end where the decrement no longer halves."""
        size, held = self.decrement[rows], self.best[rows]
        better = rows[size < held]
        self.best[better], self.best_x[better] = self.decrement[better], self.x[better]
        self.best_value[better], self.best_slope[better] = self.value[better], self.slope[better]
        self.stale[rows] = np.where(size < 0.5 * held, 0, self.stale[rows] + 1)
        there = (size <= tolerance) | (self.stale[rows] >= MOST_STALE)
        if there.any():
            self._arrive(rows[there])

    def _arrive(self, rows):
        self.decrement[rows], self.x[rows] = self.best[rows], self.best_x[rows]
        self.value[rows], self.slope[rows] = self.best_value[rows], self.best_slope[rows]
        self.converged[rows] = True
        self._stop(rows, ARRIVED)

    def _escape(self, row, upward, noise):
        """Leave a saddle or a minimum along the direction in which the log density curves up."""
        moves = np.concatenate([ESCAPES, -ESCAPES])[:, None] * upward
        if not self._best_of(row, moves, noise):
            self._stop(row, NO_MAXIMUM)

    def _best_of(self, row, moves, noise) -> bool:
        """Move a row by the best of the moves (n, d), if that gains more than the noise."""
        points = self.x[row] + moves
        values = np.asarray(self.log_density(np.full(len(points), row), points), dtype=float)
        self.count[row] += values.size
        top = int(np.argmax(values))
        if not values[top] > self.value[row] + noise:
            return False
        self._move(np.array([row]), points[None, top], values[None, top])
        return True

    def _search(self, rows, step, promise, noise, near, definite):
        full = self.x[rows] + step
        values = np.asarray(self.log_density(rows, full), dtype=float)
        self.count[rows] += 1
        hidden = near & (values >= self.value[rows] - 10 * noise)
        good = hidden | (values >= self.value[rows] + ARMIJO * promise)
        if good.all():
            self._move(rows, full, values)
            return
        self._move(rows[good], full[good], values[good])
        late = (~good).nonzero()[0]
        found = self._halved(rows[late], step[late], promise[late])
        for j in late[~found]:
            row = rows[j]
            slack = 1e-7 * max(1.0, abs(self.value[row]))
            close = definite[j] and self.decrement[row] <= NEARLY
            if close and values[j] >= self.value[row] - slack and self.stale[row] < 2 * MOST_STALE:
                self._keep_best(rows[j : j + 1], 0.0)
                if self.running[row]:
                    self._move(rows[j : j + 1], full[j : j + 1], values[j : j + 1])
            elif close and np.isfinite(self.best[row]):
                self._arrive(rows[j : j + 1])
            else:
                self._rescue(row)

    def _halved(self, rows, step, promise):
        """Move the rows by the best part of their steps that gains enough; return which moved.

        The smaller parts are tried where the best of the `FIRST` is the last of them, or none
        gains enough.
        """
        found, top, points, values = self._parts(rows, step, promise, HALVINGS[:FIRST])
        again = (~found | (top == FIRST - 1)).nonzero()[0]
        if again.size:
            rest = self._parts(rows[again], step[again], promise[again], HALVINGS[FIRST - 1 :])
            some = again[rest[0]]
            points[some], values[some], found[some] = rest[2][rest[0]], rest[3][rest[0]], True
        self._move(rows[found], points[found], values[found])
        return found

    def _parts(self, rows, step, promise, parts):
        """Return whether any of the parts of each step gains enough, and of those the best: its
        place, its point and its value."""
        points = self.x[rows][:, None] + parts[:, None] * step[:, None]
        shape = points.shape[:2]
        each = np.repeat(rows, parts.size)
        values = self.log_density(each, points.reshape(each.size, -1))
        values = np.asarray(values, dtype=float).reshape(shape)
        self.count[rows] += parts.size
        before = self.value[rows][:, None]
        enough = (values >= before + ARMIJO * parts * promise[:, None]) & (values > before)
        top = np.argmax(np.where(enough, values, -np.inf), axis=1)
        at = np.arange(rows.size), top
        return enough.any(axis=1), top, points[at], values[at]

    def _rescue(self, row):
        """Where no part of the Newton step gains, try the slope itself, in scaled coordinates.

        A matrix that is all rounding, far out in a flat tail, can send the step anywhere.
        """
        gradient = self.slope[row]
        hessian = self.hessian(np.array([row]), self.x[row : row + 1])[0]
        uphill = gradient / scaling(gradient[:, None], hessian[:, :, None])[:, 0]
        self.count[row] += 1
        noise = 100 * EPS * max(1.0, abs(self.value[row]))
        if not self._best_of(row, RESCUES[:, None] * uphill, noise):
            self._stop(row, NO_GAIN)

    def _move(self, rows, points, values):
        # the sum of what is finite is finite, or too large for a number, which is then seen below
        if not math.isfinite(points.sum() + values.sum()):
            alive = np.isfinite(points).all(axis=1) & np.isfinite(values)
            self._stop(rows[~alive], LEFT)
            rows, points, values = rows[alive], points[alive], values[alive]
        self.x[rows], self.value[rows] = points, values
        if self.moves is not None:
            self.moves.append((rows, points))

    def _stop(self, rows, message):
        self.running[rows] = False
        self.message[rows] = message

    def result(self) -> NewtonRows:
        return NewtonRows(
            self.x,
            self.value,
            self.slope,
            self.decrement,
            self.count,
            self.converged,
            self.message,
            None if self.moves is None else self._paths(),
        )

    def _paths(self):
        rows, points = (np.concatenate(parts) for parts in zip(*self.moves, strict=True))
        order = np.argsort(rows, kind="stable")
        lengths = np.bincount(rows, minlength=self.x.shape[0])
        return np.split(points[order], np.cumsum(lengths)[:-1])

"""Newton's method with a line search, for one start or for many at once."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from laplace_approx.scales import MANY

EPS = np.finfo(float).eps
ARMIJO = 1e-4  # share of the gain promised by the slope that a step must deliver
HALVINGS = 0.5 ** np.arange(1, 61)
ESCAPES = 2.0 ** np.arange(3, -31, -1)
FLOOR = 1e-3  # least curvature of a modified matrix, as a share of the largest
RESCUES = 2.0 ** np.arange(20, -41, -1)
NEARLY = 1e-2  # SDs from the mode: here rounding may hide the gain of a step
MOST_STALE = 2  # steps at the noise of the derivatives before the best of them is taken


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


def newton(
    log_density, gradient, hessian, start, *, damped=True, tolerance=1e-13, max_iterations=200
) -> NewtonResult:
    """Maximise a log density from `start` (d,); see `newton_many`."""
    starts = np.asarray(start, dtype=float)[None]
    return newton_many(
        log_density,
        gradient,
        hessian,
        starts,
        damped=damped,
        tolerance=tolerance,
        max_iterations=max_iterations,
    )[0]


@np.errstate(all="ignore")  # what overflows far out is looked at, not warned of
def newton_many(
    log_density: Callable,
    gradient: Callable,
    hessian: Callable,
    starts,
    *,
    damped=True,
    tolerance=1e-13,
    max_iterations=200,
) -> list[NewtonResult]:
    """Maximise a log density from each of the starts (k, d), all in step.

    The step is s = (-H)^-1 g. Where -H is not positive definite, its eigenvalues in coordinates
    scaled by its diagonal are replaced by their absolute values, floored (Nocedal and Wright 2006,
    section 3.4). The full step is taken where the gain that it promises, half the squared
    decrement, is below the rounding of the log density; else the best of s, s/2, s/4, ... that
    gains enough (Armijo). The ascent ends on the decrement: at `tolerance`, or where it no longer
    falls. At a stationary point that is no maximum it leaves along the steepest upward curvature.
    `damped=False` is the method of the textbook: the full step of the matrix as it is.
    """
    ascents = _Ascents(log_density, gradient, hessian, starts)
    for _ in range(max_iterations):
        rows = np.flatnonzero(ascents.running)
        if rows.size == 0:
            break
        ascents.advance(rows, damped, tolerance)
    return [ascents.result(row) for row in range(ascents.x.shape[0])]


class _Ascents:
    """The state of k ascents: one row each."""

    def __init__(self, log_density, gradient, hessian, starts):
        self.log_density, self.gradient, self.hessian = log_density, gradient, hessian
        self.x = np.array(starts, dtype=float)
        k = self.x.shape[0]
        self.value = np.asarray(log_density(self.x), dtype=float)
        self.slope = np.full(self.x.shape, np.nan)
        self.decrement = np.full(k, np.inf)
        self.best = [None] * k  # the iterate of the least decrement among those near the mode
        self.stale = np.zeros(k, dtype=int)
        self.count = np.ones(k, dtype=int)
        self.message = ["the iterations ran out"] * k
        self.paths = [[row.copy()] for row in self.x]
        self.converged = np.zeros(k, dtype=bool)
        self.running = np.isfinite(self.value)
        for row in np.flatnonzero(~self.running):
            self.message[row] = "the log density is not finite at the start"

    def advance(self, rows, damped, tolerance):
        """One step of the given rows."""
        gradient, hessian = self.gradient(self.x[rows]), self.hessian(self.x[rows])
        self.count[rows] += 2
        self.slope[rows] = gradient
        finite = np.isfinite(gradient).all(axis=1) & np.isfinite(hessian).all(axis=(1, 2))
        self._stop(rows[~finite], "the derivatives are not finite")
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
        self._keep_best(rows[near], decrement[near], tolerance)
        stuck = ~definite & (decrement <= 1e-7)
        for i in np.flatnonzero(stuck):
            self._escape(rows[i], upward[i], noise[i])
        go = ~stuck & self.running[rows]
        rows, step, decrement, near = rows[go], step[go], decrement[go], near[go]
        if rows.size:
            self._search(rows, step, promise[go], noise[go], near, definite[go])

    def _pure(self, rows, gradient, hessian, tolerance):
        for row, g, h in zip(rows, gradient, hessian, strict=True):
            try:
                step = -np.linalg.solve(h, g)
            except np.linalg.LinAlgError:
                self._stop([row], "the Hessian is singular")
                continue
            self.decrement[row] = np.sqrt(abs(g @ step))
            if self.decrement[row] <= max(tolerance, 1e-12):
                self.converged[row] = bool(np.all(np.linalg.eigvalsh(-h) > 0))
                self._stop([row], "the decrement is at its least")
                continue
            self._move(np.array([row]), (self.x[row] + step)[None], None)

    def _keep_best(self, rows, decrement, tolerance):
        """Note the iterates near the mode; end where the decrement no longer halves."""
        for row, size in zip(rows, decrement, strict=True):
            held = self.best[row]
            fell = held is None or size < 0.5 * held[0]
            if held is None or size < held[0]:
                self.best[row] = (size, self.x[row].copy(), self.value[row], self.slope[row].copy())
            self.stale[row] = 0 if fell else self.stale[row] + 1
            if size <= tolerance or self.stale[row] >= MOST_STALE:
                self._arrive(row)

    def _arrive(self, row):
        self.decrement[row], self.x[row], self.value[row], self.slope[row] = self.best[row]
        self.converged[row] = True
        self._stop([row], "the decrement is at its least")

    def _escape(self, row, upward, noise):
        """Leave a saddle or a minimum along the direction in which the log density curves up."""
        points = self.x[row] + np.concatenate([ESCAPES, -ESCAPES])[:, None] * upward
        values = self.log_density(points)
        self.count[row] += values.size
        top = int(np.argmax(values))
        if values[top] > self.value[row] + noise:
            self._move(np.array([row]), points[None, top], values[None, top])
        else:
            self._stop([row], "a stationary point that is not a maximum")

    def _search(self, rows, step, promise, noise, near, definite):
        full = self.x[rows] + step
        values = self.log_density(full)
        self.count[rows] += 1
        hidden = near & (values >= self.value[rows] - 10 * noise)
        good = hidden | (values >= self.value[rows] + ARMIJO * promise)
        self._move(rows[good], full[good], values[good])
        late = np.flatnonzero(~good)
        if late.size == 0:
            return
        rows, step, promise = rows[late], step[late], promise[late]
        points = self.x[rows][:, None] + HALVINGS[:, None] * step[:, None]
        shorter = self.log_density(points)
        self.count[rows] += HALVINGS.size
        enough = shorter >= self.value[rows][:, None] + ARMIJO * HALVINGS * promise[:, None]
        enough &= shorter > self.value[rows][:, None]
        top = np.argmax(np.where(enough, shorter, -np.inf), axis=1)
        some = enough.any(axis=1)
        index = np.arange(rows.size)
        self._move(rows[some], points[index, top][some], shorter[index, top][some])
        for i in np.flatnonzero(~some):
            row, j = rows[i], late[i]
            slack = 1e-7 * max(1.0, abs(self.value[row]))
            close = definite[j] and self.decrement[row] <= NEARLY
            if close and values[j] >= self.value[row] - slack and self.stale[row] < 2 * MOST_STALE:
                self._keep_best([row], [self.decrement[row]], 0.0)
                if self.running[row]:
                    self._move(rows[i : i + 1], full[j : j + 1], values[j : j + 1])
            elif close and self.best[row] is not None:
                self._arrive(row)
            else:
                self._rescue(row)

    def _rescue(self, row):
        """Where no part of the Newton step gains, try the slope itself, in scaled coordinates.

        A matrix that is all rounding, far out in a flat tail, can send the step anywhere.
        """
        gradient, hessian = self.slope[row], self.hessian(self.x[row : row + 1])[0]
        uphill = gradient / _diagonal(gradient[None], hessian[None])[0]
        points = self.x[row] + RESCUES[:, None] * uphill
        values = self.log_density(points)
        self.count[row] += values.size + 1
        top = int(np.argmax(values))
        if values[top] > self.value[row] + 100 * EPS * max(1.0, abs(self.value[row])):
            self._move(np.array([row]), points[None, top], values[None, top])
        else:
            self._stop([row], "no step along the ascent direction gains")

    def _move(self, rows, points, values):
        if values is None:
            values = np.asarray(self.log_density(points), dtype=float)
            self.count[rows] += 1
        alive = np.isfinite(points).all(axis=1) & np.isfinite(values)
        self._stop(rows[~alive], "the iterates left the support")
        for row, point in zip(rows[alive], points[alive], strict=True):
            self.paths[row].append(point.copy())
        self.x[rows[alive]], self.value[rows[alive]] = points[alive], values[alive]

    def _stop(self, rows, message):
        for row in rows:
            self.running[row] = False
            self.message[row] = message

    def result(self, row) -> NewtonResult:
        return NewtonResult(
            self.x[row],
            float(self.value[row]),
            self.slope[row],
            float(self.decrement[row]),
            np.array(self.paths[row]),
            int(self.count[row]),
            bool(self.converged[row]),
            self.message[row],
        )


def newton_steps(gradient, hessian):
    """Return step (k, d), decrement (k,), definite (k,) and the most upward direction (k, d).

    gradient is (k, d), hessian (k, d, d). Coordinates are scaled by (|H_ii| + g_i^2)^-1/2, in
    which a unit is the shorter of the lengths over which slope and curvature change the log
    density by one; the direction is one such unit long, and zero where -H is positive definite.
    """
    scale = 1 / np.sqrt(_diagonal(gradient, hessian))
    matrix = -hessian * scale[:, :, None] * scale[:, None, :]
    slope = gradient * scale
    k, d = gradient.shape
    step, decrement = np.empty((k, d)), np.empty(k)
    definite, upward = np.ones(k, dtype=bool), np.zeros((k, d))
    try:
        step = _solved(matrix, slope, np.linalg.cholesky(matrix))
        open_ = np.zeros(0, dtype=int)
    except np.linalg.LinAlgError:
        open_ = np.arange(k)
    for row in open_:
        step[row], definite[row], upward[row] = _modified_step(matrix[row], slope[row])
    decrement = np.sqrt(np.maximum(np.einsum("ki,ki->k", slope, step), 0.0))
    return step * scale, decrement, definite, upward * scale


def _solved(matrix, slope, cholesky):
    """Return matrix^-1 slope (k, d), by the factor where a second one would cost more than an
    import."""
    if slope.shape[1] <= MANY:
        return np.linalg.solve(matrix, slope[:, :, None])[:, :, 0]
    from scipy.linalg import cho_solve

    pairs = zip(cholesky, slope, strict=True)
    return np.stack([cho_solve((lower, True), g, check_finite=False) for lower, g in pairs])


def _diagonal(gradient, hessian):
    """Return |H_ii| + g_i^2 (k, d), one where that is zero."""
    diagonal = np.abs(np.einsum("kii->ki", hessian)) + gradient**2
    return np.where(diagonal > 0, diagonal, 1.0)


def _modified_step(matrix, slope):
    """Return the step, whether the matrix is positive definite, and the upward direction."""
    try:
        np.linalg.cholesky(matrix)
        return np.linalg.solve(matrix, slope), True, np.zeros(slope.size)
    except np.linalg.LinAlgError:
        values, axes = np.linalg.eigh(matrix)
    size = np.abs(values)
    size = np.maximum(size, FLOOR * (np.max(size) or 1.0))
    return axes @ ((axes.T @ slope) / size), False, axes[:, 0]

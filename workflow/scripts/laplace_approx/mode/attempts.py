"""One attempt to reach a mode, by one of several methods, with what came of it."""

import contextlib
from typing import NamedTuple

import numpy as np

from laplace_approx.derivatives.central import GradientDerivatives
from laplace_approx.derivatives.scales import axis_scales
from laplace_approx.derivatives.whitened import NumericalDerivatives
from laplace_approx.numerics.batched import MANY
from laplace_approx.numerics.newton import newton, newton_many
from laplace_approx.words.numbers import or_none

SIMPLEX_CALLS = 400  # function calls for each dimension
NUMERICAL = 1e-9  # SDs; the decrement at which an ascent with numerical derivatives ends
# steps of it; doubled, an ascent that has no end costs twice as much
MOST_STEPS = 100
COARSE = 1e-4  # the same for one that only looks where a start leads


class Attempt(NamedTuple):
    """An ascent from `start` (d,) by `method` that came to `end` (d,), with the path (n, d) taken
    and the `frame` (d, d) of numerical differences there, if any. `evaluations` counts the points
    that it took: a value, a gradient and a Hessian are one each.
    """

    start: np.ndarray
    method: str
    end: np.ndarray
    log_density: float
    decrement: float
    converged: bool
    message: str
    path: np.ndarray
    frame: np.ndarray | None
    evaluations: int

    def record(self) -> dict:
        """Return the attempt as plain values; a decrement that does not exist is None."""
        return {
            "start": self.start.tolist(),
            "method": self.method,
            "end": self.end.tolist(),
            "log_density": or_none(self.log_density),
            "decrement": or_none(self.decrement),
            "converged": self.converged,
            "message": self.message,
            "evaluations": self.evaluations,
        }


def by_newton(evaluator, start, method="damped Newton") -> Attempt:
    """Climb from start (d,) by damped Newton, with numerical derivatives where none are given."""
    start = np.asarray(start, dtype=float)
    if evaluator.has_hessian:
        return many_by_newton(evaluator, start[None], method)[0]
    before = evaluator.evaluations
    many = evaluator.has_gradient and evaluator.size > MANY
    numerical = GradientDerivatives(evaluator) if many else NumericalDerivatives(evaluator)
    found = newton(
        evaluator.log_density, numerical.gradient, numerical.hessian, start, tolerance=NUMERICAL
    )
    return _attempt(start, method, found, numerical.frame, evaluator.evaluations - before)


def many_by_newton(evaluator, starts, method, frame=None, most=MOST_STEPS) -> list[Attempt]:
    """Climb from each of the starts (n, d), to see where they lead, in so many steps at most.

    With an analytic Hessian all in step and to the end; else one after the other with few and
    coarse differences, first in the `frame` (d, d), to 1e-4 SD.
    """
    functions = evaluator.log_density, evaluator.gradient, evaluator.hessian
    if evaluator.has_hessian:
        found = newton_many(*functions, starts)
        pairs = zip(starts, found, strict=True)
        return [_attempt(start, method, each, None, each.n_evaluations) for start, each in pairs]
    attempts = []
    for start in starts:
        before = evaluator.evaluations
        numerical = NumericalDerivatives(evaluator, frame, levels=3, rounds=1)
        found = newton(
            evaluator.log_density,
            numerical.gradient,
            numerical.hessian,
            start,
            tolerance=COARSE,
            max_iterations=most,
        )
        cost = evaluator.evaluations - before
        attempts.append(_attempt(start, method, found, numerical.frame, cost))
    return attempts


def by_trust_region(evaluator, start) -> Attempt:
    """Climb by scipy's nearly exact trust-region method, polished by Newton."""
    before = evaluator.evaluations
    scale = axis_scales(evaluator.far, start)
    if evaluator.has_hessian:
        gradient, hessian = evaluator.gradient, evaluator.hessian
    else:
        numerical = NumericalDerivatives(evaluator)
        gradient = lambda x: numerical.gradient(x[None])[0]  # noqa: E731
        hessian = lambda x: numerical.hessian(x[None])[0]  # noqa: E731

    def finite(value):
        return np.where(np.isfinite(value), value, 0.0)

    end, path = _guarded(
        lambda u: -float(evaluator.log_density(start + scale * u)),
        np.zeros(start.size),
        jac=lambda u: -finite(gradient(start + scale * u)) * scale,
        hess=lambda u: -finite(hessian(start + scale * u)) * scale[:, None] * scale,
        method="trust-exact",
        options={"gtol": 1e-10, "maxiter": 300},
    )
    path, end = start + scale * path, start + scale * end
    attempt = _polished(evaluator, path, "trust region (trust-exact)", end)
    return attempt._replace(evaluations=evaluator.evaluations - before)


def by_simplex(evaluator, start) -> Attempt:
    """Climb by the Nelder-Mead simplex in scaled coordinates, polished by Newton."""
    before = evaluator.evaluations
    scale = axis_scales(evaluator.far, start)
    d = start.size
    end, path = _guarded(
        lambda u: -float(evaluator.log_density(start + scale * u)),
        np.zeros(d),
        method="Nelder-Mead",
        options={
            "xatol": 1e-10,
            "fatol": 1e-13,
            "maxfev": SIMPLEX_CALLS * d,
            "adaptive": d > 4,
            "initial_simplex": np.concatenate([np.zeros((1, d)), np.eye(d)]),
        },
    )
    path, end = start + scale * path, start + scale * end
    attempt = _polished(evaluator, path, "simplex (Nelder-Mead)", end)
    return attempt._replace(evaluations=evaluator.evaluations - before)


def _guarded(function, start, **how):
    """Return the best point that scipy's minimize finds and the iterates (n, d) on its way.

    Where derivatives overflow it breaks off with an error from deep inside; what it had found
    until then counts.
    """
    from scipy.optimize import minimize

    best, lowest, path = start, np.inf, [start]

    def noted(u):
        nonlocal best, lowest
        value = function(u)
        if value < lowest:
            best, lowest = u.copy(), value
        return value

    breaks = (ValueError, ArithmeticError, UnboundLocalError)
    with contextlib.suppress(*breaks), np.errstate(all="ignore"):
        minimize(noted, start, callback=lambda u: path.append(u.copy()), **how)
    return best, np.array(path)


def _polished(evaluator, path, method, end) -> Attempt:
    """Continue from end (d,) by Newton; keep whichever is higher."""
    last = by_newton(evaluator, end, method + ", then Newton")
    value = float(evaluator.log_density(end))
    path = np.concatenate([path, last.path])
    if last.log_density >= value or last.converged:
        return last._replace(start=path[0], path=path)
    return last._replace(
        start=path[0],
        method=method,
        end=end,
        log_density=value,
        decrement=float("nan"),
        converged=False,
        path=path,
    )


def _attempt(start, method, found, frame, evaluations) -> Attempt:
    return Attempt(
        start,
        method,
        found.x,
        found.log_density,
        found.decrement,
        found.converged,
        found.message,
        found.path,
        frame,
        evaluations,
    )


NEAR = 5e-3  # SDs of the normal at the known mode, root mean square: the end of such an ascent
MOST_ITERATIONS = 500  # of L-BFGS; an end short of the mode is no mode, and is said so
MEMORY = 20  # pairs of steps and slopes kept


def many_by_quasi_newton(evaluator, starts, method, centre, frame) -> list[Attempt]:
    """Climb from each of the starts (n, d), to see whether it leads to the mode at `centre` (d,).

    L-BFGS (Liu and Nocedal 1989; scipy's L-BFGS-B) in the coordinates in which the normal at the
    known mode is standard, x = centre + frame u, and on the sum of the log densities of all starts,
    so that one pass over the data serves them all. An ascent that ends near u = 0 is done; one
    that ends elsewhere is followed by Newton's method, as a second mode would deserve.
    """
    if starts.shape[0] == 0:
        return []
    before = evaluator.evaluations
    u = _climbed(evaluator, starts, centre, frame)
    ends = centre + u @ frame.T
    near = np.linalg.norm(u, axis=1) <= NEAR * np.sqrt(centre.size)
    values, slopes = evaluator.far(ends), evaluator.gradient(ends) @ frame
    each = (evaluator.evaluations - before) // len(starts)  # all of them in step
    attempts = []
    for i, (start, end) in enumerate(zip(starts, ends, strict=True)):
        if near[i]:
            arrived = end, float(values[i]), float(np.linalg.norm(slopes[i])), each
            attempts.append(_near(start, method, *arrived))
        else:
            followed = many_by_newton(evaluator, end[None], f"{method}, then damped Newton", frame)
            cost = each + followed[0].evaluations
            attempts.append(followed[0]._replace(start=start, evaluations=cost))
    return attempts


def _climbed(evaluator, starts, centre, frame):
    """Return the ends (n, d) of the ascents, in u; where they broke off, the best point seen."""
    from scipy.optimize import minimize

    shape = starts.shape
    first = np.linalg.solve(frame, (starts - centre).T).T

    def downhill(flat):
        x = centre + flat.reshape(shape) @ frame.T
        total, slopes = float(np.sum(evaluator.far(x))), evaluator.gradient(x) @ frame
        if not (np.isfinite(total) and np.isfinite(slopes).all()):
            return np.inf, np.zeros(flat.size)
        return -total, -slopes.ravel()

    found = minimize(
        downhill,
        first.ravel(),
        jac=True,
        method="L-BFGS-B",
        options={"gtol": 0.5 * NEAR, "ftol": 0.0, "maxcor": MEMORY, "maxiter": MOST_ITERATIONS},
    )
    return found.x.reshape(shape)


def _near(start, method, end, log_density, decrement, evaluations) -> Attempt:
    return Attempt(
        start=start,
        method=f"{method}, by L-BFGS",
        end=end,
        log_density=log_density,
        decrement=decrement,
        converged=True,
        message="it led to the mode known already",
        path=np.stack([start, end]),
        frame=None,
        evaluations=evaluations,
    )

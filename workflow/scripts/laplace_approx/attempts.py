"""One attempt to reach a mode, by one of several methods, with what came of it."""

from typing import NamedTuple

import numpy as np

from laplace_approx.frames import NumericalDerivatives
from laplace_approx.newton import newton, newton_many
from laplace_approx.scales import axis_scales

SIMPLEX_CALLS = 400  # function calls for each dimension


class Attempt(NamedTuple):
    """An ascent from `start` (d,) by `method` that came to `end` (d,), with the path (n, d) taken
    and the `frame` (d, d) of numerical differences there, if any.
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

    def record(self) -> dict:
        """Return the attempt as plain values; a decrement that does not exist is None."""
        finite = np.isfinite(self.decrement)
        return {
            "start": self.start.tolist(),
            "method": self.method,
            "end": self.end.tolist(),
            "log_density": self.log_density if np.isfinite(self.log_density) else None,
            "decrement": float(self.decrement) if finite else None,
            "converged": self.converged,
            "message": self.message,
        }


def by_newton(evaluator, start, method="damped Newton", tolerance=1e-13) -> Attempt:
    """Climb from start (d,) by damped Newton, with numerical derivatives where none are given."""
    start = np.asarray(start, dtype=float)
    if evaluator.has_hessian:
        return many_by_newton(evaluator, start[None], method, tolerance)[0]
    numerical = NumericalDerivatives(evaluator)
    found = newton(
        evaluator.log_density,
        numerical.gradient,
        numerical.hessian,
        start,
        tolerance=max(tolerance, 1e-9),
    )
    return _attempt(start, method, found, numerical.frame)


def many_by_newton(evaluator, starts, method="damped Newton", tolerance=1e-13) -> list[Attempt]:
    """Climb from each of the starts (n, d); with an analytic Hessian all in step."""
    if not evaluator.has_hessian:
        return [by_newton(evaluator, start, method, tolerance) for start in starts]
    found = newton_many(
        evaluator.log_density, evaluator.gradient, evaluator.hessian, starts, tolerance=tolerance
    )
    return [
        _attempt(start, method, result, None) for start, result in zip(starts, found, strict=True)
    ]


def by_trust_region(evaluator, start) -> Attempt:
    """Climb by scipy's nearly exact trust-region method, polished by Newton."""
    from scipy.optimize import minimize

    scale = axis_scales(evaluator.far, start)
    if evaluator.has_hessian:
        gradient, hessian = evaluator.gradient, evaluator.hessian
    else:
        numerical = NumericalDerivatives(evaluator)
        gradient = lambda x: numerical.gradient(x[None])[0]  # noqa: E731
        hessian = lambda x: numerical.hessian(x[None])[0]  # noqa: E731

    def finite(value):
        return np.where(np.isfinite(value), value, 0.0)

    result = minimize(
        lambda u: -float(evaluator.log_density(start + scale * u)),
        np.zeros(start.size),
        jac=lambda u: -finite(gradient(start + scale * u)) * scale,
        hess=lambda u: -finite(hessian(start + scale * u)) * scale[:, None] * scale,
        method="trust-exact",
        options={"gtol": 1e-10, "maxiter": 300},
    )
    return _polished(evaluator, start, "trust region (trust-exact)", start + scale * result.x)


def by_simplex(evaluator, start) -> Attempt:
    """Climb by the Nelder-Mead simplex in scaled coordinates, polished by Newton."""
    from scipy.optimize import minimize

    scale = axis_scales(evaluator.far, start)
    d = start.size
    result = minimize(
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
    return _polished(evaluator, start, "simplex (Nelder-Mead)", start + scale * result.x)


def _polished(evaluator, start, method, end) -> Attempt:
    last = by_newton(evaluator, end, method + ", then Newton")
    if last.log_density >= float(evaluator.log_density(end)) or last.converged:
        return last._replace(start=start, path=np.concatenate([start[None], last.path]))
    value = float(evaluator.log_density(end))
    return Attempt(
        start,
        method,
        end,
        value,
        float("nan"),
        False,
        last.message,
        np.stack([start, end]),
        last.frame,
    )


def _attempt(start, method, found, frame) -> Attempt:
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
    )

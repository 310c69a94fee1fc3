"""Local coordinates in which a log density has the curvature of a standard normal.

A frame F (d, d) gives x = x0 + F u. Differences are taken in u, where one step serves all
directions whatever the units and the correlations of x.
"""

from typing import NamedTuple

import numpy as np

from laplace_approx.derivatives.central import difference_hessian
from laplace_approx.derivatives.directional import (
    hessian_from_gradient,
    hessian_from_values,
)
from laplace_approx.derivatives.noise import EPS, rounding_noise
from laplace_approx.derivatives.scales import axis_scales
from laplace_approx.numerics.batched import MANY
from laplace_approx.numerics.precision import factor

WEAK = 1e-3  # curvature in the frame below which its column is measured again
WIDEST = 1e4  # most that one pass widens a column for want of curvature
REACH = 1e8  # axis scales: the square of it is all that double precision can tell from none
PASSES = 12  # at most: each frame is that of the Hessian before
# 4 d gradients: above 50 dimensions, in a frame that is nearly right from the start
FEW_LEVELS = {"levels": 2, "rounds": 3, "length": 2.0**-6}
ROUND = 0.1  # departure from the unit matrix at which a frame is good enough to measure in


class Local(NamedTuple):
    """Derivatives at x (d,) in a frame: u -> log_density(x + frame u) at u = 0.

    `gradient` (d,) and `hessian` (d, d) with their error bounds, `noise` the rounding error of the
    log density, `method` "gradient_differences" or "value_differences".
    """

    x: np.ndarray
    log_density: float
    frame: np.ndarray
    gradient: np.ndarray
    gradient_error: np.ndarray
    hessian: np.ndarray
    hessian_error: np.ndarray
    noise: float
    method: str


def measure(evaluator, x, frame, noisy=True, **stencil) -> Local:
    """Return the numerical derivatives at x (d,) in the frame (d, d).

    From differences of the analytic gradient where there is one, else of values. `stencil` may
    give `levels` and `rounds` (see `differences`); without `noisy` the log density is taken to be
    as precise as its last digit.
    """
    value = float(evaluator.log_density(x))
    noise = EPS * max(abs(value), 1.0)
    if noisy:
        noise = rounding_noise(evaluator.log_density, x, value, frame.T[:3])
    if evaluator.has_gradient:
        slope = evaluator.gradient(x) @ frame
        hessian, error = hessian_from_gradient(evaluator.gradient, x, frame, **stencil)
        rounding = np.full(x.size, noise)
        return Local(
            x, value, frame, slope, rounding, hessian, error, noise, "gradient_differences"
        )
    found = hessian_from_values(evaluator.log_density, x, value, frame, noise, **stencil)
    return Local(x, value, frame, *found, noise, "value_differences")


def axis_frame(evaluator, x):
    """Return the diagonal frame of the axis scales at x."""
    return np.diag(axis_scales(evaluator.far, x))


def inverse(frame):
    """Return frame^-1 (d, d), NaN where the columns are parallel as far as rounding can tell."""
    length = np.linalg.norm(frame, axis=0)
    try:
        return np.linalg.inv(frame / length) / length[:, None]
    except np.linalg.LinAlgError:
        return np.full(frame.shape, np.nan)


def refined(evaluator, local: Local):
    """Return a frame in which the curvature of `local` is closer to the unit matrix.

    Columns along which there is next to no curvature are measured by a sweep of their own, and
    widened at most `WIDEST` times.
    """
    curvature, axes = np.linalg.eigh(-local.hessian)
    size = np.abs(curvature)
    frame = local.frame @ (axes / np.sqrt(np.maximum(size, WEAK)))
    weak = np.flatnonzero(size < np.maximum(WEAK, 10 * np.max(local.hessian_error)))
    if weak.size:
        lengths = axis_scales(evaluator.far, local.x, frame.T[weak])
        frame[:, weak] *= np.clip(lengths, 1 / WIDEST, WIDEST)
    return frame


def limited(frame, scale):
    """Return the frame with no column longer than `REACH` axis scales (d,)."""
    length = np.linalg.norm(frame / scale[:, None], axis=0)
    return frame * np.minimum(1.0, REACH / length)


def whitened(evaluator, x, frame=None) -> Local:
    """Return the derivatives at x in a frame where the Hessian is close to minus the unit matrix.

    Where no such frame exists (no curvature, or the wrong sign) the last one tried is returned.
    """
    many = evaluator.has_gradient and x.size > MANY
    if many and frame is None:
        frame = _from_differences(evaluator, x)
    stencil = FEW_LEVELS if many and frame is not None else {}
    scale = np.linalg.norm(frame, axis=1) if stencil else axis_scales(evaluator.far, x)
    frame = np.diag(scale) if frame is None else frame
    for last in range(PASSES):
        local = measure(evaluator, x, frame, **stencil)
        if not np.isfinite(local.hessian).all() or last == PASSES - 1:
            return local
        if np.max(np.abs(local.hessian + np.eye(x.size))) < ROUND:
            return local
        frame = limited(refined(evaluator, local), scale)
    return local


def _from_differences(evaluator, x):
    """Return the factor of the covariance by a Hessian from 2 d gradients, None without one."""
    hessian, _ = difference_hessian(evaluator.gradient, x)
    factored = factor(-hessian)
    return None if factored is None else factored.cholesky


class NumericalDerivatives:
    """Gradient and Hessian functions for one ascent of a density without an analytic Hessian.

    The frame follows the iterates: each point is measured in the one that the last point earned.
    `frame` is the last. Points come as (1, d), one ascent at a time.
    """

    def __init__(self, evaluator, frame=None, levels=5, rounds=2):
        self.evaluator, self.frame = evaluator, frame
        self.scale = None if frame is None else np.linalg.norm(frame, axis=1)
        self.stencil = {"levels": levels, "rounds": rounds, "noisy": False}
        self._at = None
        self._gradient = self._hessian = None

    def gradient(self, x):
        """Return the gradient at x (1, d)."""
        self._measure(x[0])
        return self._gradient[None]

    def hessian(self, x):
        """Return the Hessian at x (1, d), as (1, d, d)."""
        self._measure(x[0])
        return self._hessian[None]

    def _measure(self, x):
        if self._at is not None and np.array_equal(x, self._at):
            return
        if self.frame is None:
            self.scale = axis_scales(self.evaluator.far, x)
            self.frame = np.diag(self.scale)
        local = measure(self.evaluator, x, self.frame, **self.stencil)
        if not _trusted(local):
            local = measure(self.evaluator, x, axis_frame(self.evaluator, x), **self.stencil)
        back = inverse(local.frame)
        self._gradient = back.T @ local.gradient
        self._hessian = back.T @ local.hessian @ back
        self._at = x.copy()
        if np.isfinite(local.hessian).all():
            self.frame = limited(refined(self.evaluator, local), self.scale)


def _trusted(local: Local) -> bool:
    """Whether the stencil fitted: finite, and its error small beside the curvature."""
    if not (np.isfinite(local.hessian).all() and np.isfinite(local.gradient).all()):
        return False
    return bool(np.max(local.hessian_error) <= 0.1 * max(1.0, np.max(np.abs(local.hessian))))

"""A Hessian from 2 d gradients, for steps and frames in many dimensions where none is supplied.

Good to six digits or so: enough for Newton's steps, which the gradient itself ends, and for the
coordinates in which the curvature that is published is then measured with an error of its own.
"""

import numpy as np

STEP = 1e-4  # of the length over which the log density changes by one
RANGE = (1e-6, 1e-1)  # steps, in such lengths, that need not be made again
MOST_NUMBERS = 4_000_000  # coordinates of points held at once


def difference_hessian(gradient, x, scale=None):
    """Return (Hessian (d, d), scale (d,)) at x (d,) from central differences of `gradient`.

    Steps are 1e-4 of `scale` on each axis, by default of max(1, |x|); where the curvature found
    shows that to be no such length, (|H_ii| + g_i^2)^-1/2, once more with that. Costs 2 d gradients
    each time, a bounded number of points held at once.
    """
    known = scale is not None
    scale = np.maximum(1.0, np.abs(x)) if scale is None else scale
    slope = gradient(x)
    for _ in range(1 if known else 2):
        hessian = _central(gradient, x, STEP * scale)
        size = np.abs(np.diag(hessian)) + slope**2
        found = np.where(np.isfinite(size) & (size > 0), 1 / np.sqrt(np.abs(size)), scale)
        ratio = STEP * scale / found
        scale = found
        if np.all((ratio > RANGE[0]) & (ratio < RANGE[1])):
            break
    return 0.5 * (hessian + hessian.T), scale


def _central(gradient, x, steps):
    d = x.size
    hessian = np.empty((d, d))
    block = max(1, MOST_NUMBERS // (2 * d))
    for first in range(0, d, block):
        rows = np.arange(first, min(first + block, d))
        points = np.repeat(x[None], 2 * rows.size, axis=0)
        ahead, behind = points[: rows.size], points[rows.size :]
        index = np.arange(rows.size)
        ahead[index, rows] += steps[rows]
        behind[index, rows] -= steps[rows]
        width = ahead[index, rows] - behind[index, rows]  # as the points were rounded
        slopes = gradient(points)
        hessian[rows] = (slopes[: rows.size] - slopes[rows.size :]) / width[:, None]
    return hessian


class GradientDerivatives:
    """The gradient of a density and its Hessian by differences, for one ascent: points (1, d)."""

    frame = None  # none of its own: see `frames.NumericalDerivatives`

    def __init__(self, evaluator):
        self.evaluator, self.scale = evaluator, None
        self.gradient = evaluator.gradient

    def hessian(self, x):
        """Return the Hessian at x (1, d), as (1, d, d)."""
        hessian, self.scale = difference_hessian(self.gradient, x[0], self.scale)
        return hessian[None]

"""The steps of Newton's method, for many rows at once in element by element arithmetic."""

import numpy as np

from laplace_approx.numerics.batched import dot, solved_by_cholesky

FLOOR = 1e-3  # least curvature of a modified matrix, as a share of the largest


def newton_steps(gradient, hessian):
    """Return step (k, d), decrement (k,), definite (k,) and the most upward direction (k, d).

    gradient is (k, d), hessian (k, d, d). Coordinates are scaled by (|H_ii| + g_i^2)^-1/2, in
    which a unit is the shorter of the lengths over which slope and curvature change the log
    density by one; the direction is one such unit long, and zero where -H is positive definite.
    """
    # coordinates first: every number of all rows is then one run of memory
    gradient = np.ascontiguousarray(gradient.T)
    hessian = np.ascontiguousarray(hessian.transpose(1, 2, 0))
    scale = 1 / np.sqrt(scaling(gradient, hessian))
    matrix = hessian * -scale[:, None] * scale
    slope = gradient * scale
    step, definite = solved_by_cholesky(matrix, slope)
    upward = np.zeros(step.shape)
    open_ = (~definite).nonzero()[0]
    if open_.size:
        rows = matrix[..., open_].transpose(2, 0, 1)
        step[:, open_], upward[:, open_] = _modified_steps(rows, slope[:, open_].T)
    decrement = np.sqrt(np.maximum(dot(slope.T, step.T), 0.0))
    step *= scale
    upward *= scale
    return np.ascontiguousarray(step.T), decrement, definite, np.ascontiguousarray(upward.T)


def scaling(gradient, hessian):
    """Return |H_ii| + g_i^2 (d, k), one where that is zero; gradient (d, k), hessian (d, d, k)."""
    diagonal = np.abs(np.einsum("iik->ik", hessian)) + gradient * gradient
    return np.where(diagonal > 0, diagonal, 1.0)


def _modified_steps(matrix, slope):
    """Return the steps (d, k) by the absolute eigenvalues, and the upward directions (d, k), of
    matrices (k, d, d) and slopes (k, d)."""
    values, axes = np.linalg.eigh(matrix)
    size = np.abs(values)
    largest = size.max(axis=1, keepdims=True)
    size = np.maximum(size, FLOOR * np.where(largest > 0, largest, 1.0))
    along = dot(np.swapaxes(axes, 1, 2), slope[:, None, :]) / size
    return dot(axes, along[:, None, :]).T, axes[:, :, 0].T


def plain_steps(gradient, hessian):
    """Return -H^-1 g (k, d), NaN where H is singular, and where that is (k,)."""
    try:
        step = -np.linalg.solve(hessian, gradient[:, :, None])[:, :, 0]
        return step, np.zeros(len(gradient), dtype=bool)
    except np.linalg.LinAlgError:
        if len(gradient) == 1:
            return np.full(gradient.shape, np.nan), np.ones(1, dtype=bool)
    halves = np.array_split(np.arange(len(gradient)), 2)
    parts = [plain_steps(gradient[half], hessian[half]) for half in halves]
    return tuple(np.concatenate(pair) for pair in zip(*parts, strict=True))

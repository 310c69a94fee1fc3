"""The length over which a log density changes by one, along each axis or any direction."""

import numpy as np

from laplace_approx.gradient_differences import difference_hessian

MANY = 50  # dimensions
EPS = np.finfo(float).eps
COARSE = np.arange(-100, 101, 4)  # powers of two: 1e-30 to 1e30
FINE = np.arange(-3, 1)


def rough_scales(evaluator, x):
    """Return a length (d,) for each axis at x (d,), at the price of one Hessian where d is large.

    (|H_ii| + g_i^2)^-1/2 above 50 dimensions, if there is a gradient at least, else `axis_scales`.
    """
    if evaluator.has_hessian and x.size > MANY:
        size = np.abs(np.diag(evaluator.hessian(x))) + evaluator.gradient(x) ** 2
        if np.isfinite(size).all():
            return 1 / np.sqrt(np.where(size > 0, size, 1.0))
    elif evaluator.has_gradient and x.size > MANY:
        scale = difference_hessian(evaluator.gradient, x)[1]
        if np.isfinite(scale).all():
            return scale
    return axis_scales(evaluator.far, x)


def axis_scales(log_density, x, directions=None):
    """Return, for each direction, the length at which the second difference at x is of order one.

    x is (d,), `directions` (m, d) the axes by default, the result (m,): the least h, to within a
    factor of two, for which |f(x + h v) - 2 f(x) + f(x - h v)| >= 1, found by two vectorised sweeps
    of powers of two. Where f is straight along v, the first difference serves; where it does not
    change at all, max(1, |x|). The edge of the support counts as a change.
    """
    x = np.asarray(x, dtype=float)
    directions = np.eye(x.size) if directions is None else directions
    value = log_density(x)
    target = max(1.0, 1e3 * EPS * abs(float(value)))
    flat = np.full(directions.shape[0], max(1.0, float(np.abs(x).max(initial=0.0))))
    exponents = np.broadcast_to(COARSE, (directions.shape[0], COARSE.size))
    bend, drop = _changes(log_density, x, value, directions, exponents)
    bends = bend >= target
    bent = bends.any(axis=1)
    reached = np.where(bent[:, None], bends, drop >= target)
    first = COARSE[np.argmax(reached, axis=1)]
    bend, drop = _changes(log_density, x, value, directions, first[:, None] + FINE)
    change = np.where(bent[:, None], bend, drop)
    k = np.argmax(change >= target, axis=1)
    rows = np.arange(k.size)
    step = np.ldexp(1.0, first + FINE[k])
    # second differences go as h^2: down to where the change is one, but not below the last step
    shrink = np.clip(np.sqrt(target / np.maximum(change[rows, k], target)), 0.5, 1.0)
    return np.where(reached.any(axis=1), step * shrink, flat)


def _changes(log_density, x, value, directions, exponents):
    """Return |second difference| and the larger |first difference| at 2^exponents, (m, K) each."""
    move = np.ldexp(1.0, exponents)[:, :, None] * directions[:, None, :]
    forward, backward = log_density(np.stack([x + move, x - move])) - value
    bend = np.abs(forward + backward)
    return np.where(np.isnan(bend), np.inf, bend), np.maximum(np.abs(forward), np.abs(backward))

"""First and second derivatives of a function at many points, along given directions."""

import numpy as np

FIRST_STEP = 1e-3  # of the local scale: rounding 1e-13 against truncation 1e-7
SECOND_STEP = 1e-2  # of the local scale: rounding 1e-11 against truncation 1e-5


def slope_and_curvature(density, z, basis, scale):
    """Return the gradient (m, k) and Hessian (m, k, k) of f(z + basis v) in v at v = 0.

    `density` has `log_density`, `gradient` and `hessian`, the latter two possibly None; z is (m,
    d), `basis` (d, k), and `scale` (m, k) the length over which f changes along each direction.
    Analytic derivatives are used where they exist, central differences of the best that does
    elsewhere.
    """
    with np.errstate(invalid="ignore"):
        return slope(density, z, basis, scale), _curvature(density, z, basis, scale)


def derivative_evaluations(density, k: int) -> int:
    """Return how many evaluations `slope_and_curvature` takes at a point along k directions."""
    if density.hessian is not None and density.gradient is not None:
        return 2 if k else 0
    if density.gradient is not None:
        return 1 + 2 * k if k else 0
    return 1 + 2 * k + 2 * k * k if k else 0


def slope(density, z, basis, scale):
    """Return the gradient (m, k) of f(z + basis v) in v at v = 0, as above."""
    if density.gradient is not None:
        return density.gradient(z) @ basis
    step = FIRST_STEP * scale
    shifted = _shifted(z, basis, step)
    return (density.log_density(shifted[0]) - density.log_density(shifted[1])) / (2 * step)


def _curvature(density, z, basis, scale):
    if density.hessian is not None:
        return basis.T @ density.hessian(z) @ basis
    if density.gradient is not None:
        step = FIRST_STEP * scale
        forward, backward = (density.gradient(x) @ basis for x in _shifted(z, basis, step))
        hessian = (forward - backward) / (2 * step[:, :, None])
        return 0.5 * (hessian + hessian.transpose(0, 2, 1))
    return second_differences(density.log_density, z, basis, SECOND_STEP * scale)


def _shifted(z, basis, step):
    """Return z one step forward and back along each direction, (2, m, k, d)."""
    move = step[:, :, None] * basis.T
    return np.stack([z[:, None] + move, z[:, None] - move])


def second_differences(function, z, basis, step):
    """Return the Hessian (m, k, k) of f(z + basis v) in v at v = 0 from values of f alone.

    `step` (m, k) is that along each direction; off the diagonal the four corners of two of them
    are taken. `function` is called once, with points (m, n, d) of which the first are z itself.
    """
    k = basis.shape[1]
    i, j = np.triu_indices(k, 1)
    move = step[:, :, None] * basis.T
    along, across = move[:, i] + move[:, j], move[:, i] - move[:, j]
    moves = [np.zeros_like(z)[:, None], move, -move, along, across, -across, -along]
    values = function(z[:, None] + np.concatenate(moves, axis=1))
    ends = np.cumsum([1, k, k, i.size, i.size, i.size])
    centre, ahead, behind, *corners = np.split(values, ends, axis=1)
    hessian = np.zeros((z.shape[0], k, k))
    hessian[:, np.arange(k), np.arange(k)] = (ahead + behind - 2 * centre) / step**2
    twist = corners[0] - corners[1] - corners[2] + corners[3]
    hessian[:, i, j] = hessian[:, j, i] = twist / (4 * step[:, i] * step[:, j])
    return hessian


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

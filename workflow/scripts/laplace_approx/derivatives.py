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
    return _curvature_from_values(density.log_density, z, basis, SECOND_STEP * scale)


def _shifted(z, basis, step):
    """Return z one step forward and back along each direction, (2, m, k, d)."""
    move = step[:, :, None] * basis.T
    return np.stack([z[:, None] + move, z[:, None] - move])


def _curvature_from_values(function, z, basis, step):
    """Second differences of values; off the diagonal along the sum and the difference of two."""
    k = basis.shape[1]
    i, j = np.triu_indices(k, 1)
    move = step[:, :, None] * basis.T
    moves = np.concatenate([move, move[:, i] + move[:, j], move[:, i] - move[:, j]], axis=1)
    centre = function(z)[:, None]
    bend = function(z[:, None] + moves) + function(z[:, None] - moves) - 2 * centre
    hessian = np.zeros((z.shape[0], k, k))
    diagonal, plus, minus = np.split(bend, [k, k + i.size], axis=1)
    hessian[:, np.arange(k), np.arange(k)] = diagonal / step**2
    hessian[:, i, j] = hessian[:, j, i] = (plus - minus) / (4 * step[:, i] * step[:, j])
    return hessian

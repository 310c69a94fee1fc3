"""Geometry of a density on a mesh: regions of highest density, the peak, ellipses of a normal."""

import math

import numpy as np

PROBABILITIES = (0.10, 0.25, 0.50, 0.75, 0.90, 0.95, 0.99)  # of the regions
ELLIPSES = (0.50, 0.90, 0.95)  # masses of the normal within


def checked(x, y, density):
    """Return x (nx,), y (ny,) and density (nx, ny) as arrays, or raise ValueError.

    density[i, j] belongs to (x[i], y[j]): a transposed mesh of unequal sides is refused.
    """
    x, y, density = (np.asarray(values, dtype=float) for values in (x, y, density))
    if density.shape != (x.size, y.size):
        raise ValueError(
            f"density has shape {density.shape}; with {x.size} x and {y.size} y it must be "
            f"({x.size}, {y.size}): density[i, j] at (x[i], y[j])"
        )
    if not (np.all(np.isfinite(density)) and np.all(density >= 0) and density.max() > 0):
        raise ValueError(
            "a density on a mesh must be finite, nowhere negative and somewhere positive"
        )
    return x, y, density


def widths(x: np.ndarray) -> np.ndarray:
    """Return the trapezoidal weight of every point of an increasing axis."""
    steps = np.diff(x)
    return 0.5 * (np.concatenate([[0.0], steps]) + np.concatenate([steps, [0.0]]))


def mass_levels(x, y, density, probabilities=PROBABILITIES) -> np.ndarray:
    """Return the heights t for which {density >= t} holds the given probabilities.

    The region {density >= t} is the highest-density region (Gelman et al. 2013, BDA3, section
    2.3): cells are added from the highest down until their mass is reached, each cell counted
    half at its own height. The density need not be normalised; its mesh is taken as the whole.
    """
    mass = (density * np.outer(widths(x), widths(y))).ravel()
    order = np.argsort(-density, axis=None, kind="stable")
    held = np.cumsum(mass[order])
    held = (held - 0.5 * mass[order]) / held[-1]
    return np.interp(probabilities, held, density.ravel()[order])


def peak(x, y, density) -> np.ndarray:
    """Return the highest point (2,) of a density on a mesh, finer than the mesh.

    A quadratic is fitted to the log density at the highest point and its eight neighbours; its
    summit is taken where it has one between them, otherwise the highest point itself.
    """
    i, j = np.unravel_index(np.argmax(density), density.shape)
    top = np.array([x[i], y[j]])
    if not (0 < i < x.size - 1 and 0 < j < y.size - 1):
        return top
    near = density[i - 1 : i + 2, j - 1 : j + 2]
    if not np.all(near > 0):
        return top
    step = np.array([x[i + 1] - x[i - 1], y[j + 1] - y[j - 1]]) / 2
    u, v = np.meshgrid(
        (x[i - 1 : i + 2] - top[0]) / step[0], (y[j - 1 : j + 2] - top[1]) / step[1], indexing="ij"
    )
    u, v = u.ravel(), v.ravel()
    columns = np.stack([np.ones(9), u, v, u * u / 2, u * v, v * v / 2], axis=1)
    _, gu, gv, huu, huv, hvv = np.linalg.lstsq(columns, np.log(near).ravel(), rcond=None)[0]
    determinant = huu * hvv - huv * huv
    if not (huu < 0 and determinant > 0):
        return top
    shift = np.array([huv * gv - hvv * gu, huv * gu - huu * gv]) / determinant
    return top + shift * step if np.all(np.abs(shift) <= 1) else top


def ellipse(mean, covariance, probability: float, n_points: int = 181) -> np.ndarray:
    """Return the closed outline (n_points, 2) of the ellipse that holds `probability` of a normal.

    mean (2,), covariance (2, 2). In two dimensions the squared distance from the mean is
    chi-square with 2 degrees of freedom, so the radius is sqrt(-2 log(1 - probability)) exactly.
    """
    cholesky = np.linalg.cholesky(np.asarray(covariance, dtype=float))
    angle = np.linspace(0.0, 2 * math.pi, n_points)
    circle = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    circle[-1] = circle[0]
    radius = math.sqrt(-2 * math.log1p(-probability))
    return np.asarray(mean, dtype=float) + radius * circle @ cholesky.T

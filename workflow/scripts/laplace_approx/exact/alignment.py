"""Where a posterior lies and how it is spread, roughly: what a lattice is first aligned with.

All coordinates here are unconstrained, z. Nothing that is found here enters a result: it decides
only where the nodes go.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from laplace_approx.derivatives.central import second_differences
from laplace_approx.derivatives.scales import axis_scales
from laplace_approx.numerics.precision import lower_factor

ROUNDS = 30  # halved or doubled, nothing changes: a window settles in a few
# scales each way that a round looks at; doubled, quantiles move by 5e-8, halved, those of a funnel
# by 3e-6, within their errors
WINDOW = 7.0
# scales that a round moves by, above which it does not narrow the window; halved or doubled,
# nothing changes
FAR = 2.0
# nodes an axis in a round, by dimension; doubled, 0.7 to 1.1 times the evaluations of all, halved,
# 0.94 to 1.02
POINTS = {1: 281, 2: 57, 3: 29}
STEEPEST, FLATTEST = 1e-10, 1e10  # limits of a curvature in units of the scales that were found


class Alignment(NamedTuple):
    """A centre (d,) and a lower factor (d, d) of a covariance, and the modes (m, d) that are known
    with a factor (m, d, d) of the covariance of each."""

    centre: np.ndarray
    factor: np.ndarray
    modes: np.ndarray
    mode_factors: np.ndarray

    def marked(self, marks) -> "Alignment":
        """Return the alignment with further places for which nodes must lie close: z (d,) and
        factor (d, d) of each. They move neither the centre nor the covariance."""
        places, factors = ([each[k][None] for each in marks] for k in (0, 1))
        return self._replace(
            modes=np.concatenate([self.modes, *places]),
            mode_factors=np.concatenate([self.mode_factors, *factors]),
        )


def find_alignment(log_density: Callable, modes) -> Alignment:
    """Return the alignment of a log density of z (..., d), given its modes (m, d).

    Each mode gets the covariance of its curvature. Their mixture, weighted by Laplace's mass, is
    the first guess; where one lattice resolves it, the moments of the density on a window about
    it replace it until they no longer change.
    """
    modes = np.atleast_2d(np.asarray(modes, dtype=float))
    factors = np.array([local_factor(log_density, mode) for mode in modes])
    centre, factor = _mixture(log_density, modes, factors)
    for _ in range(ROUNDS):
        window = _window(centre, factor, modes, factors)
        if window is None:
            break
        moved, spread = _moments(log_density, centre, factor, window)
        if moved is None:
            break
        centre = centre + factor @ moved
        change = np.linalg.svd(spread, compute_uv=False)
        if np.any(np.abs(moved) > FAR) and change[0] < 1:
            continue  # only the edge of the mass is in sight: walk on before judging its width
        factor = factor @ spread
        if np.all(np.abs(moved) < 0.1) and change[-1] > 0.8 and change[0] < 1.25:
            break
    return Alignment(centre, lower_factor(factor), modes, factors)


def local_factor(log_density: Callable, z):
    """Return F (d, d) with F F^T the inverse of minus the Hessian at z, roughly.

    Second differences over steps that change the log density by about one half, in coordinates
    that are straightened until the curvature in them is near the identity. A direction that does
    not curve down keeps the scale over which the density changes.
    """

    def floored(points):  # beyond the support: a steep fall, but a finite one
        values = log_density(points)
        floor = values[:, :1] - 50.0
        return np.maximum(np.nan_to_num(values, nan=floor, neginf=floor), floor)

    factor, step = np.diag(axis_scales(log_density, z)), np.full((1, z.size), 0.5)
    for _ in range(6):
        values, vectors = np.linalg.eigh(-second_differences(floored, z[None], factor, step)[0])
        values = np.clip(np.where(values > 0, values, 1.0), STEEPEST, FLATTEST)
        factor = factor @ (vectors / np.sqrt(values))
        if values.max() < 1.5 and values.min() > 0.67:
            break
    return factor


def _mixture(log_density, modes, factors):
    """Return the mean and a factor of the covariance of the mixture of the modes' normals."""
    log_mass = log_density(modes) + np.linalg.slogdet(factors)[1]
    with np.errstate(invalid="ignore"):
        weight = np.nan_to_num(np.exp(log_mass - log_mass.max()), nan=1.0)
    weight /= weight.sum()
    centre = weight @ modes
    # a factor of a sum of F F^T is what the triangle of their QR leaves: no square is formed
    away = (modes - centre)[:, :, None]
    blocks = np.concatenate([factors, away], axis=2) * np.sqrt(weight)[:, None, None]
    return centre, lower_factor(np.concatenate(list(blocks), axis=1))


def _window(centre, factor, modes, factors):
    """Return the nodes w of each axis of a window that holds every mode, or None where their
    scales are too far apart for one lattice of moderate size."""
    d = centre.size
    w = np.linalg.solve(factor, (modes - centre).T).T
    narrow = np.array([conditional_widths(np.linalg.solve(factor, f)) for f in factors]).min(0)
    axes = []
    for k in range(d):
        low, high = min(0.0, w[:, k].min()) - WINDOW, max(0.0, w[:, k].max()) + WINDOW
        points = POINTS[d]
        if len(modes) > 1:
            points = max(points, math.ceil((high - low) / (0.8 * narrow[k])))
        axes.append((low, high, points))
    if math.prod(points for *_, points in axes) > 8 * POINTS[d] ** d:
        return None
    return [np.linspace(*axis) for axis in axes]


def conditional_widths(factor):
    """Return the SD of each coordinate given the others under the covariance factor factor^T."""
    root_of_precision = np.linalg.solve(factor, np.eye(len(factor)))
    return 1 / np.sqrt(np.sum(root_of_precision**2, axis=0))


def _moments(log_density, centre, factor, nodes):
    """Return the mean and a lower factor of the covariance of w over a window, or None, None."""
    w = np.stack(np.meshgrid(*nodes, indexing="ij"), axis=-1)
    values = log_density(centre + w @ factor.T)
    highest = np.max(values)
    if not np.isfinite(highest):
        return None, None
    mass = np.exp(values - highest)
    mass /= mass.sum()
    flat, share = w.reshape(-1, centre.size), mass.ravel()
    mean = share @ flat
    covariance = (share[:, None] * (flat - mean)).T @ (flat - mean)
    # a density between two nodes has no spread that they can see: at least half a step each way
    step = np.array([axis[1] - axis[0] for axis in nodes])
    covariance += np.diag(step**2 / 12)
    return mean, np.linalg.cholesky(covariance)

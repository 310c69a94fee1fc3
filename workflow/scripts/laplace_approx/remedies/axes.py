"""One coordinate at a time: its axis through the normal, and the quantities of it alone."""

from typing import NamedTuple

import numpy as np

from laplace_approx.density.density import Density
from laplace_approx.normal.normal import Normal
from laplace_approx.numerics.precision import lower_factor

N_PROBES = 32  # points at which a quantity is compared with a coordinate


class CoordinateAxis(NamedTuple):
    """The coordinates z = mean + along t + across v, with z_j = mean_j + sd_j t whatever v.

    (t, v) is standard normal under the normal: `along` (d,) is the regression of z on z_j and
    `across` (d, d-1) factors the conditional covariance of the other coordinates.
    """

    mean: np.ndarray
    along: np.ndarray
    across: np.ndarray

    def point(self, t, v):
        """Return z (..., d) at t (...) and v (..., d-1)."""
        return self.mean + t[..., None] * self.along + v @ self.across.T


def axis_of(normal: Normal, j: int) -> CoordinateAxis:
    """Return the axis of coordinate j: the Cholesky factor with that coordinate put first."""
    factor = lower_factor(normal.cholesky, first=j)
    return CoordinateAxis(normal.mean, factor[:, 0], factor[:, 1:])


def coordinate_of(quantity, density: Density, normal: Normal) -> int | None:
    """Return the coordinate that alone determines a quantity, or None where there is none.

    Found by trial: the quantity is unchanged, to 12 digits, at points inside the support when all
    other coordinates are set to the mean's.
    """
    trial = probes(density, normal)
    base = np.asarray(quantity(trial), dtype=float)
    for j in range(normal.mean.size):
        moved = np.broadcast_to(normal.mean, trial.shape).copy()
        moved[:, j] = trial[:, j]
        other = np.asarray(quantity(moved), dtype=float)
        if np.allclose(base, other, rtol=1e-12, atol=1e-300, equal_nan=True):
            return j
    return None


def probes(density, normal):
    """Return points within two standard deviations, inside the bounds, in no special position."""
    d = normal.mean.size
    u = 2 * np.sin(np.outer(np.arange(1, N_PROBES + 1), np.sqrt(np.arange(2, d + 2))))
    z = normal.mean + u @ normal.cholesky.T
    low, high = np.asarray(density.lower), np.asarray(density.upper)
    shrink = 0.5 * (1 + np.sin(u))  # in (0, 1): a different distance to the bound for every probe
    with np.errstate(invalid="ignore"):
        z = np.where(z <= low, normal.mean + shrink * (low - normal.mean), z)
        return np.where(z >= high, normal.mean + shrink * (high - normal.mean), z)

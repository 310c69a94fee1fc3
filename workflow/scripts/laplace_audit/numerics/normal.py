"""The normal approximation as it is stored: mean and factor, and what follows from them alone."""

import math
from typing import NamedTuple

import numpy as np

from laplace_audit.numerics.coordinates import Space


class Normal(NamedTuple):
    """N(mean, factor factor^T) of the coordinates z of a space."""

    mean: np.ndarray
    factor: np.ndarray
    space: Space

    @property
    def sd(self):
        return np.linalg.norm(self.factor, axis=1)

    def whitened(self, z):
        """Return u with z = mean + factor u, by substitution; z is (..., d)."""
        from scipy.linalg import solve_triangular

        off = (np.asarray(z) - self.mean).reshape(-1, self.mean.size)
        u = solve_triangular(self.factor, off.T, lower=True, check_finite=False).T
        return u.reshape(np.shape(z))

    def log_density(self, theta):
        """Return the normalised log density of theta (..., d); NaN where theta has no z."""
        z = self.space.z(theta)
        u = self.whitened(z)
        with np.errstate(invalid="ignore"):
            value = -0.5 * np.einsum("...i,...i->...", u, u) - self.space.log_jacobian(z)
        return value - self.log_scale

    @property
    def log_scale(self) -> float:
        """log of (2 pi)^(d/2) times the determinant of the factor."""
        d = self.mean.size
        return d / 2 * math.log(2 * math.pi) + float(np.sum(np.log(np.diag(self.factor))))

    def quantiles(self, i: int, p):
        """Return the quantiles of parameter i: NaN where they lie outside the support."""
        from scipy.special import ndtri

        c, p = self.space.coordinates[i], np.asarray(p, dtype=float)
        z = self.mean[i] + self.sd[i] * ndtri(1 - p if c.falls else p)
        inside = (z > self.space.lower[i]) & (z < self.space.upper[i])
        return np.where(inside, c.theta(z), np.nan)

    def excluded(self, i: int) -> float:
        """Return the mass of the normal outside the bounds of coordinate i."""
        from scipy.special import ndtr

        low, high = self.space.lower[i], self.space.upper[i]
        return float(
            ndtr((low - self.mean[i]) / self.sd[i]) + ndtr((self.mean[i] - high) / self.sd[i])
        )


def normal_of(mode: dict, curvature: dict, space: Space) -> Normal | None:
    """Return the stored normal, None where the case is declined."""
    if curvature["status"] != "ok":
        return None
    return Normal(np.array(mode["z"]), np.array(curvature["cholesky"]), space)

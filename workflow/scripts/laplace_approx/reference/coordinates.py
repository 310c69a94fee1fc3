"""Coordinates in which no parameter has a bound: the same for a posterior in all its spaces."""

import numpy as np

from laplace_approx.density.density import Density, without_nan
from laplace_approx.density.unbounded import natural_transforms

JACOBIAN_STEP = 1e-4  # of z, whose Jacobians change over one: errors of 1e-9


class Unbounded:
    """z (n, d) of theta (n, d), parameter by parameter: log, logit, or the parameter itself."""

    def __init__(self, density: Density):
        d = len(density.names)
        ends = (np.broadcast_to(side, (d,)) for side in (density.lower, density.upper))
        self.density, self.transforms = density, natural_transforms(*ends)

    def constrain(self, z):
        """Return theta (n, d)."""
        return self._each("constrain", z)

    def unconstrain(self, theta):
        """Return z (n, d) of theta (n, d); infinite or NaN on or beyond a bound."""
        return self._each("unconstrain", theta)

    def slopes(self, z):
        """Return d theta / d z of each coordinate, (n, d)."""
        return self._each("constrain_d1", z)

    def log_density(self, z):
        """Return the log density of z (n, d): log p(theta) + sum log |d theta / d z|, (n,).

        -inf where theta rounds to a bound, or has no density.
        """
        with np.errstate(all="ignore"):
            value = self.density.log_density(self.constrain(z))
            value = value + np.sum(self._each("log_jacobian", z), axis=-1)
        value = without_nan(value)
        return np.where(value == np.inf, -np.inf, value)

    def gradient(self, z):
        """Return the gradient of `log_density` at z (n, d), (n, d), where the density has one.

        g dtheta / dz + d log |dtheta / dz| / dz, the last by differences: it has no model in it.
        """
        with np.errstate(all="ignore"):
            above = self._each("log_jacobian", z + JACOBIAN_STEP)
            below = self._each("log_jacobian", z - JACOBIAN_STEP)
            own = self.density.gradient(self.constrain(z)) * self.slopes(z)
            return own + (above - below) / (2 * JACOBIAN_STEP)

    def _each(self, name: str, x):
        columns = [
            getattr(transform, name)(x[..., i]) for i, transform in enumerate(self.transforms)
        ]
        return np.stack(columns, axis=-1)

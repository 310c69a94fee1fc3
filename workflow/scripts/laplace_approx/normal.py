"""The multivariate normal, held as a mean and the lower Cholesky factor of its covariance."""

import math
from typing import NamedTuple

import numpy as np


class Normal(NamedTuple):
    """N(mean, cholesky cholesky^T) in `d` dimensions; `cholesky` is lower triangular.

    The factor belongs to the covariance, not to the precision: x = mean + cholesky u with u
    standard normal (Gelman et al. 2013, BDA3, appendix A).
    """

    mean: np.ndarray
    cholesky: np.ndarray

    def standardise(self, x):
        """Return u = cholesky^-1 (x - mean) for x of shape (..., d): standard normal under self."""
        centred = np.asarray(x, dtype=float) - self.mean
        flat = centred.reshape(-1, self.mean.size)
        return np.linalg.solve(self.cholesky, flat.T).T.reshape(centred.shape)

    def log_density(self, x):
        """Return the normalised log density at x of shape (..., d), as an array (...)."""
        u = self.standardise(x)
        log_determinant = np.sum(np.log(np.diag(self.cholesky)))
        half_square = 0.5 * np.sum(u * u, axis=-1)
        return -half_square - log_determinant - 0.5 * self.mean.size * math.log(2 * math.pi)

    def draw(self, rng: np.random.Generator, n: int):
        """Return n independent draws mean + cholesky u, shape (n, d)."""
        return self.mean + rng.standard_normal((n, self.mean.size)) @ self.cholesky.T

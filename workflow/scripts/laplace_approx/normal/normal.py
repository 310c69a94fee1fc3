"""The multivariate normal, held as a mean and the lower Cholesky factor of its covariance."""

import math
from typing import NamedTuple

import numpy as np

from laplace_approx.numerics.batched import SMALL

BLOCK = 8192  # draws


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
        draws = np.empty((n, self.mean.size))
        for start in range(0, n, BLOCK):  # in place, while they are in the processor's cache
            block = draws[start : start + BLOCK]
            rng.standard_normal(out=block)
            self._place(block)
        return draws

    def _place(self, u):
        """Turn u (n, d) into mean + cholesky u, the last coordinate first, which no other needs."""
        if self.mean.size > SMALL:
            np.add(u @ self.cholesky.T, self.mean, out=u)
            return
        for i in reversed(range(self.mean.size)):
            value = u[:, 0] * self.cholesky[i, 0]
            for j in range(1, i + 1):
                value += u[:, j] * self.cholesky[i, j]
            np.add(value, self.mean[i], out=u[:, i])

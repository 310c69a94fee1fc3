"""A mixture of multivariate Student t, as a density and as a map of the unit cube."""

from typing import NamedTuple

import numpy as np
from scipy.linalg.lapack import dtrtri
from scipy.special import gammainccinv, gammaln, logsumexp, ndtri

EXTRA = 2  # coordinates of the cube beside those of z: which component, and its radius
HALF_CELL = 2.0**-31  # of the points of a Sobol sequence of 30 bits, which so are never 0


class StudentMixture(NamedTuple):
    """sum_k weights_k t(df_k; means_k, factors_k factors_k'), in d dimensions.

    `weights` (K,) sum to one, `means` (K, d), `factors` (K, d, d) lower triangular, `df` (K,).
    """

    weights: np.ndarray
    means: np.ndarray
    factors: np.ndarray
    df: np.ndarray

    @property
    def size(self) -> int:
        """The number of coordinates d."""
        return self.means.shape[1]

    def squares(self, z):
        """Return the squared Mahalanobis distances of z (n, d) from every component, (n, K)."""
        parts = zip(self.means, self.factors, strict=True)
        return np.stack([_square(z, mean, factor) for mean, factor in parts], axis=1)

    def log_parts(self, z, squares=None):
        """Return log(weights_k t_k(z)) of z (n, d), as (n, K); `squares` where they are at hand.

        With m = (z - mean)' (L L')^-1 (z - mean): t = Gamma((df + d) / 2) / (Gamma(df / 2)
        (df pi)^(d / 2) |L|) (1 + m / df)^(-(df + d) / 2) (Kotz and Nadarajah 2004, section 1.1).
        """
        d, df = self.size, self.df
        diagonal = np.diagonal(self.factors, axis1=1, axis2=2)
        constant = gammaln((df + d) / 2) - gammaln(df / 2) - 0.5 * d * np.log(df * np.pi)
        constant = constant - np.sum(np.log(diagonal), axis=1)
        with np.errstate(divide="ignore"):
            constant = constant + np.log(self.weights)
        squares = self.squares(z) if squares is None else squares
        return constant - 0.5 * (df + d) * np.log1p(squares / df)

    def log_density(self, z):
        """Return the normalised log density of z (n, d), as (n,)."""
        return logsumexp(self.log_parts(z), axis=1)

    def place(self, u):
        """Return the draws z (n, d) to which points u (n, d + 2) of the unit cube go.

        The first coordinate says the component, the last its radius by the inverse CDF of the
        chi-square, those between are standard normal by theirs: uniform points give draws.
        """
        u = u + HALF_CELL
        ends = np.cumsum(self.weights)[:-1]
        component = np.searchsorted(ends, u[:, 0], side="right")
        half = self.df[component] / 2
        stretch = np.sqrt(half / gammainccinv(half, u[:, -1]))  # sqrt(df / chi-square)
        normal = ndtri(u[:, 1:-1]) * stretch[:, None]
        z = np.empty_like(normal)
        for k, (mean, factor) in enumerate(zip(self.means, self.factors, strict=True)):
            mine = component == k
            z[mine] = mean + normal[mine] @ factor.T
        return z


def _square(z, mean, factor):
    inverse, _ = dtrtri(factor, lower=1)
    u = (z - mean) @ inverse.T
    return np.einsum("ij,ij->i", u, u)


def joined(parts, shares) -> StudentMixture:
    """Return the mixture of several mixtures, each with its share (they sum to one)."""
    weights = [share * part.weights for part, share in zip(parts, shares, strict=True)]
    rest = ([getattr(part, name) for part in parts] for name in ("means", "factors", "df"))
    return StudentMixture(np.concatenate(weights), *(np.concatenate(each) for each in rest))

"""The exact posterior of the normal model: p(mu, sigma | y) = p(sigma | y) p(mu | sigma, y).

With n values y, mean ybar, S = sum (y_i - ybar)^2 and the prior p(mu, sigma) = sigma^-k, let
nu = n + k - 2. Then sigma^2 ~ Inv-chi^2(nu, S/nu), mu given sigma ~ N(ybar, sigma^2 / n), and
mu is Student t with nu degrees of freedom, location ybar and scale sqrt(S / (nu n)) (Gelman et
al. 2013, BDA3, section 3.2, for k = 1, which is flat on (mu, log sigma) and is 1/sigma^2 on
(mu, sigma^2)). k = 0 is flat on (mu, sigma).
"""

import math
from typing import NamedTuple

import numpy as np


class NormalPosterior(NamedTuple):
    """p(mu, sigma | y) of n normal values; `df` is nu, `centre` is ybar, `scatter` is S."""

    n: int
    df: float
    centre: float
    scatter: float

    def mu_quantile(self, probability):
        """Return the quantiles of mu."""
        from scipy.special import stdtrit

        scale = math.sqrt(self.scatter / self.df / self.n)
        return self.centre + scale * stdtrit(self.df, np.asarray(probability, dtype=float))

    def sigma_squared_quantile(self, probability):
        """Return the quantiles of sigma^2: S over the quantiles of chi^2 at 1 - probability."""
        from scipy.special import gammainccinv

        chi_squared = 2 * gammainccinv(self.df / 2, np.asarray(probability, dtype=float))
        return self.scatter / chi_squared

    def sigma_quantile(self, probability):
        """Return the quantiles of sigma."""
        return np.sqrt(self.sigma_squared_quantile(probability))

    def mu_cdf(self, value):
        """Return P(mu <= value)."""
        from scipy.special import stdtr

        scale = math.sqrt(self.scatter / self.df / self.n)
        return stdtr(self.df, (np.asarray(value, dtype=float) - self.centre) / scale)

    def sigma_cdf(self, value):
        """Return P(sigma <= value) = P(chi^2 >= S / value^2), which is 0 for values up to 0."""
        from scipy.special import gammaincc

        value = np.asarray(value, dtype=float)
        with np.errstate(divide="ignore"):
            half_chi_squared = self.scatter / 2 / np.maximum(value, 0.0) ** 2
        return gammaincc(self.df / 2, half_chi_squared)

    def log_evidence(self) -> float:
        """Return log of the integral of likelihood times sigma^-k.

        It is (2 pi)^(-(n-1)/2) n^(-1/2) Gamma(nu/2) / 2 (S/2)^(-nu/2).
        """
        half = self.df / 2
        log_constant = -0.5 * (self.n - 1) * math.log(2 * math.pi) - 0.5 * math.log(self.n)
        return log_constant + math.lgamma(half) - math.log(2) - half * math.log(self.scatter / 2)

    def draw(self, rng: np.random.Generator, n_draws: int):
        """Return independent draws of (mu, sigma), shape (n_draws, 2): sigma first, then mu."""
        sigma = np.sqrt(self.scatter / rng.chisquare(self.df, n_draws))
        mu = self.centre + sigma / math.sqrt(self.n) * rng.standard_normal(n_draws)
        return np.stack([mu, sigma], axis=-1)


def normal_posterior(y, sigma_power: float = 1.0) -> NormalPosterior:
    """Return the posterior of (mu, sigma) given values y (n,) and the prior sigma^-sigma_power.

    Raises ValueError where it is improper: n + sigma_power - 2 must be above 0, and the values
    must differ.
    """
    y = np.asarray(y, dtype=float)
    centre = float(np.mean(y))
    scatter = float(np.sum((y - centre) ** 2))
    df = y.size + sigma_power - 2
    if not (df > 0 and scatter > 0):
        raise ValueError(
            f"the posterior is improper: {df:g} degrees of freedom and a sum of squares of "
            f"{scatter:g}; both must be above 0"
        )
    return NormalPosterior(y.size, df, centre, scatter)

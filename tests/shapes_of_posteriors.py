"""Densities of every shape, good and bad, given by values only: the optimiser's gymnasium."""

import numpy as np

from known_posteriors import unbounded
from laplace_approx.density.density import Density


def values(function, d, lower=None, upper=None):
    """Return a Density of d coordinates from its values alone, NaN turned into -inf."""

    def log_density(x):
        x = np.asarray(x, dtype=float)
        with np.errstate(all="ignore"):
            value = np.asarray(function(x), dtype=float)
        inside = np.all((x > low) & (x < high), axis=-1)
        return np.where(inside & ~np.isnan(value), value, -np.inf)

    low = np.full(d, -np.inf) if lower is None else np.asarray(lower, dtype=float)
    high = np.full(d, np.inf) if upper is None else np.asarray(upper, dtype=float)
    names = tuple("abcdefghij"[:d])
    return Density(names, log_density, None, None, low, high)


def normal(mean, covariance, offset=0.0, derivatives=False):
    """Return the log density of a normal, unnormalised, plus a constant."""
    mean = np.asarray(mean, dtype=float)
    scale = np.sqrt(np.diag(covariance))
    root = np.linalg.cholesky(covariance / np.outer(scale, scale))
    whiten = np.linalg.solve(root, np.diag(1 / scale))

    def value(x):
        u = (np.asarray(x, dtype=float) - mean) @ whiten.T
        return offset - 0.5 * np.sum(u * u, axis=-1)

    if not derivatives:
        return values(value, mean.size)
    precision = whiten.T @ whiten
    return unbounded(
        tuple("abcdefghij"[: mean.size]),
        value,
        lambda x: -(np.asarray(x) - mean) @ precision,
        lambda x: np.broadcast_to(-precision, (*np.shape(x), mean.size)),
    )


DOSE = np.array([-0.86, -0.30, -0.05, 0.73])


def dose_response(deaths, log_prior=lambda theta: 0.0, animals=5.0):
    """Return the bioassay with other deaths, by values only."""
    deaths = np.asarray(deaths, dtype=float)

    def value(theta):
        eta = theta[..., :1] + theta[..., 1:] * DOSE
        likelihood = np.sum(deaths * eta - animals * np.logaddexp(0, eta), axis=-1)
        return likelihood + log_prior(theta)

    return value


EFFECT = np.array([28.0, 8, -3, 7, -1, 1, 18, 12])
ERROR = np.array([15.0, 10, 16, 11, 9, 11, 10, 18])


def centred_schools(x):
    """Eight schools, (theta_1, ..., theta_8, mu, log tau): unbounded above as log tau falls."""
    theta, mu, log_tau = x[..., :8], x[..., 8:9], x[..., 9:10]
    data = -0.5 * ((EFFECT - theta) / ERROR) ** 2
    prior = -0.5 * ((theta - mu) * np.exp(-log_tau)) ** 2 - log_tau
    return np.sum(data + prior, axis=-1) + log_tau[..., 0]

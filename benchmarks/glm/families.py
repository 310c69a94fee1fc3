"""Log likelihoods of a linear predictor: each with its slopes, for random regressions.

A family maps the predictor eta (m, n) and, where it has one, a further parameter a (m, 1) to the
log likelihood (m,) and its slopes by eta (m, n) and by a (m,). Constants in the parameters are left
out where they are the same for all of them.
"""

import math

import numpy as np
from scipy.special import digamma, expit, gammaln, log_ndtr

DEGREES = 4.0  # of freedom of the robust errors
NO_SLOPE = 0.0


def logistic(y, eta, a):
    """y ~ Bernoulli(logit^-1 eta)."""
    return np.sum(y * eta - np.logaddexp(0, eta), axis=-1), y - expit(eta), NO_SLOPE


def probit(y, eta, a):
    """y ~ Bernoulli(Phi(eta))."""
    sign = 2 * y - 1
    value = log_ndtr(sign * eta)
    slope = sign * np.exp(-0.5 * eta**2 - 0.5 * math.log(2 * math.pi) - value)
    return np.sum(value, axis=-1), slope, NO_SLOPE


def poisson(y, eta, a):
    """y ~ Poisson(exp eta)."""
    mean = np.exp(eta)
    return np.sum(y * eta - mean, axis=-1), y - mean, NO_SLOPE


def negative_binomial(y, eta, a):
    """y ~ NB(mean exp eta, size r = exp a)."""
    r, both = np.exp(a), np.logaddexp(a, eta)
    value = gammaln(y + r) - gammaln(r) + r * a + y * eta - (y + r) * both
    share = expit(eta - a)  # mean / (mean + r)
    of_a = r * (digamma(y + r) - digamma(r) + 1 + a - both) - (y + r) * (1 - share)
    return np.sum(value, axis=-1), y - (y + r) * share, np.sum(of_a, axis=-1)


def robust(y, eta, a):
    """(y - eta) / exp a ~ t with 4 degrees of freedom."""
    u = (y - eta) * np.exp(-a)
    value = -a - 0.5 * (DEGREES + 1) * np.log1p(u**2 / DEGREES)
    pull = (DEGREES + 1) * u / (DEGREES + u**2)
    slope = pull * np.exp(-a)
    return np.sum(value, axis=-1), slope, np.sum(pull * u - 1, axis=-1)


def gamma(y, eta, a):
    """y ~ Gamma(shape k = exp a, mean exp eta)."""
    k = np.exp(a)
    over = y * np.exp(-eta)
    log_y = np.log(y)
    value = k * (a - eta + log_y - over) - gammaln(k) - log_y
    of_a = k * (a - eta + log_y - over + 1 - digamma(k))
    return np.sum(value, axis=-1), k * (over - 1), np.sum(of_a, axis=-1)


def outcomes(family: str, eta, a: float, rng):
    """Return data y (n,) of a family at the predictor eta (n,)."""
    mean = np.exp(np.minimum(eta, 5.0))
    r = math.exp(a)
    make = {
        "logistic": lambda: (rng.random(eta.size) < expit(eta)).astype(float),
        "probit": lambda: (rng.standard_normal(eta.size) < eta).astype(float),
        "Poisson": lambda: rng.poisson(mean).astype(float),
        "negative binomial": lambda: rng.poisson(mean * rng.gamma(r, 1 / r, eta.size)) * 1.0,
        "robust": lambda: eta + r * rng.standard_t(DEGREES, eta.size),
        "gamma": lambda: np.maximum(mean * rng.gamma(r, 1 / r, eta.size), 1e-6),
    }
    return make[family]()


# name: (log likelihood with slopes, whether it has a further parameter)
FAMILIES = {
    "logistic": (logistic, False),
    "probit": (probit, False),
    "Poisson": (poisson, False),
    "negative binomial": (negative_binomial, True),
    "robust": (robust, True),
    "gamma": (gamma, True),
}

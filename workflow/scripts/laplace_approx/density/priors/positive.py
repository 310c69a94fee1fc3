"""Families on the positive numbers.

Formulas: Gelman et al. (2013), BDA3, appendix A (log-normal, exponential, gamma, inverse-gamma,
scaled inverse chi-squared, Weibull); a half family is twice its parent on x > 0.
"""

import math

import numpy as np

from laplace_approx.density.priors import location
from laplace_approx.density.priors.marginal import PriorMarginal

BELOW_NUMBERS = 0.05  # shape from which on less than 1e-15 of a gamma lies below all numbers


def _positive(log_density, d1, d2, proper=True) -> PriorMarginal:
    return PriorMarginal(log_density, d1, d2, lower=0.0, upper=math.inf, proper=proper, text="")


def _half(whole: PriorMarginal) -> PriorMarginal:
    return whole._replace(
        log_density=lambda x: whole.log_density(x) + math.log(2), lower=0.0, upper=math.inf
    )


def half_normal(scale) -> PriorMarginal:
    """Twice normal(0, scale) on x > 0; `scale` is the sd of the whole normal."""
    return _half(location.normal(0.0, sd=scale))


def half_cauchy(scale) -> PriorMarginal:
    """Twice cauchy(0, scale) on x > 0."""
    return _half(location.cauchy(0.0, scale))


def half_student_t(df, scale) -> PriorMarginal:
    """Twice student_t(df, 0, scale) on x > 0."""
    return _half(location.student_t(df, 0.0, scale))


def lognormal(log_mean, log_sd) -> PriorMarginal:
    """log p = -log x - v^2/2 - log(2 pi)/2 - log(log_sd), v = (log x - log_mean) / log_sd."""
    constant = -0.5 * math.log(2 * math.pi) - math.log(log_sd)

    def v(x):
        return (np.log(x) - log_mean) / log_sd

    return _positive(
        lambda x: constant - np.log(x) - 0.5 * v(x) ** 2,
        lambda x: -(1 + v(x) / log_sd) / x,
        lambda x: (1 + v(x) / log_sd - 1 / log_sd**2) / x / x,
    )


def exponential(*, rate=None, scale=None) -> PriorMarginal:
    """log p = log(rate) - rate x; rate = 1 / scale = 1 / mean."""
    return gamma(1.0, rate=rate, scale=scale)


def gamma(shape, *, rate=None, scale=None) -> PriorMarginal:
    """log p = shape log(rate) - log Gamma(shape) + (shape - 1) log x - rate x; rate = 1 / scale."""
    rate = 1 / scale if rate is None else rate
    constant = shape * math.log(rate) - math.lgamma(shape)
    found = _positive(
        lambda x: constant + (shape - 1) * np.log(x) - rate * x,
        lambda x: (shape - 1) / x - rate,
        lambda x: -(shape - 1) / x / x,
    )
    if shape > BELOW_NUMBERS:
        return found
    return found._replace(near=lambda x, below, above: constant + (shape - 1) * below - rate * x)


def inverse_gamma(shape, scale) -> PriorMarginal:
    """log p = shape log(scale) - log Gamma(shape) - (shape + 1) log x - scale / x."""
    constant = shape * math.log(scale) - math.lgamma(shape)
    return _positive(
        lambda x: constant - (shape + 1) * np.log(x) - scale / x,
        lambda x: (scale / x - (shape + 1)) / x,
        lambda x: ((shape + 1) - 2 * scale / x) / x / x,
    )


def scaled_inverse_chi_squared(df, scale) -> PriorMarginal:
    """Inv-chi^2(df, scale^2) = inverse_gamma(df/2, df scale^2 / 2): x is a variance, scale is not.

    `scale` is in the units of a standard deviation, as in BDA3's Inv-chi^2(nu, s^2).
    """
    return inverse_gamma(df / 2, df / 2 * scale**2)


def weibull(shape, scale) -> PriorMarginal:
    """log p = log(shape/scale) + (shape - 1) log(x/scale) - (x/scale)^shape."""
    constant = math.log(shape) - math.log(scale)

    def hazard(x):
        return (x / scale) ** shape

    return _positive(
        lambda x: constant + (shape - 1) * np.log(x / scale) - hazard(x),
        lambda x: (shape - 1 - shape * hazard(x)) / x,
        lambda x: -(shape - 1) * (1 + shape * hazard(x)) / x / x,
    )


def reciprocal() -> PriorMarginal:
    """p = 1 / x, improper: flat on log x."""
    return _positive(lambda x: -np.log(x), lambda x: -1 / x, lambda x: 1 / x / x, proper=False)

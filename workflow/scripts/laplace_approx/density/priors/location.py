"""Families with a location and a scale, on the whole line: densities of u = (x - location) / scale.

Formulas: Gelman et al. (2013), BDA3, appendix A; logistic: Johnson, Kotz and Balakrishnan (1995),
Continuous Univariate Distributions, volume 2, chapter 23.
"""

import math

import numpy as np

from laplace_approx.density.priors.marginal import PriorMarginal


def _rescaled(standard, slope, bend, location, scale):
    """Return the marginal of location + scale u from the log density of u and its derivatives."""

    def u(x):
        return (x - location) / scale

    return PriorMarginal(
        log_density=lambda x: standard(u(x)) - math.log(scale),
        d1=lambda x: slope(u(x)) / scale,
        d2=lambda x: bend(u(x)) / scale / scale,
        lower=-math.inf,
        upper=math.inf,
        proper=True,
        text="",
    )


def normal(mean, *, sd=None, variance=None, precision=None) -> PriorMarginal:
    """log p = -u^2 / 2 - log(2 pi) / 2 - log(sd)."""
    if variance is not None:
        sd = math.sqrt(variance)
    elif precision is not None:
        sd = 1 / math.sqrt(precision)
    constant, root = -0.5 * math.log(2 * math.pi) - math.log(sd), math.sqrt(0.5) / sd

    def log_density(x):
        # one array from beginning to end, and no division: a grid asks for this at every cell
        value = x - mean
        value *= root
        value *= value
        return np.subtract(constant, value, out=value if isinstance(value, np.ndarray) else None)

    return PriorMarginal(
        log_density=log_density,
        d1=lambda x: (mean - x) / sd / sd,
        d2=lambda x: np.full(np.shape(x), -1 / sd / sd),
        lower=-math.inf,
        upper=math.inf,
        proper=True,
        text="",
    )


def student_t(df, location, scale) -> PriorMarginal:
    """log p = -(df + 1)/2 log(1 + u^2/df) - log(df)/2 - log B(1/2, df/2) - log(scale)."""
    # the beta function: a difference of two log gammas would lose its digits at a large df
    from scipy.special import betaln

    constant = -0.5 * math.log(df) - float(betaln(0.5, df / 2))

    def log_density(u):
        return constant - 0.5 * (df + 1) * np.log1p(u / df * u)

    def slope(u):
        return -(df + 1) / df * u / (1 + u / df * u)

    def bend(u):
        square = u / df * u
        return -(df + 1) / df * (1 - square) / (1 + square) ** 2

    return _rescaled(log_density, slope, bend, location, scale)


def cauchy(location, scale) -> PriorMarginal:
    """log p = -log(1 + u^2) - log(pi scale): Student t with one degree of freedom."""
    return student_t(1.0, location, scale)


def laplace(location, scale) -> PriorMarginal:
    """log p = -|u| - log(2 scale), the double exponential.

    At the location, where the density has a kink, both derivatives are given as 0.
    """
    return _rescaled(
        lambda u: -np.abs(u) - math.log(2), lambda u: -np.sign(u), np.zeros_like, location, scale
    )


def logistic(location, scale) -> PriorMarginal:
    """log p = -|u| - 2 log(1 + exp(-|u|)) - log(scale)."""

    def bend(u):
        e = np.exp(-np.abs(u))
        return -2 * e / (1 + e) ** 2

    return _rescaled(
        lambda u: -np.abs(u) - 2 * np.log1p(np.exp(-np.abs(u))),
        lambda u: -np.tanh(u / 2),
        bend,
        location,
        scale,
    )

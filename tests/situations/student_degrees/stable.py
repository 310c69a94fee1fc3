"""The same, its gamma functions taken together: above nu = 1e4 by the series of their ratio."""

import numpy as np
from scipy.special import gammaln

PARAMETERS = ("nu",)
SUPPORT = {"nu": (0, None)}
START = (4.0,)
LARGE = 1e4


def log_likelihood(theta, data):
    nu = theta[..., 0, None]
    small = np.minimum(nu, LARGE)
    exact = gammaln((small + 1) / 2) - gammaln(small / 2) - np.log(small / 2) / 2
    # log Gamma(a + 1/2) - log Gamma(a) = log(a) / 2 - 1 / (8 a) + 1 / (192 a^3) ..., a = nu / 2
    series = -1 / (4 * nu) + 1 / (24 * nu**3)
    constant = np.where(nu < LARGE, exact, series) - np.log(2 * np.pi) / 2
    return np.sum(constant - (nu + 1) / 2 * np.log1p(data["x"] ** 2 / nu), axis=-1)

"""The degrees of freedom of standard Student t numbers, by the formula of the textbooks."""

import numpy as np
from scipy.special import gammaln

PARAMETERS = ("nu",)
SUPPORT = {"nu": (0, None)}
START = (4.0,)


def log_likelihood(theta, data):
    nu = theta[..., 0, None]
    constant = gammaln((nu + 1) / 2) - gammaln(nu / 2) - np.log(nu * np.pi) / 2
    return np.sum(constant - (nu + 1) / 2 * np.log1p(data["x"] ** 2 / nu), axis=-1)

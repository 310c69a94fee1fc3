"""Negative binomial counts in two arms, by the textbook formula in alpha = 1 / size."""

import numpy as np
from scipy.special import gammaln

PARAMETERS = ("a", "b", "alpha")
SUPPORT = {"alpha": (0, None)}
START = (1.0, 0.0, 0.2)


def log_likelihood(theta, data):
    a, b, alpha = (theta[..., k, None] for k in range(3))
    y, mean, size = data["y"], np.exp(a + b * data["arm"]), 1 / alpha
    counted = gammaln(y + size) - gammaln(size) - gammaln(y + 1)
    return np.sum(counted + y * np.log(alpha * mean) - (y + size) * np.log1p(alpha * mean), axis=-1)

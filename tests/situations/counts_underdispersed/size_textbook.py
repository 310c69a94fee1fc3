"""The same by the size as in textbooks: gammaln(y + size) - gammaln(size) loses its digits."""

import numpy as np
from scipy.special import gammaln

PARAMETERS = ("a", "b", "size")
SUPPORT = {"size": (0, None)}
START = (1.0, 0.0, 5.0)


def log_likelihood(theta, data):
    a, b, size = (theta[..., i, None] for i in range(3))
    y, mean = data["y"], np.exp(a + b * data["arm"])
    ratio = gammaln(y + size) - gammaln(size) - gammaln(y + 1)
    chances = y * np.log(mean / (size + mean)) + size * np.log(size / (size + mean))
    return np.sum(ratio + chances, axis=-1)

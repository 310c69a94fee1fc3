"""The same by the size, 1 / alpha: sum of log(1 + k / size) for the ratio of gamma functions."""

import numpy as np
from scipy.special import gammaln

PARAMETERS = ("a", "b", "size")
SUPPORT = {"size": (0, None)}
START = (1.0, 0.0, 5.0)


def transformed_data(data):
    k = np.arange(int(data["y"].max()))
    return {**data, "above": np.sum(data["y"] > k[:, None], axis=1), "k": k}


def log_likelihood(theta, data):
    a, b, size = (theta[..., i, None] for i in range(3))
    y, mean = data["y"], np.exp(a + b * data["arm"])
    ratio = np.sum(data["above"] * np.log1p(data["k"] / size), axis=-1)
    with_size = (size + y) * np.log1p(mean / size)
    return ratio + np.sum(y * np.log(mean) - with_size - gammaln(y + 1), axis=-1)

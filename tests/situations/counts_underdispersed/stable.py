"""The same, the ratio of gamma functions as a sum over the counts: sum of log(1 + k alpha)."""

import numpy as np
from scipy.special import gammaln

PARAMETERS = ("a", "b", "alpha")
SUPPORT = {"alpha": (0, None)}
START = (1.0, 0.0, 0.2)


def transformed_data(data):
    k = np.arange(int(data["y"].max()))
    return {**data, "above": np.sum(data["y"] > k[:, None], axis=1), "k": k}


def log_likelihood(theta, data):
    a, b, alpha = (theta[..., i, None] for i in range(3))
    y, mean = data["y"], np.exp(a + b * data["arm"])
    ratio = np.sum(data["above"] * np.log1p(alpha * data["k"]), axis=-1)
    with_size = np.log1p(alpha * mean) / alpha + y * np.log1p(alpha * mean)
    return ratio + np.sum(y * np.log(mean) - with_size - gammaln(y + 1), axis=-1)

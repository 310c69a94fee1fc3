"""Accelerated failure times, log t = linear predictor + log(exponential) / shape; one predictor is
20000 give or take ten, and not centred."""

import numpy as np

PARAMETERS = ("intercept", "x", "big", "shape")
SUPPORT = {"shape": (0, None)}
START = (0.0, 0.0, 0.0, 1.0)


def log_likelihood(theta, data):
    intercept, x, big, shape = (theta[..., k, None] for k in range(4))
    line = intercept + x * data["x"] + big * data["big"]
    z = shape * (np.log(data["t"]) - line)
    return np.sum(np.log(shape) + z - np.exp(z), axis=-1)

"""Angles about a mean direction mu, von Mises with concentration kappa; the direction on a line."""

import numpy as np
from scipy.special import i0e

PARAMETERS = ("mu", "kappa")
SUPPORT = {"kappa": (0, None)}
START = (0.5, 1.0)


def log_likelihood(theta, data):
    mu, kappa = theta[..., 0, None], theta[..., 1, None]
    return np.sum(kappa * (np.cos(data["angle"] - mu) - 1) - np.log(i0e(kappa)), axis=-1)

"""Angles about a mean direction mu, von Mises with concentration kappa; the circle cut at pi."""

import numpy as np
from scipy.special import i0e

PARAMETERS = ("mu", "kappa")
SUPPORT = {"mu": (-np.pi, np.pi), "kappa": (0, None)}
START = (0.5, 1.0)


def log_likelihood(theta, data):
    mu, kappa = theta[..., 0, None], theta[..., 1, None]
    return np.sum(kappa * (np.cos(data["angle"] - mu) - 1) - np.log(i0e(kappa)), axis=-1)

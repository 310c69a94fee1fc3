"""Lifetimes censored on the right: Weibull, the event seen (1) or still to come (0)."""

import numpy as np

PARAMETERS = ("shape", "scale")
SUPPORT = {"shape": (0, None), "scale": (0, None)}
START = (1.0, 1e4)
QUANTITIES = {"median": lambda shape, scale: scale * np.log(2) ** (1 / shape)}


def log_likelihood(theta, data):
    shape, scale = (theta[..., k, None] for k in range(2))
    log_hazard_time = shape * np.log(data["t"] / scale)
    seen = np.log(shape) - np.log(data["t"]) + log_hazard_time
    return np.sum(data["event"] * seen - np.exp(log_hazard_time), axis=-1)

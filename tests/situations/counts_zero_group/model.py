"""Counts in two groups by a log link; all counts of the first group are zero."""

import numpy as np

PARAMETERS = ("intercept", "group_b")
QUANTITIES = {
    "mean_a": lambda intercept: np.exp(intercept),
    "mean_b": lambda intercept, group_b: np.exp(intercept + group_b),
}


def log_likelihood(theta, data):
    log_mean = theta[..., 0, None] + data["b"] * theta[..., 1, None]
    return np.sum(data["y"] * log_mean - np.exp(log_mean), axis=-1)

"""Independent normal measurements with unknown mean and scale: y_i ~ N(mu, sigma^2).

With ybar the mean of the n values and S = sum (y_i - ybar)^2,
  log likelihood = -(n/2) log(2 pi) - n log sigma - (S + n (mu - ybar)^2) / (2 sigma^2),
a function of n, ybar and S alone (Gelman et al. 2013, BDA3, section 3.2). windshieldy1.csv and
windshieldy2.csv hold the hardness of windshields from two production lines (the Bayesian Data
Analysis course of Aalto University); hardness.csv is the example of that course's demonstrations
for chapter 3.
"""

import numpy as np

PARAMETERS = ("mu", "sigma")
COLUMNS = ("y",)
SUPPORT = {"sigma": (0, None)}
QUANTITIES = {"log_sigma": lambda sigma: np.log(sigma), "sigma_squared": lambda sigma: sigma**2}


def START(data):
    return (np.mean(data["y"]), np.std(data["y"]))


def check(data):
    y = data["y"]
    yield "y", np.full(y.shape, np.ptp(y) == 0), "at least two different values (sigma has none)"


def log_likelihood(theta, data):
    mu, sigma = theta[..., 0], theta[..., 1]
    n, ybar, scatter = _sufficient(data)
    square = (scatter + n * (mu - ybar) ** 2) / sigma**2
    return -0.5 * n * np.log(2 * np.pi) - n * np.log(sigma) - 0.5 * square


def gradient(theta, data):
    mu, sigma = theta[..., 0], theta[..., 1]
    n, ybar, scatter = _sufficient(data)
    square = (scatter + n * (mu - ybar) ** 2) / sigma**2
    return np.stack([n * (ybar - mu) / sigma**2, (square - n) / sigma], axis=-1)


def hessian(theta, data):
    mu, sigma = theta[..., 0], theta[..., 1]
    n, ybar, scatter = _sufficient(data)
    square = (scatter + n * (mu - ybar) ** 2) / sigma**2
    mixed = -2 * n * (ybar - mu) / sigma**3
    rows = [
        np.stack([np.broadcast_to(-n / sigma**2, mixed.shape), mixed], axis=-1),
        np.stack([mixed, (n - 3 * square) / sigma**2], axis=-1),
    ]
    return np.stack(rows, axis=-2)


def _sufficient(data):
    y = data["y"]
    ybar = np.mean(y)
    return y.size, ybar, np.sum((y - ybar) ** 2)

"""A straight line through measurements of known error: y_i ~ N(b0 + b1 x_i, sd_i^2).

With b the least-squares estimate weighted by 1/sd_i^2, X the design and R the weighted residual
sum of squares at b,
  log likelihood = -sum log sd_i - (n/2) log(2 pi) - (R + (theta - b)^T X^T W X (theta - b)) / 2,
which is quadratic: with a normal prior the posterior is normal and its Laplace approximation is
exact (Gelman et al. 2013, BDA3, sections 14.7 and 14.8). anscombe1.csv is the
first data set of Anscombe (1973, The American Statistician 27, 17-21) with a constant sd of 1.25.
"""

import numpy as np

PARAMETERS = ("b0", "b1")
COLUMNS = ("x", "y", "sd")
START = (0.0, 0.0)


def check(data):
    yield "sd", ~(data["sd"] > 0), "a standard deviation above 0"


def log_likelihood(theta, data):
    estimate, precision, constant = _quadratic(data)
    away = theta - estimate
    return constant - 0.5 * np.sum(away @ precision * away, axis=-1)


def gradient(theta, data):
    estimate, precision, _ = _quadratic(data)
    return -(theta - estimate) @ precision


def hessian(theta, data):
    _, precision, _ = _quadratic(data)
    return np.broadcast_to(-precision, (*theta.shape[:-1], 2, 2))


def _quadratic(data):
    """Return the weighted least-squares estimate, X^T W X and the log likelihood there."""
    sd = data["sd"]
    design = np.stack([np.ones_like(sd), data["x"]], axis=1) / sd[:, None]
    target = data["y"] / sd
    estimate = np.linalg.lstsq(design, target)[0]
    residual = target - design @ estimate
    constant = -np.sum(np.log(sd)) - 0.5 * sd.size * np.log(2 * np.pi)
    return estimate, design.T @ design, constant - 0.5 * np.sum(residual**2)

"""A straight line through measurements of unknown error: y_i ~ N(b0 + b1 x_i, sigma^2).

With b the least-squares estimate, X the design, R the residual sum of squares at b and
Q = R + (theta - b)^T X^T X (theta - b), the last product over b0 and b1,
  log likelihood = -(n/2) log(2 pi) - n log sigma - Q / (2 sigma^2)
(Gelman et al. 2013, BDA3, section 14.2). With a flat prior on (b0, b1, log sigma) the marginals
of b0 and b1 are Student t with n - 2 degrees of freedom, not normal.
"""

import numpy as np

PARAMETERS = ("b0", "b1", "sigma")
COLUMNS = ("x", "y")
SUPPORT = {"sigma": (0, None)}
QUANTITIES = {"log_sigma": lambda sigma: np.log(sigma)}


def START(data):
    n, estimate, residual, _ = _least_squares(data)
    return (*estimate, np.sqrt(residual / n))


def check(data):
    x, y = data["x"], data["y"]
    yield "x", np.full(x.shape, np.ptp(x) == 0), "at least two different values (b1 has none)"
    n, _, residual, _ = _least_squares(data)
    # a residual of pure rounding is a perfect line, where the likelihood has no maximum in sigma
    perfect = residual <= n * (np.finfo(float).eps * np.max(np.abs(y))) ** 2 * 100
    yield "y", np.full(y.shape, perfect), "values that are not exactly on one line (sigma has none)"


def log_likelihood(theta, data):
    n, _, square, sigma, _ = _parts(theta, data)
    return -0.5 * n * np.log(2 * np.pi) - n * np.log(sigma) - 0.5 * square


def gradient(theta, data):
    n, pull, square, sigma, _ = _parts(theta, data)
    return np.concatenate([pull, ((square - n) / sigma)[..., None]], axis=-1)


def hessian(theta, data):
    n, pull, square, sigma, gram = _parts(theta, data)
    matrix = np.empty((*theta.shape, 3))
    matrix[..., :2, :2] = -gram / (sigma**2)[..., None, None]
    matrix[..., :2, 2] = matrix[..., 2, :2] = -2 * pull / sigma[..., None]
    matrix[..., 2, 2] = (n - 3 * square) / sigma**2
    return matrix


def _parts(theta, data):
    """Return n, the slope in (b0, b1), Q / sigma^2, sigma and X^T X."""
    n, estimate, residual, gram = _least_squares(data)
    away, sigma = theta[..., :2] - estimate, theta[..., 2]
    pulled = away @ gram
    square = (residual + np.sum(pulled * away, axis=-1)) / sigma**2
    return n, -pulled / (sigma**2)[..., None], square, sigma, gram


def _least_squares(data):
    """Return n, the estimate, its residual sum of squares and X^T X."""
    x, y = data["x"], data["y"]
    design = np.stack([np.ones_like(x), x], axis=1)
    estimate = np.linalg.lstsq(design, y)[0]
    residual = np.sum((y - design @ estimate) ** 2)
    return x.size, estimate, residual, design.T @ design

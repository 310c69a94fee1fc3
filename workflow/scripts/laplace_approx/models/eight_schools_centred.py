"""Effects measured in parallel and kept: y_j ~ N(theta_j, s_j^2), theta_j ~ N(mu, tau^2).

  log density = sum_j log N(y_j; theta_j, s_j^2) + sum_j log N(theta_j; mu, tau^2)
(Gelman et al. 2013, BDA3, section 5.4; the eight schools of Rubin 1981 are table 5.2). It has no
mode: with all theta_j = mu it grows like -n log tau, without bound, as tau falls to 0. The same
posterior with the theta_j integrated out is `eight_schools`.
"""

import numpy as np

COLUMNS = ("effect", "standard_error")
SUPPORT = {"tau": (0, None)}


def PARAMETERS(data):
    return (*(f"theta_{j + 1}" for j in range(data["effect"].size)), "mu", "tau")


def START(data):
    return (*data["effect"], np.mean(data["effect"]), np.mean(data["standard_error"]))


def check(data):
    yield "standard_error", ~(data["standard_error"] > 0), "a standard error above 0"


def log_likelihood(theta, data):
    measured, effect, tau = _parts(theta, data)
    n, error = data["effect"].size, data["standard_error"]
    constant = -n * np.log(2 * np.pi) - np.sum(np.log(error))
    square = np.sum(measured**2 + effect**2, axis=-1)
    return constant - n * np.log(tau) - 0.5 * square


def gradient(theta, data):
    measured, effect, tau = _parts(theta, data)
    n = data["effect"].size
    d_effects = measured / data["standard_error"] - effect / tau[..., None]
    d_mu = np.sum(effect, axis=-1) / tau
    d_tau = (np.sum(effect**2, axis=-1) - n) / tau
    return np.concatenate([d_effects, np.stack([d_mu, d_tau], axis=-1)], axis=-1)


def hessian(theta, data):
    _, effect, tau = _parts(theta, data)
    n = data["effect"].size
    j, mu = np.arange(n), n
    precision = 1 / tau**2
    matrix = np.zeros((*theta.shape, n + 2))
    matrix[..., j, j] = -1 / data["standard_error"] ** 2 - precision[..., None]
    matrix[..., j, mu] = matrix[..., mu, j] = precision[..., None]
    matrix[..., mu, mu] = -n * precision
    across = 2 * effect * precision[..., None]
    matrix[..., j, -1] = matrix[..., -1, j] = across
    matrix[..., mu, -1] = matrix[..., -1, mu] = -np.sum(across, axis=-1)
    matrix[..., -1, -1] = (n - 3 * np.sum(effect**2, axis=-1)) * precision
    return matrix


def _parts(theta, data):
    """Return (y_j - theta_j) / s_j and (theta_j - mu) / tau, both (..., n), and tau (...)."""
    effects, mu, tau = theta[..., :-2], theta[..., -2], theta[..., -1]
    measured = (data["effect"] - effects) / data["standard_error"]
    return measured, (effects - mu[..., None]) / tau[..., None], tau

"""Effects measured in parallel, integrated out: y_j ~ N(mu, s_j^2 + tau^2).

  log likelihood = -1/2 sum_j [log(2 pi) + log v_j + r_j^2 / v_j], v_j = s_j^2 + tau^2,
  r_j = y_j - mu,
for measured effects y_j with known standard errors s_j (Gelman et al. 2013, BDA3, section 5.4;
the eight schools of Rubin 1981 are table 5.2).
"""

import numpy as np

PARAMETERS = ("mu", "tau")
COLUMNS = ("effect", "standard_error")
SUPPORT = {"tau": (0, None)}


def START(data):
    weight = 1 / data["standard_error"] ** 2
    return (np.sum(weight * data["effect"]) / np.sum(weight), np.mean(data["standard_error"]))


def check(data):
    yield "standard_error", ~(data["standard_error"] > 0), "a standard error above 0"


def log_likelihood(theta, data):
    residual, spread, _ = _parts(theta, data)
    terms = np.log(2 * np.pi) + 2 * np.log(spread) + (residual / spread) ** 2
    return -0.5 * np.sum(terms, axis=-1)


def gradient(theta, data):
    residual, spread, tau = _parts(theta, data)
    u = residual / spread
    d_mu = np.sum(u / spread, axis=-1)
    d_tau = np.sum((tau / spread) * (u**2 - 1) / spread, axis=-1)
    return np.stack([d_mu, d_tau], axis=-1)


def hessian(theta, data):
    residual, spread, tau = _parts(theta, data)
    u, share = residual / spread, tau / spread
    mu_mu = np.sum(-1 / spread**2, axis=-1)
    mu_tau = np.sum(-2 * share * u / spread**2, axis=-1)
    tau_tau = np.sum((u**2 - 1 + share**2 * (2 - 4 * u**2)) / spread**2, axis=-1)
    rows = [np.stack([mu_mu, mu_tau], axis=-1), np.stack([mu_tau, tau_tau], axis=-1)]
    return np.stack(rows, axis=-2)


def _parts(theta, data):
    """Return r_j and sqrt(v_j), both (..., n), and tau (..., 1)."""
    mu, tau = theta[..., 0, None], theta[..., 1, None]
    # hypot keeps its digits where tau^2 would overflow or vanish
    return data["effect"] - mu, np.hypot(data["standard_error"], tau), tau

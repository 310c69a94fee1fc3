"""Chains of known posteriors, as samplers leave them, and files as their tools write them."""

import numpy as np
from scipy.special import ndtr


def autoregressive(rng, chains, draws, size, rho=0.5):
    """Return stationary standard normal chains (chains, draws, size): x' = rho x + noise."""
    noise = rng.standard_normal((chains, draws, size))
    x = np.empty_like(noise)
    x[:, 0] = noise[:, 0]
    for i in range(1, draws):
        x[:, i] = rho * x[:, i - 1] + np.sqrt(1 - rho**2) * noise[:, i]
    return x


def uniform_chains(rng, chains, draws, size, rho=0.5):
    """Return dependent chains (chains, draws, size) of independent uniform numbers."""
    return ndtr(autoregressive(rng, chains, draws, size, rho))


def metropolis(log_density, start, factor, rng, draws=4000, keep=10):
    """Return four chains (4, draws, d) of random walk Metropolis, of which one state in `keep`.

    `factor` (d, d) is a lower factor of about the covariance; a tenth more is spent on arriving.
    """
    d, chains = len(start), 4
    step = 2.4 / np.sqrt(d) * np.asarray(factor)
    x = np.tile(np.asarray(start, dtype=float), (chains, 1))
    value, kept = log_density(x), []
    for i in range(int(1.1 * draws) * keep):
        proposed = x + rng.standard_normal((chains, d)) @ step.T
        new = log_density(proposed)
        taken = np.log(rng.random(chains)) < new - value
        x = np.where(taken[:, None], proposed, x)
        value = np.where(taken, new, value)
        if i % keep == keep - 1:
            kept.append(x)
    return np.stack(kept[-draws:], axis=1)


def stan_csv(path, theta, names, warmup=0, method="sample", **more):
    """Write one chain theta (n, d) as CmdStan does, with its comments and its own columns."""
    n = len(theta)
    own = {"lp__": np.zeros(n), "accept_stat__": np.full(n, 0.9), "divergent__": np.zeros(n)} | more
    head = [
        "# stan_version_major = 2",
        f"# method = {method} (Default)",
        f"#     num_warmup = {warmup}",
        f"#     save_warmup = {int(warmup > 0)}",
        "#     thin = 1 (Default)",
        ",".join([*own, *names]),
    ]
    rows = [
        ",".join([*(f"{own[key][i]:.6g}" for key in own), *(f"{x:.8g}" for x in theta[i])])
        for i in range(n)
    ]
    adapted = ["# Adaptation terminated", "# Step size = 0.7"]
    tail = ["# ", "#  Elapsed Time: 0.1 seconds (Warm-up)", ""]
    path.write_text("\n".join([*head, *rows[:warmup], *adapted, *rows[warmup:], *tail]))
    return path

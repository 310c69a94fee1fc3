"""Measure adapted draws against long runs of themselves: errors of quantiles, and what is stated.

For each posterior the RMS error in SDs of the 2.5, 50 and 97.5 % quantiles of all parameters over
some seeds, the RMS of error over stated error, the share of quantiles for which nothing is stated,
Pareto k, and seconds of processor. Run it as

    .venv/bin/python benchmarks/reference.py [seeds] [draws of a long run]
"""

import math
import sys
import time
from pathlib import Path

import numpy as np
from scipy.optimize import minimize

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow" / "scripts"))

from logistic_data import simulate

from laplace_approx.reference.adaptation import adapted_proposal
from laplace_approx.reference.estimates import Replicated
from laplace_approx.reference.frozen_draws import frozen_draws
from laplace_approx.reference.starts import HEAVY_DF, LEAST_DF, WIDER
from laplace_approx.reference.student import StudentMixture

P, EVALUATIONS, LONG = np.array([0.025, 0.5, 0.975]), 64_000, 2**20
EFFECT = np.array([28.0, 8, -3, 7, -1, 1, 18, 12])
ERROR = np.array([15.0, 10, 16, 11, 9, 11, 10, 18])


def logistic(d: int):
    x, y = simulate(d, 1)
    design = np.column_stack([np.ones(y.size), x])

    def log_density(z):
        eta = z @ design.T
        prior = -0.5 * np.sum(z**2, axis=-1) / 2.5**2
        return np.sum(eta * y - np.logaddexp(0, eta), axis=-1) + prior

    return log_density, d


def eight_schools():
    """Non-centred: mu, log tau, and a standard normal a school; mu ~ N(0, 5), tau ~ C+(0, 5)."""

    def log_density(z):
        mu, log_tau, effects = z[..., 0], z[..., 1], z[..., 2:]
        theta = mu[..., None] + np.exp(log_tau)[..., None] * effects
        data = -0.5 * np.sum(((EFFECT - theta) / ERROR) ** 2 + effects**2, axis=-1)
        return data - 0.5 * (mu / 5) ** 2 - np.log1p((np.exp(log_tau) / 5) ** 2) + log_tau

    return log_density, 10


def poisson(d: int):
    rng = np.random.default_rng(3)
    design = np.column_stack([np.ones(200), rng.standard_normal((200, d - 1)) / math.sqrt(d)])
    y = rng.poisson(np.exp(design @ (0.7 * rng.standard_normal(d))))

    def log_density(z):
        eta = z @ design.T
        likelihood = np.sum(eta * y - np.exp(np.minimum(eta, 50)), axis=-1)
        return likelihood - 0.5 * np.sum(z**2, axis=-1)

    return log_density, d


def start_of(log_density, d: int) -> StudentMixture:
    """Return t about the mode as a run begins with, but the curvature is what BFGS has found."""
    found = minimize(lambda z: -log_density(z), np.zeros(d), method="BFGS")
    factor = np.linalg.cholesky((found.hess_inv + found.hess_inv.T) / 2)
    df = np.array([max(LEAST_DF, d), *HEAVY_DF])
    factors = np.array([factor, *[WIDER * factor] * len(HEAVY_DF)])
    return StudentMixture(np.full(df.size, 1 / df.size), np.array([found.x] * df.size), factors, df)


def quantiles(drawn):
    """Return (values, errors) of all coordinates, (d, 3) each."""
    blocks = int(drawn.replicates[-1]) + 1
    found = [Replicated(column, drawn.weights, blocks).quantiles(P) for column in drawn.z.T]
    return np.array([each.value for each in found]), np.array([each.error for each in found])


def measure(name: str, log_density, d: int, seeds: int, draws: int) -> None:
    start, rng = start_of(log_density, d), np.random.default_rng(10**6)
    adapted = adapted_proposal(log_density, start, EVALUATIONS, rng)
    long = frozen_draws(log_density, adapted.proposal, draws, rng)
    truth, own = quantiles(long)
    mean = long.weights @ long.z
    sd = np.sqrt(long.weights @ (long.z - mean) ** 2)[:, None]
    errors, z, shapes, began = [], [], [], time.process_time()
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        adapted = adapted_proposal(log_density, start, EVALUATIONS, rng)
        room = EVALUATIONS - adapted.evaluations
        drawn = frozen_draws(log_density, adapted.proposal, room, rng)
        value, error = quantiles(drawn)
        errors.append((value - truth) / sd)
        z.append((value - truth) / np.hypot(error, own))
        shapes.append(drawn.k)
    seconds = (time.process_time() - began) / seeds
    rms, ratio = (np.sqrt(np.nanmean(np.square(each), axis=(0, 1))) for each in (errors, z))
    unknown = float(np.mean(np.isnan(errors)))
    texts = ["/".join(f"{x:.{digits}f}" for x in each) for each, digits in ((rms, 4), (ratio, 2))]
    tail = f"{unknown:10.1%} {max(shapes):6.2f} {seconds:6.2f}"
    print(f"{name:20} {texts[0]:22} {texts[1]:16} {tail}", flush=True)


if __name__ == "__main__":
    asked = [int(text) for text in sys.argv[1:]]
    size = (*asked, *(4, LONG)[len(asked) :])
    head = f"{'posterior':20} {'RMS error in SD':22} {'over stated':16}"
    print(f"{head} {'not stated':>10} {'k':>6} {'s':>6}")
    measure("logistic, 20", *logistic(20), *size)
    measure("eight schools, 10", *eight_schools(), *size)
    measure("Poisson, 50", *poisson(50), *size)

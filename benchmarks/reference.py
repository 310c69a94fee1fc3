"""Measure adapted draws against known quantiles or long runs: errors, and what is stated of them.

For each posterior the RMS error in SDs of the 2.5, 50 and 97.5 % quantiles of its parameters over
some seeds and that of the errors stated, the RMS of error over stated error, the largest of them,
the share of quantiles for which nothing is stated or the draws do not serve, the largest Pareto k,
evaluations, and seconds of processor. The truth is a long run of the proposal that the first seed
ends with; of a funnel and a banana it is known of their first parameter, a standard normal.
Run it as

    .venv/bin/python benchmarks/reference.py [seeds] [draws of a long run] [name ...]
"""

import math
import sys
import time
from pathlib import Path

import numpy as np
from scipy.optimize import minimize
from scipy.stats import norm

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow" / "scripts"))

from logistic_data import simulate

from laplace_approx.reference.attempts import DrawLimits, DrawSearch
from laplace_approx.reference.frozen_draws import frozen_draws
from laplace_approx.reference.side import (
    LOG_RATIO,
    REPLICATE,
    WEIGHT,
    WeightedSide,
    errors_in_sd,
)
from laplace_approx.reference.starts import HEAVY_DF, LEAST_DF, WIDER
from laplace_approx.reference.student import StudentMixture
from laplace_approx.reference.walkers import DrawCoverage

P, LONG = np.array([0.025, 0.5, 0.975]), 2**20
FIRST, MOST, KEPT = 64_000, 1_500_000, 2**22  # as configured, and what a table may hold
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


def funnel(d: int):
    """v ~ N(0, 1), d - 1 others ~ N(0, exp(v)) given it."""

    def log_density(z):
        v, x = z[..., 0], z[..., 1:]
        with np.errstate(over="ignore"):
            spread = np.sum(x**2, axis=-1) * np.exp(-v)
        return -0.5 * (v**2 + spread + (d - 1) * v)

    return log_density, d


def banana(d: int):
    """x ~ N(0, 1), y ~ N(x^2, 1/4), and d - 2 standard normals."""

    def log_density(z):
        bent = 4 * (z[..., 1] - z[..., 0] ** 2) ** 2
        return -0.5 * (z[..., 0] ** 2 + bent + np.sum(z[..., 2:] ** 2, axis=-1))

    return log_density, d


def side_of(drawn, covered: DrawCoverage | None = None) -> WeightedSide:
    """Return the exact side of some draws with what chains found that they miss or may miss, as a
    run has it where all modes are drawn about; of a long run, none looked."""
    columns = {WEIGHT: drawn.weights, REPLICATE: drawn.replicates.astype(float)}
    columns[LOG_RATIO] = drawn.log_ratio
    missed = (0.0, 0.0) if covered is None else (covered.thin, covered.unsure)
    return WeightedSide(dict(enumerate(drawn.z.T)) | columns, *missed)


def quantiles(drawn, covered: DrawCoverage | None = None):
    """Return (values, errors) of all coordinates, (d, 3) each."""
    side = side_of(drawn, covered)
    found = [side.quantiles(i, P) for i in range(drawn.z.shape[1])]
    return np.array([each.value for each in found]), np.array([each.error for each in found])


def worst_error(attempt) -> float:
    """Return the largest error of an end in half the central 68.3 % intervals."""
    side = side_of(attempt.drawn, attempt.covered)
    errors = errors_in_sd(side, range(attempt.drawn.z.shape[1])).values()
    return max(math.inf if error is None else error for error in errors)


def attempt(log_density, start, seed: int):
    kept = KEPT // start.size
    search = DrawSearch(
        log_density, start, DrawLimits(FIRST, MOST, kept), np.random.default_rng(seed)
    )
    return search.best(worst_error, lambda text: None)


def truth_of(log_density, start, draws: int):
    """Return the quantiles (d, 3) of a long run, their errors, and the SDs (d, 1)."""
    proposal = attempt(log_density, start, 10**6).adapted.proposal
    long = frozen_draws(log_density, proposal, draws, np.random.default_rng(10**7))
    value, error = quantiles(long)
    mean = long.weights @ long.z
    return value, error, np.sqrt(long.weights @ (long.z - mean) ** 2)[:, None]


def measure(name: str, log_density, d: int, seeds: int, draws: int, known: bool = False) -> None:
    """Print one row; where the first parameter is `known` to be N(0, 1), it alone is held."""
    start = start_of(log_density, d)
    truth, own, sd = norm.ppf(P)[None], np.zeros((1, 3)), np.ones((1, 1))
    if not known:
        truth, own, sd = truth_of(log_density, start, draws)
    errors, stated, z, shapes, counts, began = [], [], [], [], [], time.process_time()
    for seed in range(seeds):
        last = attempt(log_density, start, seed)
        counts.append(last.evaluations)
        shapes.append(math.nan if last.drawn.k is None else last.drawn.k)
        value, error = np.full((2, *truth.shape), math.nan)
        if last.reason is None:
            found = quantiles(last.drawn, last.covered)
            value, error = (each[: len(truth)] for each in found)
        errors.append((value - truth) / sd)
        stated.append(error / sd)
        z.append((value - truth) / np.hypot(error, own))
    seconds = (time.process_time() - began) / seeds
    rms, own, ratio = (
        np.sqrt(np.nanmean(np.square(each), axis=(0, 1))) for each in (errors, stated, z)
    )
    unknown = float(np.mean(np.isnan(errors)))
    texts = [
        "/".join(f"{x:.{digits}f}" for x in each)
        for each, digits in ((rms, 4), (own, 4), (ratio, 2))
    ]
    tail = f"{np.nanmax(np.abs(z)):8.1f} {unknown:10.1%} {np.nanmax(shapes):6.2f}"
    print(
        f"{name:20} {texts[0]:22} {texts[1]:22} {texts[2]:16} {tail} {np.mean(counts):11.0f} "
        f"{seconds:6.2f}",
        flush=True,
    )


if __name__ == "__main__":
    np.seterr(all="ignore")  # far draws overflow: there the density is 0
    asked = [int(text) for text in sys.argv[1:3]]
    names = sys.argv[3:]  # or all
    size = (*asked, *(4, LONG)[len(asked) :])
    head = (
        f"{'posterior':20} {'RMS error in SD':22} {'stated':22} {'over stated':16} {'largest':>8}"
    )
    print(f"{head} {'not stated':>10} {'k':>6} {'evaluations':>11} {'s':>6}")
    targets = {
        "logistic, 20": (lambda: logistic(20), False),
        "eight schools, 10": (eight_schools, False),
        "Poisson, 50": (lambda: poisson(50), False),
        "funnel, 10": (lambda: funnel(10), True),
        "banana, 10": (lambda: banana(10), True),
    }
    for name, (target, known) in targets.items():
        if not names or name in names:
            measure(name, *target(), *size, known=known)

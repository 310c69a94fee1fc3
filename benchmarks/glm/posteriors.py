"""Random regressions of 4 to 30 parameters, flat or with groups, with their log densities."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from glm.families import FAMILIES, outcomes

FEWEST, MOST = 4, 30  # parameters
CORRELATIONS = (0.0, 0.5, 0.9, 0.97)  # of any two covariates
ROWS = (2.0, 10.0)  # a parameter: few leave skewed posteriors
PRIOR_SD = 2.5  # of a coefficient: no separated data leave an improper posterior
FURTHER_SD = 1.0  # of the further parameter of a family, about 0
GROUPED = ("logistic", "Poisson")  # families that come with groups too
KINDS = (*FAMILIES, *(f"{family} in groups" for family in GROUPED))


class Regression(NamedTuple):
    """A posterior: `value_and_slope` maps z (m, d) to its log density (m,) and gradient (m, d)."""

    kind: str
    seed: int
    names: tuple[str, ...]
    rows: int
    value_and_slope: Callable

    def log_density(self, z):
        """Return the log density (...) of z (..., d), NaN where it has none."""
        z = np.asarray(z, dtype=float)
        with np.errstate(all="ignore"):
            return self.value_and_slope(z.reshape(-1, z.shape[-1]))[0].reshape(z.shape[:-1])

    def gradient(self, z):
        """Return the gradient (..., d) of z (..., d)."""
        z = np.asarray(z, dtype=float)
        with np.errstate(all="ignore"):
            return self.value_and_slope(z.reshape(-1, z.shape[-1]))[1].reshape(z.shape)


def regression(seed: int) -> Regression:
    """Return the posterior of a seed; kinds take turns."""
    kind = KINDS[seed % len(KINDS)]
    rng = np.random.default_rng([seed, 20])
    d = int(rng.integers(FEWEST, MOST + 1))
    family = kind.removesuffix(" in groups")
    return _grouped(kind, family, seed, d, rng) if kind != family else _flat(family, seed, d, rng)


def _design(rows: int, columns: int, rng):
    """Return an intercept and correlated covariates (rows, columns) of uneven widths."""
    rho = rng.choice(CORRELATIONS)
    noise = rng.standard_normal((rows, columns - 1))
    x = np.sqrt(1 - rho) * noise + np.sqrt(rho) * rng.standard_normal((rows, 1))
    return np.column_stack([np.ones(rows), x * np.exp(0.5 * rng.standard_normal(columns - 1))])


def _coefficients(design, rng):
    """Return coefficients (k,) that leave the predictor an SD of 0.5 to 2."""
    beta = rng.standard_normal(design.shape[1])
    return beta * rng.uniform(0.5, 2.0) / np.std(design @ beta)


def _rows(d: int, rng) -> int:
    return max(8, int(d * rng.uniform(*ROWS)))


def _flat(family: str, seed: int, d: int, rng) -> Regression:
    likelihood, further = FAMILIES[family]
    k = d - further
    design = _design(_rows(d, rng), k, rng)
    y = outcomes(family, design @ _coefficients(design, rng), 0.5 * rng.standard_normal(), rng)
    sd = np.append(np.full(k, PRIOR_SD), np.full(int(further), FURTHER_SD))

    def value_and_slope(z):
        a = z[:, k:] if further else None
        value, of_eta, of_a = likelihood(y, z[:, :k] @ design.T, a)
        slope = -z / sd**2
        slope[:, :k] += of_eta @ design
        if further:
            slope[:, k] += of_a
        return value - 0.5 * np.sum((z / sd) ** 2, axis=-1), slope

    names = (*(f"b{j}" for j in range(k)), *(["log_a"] if further else []))
    return Regression(family, seed, names, y.size, value_and_slope)


def _grouped(kind: str, family: str, seed: int, d: int, rng) -> Regression:
    """Return eta = X beta + exp(s) u_g: u standard normal, exp(s) half normal, both unknown."""
    likelihood, _ = FAMILIES[family]
    d = max(d, 6)
    k = int(rng.integers(1, 3))  # coefficients
    groups = d - k - 1
    rows = groups * int(rng.integers(3, 12))
    design, group = _design(rows, k, rng), np.arange(rows) % groups
    effects = np.exp(rng.uniform(-1.5, 0.5)) * rng.standard_normal(groups)
    y = outcomes(family, design @ (0.7 * rng.standard_normal(k)) + effects[group], 0.0, rng)
    member = np.eye(groups)[group]  # (rows, groups)

    def value_and_slope(z):
        beta, s, u = z[:, :k], z[:, k], z[:, k + 1 :]
        tau = np.exp(s)
        value, of_eta, _ = likelihood(y, beta @ design.T + tau[:, None] * (u @ member.T), None)
        of_group = of_eta @ member
        slope = np.empty_like(z)
        slope[:, :k] = of_eta @ design - beta / PRIOR_SD**2
        slope[:, k] = tau * np.sum(u * of_group, axis=-1) - tau**2 + 1
        slope[:, k + 1 :] = tau[:, None] * of_group - u
        prior = np.sum(beta**2, axis=-1) / PRIOR_SD**2 + tau**2 + np.sum(u**2, axis=-1)
        return value - 0.5 * prior + s, slope

    names = (*(f"b{j}" for j in range(k)), "log_tau", *(f"u{j}" for j in range(groups)))
    return Regression(kind, seed, names, rows, value_and_slope)

"""A mixture of Student t of the audit's own, and the shape of the largest weights."""

import math

import numpy as np


def mixture_log_density(record: dict, z):
    """Return the log density of a recorded mixture at z (n, d), in the words of its definition.

    Each component is a t with `df` degrees of freedom about `means`, its scale matrix L L' given by
    the lower triangle of L, row by row.
    """
    parts = zip(*(record[name] for name in ("weights", "means", "factors", "df")), strict=True)
    logs = np.stack([np.log(w) + _student(z, *rest) for w, *rest in parts])
    top = logs.max(axis=0)
    return top + np.log(np.sum(np.exp(logs - top), axis=0))


def _student(z, mean, triangle, df: float):
    d = len(mean)
    factor = np.zeros((d, d))
    factor[np.tril_indices(d)] = triangle
    u = np.linalg.solve(factor, (z - np.array(mean)).T)
    constant = math.lgamma((df + d) / 2) - math.lgamma(df / 2) - d / 2 * math.log(df * math.pi)
    constant -= float(np.sum(np.log(np.diag(factor))))
    return constant - (df + d) / 2 * np.log(1 + np.sum(u**2, axis=0) / df)


def tail_length(n: int) -> int:
    """Return how many of n weights are the tail that a Pareto distribution is fitted to."""
    return int(3 * math.sqrt(n)) if n > 225 else n // 5


def pareto_shape(log_ratio) -> float:
    """Return the shape k of the largest weights, with its weak prior at 1/2 worth ten of them.

    The estimate of Zhang and Stephens (2009, Technometrics 51), as Vehtari et al. (2024) use it.
    """
    ordered = np.sort(log_ratio)
    count = tail_length(ordered.size)
    weight = np.exp(ordered - ordered[-1])
    x = weight[-count:] - weight[-count - 1]
    m = 30 + int(math.sqrt(count))
    theta = 1 - np.sqrt(m / (np.arange(1, m + 1) - 0.5))
    theta = theta / (3 * x[int(count / 4 + 0.5) - 1]) + 1 / x[-1]
    shapes = np.mean(np.log1p(-theta[:, None] * x), axis=1)
    profile = count * (np.log(-theta / shapes) - shapes - 1)
    share = 1 / np.sum(np.exp(profile - profile[:, None]), axis=1)
    share = np.where(share >= 10 * np.finfo(float).eps, share, 0.0)
    best = float(np.sum(theta * share) / np.sum(share))
    shape = float(np.mean(np.log1p(-best * x)))
    return (count * shape + 5) / (count + 10)

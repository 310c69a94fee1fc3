"""The laws of draws from the normal: they are the draws of the stated seed, and normal."""

import math

import numpy as np

from laplace_audit.laws.mode import SUM, relative
from laplace_audit.ledger import Page
from laplace_audit.numerics.normal import Normal
from laplace_audit.numerics.target import Target
from laplace_audit.reading.artifacts import Table

FALSE_ALARM = 1e-10  # of one statistical law on one file; 100 files of 4 laws in 50 runs: 2e-6
ULPS = 32 * np.finfo(float).eps


def draws_laws(
    page: Page, table: Table, target: Target, normal: Normal | None, seed: int, n: int
) -> None:
    """Hold the draws from a normal against its generator, its moments and both log densities."""
    page.true("count of draws", table.rows == (n if normal else 0), f"{table.rows} rows")
    if normal is None or not table.rows:
        return
    theta = parameters_of(table, target)
    u, z, due = redrawn(normal, seed, table.rows)
    size = np.abs(normal.mean) + np.abs(u) @ np.abs(normal.factor).T + 1
    page.most("draws are those of the seed", _apart(theta, due, z, size, normal), ULPS)
    page.true("a draw is missing only outside the support", np.isnan(theta) == np.isnan(due))
    _statistics(page, theta, normal)
    density_laws(page, table, target, theta)
    due = normal.log_density(theta)
    page.most(
        "log approximation recomputed", relative(table.columns["log_approximation"], due), 1e-11
    )


def redrawn(normal: Normal, seed: int, n: int):
    """Return (u, z, theta) of the draws z = mean + L u, u from PCG64 of this seed, by rows."""
    u = np.random.Generator(np.random.PCG64(seed)).standard_normal((n, normal.mean.size))
    z = normal.mean + np.einsum("ij,nj->ni", normal.factor, u)
    return u, z, normal.space.theta(z)


def _apart(theta, due, z, size, normal: Normal):
    """Return how far draws are from those due, in z where theta has one, in parts of the terms."""
    with np.errstate(invalid="ignore"):
        off = np.abs(theta - due) / np.maximum(np.abs(due), _slope(normal, z) * size)
    return np.where(np.isnan(theta) & np.isnan(due), 0.0, np.where(np.isnan(off), np.inf, off))


def _slope(normal: Normal, z):
    with np.errstate(all="ignore"):
        slopes = [np.exp(c.log_slope(z[:, i])) for i, c in enumerate(normal.space.coordinates)]
    return np.nan_to_num(np.stack(slopes, axis=-1), nan=0.0)


def parameters_of(table: Table, target: Target):
    """Return theta (n, d) from the columns of a table."""
    return np.stack([table.columns[name] for name in target.parameters], axis=-1)


def density_laws(page: Page, table: Table, target: Target, theta) -> None:
    """Recompute what every row of draws says of itself."""
    due = target.log_density(theta)
    page.most("log density of every row", relative(table.columns["log_density"], due), SUM)
    for name in target.quantities:
        found, value = table.columns[name], target.quantity(name, theta)
        page.most("derived quantity of every row", relative(found, value), 1e-13)


def _statistics(page: Page, theta, normal: Normal) -> None:
    """Hold mean, covariance and distances of the draws against the normal: u ~ N(0, 1).

    n |mean u|^2 ~ chi^2_d, the sum of |u|^2 ~ chi^2_nd, and by the inequality of Dvoretzky,
    Kiefer, Wolfowitz and Massart P(sup |F_n - F| > e) <= 2 exp(-2 n e^2).
    """
    from scipy.special import chdtr, chdtri, ndtr

    if np.isnan(theta).any():
        return  # some lie outside the support: the rest is no sample of the normal
    u = normal.whitened(normal.space.z(theta))
    n, d = u.shape
    square = np.sum(u**2, axis=1)
    page.most("mean of the draws", n * np.sum(u.mean(axis=0) ** 2), chdtri(d, FALSE_ALARM))
    total = np.sum(square)
    page.most("size of the draws", total, chdtri(n * d, FALSE_ALARM))
    page.most("size of the draws", -total, -_lower_tail(n * d))
    limit = dkw(n, FALSE_ALARM)
    page.most("distances of the draws", distance_to(chdtr(d, square)), limit)
    page.most("distances of the draws", [distance_to(ndtr(u[:, i])) for i in range(d)], limit)
    off = (u.T @ u / n)[np.tril_indices(d, -1)]
    # a mean of n products of variance one: 7.5 standard errors, and Bernstein's tail for the rest
    page.most("correlation of the draws", np.abs(off), 7.5 / math.sqrt(n) + 30 / n)


def _lower_tail(df: float) -> float:
    from scipy.special import gammaincinv

    return 2 * float(gammaincinv(df / 2, FALSE_ALARM))


def dkw(n: int, false_alarm: float) -> float:
    """Return the distance of CDFs that n draws exceed with at most this probability."""
    return math.sqrt(math.log(2 / false_alarm) / (2 * n))


def distance_to(cdf) -> float:
    """Return the largest distance of the empirical CDF of draws, given the CDF at each of them."""
    cdf = np.sort(cdf)
    n = cdf.size
    steps = np.arange(n + 1) / n
    return float(max(np.max(steps[1:] - cdf), np.max(cdf - steps[:-1])))

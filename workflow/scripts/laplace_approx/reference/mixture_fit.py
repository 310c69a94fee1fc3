"""A mixture of Student t fitted to weighted draws by the EM algorithm."""

import numpy as np
from scipy.special import logsumexp

from laplace_approx.reference.student import StudentMixture

STEPS = 10  # of EM: a proposal need not be the very maximum
STEPS_OF_ONE = 4  # of one component, of which only the weights of far draws are not closed
RIDGE = 1e-10  # of the variances, added to them: rounding leaves the factor positive
PRIOR_DRAWS = 2.0  # d draws that the covariance of a component is held by
NEGLIGIBLE = 1e-3  # of the mass: the lightest draws that make it up have no part in the fit


def fitted_mixture(z, weights, components: int, df: float, normal, rng) -> StudentMixture:
    """Return the mixture of `components` t of z (n, d) with `weights` (n,) that sum to one.

    EM for the t (Peel and McLachlan 2000, Statistics and Computing 10, with the degrees of freedom
    fixed), the draws weighted as in Cappé, Douc, Guillin, Marin and Robert (2008, Statistics and
    Computing 18). The covariance of one component is held to `normal` (d, d), that of several to
    that of all draws, as by 2 d draws: few effective draws say little of many numbers. It starts
    from centres far apart in the metric of the whole (k-means++).
    """
    z, weights = _heavy(z, weights)
    mean, covariance = _moments(z, weights)
    effective = 1 / np.sum(weights**2)
    prior = PRIOR_DRAWS * z.shape[1] / effective
    covariance = (covariance + prior * normal) / (1 + prior)
    fitted = _started(z, weights, (mean, covariance), components, df, rng)
    for _ in range(STEPS if components > 1 else STEPS_OF_ONE):
        fitted = _stepped(fitted, z, weights, prior * covariance, prior)
    return fitted


def _heavy(z, weights):
    order = np.argsort(weights, kind="stable")
    kept = np.sort(order[np.cumsum(weights[order]) > NEGLIGIBLE])
    return z[kept], weights[kept] / weights[kept].sum()


def _moments(z, weights):
    mean = weights @ z
    centred = z - mean
    return mean, (centred * weights[:, None]).T @ centred


def _started(z, weights, whole, components: int, df: float, rng) -> StudentMixture:
    mean, covariance = whole
    factor = lower_factor(covariance)
    centres = mean[None] if components == 1 else _apart(z, weights, factor, components, rng)
    scale = np.sqrt((df - 2) / df)
    return StudentMixture(
        np.full(components, 1 / components),
        centres,
        np.repeat(scale * factor[None], components, axis=0),
        np.full(components, float(df)),
    )


def _apart(z, weights, factor, components: int, rng):
    """Return centres (K, d), each next one drawn by its squared distance from those before."""
    u = np.linalg.solve(factor, z.T).T
    chosen = [rng.choice(weights.size, p=weights)]
    for _ in range(components - 1):
        distance = np.min([np.sum((u - u[i]) ** 2, axis=1) for i in chosen], axis=0)
        mass = weights * distance
        chosen.append(rng.choice(weights.size, p=mass / mass.sum()))
    return z[chosen]


def _stepped(mixture: StudentMixture, z, weights, held, prior: float) -> StudentMixture:
    """Return the mixture after a step of EM; `held` (d, d) is `prior` times a covariance."""
    d = mixture.size
    squares = mixture.squares(z)
    parts = mixture.log_parts(z, squares)
    share = np.exp(parts - logsumexp(parts, axis=1, keepdims=True)) * weights[:, None]
    pull = share * (mixture.df + d) / (mixture.df + squares)
    means = pull.T @ z / pull.sum(axis=0)[:, None]
    mass = share.sum(axis=0)
    factors = [
        lower_factor(_scatter(z - mean, pull[:, k], held) / (mass[k] + prior))
        for k, mean in enumerate(means)
    ]
    return mixture._replace(weights=mass / mass.sum(), means=means, factors=np.array(factors))


def _scatter(centred, weights, held):
    return (centred * weights[:, None]).T @ centred + held


def lower_factor(covariance):
    """Return the lower Cholesky factor of a covariance that may be flat to rounding."""
    ridge = RIDGE * np.diag(covariance) + np.finfo(float).tiny
    return np.linalg.cholesky(covariance + np.diag(ridge))

"""Posteriors whose answers are known: the bioassay of BDA3 section 3.7, and normals."""

import math

import numpy as np

from laplace_approx.density.density import Density
from laplace_approx.normal.normal import Normal

_DOSE = np.array([-0.86, -0.30, -0.05, 0.73])
_DEATHS = np.array([0.0, 1.0, 3.0, 5.0])
_DESIGN = np.stack([np.ones(4), _DOSE], axis=1)
_ANIMALS = 5.0


def _bioassay_value(theta):
    eta = theta @ _DESIGN.T
    return np.sum(_DEATHS * eta - _ANIMALS * np.logaddexp(0.0, eta), axis=-1)


def _death_probability(theta):
    return 0.5 * (1 + np.tanh(0.5 * (theta @ _DESIGN.T)))


def _bioassay_gradient(theta):
    return (_DEATHS - _ANIMALS * _death_probability(theta)) @ _DESIGN


def _bioassay_hessian(theta):
    p = _death_probability(theta)
    return -np.einsum("...i,ij,ik->...jk", _ANIMALS * p * (1 - p), _DESIGN, _DESIGN)


def unbounded(names, value, gradient=None, hessian=None):
    """Return a density on all of R^d."""
    edge = np.full(len(names), np.inf)
    return Density(tuple(names), value, gradient, hessian, -edge, edge)


BIOASSAY = unbounded(("alpha", "beta"), _bioassay_value, _bioassay_gradient, _bioassay_hessian)
# Mode and covariance were computed independently by Newton's method in 40 digits.
BIOASSAY_NORMAL = Normal(
    np.array([0.8465802280905509, 7.748817150587726]),
    np.linalg.cholesky(
        [[1.038535086729781, 3.5459868197223345], [3.5459868197223345, 23.743865072655144]]
    ),
)
BIOASSAY_QUANTITIES = {
    "alpha": lambda z: z[..., 0],
    "beta": lambda z: z[..., 1],
    "ld50": lambda z: np.where(
        z[..., 1] > 0, -z[..., 0] / np.where(z[..., 1] > 0, z[..., 1], 1.0), np.nan
    ),
}
# Everything below was computed independently by 40-digit quadrature.
BIOASSAY_LOG_EVIDENCE = -2.728784270502175
BETA_SD = 5.773095825849631


def without(density, *parts):
    """Return the density without some of its analytic derivatives."""
    return density._replace(**dict.fromkeys(parts))


KINDS = {
    "hessian": BIOASSAY,
    "gradient": without(BIOASSAY, "hessian"),
    "values": without(BIOASSAY, "gradient", "hessian"),
}


def gaussian(d, seed=0, offset=0.0):
    """Return (density, its own normal) of a correlated normal in d dimensions, unnormalised."""
    rng = np.random.default_rng(seed)
    factor = np.tril(rng.standard_normal((d, d)))
    factor[np.arange(d), np.arange(d)] = rng.uniform(0.5, 2.0, d)
    normal = Normal(rng.standard_normal(d), factor)
    precision = np.linalg.inv(factor @ factor.T)

    def value(z):
        return offset - 0.5 * np.sum(normal.standardise(z) ** 2, axis=-1)

    def gradient(z):
        return -(z - normal.mean) @ precision

    def hessian(z):
        return np.broadcast_to(-precision, (*z.shape, d))

    return unbounded([f"x{i}" for i in range(d)], value, gradient, hessian), normal


def whitened_nodes(normal, reach, points):
    """Return z (points^d, d) on an even lattice of |u_i| <= reach, and the log weight of a node."""
    d = normal.mean.size
    side = np.linspace(-reach, reach, points)
    u = np.stack(np.meshgrid(*[side] * d, indexing="ij"), axis=-1).reshape(-1, d)
    log_weight = d * math.log(side[1] - side[0]) + np.sum(np.log(np.diag(normal.cholesky)))
    return normal.mean + u @ normal.cholesky.T, np.full(len(u), log_weight)

"""The skew-modal approximation: a normal skewed by the third derivatives at the mode."""

import math

import numpy as np

from laplace_approx.density.evaluation import counted
from laplace_approx.normal.normal import Normal
from laplace_approx.normal.third_derivatives import third_derivatives
from laplace_approx.remedies.question import Question
from laplace_approx.remedies.result import Remedy
from laplace_approx.remedies.skew_symmetric import pair_remedy

METHOD = "skew_modal"
CHUNK = 8_000_000  # numbers held at once while the cubic form is contracted


def skew_modal(question: Question) -> Remedy:
    """Approximate the posterior by 2 q(z) Phi(alpha(u)), alpha(u) = sqrt(2 pi)/12 T[u, u, u].

    T are the third derivatives of the log density at the mode in whitened coordinates u, so that
    the density is q (1 + T[u, u, u]/6) to first order, and yet positive and normalised (Durante,
    Pozza and Szabo 2024, "Skewed Bernstein-von Mises theorem and skew-modal approximations",
    Annals of Statistics 52, arXiv 2301.03038). Draws come in pairs u, -u with weights Phi(alpha)
    and Phi(-alpha). The log density is evaluated only for T: no draw costs anything, and none can
    tell that it lies outside the support.
    """
    normal = question.normal
    density, counter = counted(question.density)
    third = third_derivatives(density, normal)
    evaluations = counter.evaluations
    if third.tensor is None:
        return question.refused(METHOD, third.reason, evaluations)
    u = question.generator().standard_normal((question.n_draws, question.size))
    step = u @ normal.cholesky.T
    weights = np.exp(np.stack([_log_skew(third.tensor, side) for side in (u, -u)]))
    return pair_remedy(
        METHOD,
        question,
        (normal.mean + step, normal.mean - step),
        weights,
        evaluations,
        lambda z: skew_modal_log_density(third.tensor, normal, z),
        {"third_derivative_error": third.error, "differenced": third.method},
    )


def skew_modal_log_density(tensor, normal: Normal, z):
    """Return the normalised log density of the approximation at z (..., d)."""
    return math.log(2) + normal.log_density(z) + _log_skew(tensor, normal.standardise(z))


def _log_skew(tensor, u):
    """Return log Phi(alpha(u)) for u (..., d)."""
    from scipy.special import log_ndtr

    return log_ndtr(math.sqrt(2 * math.pi) / 12 * _cubic(tensor, u))


def _cubic(tensor, u):
    """Return T[u, u, u] for u (..., d), a bounded number of points at a time."""
    d = tensor.shape[0]
    flat = u.reshape(-1, d)
    pieces = np.array_split(flat, max(1, flat.shape[0] * d * d // CHUNK))
    form = tensor.reshape(d, d * d)
    cubic = [
        np.einsum("njk,nj,nk->n", (piece @ form).reshape(-1, d, d), piece, piece)
        for piece in pieces
    ]
    return np.concatenate(cubic).reshape(u.shape[:-1])

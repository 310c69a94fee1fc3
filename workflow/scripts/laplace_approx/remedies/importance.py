"""Importance draws with Pareto-smoothed weights, from the normal or from a Student t."""

import math

import numpy as np

from laplace_approx.density.evaluation import counted
from laplace_approx.numerics.monte_carlo import TRUSTED_K, pareto_smoothed
from laplace_approx.remedies.question import Question
from laplace_approx.remedies.result import Remedy
from laplace_approx.remedies.weighted import weighted_answer
from laplace_approx.words.numbers import or_none

DEGREES_OF_FREEDOM = 4.0  # of the Student t: tails heavier than the normal's, and a variance


def importance_normal(question: Question) -> Remedy:
    """Reweight draws of the normal to the posterior by Pareto-smoothed importance weights.

    Where k exceeds 0.7 the quantiles and their errors are not to be trusted, and every answer says
    so: smoothing is no cure for a tail that the draws do not reach. Costs n_draws evaluations.
    """
    normal = question.normal
    z = normal.draw(question.generator(), question.n_draws)
    return _reweighted("importance_normal", question, z, normal.log_density(z))


def importance_t4(question: Question) -> Remedy:
    """Reweight draws of a Student t with 4 degrees of freedom, the normal's centre and scale.

    Its polynomial tails bound the weights of every posterior with lighter ones (Geweke 1989,
    Econometrica 57). Costs n_draws evaluations.
    """
    z, log_q = _student_draws(question.normal, question.generator(), question.n_draws)
    return _reweighted("importance_t4", question, z, log_q)


def _student_draws(normal, rng, n):
    """Return draws (n, d) of the multivariate t and their normalised log densities (n,)."""
    d, nu = normal.mean.size, DEGREES_OF_FREEDOM
    u = rng.standard_normal((n, d)) / np.sqrt(rng.chisquare(nu, n) / nu)[:, None]
    log_constant = (
        math.lgamma((nu + d) / 2)
        - math.lgamma(nu / 2)
        - 0.5 * d * math.log(nu * math.pi)
        - float(np.sum(np.log(np.diag(normal.cholesky))))
    )
    log_q = log_constant - 0.5 * (nu + d) * np.log1p(np.sum(u * u, axis=1) / nu)
    return normal.mean + u @ normal.cholesky.T, log_q


def _reweighted(method, question, z, log_q):
    density, counter = counted(question.density)
    log_ratio = density.log_density(z) - log_q
    smoothed = pareto_smoothed(log_ratio)
    evaluations = counter.evaluations
    if smoothed.log_weights is None or smoothed.dropped == log_ratio.size:
        return question.refused(method, smoothed.reason, evaluations)
    weights = np.exp(smoothed.log_weights)
    answers = {
        name: _warned(weighted_answer(quantity(z), weights, question.probabilities), smoothed)
        for name, quantity in question.quantities.items()
    }
    top = log_ratio.max()
    log_evidence = float(top + np.log(np.mean(np.exp(log_ratio - top))))
    details = {
        "pareto_k": or_none(smoothed.k),
        "pareto_reason": smoothed.reason,
        "trusted": smoothed.k is not None and smoothed.k <= TRUSTED_K,
        "zero_weights": smoothed.dropped,
        "effective_draws": float(1 / np.sum(weights**2)),
    }
    return Remedy(
        method, answers, evaluations, log_evidence, z, smoothed.log_weights, details=details
    )


def _warned(answer, smoothed):
    """Add to an answer's reason that its errors cannot be trusted, where k says so."""
    if smoothed.k is not None and smoothed.k <= TRUSTED_K:
        return answer
    shown = (
        smoothed.reason if smoothed.k is None else f"Pareto k {smoothed.k:.2f} above {TRUSTED_K}"
    )
    text = f"{shown}: values and errors are not to be trusted"
    return answer._replace(reason=text if answer.reason is None else f"{answer.reason}; {text}")

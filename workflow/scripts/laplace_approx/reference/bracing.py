"""One more component where the draws of a proposal weigh most."""

import numpy as np
from scipy.special import logsumexp

from laplace_approx.reference.adaptation import DRAWS_PER_NUMBER
from laplace_approx.reference.frozen_draws import FrozenDraws
from laplace_approx.reference.mixture_fit import fitted_mixture
from laplace_approx.reference.student import StudentMixture, joined
from laplace_approx.reference.walkers import ChainTrail, ratios
from laplace_approx.reference.weights import effective_number

# of the proposal is about its heaviest draws: half as much leaves weights twice as large there, and
# twice as much costs a fifth of all effective draws
SHARE = 0.2
DEGREES = 4.0  # of freedom of that t: lighter tails would leave heavy weights farther out
# of the states of chains that the t is fitted to: half as many are too few for its covariance in 26
# dimensions, twice as many are mostly where draws are enough
OF_CHAINS = 0.05
TAIL = 3.0  # times the root of the number of draws: as many as Pareto smoothing takes for a tail


def braced(proposal: StudentMixture, drawn: FrozenDraws, rng) -> StudentMixture | None:
    """Return the proposal with a t about those of its draws that weigh most; None if they are few.

    Fitting a proposal makes the second moment of the weights small, which the bulk decides. Their
    tail, and so Pareto k, is decided where p / q is largest: a t fitted to the heaviest draws
    puts draws there. In four dimensions of a skewed posterior k went from .78 to .32, and the
    effective draws from 79 to 74 %.
    """
    count = int(TAIL * np.sqrt(drawn.log_ratio.size))
    heaviest = np.argsort(drawn.log_ratio, kind="stable")[-count:]
    z, log_weights = drawn.z[heaviest], drawn.log_ratio[heaviest]
    if not effective_number(log_weights) >= DRAWS_PER_NUMBER * proposal.size:
        return None
    return _with(proposal, z, np.exp(log_weights - logsumexp(log_weights)), rng)


def reaching(proposal: StudentMixture, trail: ChainTrail, rng) -> StudentMixture:
    """Return the proposal with a t about the states of chains where p / q is largest."""
    ratio = ratios(proposal, trail).ravel()
    chosen = ratio >= np.quantile(ratio, 1 - OF_CHAINS)
    z = trail.z.reshape(ratio.size, -1)[chosen]
    return _with(proposal, z, np.full(len(z), 1 / len(z)), rng)


def _with(proposal: StudentMixture, z, weights, rng) -> StudentMixture:
    centred = z - weights @ z
    covariance = (centred * weights[:, None]).T @ centred
    about = fitted_mixture(z, weights, 1, DEGREES, covariance, rng)
    return joined((proposal, about), (1 - SHARE, SHARE))

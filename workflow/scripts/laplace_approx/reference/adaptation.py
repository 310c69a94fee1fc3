"""A proposal adapted to a posterior: adaptive multiple importance sampling, then frozen."""

from typing import NamedTuple

import numpy as np
from scipy.special import logsumexp

from laplace_approx.reference.cube import scrambled
from laplace_approx.reference.mixture_fit import fitted_mixture
from laplace_approx.reference.student import StudentMixture, joined
from laplace_approx.reference.weights import effective_number, tempered

STAGE = 4096  # draws between two fits; a power of two, as Sobol points want it
SMALL_STAGE = 2048  # in few dimensions
FEW = 12  # dimensions
KEPT = 10  # stages: twice as many cost twice the time each and weigh by older, worse proposals
ADAPTING = 0.35  # of the evaluations at the most: the rest are the draws that count
DRAWS_PER_NUMBER = 12  # effective draws a dimension and component, before it is frozen
COMPONENTS = (1, 2, 4)  # of a fitted mixture, as many as the effective draws can tell apart
DEGREES = (4.0, 8.0, 16.0, 64.0)  # of freedom, the heaviest tails first
HEAVIER = 0.1  # of the log effective size that heavier tails may cost: they bound the weights
GROWTH = 1.1  # of the effective size from stage to stage, below which it stands still
DEFENSIVE = 0.1  # of the frozen proposal stays where it began (Hesterberg 1995)


class Adapted(NamedTuple):
    """A frozen proposal, the draws made to find it, and the effective size at each stage, as a
    share of its draws."""

    proposal: StudentMixture
    evaluations: int
    efficiency: tuple[float, ...]
    effective: float

    @property
    def wanted(self) -> int:
        """The effective draws that a proposal should be fitted to."""
        return DRAWS_PER_NUMBER * self.proposal.size


def adapted_proposal(log_density, start: StudentMixture, evaluations: int, rng) -> Adapted:
    """Return a mixture of t adapted to `log_density` (n, d) -> (n,) within so many evaluations.

    Adaptive multiple importance sampling (Cornuet, Marin, Mira and Robert 2012, Scandinavian
    Journal of Statistics 39): draws of all stages are weighted by the mixture of all their
    proposals, and the next is fitted to them, until the effective size of a stage stops growing
    and there are 12 effective draws a dimension and component.
    """
    stage = STAGE if start.size >= FEW else SMALL_STAGE
    proposals, stages, efficiency, pool = [start], Stages(), [], None
    while (len(efficiency) + 1) * stage <= ADAPTING * evaluations:
        z = scrambled(proposals[-1], stage, rng)
        efficiency.append(stages.add(z, log_density(z), proposals[-1]))
        pool = stages.pool()
        if pool is None:
            break
        proposals.append(_next(pool, start, rng))
        if _settled(pool, proposals[-1], start, efficiency):
            break
    used = len(efficiency) * stage
    effective = 0.0 if pool is None else pool.effective
    return Adapted(proposals[-1], used, tuple(efficiency), effective)


class Pool(NamedTuple):
    """All draws (n, d), log p - log of the mixture of all proposals (n,), the weights made from
    it, and their effective number."""

    z: np.ndarray
    log_ratio: np.ndarray
    log_proposals: np.ndarray
    weights: np.ndarray
    effective: float


class Stages:
    """The draws of the last stages, with the density of each under each of their proposals.

    The mixture of all proposals that have draws here weighs them: dropping a stage drops both.
    """

    def __init__(self):
        self.proposals: list[StudentMixture] = []
        self.z: list[np.ndarray] = []
        self.log_p: list[np.ndarray] = []
        self.log_q: list[list[np.ndarray]] = []  # of the draws of stage i under proposal j

    def add(self, z, log_p, proposal: StudentMixture) -> float:
        """Take in draws z (n, d) of a proposal, log p (n,); return their effective share."""
        for old, under in zip(self.z, self.log_q, strict=True):
            under.append(proposal.log_density(old))
        own = proposal.log_density(z)
        self.log_q.append([*(each.log_density(z) for each in self.proposals), own])
        self.z.append(z)
        self.log_p.append(log_p)
        self.proposals.append(proposal)
        if len(self.z) > KEPT:
            for column in (self.z, self.log_p, self.log_q, self.proposals, *self.log_q[1:]):
                del column[0]
        return effective_number(log_p - own) / log_p.size

    def pool(self) -> Pool | None:
        """Return all draws with their weights, or None where none has any."""
        every = np.concatenate(self.z)
        log_q = np.concatenate([logsumexp(under, axis=0) for under in self.log_q])
        log_q = log_q - np.log(len(self.z))
        ratio = np.concatenate(self.log_p) - log_q
        if not np.isfinite(ratio.max()):
            return None
        held = tempered(ratio, 4 * every.shape[1] + 40)
        return Pool(every, ratio, log_q, np.exp(held - logsumexp(held)), effective_number(ratio))


def _next(pool: Pool, start, rng) -> StudentMixture:
    """Return the fitted mixture, of several, that should leave the largest effective size."""
    normal = start.factors[0] @ start.factors[0].T

    def fitted(components, df):
        found = fitted_mixture(pool.z, pool.weights, components, df, normal, rng)
        return guarded(found, start)

    tried = [fitted(1, df) for df in DEGREES]
    losses = [_loss(pool, each, 1) for each in tried]
    near = [loss <= min(losses) + HEAVIER for loss in losses]
    first = near.index(True)
    tried, losses, df = [tried[first]], [losses[first]], DEGREES[first]
    for components in COMPONENTS[1:]:
        enough = pool.effective >= DRAWS_PER_NUMBER * start.size * components
        if enough and _optimism(pool, components) < min(losses):
            tried.append(fitted(components, df))
            losses.append(_loss(pool, tried[-1], components))
    return tried[int(np.argmin(losses))]


def guarded(fitted: StudentMixture, start: StudentMixture) -> StudentMixture:
    """Return a fitted mixture that keeps a tenth of where the adaptation began."""
    return joined((fitted, start), (1 - DEFENSIVE, DEFENSIVE))


def _loss(pool: Pool, proposal: StudentMixture, components: int) -> float:
    """Return log(n / effective size) that a proposal should have: log E_q w^2 / (E_q w)^2.

    Estimated from the pool, with what a fit to these very draws flatters itself by.
    """
    ahead = pool.log_ratio + pool.log_proposals - proposal.log_density(pool.z)
    total = logsumexp(pool.log_ratio)
    moment = logsumexp(pool.log_ratio + ahead) - 2 * total + np.log(ahead.size)
    return float(moment) + _optimism(pool, components)


def _optimism(pool: Pool, components: int) -> float:
    """Return twice the numbers fitted over the effective draws, as in Akaike's criterion."""
    d = pool.z.shape[1]
    return d * (d + 3) * components / pool.effective


def _settled(pool: Pool, proposal, start, efficiency) -> bool:
    adapted = proposal.weights.size - start.weights.size
    enough = pool.effective >= DRAWS_PER_NUMBER * start.size * adapted
    grown = len(efficiency) < 3 or efficiency[-1] > GROWTH * efficiency[-2]
    return enough and not grown

"""A proposal adapted to a posterior: adaptive multiple importance sampling, then frozen."""

from typing import NamedTuple

import numpy as np
from scipy.special import logsumexp

from laplace_approx.reference.cube import scrambled
from laplace_approx.reference.mixture_fit import fitted_mixture
from laplace_approx.reference.student import StudentMixture, joined

STAGE = 4096  # draws between two fits; a power of two, as Sobol points want it
SMALL_STAGE = 2048  # in few dimensions
FEW = 12  # dimensions
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


def adapted_proposal(log_density, start: StudentMixture, evaluations: int, rng) -> Adapted:
    """Return a mixture of t adapted to `log_density` (n, d) -> (n,) within so many evaluations.

    Adaptive multiple importance sampling (Cornuet, Marin, Mira and Robert 2012, Scandinavian
    Journal of Statistics 39): draws of all stages are weighted by the mixture of all their
    proposals, and the next is fitted to them, until the effective size of a stage stops growing
    and there are 12 effective draws a dimension and component.
    """
    stage = STAGE if start.size >= FEW else SMALL_STAGE
    proposals, z, log_p, efficiency = [start], [], [], []
    while (len(z) + 1) * stage <= ADAPTING * evaluations:
        z.append(scrambled(proposals[-1], stage, rng))
        log_p.append(log_density(z[-1]))
        efficiency.append(_effective(log_p[-1] - proposals[-1].log_density(z[-1])) / stage)
        pool = _pool(z, log_p, proposals)
        if pool is None:
            break
        proposals.append(_next(pool, start, rng))
        if _settled(pool, proposals[-1], start, efficiency):
            break
    used = len(z) * stage
    effective = 0.0 if not z or pool is None else pool.effective
    return Adapted(proposals[-1], used, tuple(efficiency), effective)


class Pool(NamedTuple):
    """All draws (n, d), log p - log of the mixture of all proposals (n,), the weights made from
    it, and their effective number."""

    z: np.ndarray
    log_ratio: np.ndarray
    log_proposals: np.ndarray
    weights: np.ndarray
    effective: float


def _effective(log_ratio) -> float:
    """Return (sum w)^2 / sum w^2, 0 where there is no weight."""
    if not np.isfinite(log_ratio.max()):
        return 0.0
    return float(np.exp(2 * logsumexp(log_ratio) - logsumexp(2 * log_ratio)))


def _pool(z, log_p, proposals) -> Pool | None:
    every = np.concatenate(z)
    log_q = np.stack([each.log_density(every) for each in proposals[: len(z)]])
    log_q = logsumexp(log_q, axis=0) - np.log(len(z))
    ratio = np.concatenate(log_p) - log_q
    if not np.isfinite(ratio.max()):
        return None
    held = _tempered(ratio, 4 * every.shape[1] + 40)
    return Pool(every, ratio, log_q, np.exp(held - logsumexp(held)), _effective(ratio))


def _tempered(log_ratio, wanted: float):
    """Return the log weights raised to the largest power <= 1 that leaves so many effective."""
    low, high = 0.0, 1.0
    if _effective(log_ratio) >= wanted:
        return log_ratio
    held = np.where(np.isfinite(log_ratio), log_ratio, -np.inf)
    for _ in range(30):
        middle = 0.5 * (low + high)
        with np.errstate(invalid="ignore"):
            enough = _effective(np.where(held == -np.inf, -np.inf, middle * held)) >= wanted
        low, high = (middle, high) if enough else (low, middle)
    return np.where(held == -np.inf, -np.inf, low * held)


def _next(pool: Pool, start, rng) -> StudentMixture:
    """Return the fitted mixture, of several, that should leave the largest effective size."""
    normal = start.factors[0] @ start.factors[0].T

    def fitted(components, df):
        found = fitted_mixture(pool.z, pool.weights, components, df, normal, rng)
        return _guarded(found, start)

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


def _guarded(fitted: StudentMixture, start: StudentMixture) -> StudentMixture:
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

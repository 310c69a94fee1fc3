"""Chains from the draws of a proposal: where they go and hardly a draw lies, it falls short."""

import math
from typing import NamedTuple

import numpy as np
from scipy.special import logsumexp

from laplace_approx.curvature.matrices import draws_within
from laplace_approx.reference.frozen_draws import FrozenDraws
from laplace_approx.reference.student import StudentMixture
from laplace_approx.reference.weights import tempered

# chains at the most: half as many see twice as large a mass at the least, 2 in 1000
WALKERS = 1024
FEWEST_WALKERS = 256  # half as many do not see a part that holds 1 % of the mass
EVALUATIONS_A_CHAIN = 30  # of the first draws: with as many, 40 steps cost a third more than these
# a chain, where they only look: half as many leave them closer to the draws that they start from
STEPS = 40
# of the weight of draws, in their largest ratios: beyond levels of a larger weight the difference
# of two shares says more of their noise; the last level is beyond all draws
TAILS = (0.02, 0.01, 0.005, 0.002, 0.001, 0.0)
# of the same kind, beyond which chains say how much the draws may miss. In 26 runs of a funnel the
# true errors of its lower end over those stated had an RMS of .84 with it; of .49 at .005, which
# moves an end of a 95 % interval by .04 SD, and 1.08 at .001, the largest 2.2 times what is stated
FAR_TAIL = 0.002
# a chain, where a proposal is fitted to them, and where the weights are uneven: half as many showed
# in the neck of a hierarchical posterior of 26 dimensions a third of the mass that 300 find
LONG_STEPS = 200
LOOKS = 4  # at the states of all chains, in the second half of their steps
FAR = 0.1  # of the moves are as long as the distance of two chains: from hump to hump
# of the length of the others, as a share of the distance of two chains: 2.38 / sqrt(2 d), which
# is the best for a normal (ter Braak 2006)
LENGTH = 2.38
SPREAD = 0.3  # of the log of that length: a kernel of one length alone may fit no part


class ChainTrail(NamedTuple):
    """States z (looks, chains, d) of chains, their log density (looks, chains), and what it
    cost."""

    z: np.ndarray
    log_p: np.ndarray
    evaluations: int

    @property
    def steps(self) -> int:
        """The steps of each chain: an evaluation a step, and one where it starts."""
        return self.evaluations // self.z.shape[1] - 1


class DrawCoverage(NamedTuple):
    """How `chains` of so many `steps`, for so many `evaluations` in all, found some draws: `thin`
    is the mass that they find and the draws miss, at the least, and `unsure` the RMS error of what
    they may miss as far as so few chains can tell."""

    chains: int
    steps: int
    evaluations: int
    thin: float
    unsure: float


def walkers_for(evaluations: int, d: int) -> int:
    """Return how many chains look at draws of so many evaluations; an even number."""
    wanted = min(WALKERS, max(FEWEST_WALKERS, evaluations // EVALUATIONS_A_CHAIN))
    return 2 * (draws_within(wanted, LOOKS * d) // 2)


def started(drawn: FrozenDraws, chains: int, rng) -> np.ndarray:
    """Return draws (chains, d), chosen by their weights; by less uneven ones where few have all."""
    held = tempered(drawn.log_ratio, chains / 2)
    return drawn.z[rng.choice(held.size, chains, p=np.exp(held - logsumexp(held)))]


def walked(log_density, z, steps: int, rng) -> ChainTrail:
    """Return where chains go that leave the posterior invariant.

    In turns one half of them moves along differences of two of the other half, which need no scale
    of their own and no gradient (differential evolution: ter Braak 2006, Statistics and Computing
    16; in two halves as in Foreman-Mackey, Hogg, Lang and Goodman 2013, PASP 125, so that the
    moves of one half do not depend on itself). `z` (chains, d).
    """
    z, log_p = z.copy(), log_density(z)
    chains, d = z.shape
    halves = np.arange(chains).reshape(2, -1)
    every = max(1, steps // (2 * LOOKS))
    looks, evaluations = [], chains
    for step in range(1, steps + 1):
        for mine, others in (halves, halves[::-1]):
            pairs = rng.choice(others, (2, mine.size))
            length = LENGTH / np.sqrt(2 * d) * np.exp(SPREAD * rng.standard_normal(mine.size))
            length = np.where(rng.random(mine.size) < FAR, 1.0, length)
            to = z[mine] + length[:, None] * (z[pairs[0]] - z[pairs[1]])
            there = log_density(to)
            with np.errstate(invalid="ignore"):  # from nowhere to nowhere: not taken
                taken = np.log(rng.random(mine.size)) < there - log_p[mine]
            z[mine[taken]], log_p[mine[taken]] = to[taken], there[taken]
        evaluations += chains
        if 2 * step > steps and (steps - step) % every == 0:
            looks.append((z.copy(), log_p.copy()))
    return ChainTrail(*(np.array(each) for each in zip(*looks, strict=True)), evaluations)


def coverage(proposal: StudentMixture, drawn: FrozenDraws, trail: ChainTrail) -> DrawCoverage:
    """Return the mass that chains find where p / q is large, beyond what the draws have there.

    A part of the posterior that a proposal q hardly reaches has a large p / q, and few draws: it is
    missing, and neither the weights nor their Pareto k can tell, which know only draws that
    were made. Chains that start at the draws and leave the posterior invariant go there by
    themselves. So for some levels the share of their states with a larger p / q is held against
    the weight of the draws with one; two standard errors, of chains and of draws, are taken off.
    What the draws may miss, `unsure`, is that share beyond one level with its standard error, both
    squared: an RMS error as others are. It counts at the ends beyond which weights are uneven
    (`tails.py`). Chains that never go there say that it is less than one of them.
    """
    ratio = ratios(proposal, trail)
    order = np.argsort(drawn.log_ratio, kind="stable")
    levels, weights = drawn.log_ratio[order], drawn.weights[order]
    above, squares = (np.cumsum(each[::-1])[::-1] for each in (weights, weights**2))

    def beyond(tail: float) -> tuple[float, float, float, float]:
        """Return the share that chains have beyond the level of a tail and draws do not, its
        standard error from the chains alone and of both, and the share of the draws."""
        place = min(int(np.searchsorted(-above, -tail)), levels.size - 1)
        of_chain = np.mean(ratio > levels[place], axis=0)
        between = float(np.std(of_chain, ddof=1)) / math.sqrt(of_chain.size)
        # the share of the draws is known to the weights above the level, or to the next below it
        error = math.hypot(between, math.sqrt(squares[place]))
        held = float(above[place] - weights[place])
        return float(np.mean(of_chain)) - held, between, error, held

    shares = [beyond(tail) for tail in TAILS]
    found = max(0.0, *(missed - 2 * error for missed, _, error, _ in shares))
    missed, between, _, held = beyond(FAR_TAIL)
    # at least that of independent chains which have the share of the draws, or one chain
    chains = ratio.shape[1]
    least = math.sqrt(max(held, 1 / chains) / chains)
    unsure = min(1.0, max(found, math.hypot(max(missed, 0.0), max(between, least))))
    return DrawCoverage(trail.z.shape[1], trail.steps, trail.evaluations, found, unsure)


def ratios(proposal: StudentMixture, trail: ChainTrail):
    """Return log p - log q of the states of chains, (looks, chains)."""
    looks, chains, d = trail.z.shape
    return trail.log_p - proposal.log_density(trail.z.reshape(-1, d)).reshape(looks, chains)

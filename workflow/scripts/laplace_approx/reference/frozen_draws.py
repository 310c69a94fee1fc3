"""Draws from a frozen proposal, in independent replicates, with smoothed importance weights."""

import math
from typing import NamedTuple

import numpy as np

from laplace_approx.numerics.monte_carlo import TRUSTED_K, pareto_smoothed
from laplace_approx.reference.cube import scrambled
from laplace_approx.reference.student import StudentMixture

LARGEST_REPLICATE = 1024  # draws: more would leave few replicates to tell the error from
FEWEST_REPLICATES = 16  # of a run: an error from fewer is a guess
GROUPS = 4  # of replicates, each with a Pareto k of its own
LARGEST_RATIO_ERROR = 0.1  # of a mean weight, over itself (Cochran 1977)


class FrozenDraws(NamedTuple):
    """Draws z (n, d) in whole `replicates` of the same size (n,), one after another.

    `log_ratio` (n,) is log p - log q, and `weights` (n,) those smoothed, which sum to one. `k` is
    the Pareto shape of all (-inf: all weights are equal; None: not known, for the `reason`),
    `k_error` its standard error from those of groups of replicates. `evidence` is (log of the mean
    weight, its standard error over replicates).
    """

    z: np.ndarray
    replicates: np.ndarray
    log_ratio: np.ndarray
    weights: np.ndarray | None
    k: float | None
    k_error: float | None
    reason: str | None
    evidence: tuple[float, float]

    @property
    def effective(self) -> float:
        """The effective number of draws, 1 / sum of the squared weights."""
        return 0.0 if self.weights is None else float(1 / np.sum(self.weights**2))


def replicate_size(evaluations: int) -> int:
    """Return the number of draws of a replicate: a power of two, with 16 replicates or more."""
    room = max(evaluations // FEWEST_REPLICATES, 1)
    return min(LARGEST_REPLICATE, 2 ** int(math.log2(room)))


def frozen_draws(log_density, proposal: StudentMixture, evaluations: int, rng) -> FrozenDraws:
    """Return draws from a proposal that is adapted no more: as many whole replicates as fit.

    Each replicate is a Sobol sequence with a scramble of its own, so replicates are independent,
    and their differences are an error that does not rest on the weights alone (L'Ecuyer and
    Lemieux 2002). `log_density` maps (n, d) to (n,).
    """
    size = replicate_size(evaluations)
    count = evaluations // size
    blocks = [scrambled(proposal, size, rng) for _ in range(count)]
    ratios = [log_density(block) - proposal.log_density(block) for block in blocks]
    log_ratio = np.concatenate(ratios)
    smoothed = pareto_smoothed(log_ratio)
    weights = None
    if smoothed.log_weights is not None and smoothed.dropped < log_ratio.size:
        weights = np.exp(smoothed.log_weights)
    return FrozenDraws(
        np.concatenate(blocks),
        np.repeat(np.arange(count), size),
        log_ratio,
        weights,
        smoothed.k,
        _k_error(log_ratio.reshape(count, size)),
        smoothed.reason,
        _evidence(log_ratio.reshape(count, size)),
    )


def largest_k(n: int) -> float:
    """Return min(1 - 1 / log10 n, 0.7): n draws with a larger Pareto k say nothing sure.

    Vehtari, Simpson, Gelman, Yao and Gabry (2024, JMLR 25, section 3.2.4).
    """
    return min(1 - 1 / math.log10(n), TRUSTED_K)


def too_heavy(drawn: FrozenDraws) -> str | None:
    """Return why the weights cannot be relied on, or None where they can.

    Pareto k must be within its limit. The errors are those of a ratio to first order, which hold
    where its denominator, the mean weight, is known to a tenth (Cochran 1977, Sampling
    Techniques, section 6.8).
    """
    if drawn.weights is None:
        return drawn.reason
    if drawn.k == -math.inf:
        return None  # all weights are equal: the posterior is the proposal
    limit = largest_k(drawn.log_ratio.size)
    if drawn.k is None:
        return f"the Pareto k of the draws is not known: {drawn.reason}; it must be below {limit}"
    if drawn.k > limit:
        spread = "" if drawn.k_error is None else f" (standard error {drawn.k_error:.2f})"
        return f"the Pareto k of the draws is {drawn.k:.2f}{spread}; it must be at most {limit:.2g}"
    off = drawn.evidence[1]
    if off > LARGEST_RATIO_ERROR:
        return (
            f"the mean weight of the draws is known to {off:.0%} of itself; errors are those of a "
            f"ratio over it, which hold to {LARGEST_RATIO_ERROR:.0%}"
        )
    return None


def _k_error(log_ratio) -> float | None:
    """Return the standard error of k as the mean of those of groups of replicates."""
    shapes = [pareto_smoothed(part.ravel()).k for part in np.array_split(log_ratio, GROUPS)]
    if any(k is None or not math.isfinite(k) for k in shapes):
        return None
    return float(np.std(shapes, ddof=1) / math.sqrt(len(shapes)))


def _evidence(log_ratio) -> tuple[float, float]:
    top = log_ratio.max()
    if not np.isfinite(top):
        return -math.inf, math.inf
    means = np.mean(np.exp(log_ratio - top), axis=1)
    error = np.std(means, ddof=1) / math.sqrt(means.size) / means.mean()
    return float(top + np.log(means.mean())), float(error)

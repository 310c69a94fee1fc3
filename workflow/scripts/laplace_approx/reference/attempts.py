"""Draws that serve, within a budget: adapt, draw, look where chains go from there, go on."""

import math
from collections.abc import Callable
from typing import NamedTuple

from laplace_approx.reference.adaptation import Adapted, adapted_proposal
from laplace_approx.reference.bracing import braced, reaching
from laplace_approx.reference.frozen_draws import FrozenDraws, frozen_draws, too_heavy
from laplace_approx.reference.refitted import refitted
from laplace_approx.reference.student import StudentMixture
from laplace_approx.reference.tails import FINITE_VARIANCE, HeaviestTail, heaviest_tail
from laplace_approx.reference.walkers import (
    LONG_STEPS,
    STEPS,
    ChainTrail,
    DrawCoverage,
    coverage,
    started,
    walked,
    walkers_for,
)

# of a scale: errors of ends beyond which more draws are made. Half as much costs most posteriors
# above ten dimensions four times the evaluations; twice as much leaves ends that are within half
# the usual tolerance of 0.1 of it without a verdict
COARSE = 0.03
LARGER = 4  # times the evaluations of the attempt before
GAIN = 1.5  # times as many draws: fewer more are not worth an attempt
# of the mass that draws miss: it counts in every error, and moves an end of a 95 % interval by .1
# SD or more. Twice as much leaves errors beside which nothing can be judged, and half as much
# refuses draws with which most quantities still can
MOST_THIN = 0.005
THIN = 0.001  # of it, beyond which another proposal is tried: it moves such an end by .02 SD
# up to this k, from this share of effective draws, weights are even; at .5, a third of some
# hierarchical posteriors whose ends were off by three times what was stated passed for such
EASY_K, EASY_SHARE = 0.2, 0.3
PROGRESS = 0.9  # of the worst error that an attempt with more draws must come below, to go on


class DrawLimits(NamedTuple):
    """Evaluations of the first attempt and of all, and the most draws that are kept."""

    first: int
    most: int
    kept: int


class DrawAttempt(NamedTuple):
    """A frozen proposal with its draws, what chains found of these, and their heaviest tail; None
    where the weights are too heavy to begin with. All evaluations but those of the draws and of the
    look at them found the proposal (`adapted.evaluations`)."""

    adapted: Adapted
    drawn: FrozenDraws
    covered: DrawCoverage | None = None
    trail: ChainTrail | None = None
    tail: HeaviestTail | None = None

    @property
    def evaluations(self) -> int:
        """The evaluations of this attempt and of all before it."""
        looked = 0 if self.covered is None else self.covered.evaluations
        return self.adapted.evaluations + self.drawn.log_ratio.size + looked

    @property
    def settled(self) -> bool:
        """Whether the proposal was fitted to as many effective draws as are wanted."""
        return self.adapted.effective >= self.adapted.wanted

    @property
    def reason(self) -> str | None:
        """Why its draws cannot be relied on, or None where they can."""
        return self.why()

    def why(self, names=None) -> str | None:
        """Return that reason, with the names of parameters where they are at hand."""
        heavy = too_heavy(self.drawn)
        if heavy is not None:
            return heavy
        if self.tail is not None and self.tail.refuses:
            return self.tail.words(names)
        if self.covered.thin <= MOST_THIN:
            return None
        return (
            f"{self.covered.chains} chains that start at the draws find {self.covered.thin:.2g} "
            "of the mass, or more, where the draws do not have it; the limit is "
            f"{MOST_THIN:g}"
        )


class DrawSearch:
    """Attempts to draw from a log density (n, d) -> (n,), from a mixture about its modes."""

    def __init__(self, log_density: Callable, start: StudentMixture, limits: DrawLimits, rng):
        self.log_density, self.start, self.limits, self.rng = log_density, start, limits, rng

    def best(self, worst_error: Callable, say: Callable) -> DrawAttempt:
        """Return the last of some attempts: the first that serves well.

        Where the weights of one are too heavy, the next has one more component about the heaviest
        draws, or a proposal fitted to chains; where chains find mass that its draws miss, or the
        weights beyond an end may be too heavy, one more component there. Where the draws serve and
        an end of an interval is known to worse than `COARSE`, the next has more of them. The last
        one counts: to go back to the best of them would flatter it. `worst_error` tells the largest
        error of an end of an attempt, in scales; `say` takes a line of progress.
        """
        attempt, before = self._first(), math.inf
        say(_words(attempt))
        while self._left(attempt) >= self.limits.first:
            serves = attempt.reason is None
            covered = serves and attempt.tail.light and attempt.covered.thin <= THIN
            error = worst_error(attempt) if serves else math.inf
            if error <= COARSE or (covered and error > PROGRESS * before):
                break
            following = self._larger(attempt) if covered else self._better(attempt)
            if following is None:
                break
            before = error if covered and attempt.settled else math.inf
            attempt = following
            say(_words(attempt))
        return attempt

    def _left(self, attempt: DrawAttempt) -> int:
        return self.limits.most - attempt.evaluations

    def _first(self) -> DrawAttempt:
        adapted = adapted_proposal(self.log_density, self.start, self.limits.first, self.rng)
        return self._drawn(adapted, self.limits.first - adapted.evaluations)

    def _drawn(self, adapted: Adapted, n: int) -> DrawAttempt:
        n = min(n, self.limits.kept)
        drawn = frozen_draws(self.log_density, adapted.proposal, n, self.rng)
        if too_heavy(drawn) is not None:
            return DrawAttempt(adapted, drawn)
        tail = heaviest_tail(drawn)
        trail = self._walk(drawn, STEPS if _easy(drawn, tail) else LONG_STEPS)
        covered = coverage(adapted.proposal, drawn, trail)
        return DrawAttempt(adapted, drawn, covered, trail, tail)

    def _walk(self, drawn: FrozenDraws, steps: int) -> ChainTrail:
        chains = walkers_for(self.limits.first, self.start.size)
        return walked(self.log_density, started(drawn, chains, self.rng), steps, self.rng)

    def _larger(self, last: DrawAttempt) -> DrawAttempt | None:
        """Return an attempt with more draws, or None."""
        if not last.settled:
            return self._settled(last)
        n = min(self._left(last), LARGER * last.drawn.log_ratio.size, self.limits.kept)
        if n < GAIN * last.drawn.log_ratio.size:
            return None
        proposal = braced(last.adapted.proposal, last.drawn, self.rng)
        return self._drawn(_from(last, proposal or last.adapted.proposal), n)

    def _settled(self, last: DrawAttempt) -> DrawAttempt:
        """Return an attempt from a proposal that had more time to adapt."""
        adapted = self._readapted(last)
        return self._drawn(adapted, self.limits.most - adapted.evaluations)

    def _readapted(self, last: DrawAttempt) -> Adapted:
        adapted = adapted_proposal(self.log_density, self.start, self._room(last), self.rng)
        return adapted._replace(evaluations=last.evaluations + adapted.evaluations)

    def _better(self, last: DrawAttempt) -> DrawAttempt | None:
        """Return an attempt with another proposal, or None."""
        if last.covered is not None:
            if not last.settled:
                return self._settled(last)
            proposal = reaching(last.adapted.proposal, last.trail, self.rng)
            return self._drawn(_from(last, proposal), self._room(last))
        if last.settled:
            proposal = braced(last.adapted.proposal, last.drawn, self.rng)
            if proposal is not None:
                return self._drawn(_from(last, proposal), self.limits.first)
        else:
            last = self._adapted_further(last)
            if self._left(last) < self._fitting() + self.limits.first:
                return self._drawn(last.adapted, self.limits.first)
        return self._fitted(last)

    def _room(self, last: DrawAttempt) -> int:
        return min(self._left(last), LARGER * self.limits.first)

    def _fitting(self) -> int:
        """Return what the chains cost that a proposal is fitted to."""
        return walkers_for(self.limits.first, self.start.size) * (LONG_STEPS + 1)

    def _adapted_further(self, last: DrawAttempt) -> DrawAttempt:
        adapted = self._readapted(last)
        n = self.limits.first // LARGER  # chains start there, nothing else is asked of these
        drawn = frozen_draws(self.log_density, adapted.proposal, n, self.rng)
        return DrawAttempt(adapted, drawn)

    def _fitted(self, last: DrawAttempt) -> DrawAttempt | None:
        """Return an attempt with a proposal fitted to chains from the last draws, or None."""
        left = self._left(last) - self._fitting()
        if last.drawn.weights is None or left < self.limits.first:
            return None
        trail = self._walk(last.drawn, LONG_STEPS)
        proposal = refitted(trail, self.start, self.rng)
        chains = float(trail.z.shape[1])
        adapted = _from(last, proposal, trail.evaluations)._replace(effective=chains)
        return self._drawn(adapted, min(left, LARGER * self.limits.first))


def _easy(drawn: FrozenDraws, tail: HeaviestTail) -> bool:
    """Return whether the weights are so even that few steps of chains will do to look at draws."""
    even = drawn.k <= EASY_K and drawn.effective >= EASY_SHARE * drawn.weights.size
    return even and tail.part.shape <= FINITE_VARIANCE


def _from(last: DrawAttempt, proposal: StudentMixture, further: int = 0) -> Adapted:
    return last.adapted._replace(proposal=proposal, evaluations=last.evaluations + further)


def _words(attempt: DrawAttempt) -> str:
    shares = ", ".join(f"{share:.3f}" for share in attempt.adapted.efficiency)
    drawn = attempt.drawn
    return (
        f"adapted in {attempt.adapted.evaluations} evaluations (effective shares {shares}), drew "
        f"{drawn.log_ratio.size}: {drawn.effective:.0f} effective, {attempt.reason or 'serves'}"
    )

"""The sides of a comparison with draws of another tool: theirs, weighted, and exact ones."""

import math

import numpy as np

from laplace_approx.comparison.intervals import (
    JUDGED,
    PROBABILITIES,
    STANDARD_ERRORS,
    places,
)
from laplace_approx.exact.marginal import ONE_SD
from laplace_approx.external.sentences import FEWEST_BEYOND
from laplace_approx.numerics.monte_carlo import (
    Smoothed,
    quantile_errors,
)
from laplace_approx.remedies.result import Answer
from laplace_approx.remedies.weighted import weighted_answer
from laplace_approx.verdict.classes import (
    GOOD,
    OPEN,
)

PLAIN, RESAMPLED, EXACT = "laplace", "importance", "exact"
RESAMPLES = 200  # of the bootstrap: its standard errors are then good to 5 %


class ExternalSides:
    """One quantity's quantiles: of the draws, of the weighted draws, and of the exact draws."""

    def __init__(self, values, smoothed: Smoothed, exact, seed: int):
        weights = None if smoothed.log_weights is None else np.exp(smoothed.log_weights)
        equal = np.full(values.size, 1 / values.size)
        self.answers = {
            PLAIN: weighted_answer(values, equal, PROBABILITIES),
            RESAMPLED: Answer(reason=smoothed.reason)
            if weights is None
            else weighted_answer(values, weights, PROBABILITIES),
        }
        if exact is not None:
            self.answers[EXACT] = _exact_answer(exact)
        self.reference = EXACT if exact is not None else RESAMPLED
        self._paired = None
        self.beyond = np.zeros(PROBABILITIES.size)
        if self.known(RESAMPLED):
            self.beyond = _effective_beyond(values, weights, self.answers[RESAMPLED].quantiles)
            if exact is None:
                self._paired = _paired_error(values, equal, weights, seed)
        self.scale, self.scale_error = _scale(self.answers[self.reference], exact is not None)

    def known(self, side: str) -> bool:
        return self.answers[side].quantiles is not None

    def quantiles(self, side: str):
        """Return the quantiles and their standard errors; NaN where there are none."""
        answer = self.answers.get(side, Answer())
        if answer.quantiles is None:
            nothing = np.full(PROBABILITIES.size, math.nan)
            return nothing, nothing
        return answer.quantiles, answer.quantile_errors

    def difference(self, side: str):
        """Return the distance of a side from the reference and its standard error, in SDs."""
        (value, error), (true, true_error) = self.quantiles(side), self.quantiles(self.reference)
        if side == self.reference:
            return np.zeros_like(value), true_error / self.scale
        combined = np.hypot(error, true_error) if self._paired is None else self._paired
        with np.errstate(invalid="ignore"):
            away = (value - true) / self.scale
            return away, np.hypot(combined, away * self.scale_error) / self.scale

    def doubted(self, level: float, state: str) -> str:
        """Return `state`, but open instead of good where few weighted draws lie beyond an end."""
        reached = np.all(self.beyond[places(level)] >= FEWEST_BEYOND)
        return OPEN if state == GOOD and not reached else state

    def exact_error(self) -> float | None:
        """Return the largest error of the judged ends of exact draws, two standard errors, in SDs;
        None where there are none, or it is not known."""
        _, errors = self.quantiles(EXACT)
        ends = [place for level in JUDGED for place in places(level)]
        largest = float(np.max(STANDARD_ERRORS * errors[ends] / self.scale))
        return largest if math.isfinite(largest) else None

    def excluded(self) -> dict:
        return {side: answer.excluded for side, answer in self.answers.items()}


def _exact_answer(values) -> Answer:
    """Return the quantiles of exact draws, which may be those of a Markov chain in order."""
    held = values[~np.isnan(values)]
    answer = weighted_answer(values, np.ones(values.size), PROBABILITIES)
    if answer.quantiles is None or not np.isfinite(held).all():
        return answer
    errors = quantile_errors(held[None, :], PROBABILITIES)
    return answer._replace(quantile_errors=np.fmax(errors, answer.quantile_errors))


def _scale(answer: Answer, exact: bool) -> tuple[float, float]:
    """Return the SD of exact draws with its standard error, or half the central 68.3 % interval.

    The second where there may be no SD, and for weighted draws: what lies in a tail that they do
    not reach is missing from their SD, and hardly moves the middle.
    """
    if answer.quantiles is None:
        return math.nan, math.nan
    if exact and answer.sd is not None and answer.sd > 0:
        return answer.sd, answer.sd_error
    tails = [1 - ONE_SD, ONE_SD]
    low, high = np.interp(tails, PROBABILITIES, answer.quantiles)
    errors = np.interp(tails, PROBABILITIES, answer.quantile_errors)
    return float(high - low) / 2 or math.nan, float(np.hypot(*errors)) / 2


def _effective_beyond(values, weights, quantiles):
    """Return (sum w)^2 / sum w^2 over the draws beyond each quantile, on the side of its tail.

    A quantile far out in a tail of q rests on the few draws there, however many there are in all;
    with fewer than `FEWEST_BEYOND` its standard error is as uncertain as itself.
    """
    sides = np.where(PROBABILITIES > 0.5, 1.0, -1.0)
    found = []
    for quantile, sign in zip(quantiles, sides, strict=True):
        held = weights[sign * values > sign * quantile]
        squares = np.sum(held**2)
        found.append(float(np.sum(held) ** 2 / squares) if squares > 0 else 0.0)
    return np.array(found)


def _paired_error(values, equal, weights, seed: int):
    """Return the standard error (m,) of the difference of plain and weighted quantiles.

    Both come from the same draws, so that most of their noise is shared: a bootstrap of the draws
    with their weights keeps what is not (Efron and Tibshirani 1993, chapter 6).
    """
    rng = np.random.default_rng([seed, 3])
    kept = ~np.isnan(values)
    order = np.argsort(values[kept], kind="stable")
    values, equal, weights = (part[kept][order] for part in (values, equal, weights))
    differences = [
        _sorted_quantiles(values, counts * equal) - _sorted_quantiles(values, counts * weights)
        for counts in (
            np.bincount(rng.integers(0, values.size, values.size), minlength=values.size)
            for _ in range(RESAMPLES)
        )
    ]
    with np.errstate(invalid="ignore"):
        return np.std(differences, axis=0, ddof=1)


def _sorted_quantiles(values, weights):
    """Return the quantiles of `weighted_quantiles` for values in rising order."""
    total = np.cumsum(weights)
    middle = (total - 0.5 * weights) / total[-1]
    held = weights > 0
    return np.interp(PROBABILITIES, middle[held], values[held])

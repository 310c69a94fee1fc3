"""Every remedy run on one case, each on as many draws as the tolerance asks for."""

import math
from dataclasses import replace

import numpy as np

from laplace_approx.comparison.intervals import JUDGED, PROBABILITIES, places
from laplace_approx.contained import contained
from laplace_approx.curvature.matrices import draws_within
from laplace_approx.normal.fit import Fit
from laplace_approx.remedies import COMPUTED, DRAWN, Question, Remedy
from laplace_approx.remedies.cost_limit import NO_LIMIT, CostLimit
from laplace_approx.remedies.moments import moments_of

FEWEST_DRAWS = 4000  # a remedy by draws begins with these
MOST_DRAWS = 64_000  # and takes no more than these


def run_remedies(
    fit: Fit, seed: int, largest_errors: dict, limit: CostLimit = NO_LIMIT
) -> dict[str, Remedy]:
    """Run every remedy, each on draws from the same seed; one that fails is refused, with why.

    Draws are made in the number that brings the Monte Carlo error of the ends of the 50 and 95 %
    intervals of each quantity down to its entry in `largest_errors`, 4000 at least and 64 000 at
    most (fewer in many dimensions: 128 MiB of numbers): the draws that find the number are made
    again, and only the last count as its cost. Those that compute keep to the `limit`.
    """
    question = Question(
        fit.density, fit.normal, fit.quantities(), PROBABILITIES, seed, FEWEST_DRAWS
    )
    found, most = {}, draws_within(MOST_DRAWS, question.size)
    for method, remedy in DRAWN.items():
        first = _attempted(method, remedy, question)
        n_draws = max(FEWEST_DRAWS, min(most, _draws_needed(first, largest_errors)))
        again = replace(question, n_draws=n_draws)
        found[method] = first if n_draws == FEWEST_DRAWS else _attempted(method, remedy, again)
    for method, remedy in COMPUTED.items():
        found[method] = _attempted(method, remedy, replace(question, limit=limit))
    return found


def _attempted(method: str, remedy, question: Question) -> Remedy:
    return contained(lambda: remedy(question), lambda reason: question.refused(method, reason))


def _draws_needed(remedy: Remedy, largest_errors: dict) -> int:
    """Return how many draws make the errors small enough: they fall as the square root."""
    ends = [place for level in JUDGED for place in places(level)]
    ratios = [
        float(np.max(answer.quantile_errors[ends])) / largest_errors[name]
        for name, answer in remedy.answers.items()
        if answer.quantile_errors is not None
    ]
    worst = max((ratio for ratio in ratios if math.isfinite(ratio)), default=0.0)
    wanted = FEWEST_DRAWS * max(1.0, worst) ** 2
    return int(min(MOST_DRAWS, math.ceil(wanted / FEWEST_DRAWS) * FEWEST_DRAWS))


def remedy_record(remedy: Remedy, grid: dict, modes) -> dict:
    """Return what a remedy says besides quantiles: moments, evidence, and details of its own.

    `grid` is the record of the exact side and `modes` what the search found: see `moments_of`."""
    return {
        "log_density_evaluations": remedy.log_density_evaluations,
        "log_evidence": remedy.log_evidence,
        "reason": remedy.reason,
        "details": remedy.details or {},
        "moments": moments_of(remedy, grid, modes),
    }

"""The posterior as weighted draws: the exact side where no grid can be one."""

import numpy as np

from laplace_approx.comparison.intervals import JUDGED_ENDS, STANDARD_ERRORS
from laplace_approx.comparison.sides import NoSide
from laplace_approx.comparison.unseen import moved_levels
from laplace_approx.exact.draw_quantiles import Estimates
from laplace_approx.exact.marginal import MIDDLE
from laplace_approx.reference.estimates import Replicated

WEIGHT, REPLICATE, LOG_RATIO = "weight", "replicate", "log_ratio"


class WeightedSide:
    """The posterior as importance draws: columns of quantities by name, and their `weight`.

    A quantity is NaN where its condition fails. Draws of the same `replicate` depend on each other;
    without that column all are independent. All errors are Monte Carlo standard errors, plus
    what modes that the draws do not reach can move: at most a share `unseen` of the mass, wherever
    it lies. An end beyond which hardly a draw lies is NaN, and so is its error.
    """

    def __init__(self, columns: dict, unseen: float = 0.0):
        self.columns, self.unseen = columns, unseen
        replicate = columns.get(REPLICATE)
        n = columns[WEIGHT].size
        self.blocks = n if replicate is None else int(replicate[-1]) + 1
        self._held: dict[str, Replicated] = {}

    def quantiles(self, name: str, probabilities) -> Estimates:
        """Return the quantiles of a quantity given its condition, with their errors."""
        p = np.asarray(probabilities, dtype=float)
        found = self._of(name).quantiles(p)
        if self.unseen == 0:
            return found
        ends = [self._of(name).quantiles(level).value for level in moved_levels(p, self.unseen)]
        moved = np.max([np.abs(end - found.value) for end in ends], axis=0)
        return Estimates(found.value, found.error + moved)

    def cdf(self, name: str, values) -> Estimates:
        """Return P(quantity <= value | condition), with its error."""
        cdf, error = self._of(name).cdf(values)
        return Estimates(cdf, error + self.unseen * np.maximum(cdf, 1 - cdf))

    def moved(self, name: str, values, errors):
        """Return what errors of values can move the CDF there by."""
        return 0.5 * (self.cdf(name, values + errors).value - self.cdf(name, values - errors).value)

    def excluded(self, name: str) -> float:
        """Return the mass where the condition of the quantity fails."""
        weight = self.columns[WEIGHT]
        return float(np.sum(weight[np.isnan(self.columns[name])]) / np.sum(weight))

    def scale(self, name: str) -> float:
        """Return half the central 68.3 % interval: the SD of a normal."""
        return self._of(name).spread(MIDDLE)[0] / 2

    def scale_error(self, name: str) -> float:
        """Return the standard error of the scale."""
        return self._of(name).spread(MIDDLE)[1] / 2

    def _of(self, name: str) -> Replicated:
        if name not in self._held:
            self._held[name] = Replicated(self.columns[name], self.columns[WEIGHT], self.blocks)
        return self._held[name]


def reference_side(columns: dict, record: dict) -> WeightedSide | NoSide:
    """Return the side of reference draws with their record; of none, no side."""
    return WeightedSide(columns, record["unseen_mass"]) if columns[WEIGHT].size else NoSide()


def errors_in_sd(side: WeightedSide, names) -> dict:
    """Return the largest error of the ends of the 50 and 95 % intervals in SDs, by quantity; None
    where it is not known."""
    found = {
        name: float(np.max(side.quantiles(name, JUDGED_ENDS).error / side.scale(name)))
        for name in names
    }
    return {name: error if np.isfinite(error) else None for name, error in found.items()}


def errors_within(errors: dict, tolerance: float) -> bool:
    """Return whether two standard errors of every quantity, as `errors_in_sd` has them, are within
    the tolerance; one that is not known is not."""
    return all(e is not None and STANDARD_ERRORS * e <= tolerance for e in errors.values())


COPIED = (
    *("kind", "serves", "reason", "pareto_k", "pareto_k_error", "effective_draws", "n_draws"),
    *("evaluations", "evaluations_alone", "evaluations_of_proof", "unseen_mass"),
)


def reference_in_short(record: dict) -> dict:
    """Return what a verdict repeats of the record of a reference."""
    return {key: record[key] for key in COPIED}

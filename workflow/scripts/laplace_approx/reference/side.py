"""The posterior as weighted draws: the exact side where no grid can be one."""

from functools import partial

import numpy as np

from laplace_approx.comparison.intervals import JUDGED_ENDS, STANDARD_ERRORS
from laplace_approx.comparison.sides import NoSide
from laplace_approx.comparison.unseen import moved_levels
from laplace_approx.exact.draw_quantiles import Estimates
from laplace_approx.exact.marginal import MIDDLE
from laplace_approx.reference.estimates import Replicated
from laplace_approx.reference.tails import Parts

WEIGHT, REPLICATE, LOG_RATIO = "weight", "replicate", "log_ratio"


class WeightedSide:
    """The posterior as importance draws: columns of quantities by name, and their `weight`.

    A quantity is NaN where its condition fails. Draws of the same `replicate` depend on each other;
    without that column all are independent. All errors are Monte Carlo standard errors, with
    what the draws may miss where weights are uneven (a share `unsure` of the mass, as an RMS error,
    below or above; `tails.py`), plus what modes that the draws do not reach can move: at most a
    share `unseen`, wherever it lies. An end beyond which hardly a draw lies, or only draws whose
    Pareto k is beyond its limit, is NaN, and so is its error.
    """

    def __init__(self, columns: dict, unseen: float = 0.0, unsure: float = 0.0):
        self.columns, self.unseen, self.unsure = columns, unseen, unsure
        replicate = columns.get(REPLICATE)
        n = columns[WEIGHT].size
        self.blocks = n if replicate is None else int(replicate[-1]) + 1
        self._held: dict[str, Replicated] = {}
        self._cut: dict[str, Parts] = {}

    def quantiles(self, name: str, probabilities) -> Estimates:
        """Return the quantiles of a quantity given its condition, with their errors."""
        p = np.asarray(probabilities, dtype=float)
        found = self._of(name).quantiles(p)
        if found.value.size:
            found = self._beside_uneven(name, p, found)
        if self.unseen == 0:
            return found
        return Estimates(found.value, found.error + self._away(name, p, found, (self.unseen,)))

    def cdf(self, name: str, values) -> Estimates:
        """Return P(quantity <= value | condition), with its error."""
        cdf, error = self._of(name).cdf(values)
        below, above = self._missed(name, cdf)
        error = np.hypot(error, np.maximum((1 - cdf) * below, cdf * above))
        return Estimates(cdf, error + self.unseen * np.maximum(cdf, 1 - cdf))

    def _beside_uneven(self, name: str, p, found: Estimates) -> Estimates:
        """Return quantiles with what the draws may miss on either side where weights are uneven;
        NaN where those of the part that an end cuts off are beyond their limit."""
        error = np.hypot(found.error, self._away(name, p, found, self._missed(name, p)))
        heavy = self._parts(name).heavy(p.ravel()).reshape(p.shape)
        return Estimates(*(np.where(heavy, np.nan, each) for each in (found.value, error)))

    def _away(self, name: str, p, found: Estimates, mass):
        """Return how far quantiles move with a mass beside the draws: that below and that above, or
        one wherever it is."""
        ends = [self._of(name).quantiles(level).value for level in moved_levels(p, *mass)]
        return np.max([np.abs(end - found.value) for end in ends], axis=0)

    def _missed(self, name: str, p):
        """Return the mass that may be missed below and above levels p, (2, *p.shape)."""
        if self.unsure == 0:
            return np.zeros((2, *np.shape(p)))
        levels = np.nan_to_num(np.ravel(p), nan=0.5)
        return self._parts(name).missed(levels, self.unsure).reshape(2, *np.shape(p))

    def _parts(self, name: str) -> Parts:
        if name not in self._cut:
            own, weight = self._of(name), self.columns[WEIGHT]
            with np.errstate(divide="ignore"):
                ratio = self.columns.get(LOG_RATIO, np.log(weight))[own.order]
            quantile = partial(np.interp, xp=own.middle, fp=own.values)
            self._cut[name] = Parts(own.values, ratio, quantile)
        return self._cut[name]

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
    if not columns[WEIGHT].size:
        return NoSide()
    return WeightedSide(columns, record["unseen_mass"], record["coverage"]["unsure"])


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

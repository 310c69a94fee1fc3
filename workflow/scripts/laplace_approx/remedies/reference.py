"""Importance draws as the exact side, where no grid can be one."""

import math

import numpy as np

from laplace_approx.comparison.sides import NoSide
from laplace_approx.comparison.unseen import MOST, moved_levels, unseen_mass
from laplace_approx.curvature.matrices import MOST_ON_DISK, draws_within
from laplace_approx.exact.draw_quantiles import Estimates
from laplace_approx.normal.fit import Fit
from laplace_approx.remedies.importance import importance_t4
from laplace_approx.remedies.weighted import weighted_answer, weighted_cdf

WEIGHT = "weight"
ONE_SD = np.array([0.5 * math.erfc(math.sqrt(0.5)), 1 - 0.5 * math.erfc(math.sqrt(0.5))])


class WeightedSide:
    """The posterior as importance draws: columns of quantities by name, and their `weight`.

    A quantity is NaN where its condition fails. All errors are Monte Carlo standard errors, plus
    what modes that the draws do not reach can move: at most a share `unseen` of the mass, wherever
    it lies.
    """

    def __init__(self, columns: dict, unseen: float = 0.0):
        self.columns, self.unseen = columns, unseen

    def quantiles(self, name: str, probabilities) -> Estimates:
        """Return the quantiles of a quantity given its condition, with their errors."""
        p = np.asarray(probabilities, dtype=float)
        levels = [p, *moved_levels(p, self.unseen)] if self.unseen > 0 else [p]
        values, weights = self.columns[name], self.columns[WEIGHT]
        answer = weighted_answer(values, weights, np.concatenate(levels))
        if answer.quantiles is None:
            return Estimates(np.full(p.shape, math.nan), np.full(p.shape, math.nan))
        found, *ends = answer.quantiles.reshape(-1, p.size)
        moved = np.max([np.zeros(p.shape), *(np.abs(end - found) for end in ends)], axis=0)
        return Estimates(found, answer.quantile_errors[: p.size] + moved)

    def cdf(self, name: str, values) -> Estimates:
        """Return P(quantity <= value | condition), with its error."""
        cdf, error = weighted_cdf(self.columns[name], self.columns[WEIGHT], values)
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
        low, high = self.quantiles(name, ONE_SD).value
        return float(high - low) / 2


N_DRAWS = 64_000  # the Monte Carlo error of a 97.5 % quantile is then about 0.01 SD
LARGEST_K = 0.5  # below it the variance of the weights is finite (Vehtari et al. 2024)


def reference_draws(fit: Fit | None, names, grid_record: dict, seed: int) -> tuple[dict, dict]:
    """Return (weighted draws as columns, their record) of the quantities.

    The proposal is a Student t with four degrees of freedom at the mode. The draws serve only
    where there is no grid, other modes that the search found hold next to nothing (`unseen_mass`,
    a bound that the errors count), and Pareto k is below 0.5; else the columns are empty and the
    record's `reason` says why. They cannot see a mode that the search did not find.
    """
    unseen = None if fit is None else unseen_mass(fit.modes)
    reason = _why_not(fit, unseen, grid_record)
    if reason:
        return no_reference(names, reason, unseen)
    rng = np.random.default_rng([seed, 1])  # not the draws of the remedies that are held to it
    n_draws = draws_within(N_DRAWS, len(names), MOST_ON_DISK)
    found = importance_t4(fit.density, fit.normal, {}, [], rng, n_draws)
    k = (found.details or {}).get("pareto_k")
    text = _too_heavy(found, k)
    if text:
        return _no_draws(names), _record(0, text, unseen, k)
    columns = {name: quantity(found.z) for name, quantity in fit.quantities().items()}
    return {**columns, WEIGHT: np.exp(found.log_weights)}, _record(n_draws, None, unseen, k)


def no_reference(names, reason: str, unseen: float | None = None) -> tuple[dict, dict]:
    """Return the columns and the record of reference draws that there are not."""
    return _no_draws(names), _record(0, reason, unseen)


def _too_heavy(found, k: float | None) -> str | None:
    """Return why the weights cannot be relied on, or None where they can."""
    if found.reason:
        return found.reason
    if k is None and found.details["trusted"]:
        return None  # all weights are equal: the posterior is the proposal, and has no k
    if k is not None and k < LARGEST_K:
        return None
    shown = f"not known: {found.details['pareto_reason']}" if k is None else f"{k:.2f}"
    return f"the Pareto k of the draws is {shown}; it must be below {LARGEST_K}"


def _why_not(fit, unseen: float | None, grid_record) -> str | None:
    if grid_record["status"] == "ok":
        return "the grid is the exact side"
    if fit is None:
        return "there is no normal to draw about"
    if not unseen <= MOST:
        return (
            f"the search found {len(fit.modes)} modes, the draws are about one of them, and the "
            f"others may hold {unseen:.2g} of the mass; the limit is {MOST:g}"
        )
    return None


def _record(n_draws: int, reason: str | None, unseen: float | None, k: float | None = None) -> dict:
    serves = {"serves": n_draws > 0, "reason": reason}
    return {**serves, "pareto_k": k, "n_draws": n_draws, "unseen_mass": unseen}


def _no_draws(names) -> dict:
    return {name: np.empty(0) for name in (*names, WEIGHT)}


def reference_side(columns: dict, record: dict) -> WeightedSide | NoSide:
    """Return the side of reference draws with their record; of none, no side."""
    return WeightedSide(columns, record["unseen_mass"]) if columns[WEIGHT].size else NoSide()

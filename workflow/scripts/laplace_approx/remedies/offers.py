"""What each method offers: its quantiles of all quantities, their errors, and what they cost."""

import math
from typing import NamedTuple

import numpy as np

from laplace_approx.chains.step import BROUGHT, NUTS
from laplace_approx.comparison.intervals import PROBABILITIES
from laplace_approx.curvature.matrices import draws_within
from laplace_approx.normal.cost import UNKNOWN, Cost
from laplace_approx.normal.fit import Fit
from laplace_approx.remedies.result import Answer, Remedy
from laplace_approx.remedies.truth import Truth
from laplace_approx.remedies.weighted import weighted_answer

REFERENCE_DRAWS = "adapted_draws"  # the name of the exact side's own draws as a method
EXACT_SIDES = ("grid", REFERENCE_DRAWS, BROUGHT, NUTS)  # as methods: their values are exact
NOT_RELIED_ON = (
    "the verdict does not rest on the grid: modes outside of it hold too much, or it is not known "
    "what does"
)
LAPLACE_DRAWS = 64_000  # of a derived quantity in many dimensions, which has no closed form


class Offer(NamedTuple):
    """What a method says of all quantities.

    `values` and `errors` map each quantity to arrays over `PROBABILITIES`; `reasons` says why one
    has none or is not to be `trusted`. `cost` is that of the method with all that it `starts_from`:
    the normal of the case ("laplace"), the normals of all spaces ("spaces"), or "nothing".
    """

    method: str
    values: dict
    errors: dict
    reasons: dict
    trusted: dict
    cost: Cost
    starts_from: str


def laplace_offer(method: str, side, names, fit: Fit | None, cost: Cost, reason=None) -> Offer:
    """Return what the normal in a space says; without one (declined), the reason why.

    A derived quantity in more dimensions than a lattice can serve is taken from draws.
    """
    if fit is None:
        return no_offer(method, names, reason, cost, "nothing")
    found = {name: side.quantiles(name, PROBABILITIES) for name in names}
    for name in (name for name in names if name not in fit.model.parameters):
        if np.isnan(found[name].value).all():
            found[name] = _from_draws(fit, name)
    values = {name: each.value for name, each in found.items()}
    reasons = {
        name: "the interval reaches beyond the support" if np.isnan(value).any() else None
        for name, value in values.items()
    }
    errors = {name: each.error for name, each in found.items()}
    trusted = dict.fromkeys(names, True)
    return Offer(method, values, errors, reasons, trusted, cost, "nothing")


def _from_draws(fit: Fit, name: str):
    from laplace_approx.exact.draw_quantiles import Estimates

    n_draws = draws_within(LAPLACE_DRAWS, fit.normal.mean.size)
    z = fit.normal.draw(np.random.default_rng(0), n_draws)
    answer = weighted_answer(fit.quantities()[name](z), np.ones(n_draws), PROBABILITIES)
    if answer.quantiles is None:
        return Estimates(*np.full((2, PROBABILITIES.size), math.nan))
    return Estimates(answer.quantiles, answer.quantile_errors)


def grid_offer(truth: Truth, record: dict) -> Offer:
    """Return what the grid says; nothing where it is there and the verdict rests on another."""
    names = tuple(truth.quantiles)
    if record["status"] != "ok":
        return no_offer("grid", names, " ".join(record["reasons"]), UNKNOWN, "nothing")
    if truth.rests_on != "grid":
        return no_offer("grid", names, NOT_RELIED_ON, _stated(record), "nothing")
    return Offer(
        "grid",
        {name: each.value for name, each in truth.quantiles.items()},
        {name: each.error for name, each in truth.quantiles.items()},
        {
            name: "the quantity is nowhere defined" if np.isnan(each.value).any() else None
            for name, each in truth.quantiles.items()
        },
        dict.fromkeys(names, True),
        _stated(record),
        "nothing",
    )


def _stated(record: dict) -> Cost:
    return Cost(float(record["evaluations_alone"]), float(record["evaluations_of_proof"]))


def reference_offer(truth: Truth, record: dict) -> Offer:
    """Return what the adapted draws say where they are the exact side, given their record.

    They cost what adapting and drawing took, and the normals of all spaces that they start from.
    """
    return _own_offer(REFERENCE_DRAWS, truth, _stated(record), "spaces")


def chains_offer(method: str, truth: Truth) -> Offer:
    """Return what draws of chains say where they are the exact side: they are at hand already.

    What it cost to make them is not known, and they start from no normal.
    """
    return _own_offer(method, truth, UNKNOWN, "nothing")


def _own_offer(method: str, truth: Truth, cost: Cost, starts_from: str) -> Offer:
    reasons = {
        name: "too few effective draws lie beyond an end" if np.isnan(each.value).any() else None
        for name, each in truth.quantiles.items()
    }
    return Offer(
        method,
        {name: each.value for name, each in truth.quantiles.items()},
        {name: each.error for name, each in truth.quantiles.items()},
        reasons,
        {name: not np.isnan(each.value).all() for name, each in truth.quantiles.items()},
        cost,
        starts_from,
    )


def no_offer(method, names, reason, cost: Cost, starts_from) -> Offer:
    """Return what a method says that says nothing, for this reason."""
    nothing = {name: np.full(PROBABILITIES.shape, math.nan) for name in names}
    reasons, trusted = dict.fromkeys(names, reason), dict.fromkeys(names, False)
    return Offer(method, nothing, nothing, reasons, trusted, cost, starts_from)


def remedy_offer(remedy: Remedy, normal: Cost) -> Offer:
    """Return the quantiles of a remedy, which costs what the `normal` does and more; importance
    draws say themselves if they are trusted."""
    trusted = (remedy.details or {}).get("trusted", True)
    names = tuple(remedy.answers)
    return Offer(
        remedy.method,
        {name: _or_nan(remedy.answers[name].quantiles) for name in names},
        {name: _or_nan(remedy.answers[name].quantile_errors) for name in names},
        {name: _reason(remedy.answers[name], trusted) for name in names},
        {name: trusted and remedy.answers[name].quantiles is not None for name in names},
        normal.with_further(remedy.log_density_evaluations),
        "laplace",
    )


def _or_nan(values):
    return np.full(PROBABILITIES.shape, math.nan) if values is None else np.asarray(values)


def _reason(answer: Answer, trusted: bool) -> str | None:
    """Return what is wrong with the quantiles of an answer; of its moments nothing is said."""
    complete = answer.quantiles is not None and not np.isnan(answer.quantiles).any()
    return None if trusted and complete else answer.reason

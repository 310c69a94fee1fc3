"""Every remedy run on one case: its quantiles, their errors, what they cost, as tidy rows."""

import math
from typing import NamedTuple

import numpy as np

from laplace_approx.comparison.intervals import JUDGED, PROBABILITIES, places
from laplace_approx.contained import contained
from laplace_approx.curvature.matrices import draws_within
from laplace_approx.normal.fit import Fit
from laplace_approx.reference.side import WeightedSide
from laplace_approx.remedies import COMPUTED, DRAWN, Answer, Remedy
from laplace_approx.remedies.moments import moments_of
from laplace_approx.remedies.result import refused
from laplace_approx.remedies.weighted import weighted_answer

REFERENCE_DRAWS = "adapted_draws"  # the name of the exact side's own draws as a method
FEWEST_DRAWS = 4000  # a remedy by draws begins with these
MOST_DRAWS = 64_000  # and takes no more than these
LAPLACE_DRAWS = 64_000  # of a derived quantity in many dimensions, which has no closed form
UNMEASURED = "how far off it is was not measured: there is no exact side to hold it against"
UNRELIABLE = "how far off it is was not measured: the exact side is not to be relied on."


class Offer(NamedTuple):
    """What a method says of all quantities.

    `values` and `errors` map each quantity to arrays over `PROBABILITIES`; `reasons` says why one
    has none or is not to be `trusted`. `evaluations` are those of the method itself: beyond the
    mode and curvature at hand where it `starts_from` "laplace", all of them otherwise.
    """

    method: str
    values: dict
    errors: dict
    reasons: dict
    trusted: dict
    evaluations: float
    starts_from: str


class Truth(NamedTuple):
    """What the exact side says of each quantity: its quantiles at `PROBABILITIES`, its scale, and
    the error of that (0 for a grid, whose scale is as good as its quantiles).

    `faults` are sentences about a side that is there and not to be relied on."""

    quantiles: dict
    scale: dict
    scale_error: dict
    faults: tuple[str, ...] = ()


def truth_of(side, names, faults=()) -> Truth:
    """Ask an exact side once for all that the table needs of it."""
    return Truth(
        {name: side.quantiles(name, PROBABILITIES) for name in names},
        {name: side.scale(name) for name in names},
        {name: _scale_error(side, name) for name in names},
        faults,
    )


def _scale_error(side, name: str) -> float:
    return side.scale_error(name) if isinstance(side, WeightedSide) else 0.0


def laplace_offer(method: str, side, names, fit: Fit | None, evaluations, reason=None) -> Offer:
    """Return what the normal in a space says; without one (declined), the reason why.

    A derived quantity in more dimensions than a lattice can serve is taken from draws.
    """
    if fit is None:
        return no_offer(method, names, reason, evaluations, "nothing")
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
    return Offer(method, values, errors, reasons, trusted, evaluations, "nothing")


def _from_draws(fit: Fit, name: str):
    from laplace_approx.exact.draw_quantiles import Estimates

    n_draws = draws_within(LAPLACE_DRAWS, fit.normal.mean.size)
    z = fit.normal.draw(np.random.default_rng(0), n_draws)
    answer = weighted_answer(fit.quantities()[name](z), np.ones(n_draws), PROBABILITIES)
    if answer.quantiles is None:
        return Estimates(*np.full((2, PROBABILITIES.size), math.nan))
    return Estimates(answer.quantiles, answer.quantile_errors)


def grid_offer(truth: Truth, record: dict) -> Offer:
    """Return what the grid says; it costs every evaluation that was made to lay it."""
    names = tuple(truth.quantiles)
    if record["status"] != "ok":
        return no_offer("grid", names, " ".join(record["reasons"]), math.nan, "nothing")
    return Offer(
        "grid",
        {name: each.value for name, each in truth.quantiles.items()},
        {name: each.error for name, each in truth.quantiles.items()},
        {
            name: "the quantity is nowhere defined" if np.isnan(each.value).any() else None
            for name, each in truth.quantiles.items()
        },
        dict.fromkeys(names, True),
        float(record["n_evaluations"]),
        "nothing",
    )


def reference_offer(truth: Truth, evaluations: int) -> Offer:
    """Return what the adapted draws say where they are the exact side: they are at hand already.

    They cost what adapting and drawing took, beyond the normals that they start from.
    """
    return _own_offer(REFERENCE_DRAWS, truth, float(evaluations), "laplace")


def chains_offer(method: str, truth: Truth) -> Offer:
    """Return what draws of chains say where they are the exact side: they are at hand already.

    What it cost to make them is not known.
    """
    return _own_offer(method, truth, math.nan, "nothing")


def _own_offer(method: str, truth: Truth, evaluations: float, starts_from: str) -> Offer:
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
        evaluations,
        starts_from,
    )


def no_offer(method, names, reason, evaluations, starts_from) -> Offer:
    """Return what a method says that says nothing, for this reason."""
    nothing = {name: np.full(PROBABILITIES.shape, math.nan) for name in names}
    reasons, trusted = dict.fromkeys(names, reason), dict.fromkeys(names, False)
    return Offer(method, nothing, nothing, reasons, trusted, evaluations, starts_from)


def run_remedies(fit: Fit, seed: int, largest_errors: dict) -> dict[str, Remedy]:
    """Run every remedy, each on draws from the same seed; one that fails is refused, with why.

    Draws are made in the number that brings the Monte Carlo error of the ends of the 50 and 95 %
    intervals of each quantity down to its entry in `largest_errors`, 4000 at least and 64 000 at
    most (fewer in many dimensions: 128 MiB of numbers): the draws that find the number are made
    again, and only the last count as its cost.
    """
    quantities = fit.quantities()
    common = (fit.density, fit.normal, quantities, PROBABILITIES)

    def attempted(method, run):
        return contained(run, lambda reason: refused(method, quantities, reason))

    def drawn(method, n_draws):
        rng = np.random.default_rng(seed)
        return attempted(method, lambda: DRAWN[method](*common, rng, n_draws))

    found, most = {}, draws_within(MOST_DRAWS, fit.normal.mean.size)
    for method in DRAWN:
        first = drawn(method, FEWEST_DRAWS)
        n_draws = max(FEWEST_DRAWS, min(most, _draws_needed(first, largest_errors)))
        found[method] = first if n_draws == FEWEST_DRAWS else drawn(method, n_draws)
    for method, remedy in COMPUTED.items():
        found[method] = attempted(method, lambda remedy=remedy: remedy(*common))
    return found


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


def remedy_offer(remedy: Remedy) -> Offer:
    """Return the quantiles of a remedy; importance draws say themselves if they are trusted."""
    trusted = (remedy.details or {}).get("trusted", True)
    names = tuple(remedy.answers)
    return Offer(
        remedy.method,
        {name: _or_nan(remedy.answers[name].quantiles) for name in names},
        {name: _or_nan(remedy.answers[name].quantile_errors) for name in names},
        {name: _reason(remedy.answers[name], trusted) for name in names},
        {name: trusted and remedy.answers[name].quantiles is not None for name in names},
        float(remedy.log_density_evaluations),
        "laplace",
    )


def _or_nan(values):
    return np.full(PROBABILITIES.shape, math.nan) if values is None else np.asarray(values)


def _reason(answer: Answer, trusted: bool) -> str | None:
    """Return what is wrong with the quantiles of an answer; of its moments nothing is said."""
    complete = answer.quantiles is not None and not np.isnan(answer.quantiles).any()
    return None if trusted and complete else answer.reason


def remedy_table(offers: list[Offer], truth: Truth) -> dict:
    """Return all offers as tidy columns, one row a method, quantity and probability.

    `error_sd` is (value - exact) / scale_sd; the exact side has an error of its own
    (`exact_error`), and so has `scale_sd` (`scale_error`); all are NaN where there is no exact
    side. `value_error` is the method's own: Monte Carlo or numerical, and says nothing of its bias.
    So a value is `trusted` where `error_sd` says how far off it is, and the method does not say
    itself that it is not to be.
    """
    rows = []
    for name, exact in truth.quantiles.items():
        scale = truth.scale[name]
        for offer in offers:
            error = (offer.values[name] - exact.value) / scale
            fixed = (offer.method, offer.starts_from, offer.evaluations, name)
            judged = zip(
                *(PROBABILITIES, offer.values[name], offer.errors[name]),
                *(exact.value, exact.error, error),
                strict=True,
            )
            measured = np.isfinite(error) & np.isfinite(exact.error)
            said = (scale, truth.scale_error[name], *_trust(offer, name, measured, truth.faults))
            rows += [(*fixed, *map(float, each), *said) for each in judged]
    columns = dict(zip(COLUMNS, zip(*rows, strict=True), strict=True))
    return {
        name: np.array(values, dtype=float) if name in NUMBERS else list(values)
        for name, values in columns.items()
    }


def _trust(offer: Offer, name: str, measured, faults) -> tuple[bool, str | None]:
    """Return whether what a method says of a quantity is trusted, and the reason beside it.

    `measured` (m,) is where its error is known. Without an exact side that can be relied on, no
    method is: a Monte Carlo error is none of its bias, nor the change when nodes are left out.
    """
    reason, known = offer.reasons[name], ~np.isnan(offer.values[name])
    if not (offer.trusted[name] and known.any()) or (measured[known].all() and not faults):
        return offer.trusted[name], reason
    doubt = " ".join((UNRELIABLE, *faults)) if faults else UNMEASURED
    return False, doubt if reason is None else f"{reason}; {doubt}"


NUMBERS = (
    *("log_density_evaluations", "probability", "value", "value_error"),
    *("exact", "exact_error", "error_sd", "scale_sd", "scale_error"),
)
COLUMNS = (
    *("method", "starts_from", "log_density_evaluations", "quantity", "probability", "value"),
    *("value_error", "exact", "exact_error", "error_sd", "scale_sd", "scale_error", "trusted"),
    "reason",
)


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

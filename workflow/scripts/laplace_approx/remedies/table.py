"""All methods on one case as tidy rows: their quantiles, their errors, what they cost."""

import numpy as np

from laplace_approx.comparison.intervals import JUDGED_PLACES, PROBABILITIES
from laplace_approx.remedies.offers import EXACT_SIDES, Offer
from laplace_approx.remedies.truth import Truth

UNMEASURED = "how far off it is was not measured: there is no exact side to hold it against"
UNRELIABLE = "how far off it is was not measured: the exact side is not to be relied on."


COLUMNS = (
    *("method", "starts_from", "evaluations_alone", "evaluations_of_proof", "quantity"),
    *("probability", "value", "value_error", "numerical_error"),
    *("method_error", "method_error_error", "rests_on"),
    *("exact", "exact_error", "error_sd", "scale_sd", "scale_error", "trusted", "reason"),
)
WORDS = ("method", "starts_from", "quantity", "rests_on", "trusted", "reason")  # the rest: numbers


def remedy_table(offers: list[Offer], truth: Truth) -> dict:
    """Return all offers as tidy columns, one row a method, quantity and probability.

    A value has two errors. `numerical_error` is what draws or nodes cost: Monte Carlo or numerical,
    as the method says itself (`value_error` is its older name); it knows nothing of the method's
    bias. `method_error` is |value - exact|, measured against what `rests_on` names, and known to
    within `method_error_error`, the numerical error and that of the exact side; both are NaN, not
    known, without an exact side that can be relied on. `error_sd` is (value - exact) / scale_sd;
    `exact` and `scale_sd` have the errors `exact_error` and `scale_error`. A value is `trusted`
    where the method error is known at the ends that are judged, and the method does not say itself
    that it is not to be: farther out, draws that are enough for these may say nothing.
    """
    pairs = [(offer, name) for name in truth.quantiles for offer in offers]
    parts = [_rows(offer, name, truth) for offer, name in pairs]
    columns = {}
    for key in COLUMNS:
        whole = np.concatenate([np.broadcast_to(part[key], PROBABILITIES.shape) for part in parts])
        columns[key] = whole.tolist() if key in WORDS else whole.astype(float)
    return columns


def _rows(offer: Offer, name: str, truth: Truth) -> dict:
    """Return the columns of one method and quantity, as arrays over the probabilities or as what
    is the same for all."""
    exact, scale = truth.quantiles[name], truth.scale[name]
    value, numerical = offer.values[name], offer.errors[name]
    error = (value - exact.value) / scale
    measured = np.isfinite(error) & np.isfinite(exact.error) & (not truth.faults)
    # the exact side's own values have but one error, which is both
    known_to = exact.error + (0.0 if offer.method in EXACT_SIDES else numerical)
    trusted, reason = _trust(offer, name, measured, truth.faults)
    return {
        "method": offer.method,
        "starts_from": offer.starts_from,
        "evaluations_alone": offer.cost.alone,
        "evaluations_of_proof": offer.cost.proof,
        "quantity": name,
        "probability": PROBABILITIES,
        "value": value,
        "value_error": numerical,
        "numerical_error": numerical,
        "method_error": np.where(measured, np.abs(value - exact.value), np.nan),
        "method_error_error": np.where(measured, known_to, np.nan),
        "rests_on": truth.rests_on,
        "exact": exact.value,
        "exact_error": exact.error,
        "error_sd": error,
        "scale_sd": scale,
        "scale_error": truth.scale_error[name],
        "trusted": trusted,
        "reason": np.array(reason, dtype=object),
    }


def _trust(offer: Offer, name: str, measured, faults) -> tuple[bool, str | None]:
    """Return whether what a method says of a quantity is trusted, and the reason beside it.

    `measured` (m,) is where its error is known; it must be at the ends that are judged. Without an
    exact side that can be relied on, no method is trusted: a Monte Carlo error is none of its bias,
    nor the change when nodes are left out.
    """
    reason, known = offer.reasons[name], ~np.isnan(offer.values[name])
    owed = known[JUDGED_PLACES]
    if not (offer.trusted[name] and known.any()):
        return offer.trusted[name], reason
    if owed.any() and measured[JUDGED_PLACES][owed].all():
        return offer.trusted[name], reason
    doubt = " ".join((UNRELIABLE, *faults)) if faults else UNMEASURED
    return False, doubt if reason is None else f"{reason}; {doubt}"

"""All methods on one case as tidy rows: their quantiles, their errors, what they cost."""

import numpy as np

from laplace_approx.comparison.intervals import PROBABILITIES
from laplace_approx.remedies.offers import Offer
from laplace_approx.remedies.truth import Truth

UNMEASURED = "how far off it is was not measured: there is no exact side to hold it against"
UNRELIABLE = "how far off it is was not measured: the exact side is not to be relied on."


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
            fixed = (offer.method, offer.starts_from, *offer.cost, name)
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
    *("evaluations_alone", "evaluations_of_proof", "probability", "value", "value_error"),
    *("exact", "exact_error", "error_sd", "scale_sd", "scale_error"),
)
COLUMNS = (
    *("method", "starts_from", "evaluations_alone", "evaluations_of_proof", "quantity"),
    *(
        "probability",
        "value",
        "value_error",
        "exact",
        "exact_error",
        "error_sd",
        "scale_sd",
        "scale_error",
        "trusted",
    ),
    "reason",
)

"""A verdict in a few words, for a line of a table: what it rests on, and why it is no better."""

import math

from laplace_approx.words.numbers import or_nan

RESTS_ON = {
    "grid": "grid",
    "importance": "adapted draws",
    "brought_draws": "brought draws",
    "nuts": "NUTS",
    "none": "nothing",
}
# why a case is declined, one entry for each of `errors.REASONS`
DECLINED = {
    "separation": "the data separate, and the likelihood rises for ever",
    "improper": "the posterior is improper",
    "not_converged": "no mode was found",
    "mode_on_boundary": "the maximum is on a bound",
    "singular_hessian": "no curvature along some direction at the mode",
    "indefinite_hessian": "the curvature at the mode has the wrong sign",
    "non_smooth_mode": "the log density is not smooth at its maximum",
    "nondeterministic_density": "the log density changes from call to call",
    "gradient_check_failed": "the derivatives of the model are not those of its log density",
    "model_contract_violation": "a function of the model breaks its contract",
}
MOST_WORDS = 100  # letters of a reason that is cut off: a line of a terminal holds no more


def short_reason(verdict: dict, quantity: str) -> str | None:
    """Return why a quantity of a case, from the record of its verdict, is declined or left to a
    sampler; None where the normal or a remedy serves."""
    judged = verdict["quantities"][quantity]
    if verdict.get("reason") == "model_contract_violation":  # one name for many faults
        return _first_clause([verdict["message"]])
    if judged["verdict"] == "declined":
        return DECLINED.get(verdict["reason"], verdict["reason"])
    if judged["verdict"] != "sample":
        return None
    exact = verdict["exact"]
    if exact["kind"] == "none":
        return f"no exact side: {_first_clause(exact['faults'][-1:])}"
    if exact["faults"]:
        return f"the exact side is not relied on: {_first_clause(exact['faults'])}"
    return _by_numbers(judged["endpoint_error_sd"]["95"], verdict["tolerance"])


def _by_numbers(found: dict, tolerance: float) -> str:
    off, own = or_nan(found["value"]), or_nan(found["error"])
    if not math.isfinite(off):
        return "an end of the interval is beyond the support, or is not known"
    if not math.isfinite(own):
        return "the error of the exact side is not known"
    if own > tolerance and off - own <= tolerance:
        return f"known only to within {own:.2g}, and the tolerance is {tolerance:g}"
    return f"off by {off:.2g}, and nothing tried is known to be within {tolerance:g}"


def _first_clause(faults) -> str:
    """Return the first clause of the first fault, without the words about which side it is of."""
    text = next(iter(faults), "nothing is known of it").strip()
    head, _, rest = text.partition(": ")
    if rest and "cannot" in head:
        text = rest
    for end in (". ", "; ", ": "):
        text = text.partition(end)[0]
    text = text.removesuffix(".")
    return text if len(text) <= MOST_WORDS else f"{text[: MOST_WORDS - 4].rstrip()} ..."

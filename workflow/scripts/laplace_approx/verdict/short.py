"""A verdict in a few words, for a line of a table: what it rests on, and why it is no better."""

import math
import re

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
MOST_LETTERS = 100  # of a reason that is cut off: a line of a terminal holds no more
MOST_DIGITS = 6  # of a distance that is told to exceed the tolerance, as many as show that
# up to where a clause ends; the colon between what was raised and its cause ends none
FIRST_CLAUSE = re.compile(r"(?:\braised [\w.]+: |(?!\. |; |: ).)*", re.DOTALL)


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
    return _by_numbers(judged["endpoint_error_sd"], verdict["tolerance"])


def _by_numbers(errors: dict, tolerance: float) -> str:
    """Return why the normal does not serve, from what the ends of its intervals are off by: the
    first that holds of a level, the worst fault first, and of the levels the one that is farthest
    off or the least known."""
    levels = {
        level: (or_nan(found["value"]), or_nan(found["error"])) for level, found in errors.items()
    }
    known = {level: pair for level, pair in levels.items() if all(map(math.isfinite, pair))}
    beyond = {level: off for level, (off, own) in known.items() if off - own > tolerance}
    if beyond:
        level = max(beyond, key=beyond.get)
        return (
            f"off by {_above(beyond[level], tolerance)} at the {level} % interval, and nothing "
            f"tried is known to be within {tolerance:g}"
        )
    for level, (off, _) in levels.items():
        if not math.isfinite(off):
            return f"an end of the {level} % interval is beyond the support, or is not known"
    for level in levels:
        if level not in known:
            return f"the error of the exact side is not known at the {level} % interval"
    unsure = {level: own for level, (off, own) in known.items() if off + own > tolerance}
    if not unsure:
        return f"its ends are within {tolerance:g}, and it is not relied on all the same"
    level = max(unsure, key=unsure.get)
    return (
        f"known only to within {unsure[level]:.2g} at the {level} % interval, where it is off by "
        f"{known[level][0]:.2g}, and the tolerance is {tolerance:g}"
    )


def _above(value: float, limit: float) -> str:
    """Return a number above a limit with two digits, or as many as show that it is above."""
    shown = (f"{value:.{digits}g}" for digits in range(2, MOST_DIGITS))
    return next((text for text in shown if float(text) > limit), f"{value:.{MOST_DIGITS}g}")


def _first_clause(faults) -> str:
    """Return the first clause of the first fault, without the words about which side it is of."""
    text = next(iter(faults), "nothing is known of it").strip()
    head, _, rest = text.partition(": ")
    if rest and "cannot" in head:
        text = rest
    text = FIRST_CLAUSE.match(text)[0].removesuffix(".")
    return text if len(text) <= MOST_LETTERS else f"{text[: MOST_LETTERS - 4].rstrip()} ..."

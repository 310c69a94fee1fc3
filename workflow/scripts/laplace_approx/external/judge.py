"""The verdict on draws that another tool made from its normal, with its two log densities.

All that is known are draws x_i from q with log p(x_i) and log q(x_i), each up to a constant, and
perhaps draws from p itself. Without those, the reference is p seen through the draws: weights
p / q, Pareto smoothed (Vehtari et al. 2024). Every comparison is one of two Monte Carlo numbers; a
verdict is given only where two standard errors allow it.
"""

import math
from typing import NamedTuple

import numpy as np

from laplace_approx.comparison.intervals import (
    JUDGED,
    PROBABILITIES,
    STANDARD_ERRORS,
    percent,
    places,
)
from laplace_approx.comparison.signals import (
    ProbedDraws,
    effective_sample_size,
    pareto_k,
    signal_as_record,
)
from laplace_approx.external.sentences import Judgement, sentence
from laplace_approx.external.sides import EXACT, PLAIN, RESAMPLED, ExternalSides
from laplace_approx.numerics.monte_carlo import (
    TRUSTED_K,
    Smoothed,
    pareto_smoothed,
)
from laplace_approx.verdict.classes import (
    BAD,
    GOOD,
    OPEN,
    possible,
    state,
    worst,
)

ROUGH = "rough"  # draws that were given as exact, and are so to less than the tolerance


class ExternalDraws(NamedTuple):
    """Draws (n,) of each quantity with both log densities; `exact` holds draws from p, or None."""

    quantities: dict[str, np.ndarray]
    log_p: np.ndarray
    log_q: np.ndarray
    exact: dict[str, np.ndarray] | None


class External(NamedTuple):
    """The verdict as a record, and the columns of the table of quantiles."""

    record: dict
    table: dict


def judge(draws: ExternalDraws, tolerance: float, seed: int) -> External:
    """Return the verdict on every quantity.

    `seed` seeds the bootstrap of the difference of two quantiles of the same draws. Infinite and
    huge values are somebody else's: what has no number for them comes out as NaN.
    """
    with np.errstate(all="ignore"):
        return _judged(draws, tolerance, seed)


def _judged(draws: ExternalDraws, tolerance: float, seed: int) -> External:
    log_p = np.where(np.isnan(draws.log_p), -np.inf, draws.log_p)
    log_weights = log_p - draws.log_q
    smoothed = pareto_smoothed(log_weights)
    signals = _signals(log_p, draws.log_q)
    trust = _trust(smoothed, signals["pareto_k"]["error"])
    sides = {
        name: ExternalSides(values, smoothed, (draws.exact or {}).get(name), seed)
        for name, values in draws.quantities.items()
    }
    quantities = {name: _verdict(name, each, trust, tolerance) for name, each in sides.items()}
    record = {
        "n_draws": log_weights.size,
        "without_density": int(np.sum(log_weights == -np.inf)),
        "tolerance": tolerance,
        "weights": {"state": trust.state, "reason": trust.reason},
        "signals": signals,
        "quantities": quantities,
        "verdict": worst(each["verdict"] for each in quantities.values()),
    }
    return External(record, _table(sides))


class Trust(NamedTuple):
    """Whether the weights can be trusted (`state`), and the sentence that says why (not)."""

    state: str
    reason: str


def _trust(smoothed: Smoothed, error: float | None) -> Trust:
    if smoothed.k is None or smoothed.log_weights is None:
        return Trust(BAD, f"The weights cannot be judged: {smoothed.reason}.")
    if smoothed.k == -np.inf:
        return Trust(GOOD, "All weights are equal: the two densities agree at every draw.")
    spread = STANDARD_ERRORS * error if error is not None else math.nan
    shown = f"Pareto k of the weights is {smoothed.k:.2f}"
    shown += f" with a standard error of {error:.2f}" if error is not None else ""
    if smoothed.k + spread <= TRUSTED_K:
        return Trust(GOOD, f"{shown}, below {TRUSTED_K}.")
    if smoothed.k - spread > TRUSTED_K:
        return Trust(BAD, f"{shown}, above {TRUSTED_K}: the draws do not reach the tails.")
    return Trust(OPEN, f"{shown}: that it is below {TRUSTED_K} is not certain with these draws.")


def _signals(log_p, log_q) -> dict:
    """Return Pareto k and the effective sample size, with their spread over blocks of draws."""
    n = log_p.size
    sizes = [size for size in sorted({n // 16, n // 4}) if size >= 50]
    probed = ProbedDraws(None, log_p, None, log_q)
    with np.errstate(all="ignore"):
        found = (pareto_k(probed, sizes), effective_sample_size(probed, sizes))
    return {one.name: signal_as_record(one) for one in found}


def _verdict(name: str, sides: ExternalSides, trust: Trust, tolerance: float) -> dict:
    off = {level: [part[places(level)] for part in sides.difference(PLAIN)] for level in JUDGED}
    states = {level: _state(off[level], tolerance) for level in JUDGED}
    judged_ends = [place for level in JUDGED for place in places(level)]
    remedy_off = [part[judged_ends] for part in sides.difference(RESAMPLED)]
    remedy = BAD if trust.state == BAD else _state(remedy_off, tolerance)
    if sides.reference == RESAMPLED:
        states = {level: sides.doubted(level, state) for level, state in states.items()}
        for level in JUDGED:
            remedy = sides.doubted(level, remedy)
    reference = trust.state if sides.reference == RESAMPLED else GOOD
    if not (sides.known(PLAIN) and sides.known(sides.reference)):
        reference = BAD
    possible = _possible(states, remedy, reference)
    verdict = possible[0] if len(possible) == 1 else "unknown"
    serves = remedy == GOOD and verdict in ("fine_for_50", "remedy")
    record = {
        "verdict": verdict,
        "possible": possible,
        "rests_on": _rests_on(sides, reference, tolerance),
        "exact_error_sd": sides.exact_error(),
        "scale_sd": sides.scale,
        "effective_draws_beyond": {
            percent(level): float(np.min(sides.beyond[places(level)])) for level in JUDGED
        },
        "endpoint_error_sd": {percent(level): _largest(*off[level]) for level in JUDGED},
        "intervals": {percent(level): _interval(sides, level) for level in JUDGED},
        "excluded": sides.excluded(),
        "remedy": "importance_normal" if serves else None,
        "remedy_error_sd": _largest(*remedy_off),
    }
    return record | {"sentence": sentence(Judgement(name, record, states, trust.reason, tolerance))}


def _rests_on(sides: ExternalSides, reference: str, tolerance: float) -> str:
    if reference == BAD:
        return "none"
    error = sides.exact_error()
    known = error is not None and error <= tolerance
    return ROUGH if sides.reference == EXACT and not known else sides.reference


def _state(off, tolerance: float) -> str:
    """Return the state of distances with their standard errors: two of them are counted."""
    difference, error = off
    return state(difference, STANDARD_ERRORS * error, tolerance)


def _possible(states: dict, remedy: str, reference: str) -> list[str]:
    """Return every verdict that the errors leave open, from best to worst."""
    if reference == BAD:
        return ["sample"]
    found = possible(*(states[level] for level in JUDGED), remedy)
    return list(dict.fromkeys([*found, "sample"])) if reference == OPEN else found


def _largest(difference, error) -> dict:
    """Return the largest distance with its standard error; None where one is not known."""
    known = np.isfinite(difference).all()
    place = int(np.argmax(np.abs(difference) + error)) if known else 0
    value = float(abs(difference[place])) if known else None
    return {"value": value, "error": float(error[place]) if known else None}


def _interval(sides: ExternalSides, level: float) -> dict:
    found = {}
    for side in sides.answers:
        value, error = (part[places(level)] for part in sides.quantiles(side))
        found |= {side: value.tolist(), f"{side}_mcse": error.tolist()}
    return found


def _table(sides: dict[str, ExternalSides]) -> dict:
    columns: dict = {"quantity": [], "probability": []}
    for name, each in sides.items():
        columns["quantity"] += [name] * PROBABILITIES.size
        columns["probability"] += PROBABILITIES.tolist()
        for side in (PLAIN, RESAMPLED, EXACT):
            value, error = each.quantiles(side)
            _extend(columns, {side: value, f"{side}_mcse": error})
        difference, error = each.difference(PLAIN)
        _extend(columns, {"difference_sd": difference, "difference_sd_mcse": error})
    return {
        name: values if name == "quantity" else np.array(values, dtype=float)
        for name, values in columns.items()
    }


def _extend(columns: dict, parts: dict) -> None:
    for name, values in parts.items():
        columns.setdefault(name, []).extend(values.tolist())

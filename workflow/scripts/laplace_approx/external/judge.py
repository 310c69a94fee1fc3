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
from laplace_approx.exact.marginal import ONE_SD
from laplace_approx.external.sentences import FEWEST_BEYOND, Judgement, sentence
from laplace_approx.numerics.monte_carlo import (
    TRUSTED_K,
    Smoothed,
    pareto_smoothed,
    quantile_errors,
)
from laplace_approx.remedies.result import Answer
from laplace_approx.remedies.weighted import weighted_answer
from laplace_approx.verdict.classes import (
    BAD,
    GOOD,
    OPEN,
    possible,
    state,
    worst,
)

RESAMPLES = 200  # of the bootstrap: its standard errors are then good to 5 %
PLAIN, RESAMPLED, EXACT = "laplace", "importance", "exact"
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
        name: _Sides(values, smoothed, (draws.exact or {}).get(name), seed)
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


class _Sides:
    """One quantity's quantiles: of the draws, of the weighted draws, and of the exact draws."""

    def __init__(self, values, smoothed: Smoothed, exact, seed: int):
        weights = None if smoothed.log_weights is None else np.exp(smoothed.log_weights)
        equal = np.full(values.size, 1 / values.size)
        self.answers = {
            PLAIN: weighted_answer(values, equal, PROBABILITIES),
            RESAMPLED: Answer(reason=smoothed.reason)
            if weights is None
            else weighted_answer(values, weights, PROBABILITIES),
        }
        if exact is not None:
            self.answers[EXACT] = _exact_answer(exact)
        self.reference = EXACT if exact is not None else RESAMPLED
        self._paired = None
        self.beyond = np.zeros(PROBABILITIES.size)
        if self.known(RESAMPLED):
            self.beyond = _effective_beyond(values, weights, self.answers[RESAMPLED].quantiles)
            if exact is None:
                self._paired = _paired_error(values, equal, weights, seed)
        self.scale, self.scale_error = _scale(self.answers[self.reference], exact is not None)

    def known(self, side: str) -> bool:
        return self.answers[side].quantiles is not None

    def quantiles(self, side: str):
        """Return the quantiles and their standard errors; NaN where there are none."""
        answer = self.answers.get(side, Answer())
        if answer.quantiles is None:
            nothing = np.full(PROBABILITIES.size, math.nan)
            return nothing, nothing
        return answer.quantiles, answer.quantile_errors

    def difference(self, side: str):
        """Return the distance of a side from the reference and its standard error, in SDs."""
        (value, error), (true, true_error) = self.quantiles(side), self.quantiles(self.reference)
        if side == self.reference:
            return np.zeros_like(value), true_error / self.scale
        combined = np.hypot(error, true_error) if self._paired is None else self._paired
        with np.errstate(invalid="ignore"):
            away = (value - true) / self.scale
            return away, np.hypot(combined, away * self.scale_error) / self.scale

    def doubted(self, level: float, state: str) -> str:
        """Return `state`, but open instead of good where few weighted draws lie beyond an end."""
        reached = np.all(self.beyond[places(level)] >= FEWEST_BEYOND)
        return OPEN if state == GOOD and not reached else state

    def exact_error(self) -> float | None:
        """Return the largest error of the judged ends of exact draws, two standard errors, in SDs;
        None where there are none, or it is not known."""
        _, errors = self.quantiles(EXACT)
        ends = [place for level in JUDGED for place in places(level)]
        largest = float(np.max(STANDARD_ERRORS * errors[ends] / self.scale))
        return largest if math.isfinite(largest) else None

    def excluded(self) -> dict:
        return {side: answer.excluded for side, answer in self.answers.items()}


def _exact_answer(values) -> Answer:
    """Return the quantiles of exact draws, which may be those of a Markov chain in order."""
    held = values[~np.isnan(values)]
    answer = weighted_answer(values, np.ones(values.size), PROBABILITIES)
    if answer.quantiles is None or not np.isfinite(held).all():
        return answer
    errors = quantile_errors(held[None, :], PROBABILITIES)
    return answer._replace(quantile_errors=np.fmax(errors, answer.quantile_errors))


def _scale(answer: Answer, exact: bool) -> tuple[float, float]:
    """Return the SD of exact draws with its standard error, or half the central 68.3 % interval.

    The second where there may be no SD, and for weighted draws: what lies in a tail that they do
    not reach is missing from their SD, and hardly moves the middle.
    """
    if answer.quantiles is None:
        return math.nan, math.nan
    if exact and answer.sd is not None and answer.sd > 0:
        return answer.sd, answer.sd_error
    tails = [1 - ONE_SD, ONE_SD]
    low, high = np.interp(tails, PROBABILITIES, answer.quantiles)
    errors = np.interp(tails, PROBABILITIES, answer.quantile_errors)
    return float(high - low) / 2 or math.nan, float(np.hypot(*errors)) / 2


def _effective_beyond(values, weights, quantiles):
    """Return (sum w)^2 / sum w^2 over the draws beyond each quantile, on the side of its tail.

    A quantile far out in a tail of q rests on the few draws there, however many there are in all;
    with fewer than `FEWEST_BEYOND` its standard error is as uncertain as itself.
    """
    sides = np.where(PROBABILITIES > 0.5, 1.0, -1.0)
    found = []
    for quantile, sign in zip(quantiles, sides, strict=True):
        held = weights[sign * values > sign * quantile]
        squares = np.sum(held**2)
        found.append(float(np.sum(held) ** 2 / squares) if squares > 0 else 0.0)
    return np.array(found)


def _paired_error(values, equal, weights, seed: int):
    """Return the standard error (m,) of the difference of plain and weighted quantiles.

    Both come from the same draws, so that most of their noise is shared: a bootstrap of the draws
    with their weights keeps what is not (Efron and Tibshirani 1993, chapter 6).
    """
    rng = np.random.default_rng([seed, 3])
    kept = ~np.isnan(values)
    order = np.argsort(values[kept], kind="stable")
    values, equal, weights = (part[kept][order] for part in (values, equal, weights))
    differences = [
        _sorted_quantiles(values, counts * equal) - _sorted_quantiles(values, counts * weights)
        for counts in (
            np.bincount(rng.integers(0, values.size, values.size), minlength=values.size)
            for _ in range(RESAMPLES)
        )
    ]
    with np.errstate(invalid="ignore"):
        return np.std(differences, axis=0, ddof=1)


def _sorted_quantiles(values, weights):
    """Return the quantiles of `weighted_quantiles` for values in rising order."""
    total = np.cumsum(weights)
    middle = (total - 0.5 * weights) / total[-1]
    held = weights > 0
    return np.interp(PROBABILITIES, middle[held], values[held])


def _verdict(name: str, sides: _Sides, trust: Trust, tolerance: float) -> dict:
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


def _rests_on(sides: _Sides, reference: str, tolerance: float) -> str:
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


def _interval(sides: _Sides, level: float) -> dict:
    found = {}
    for side in sides.answers:
        value, error = (part[places(level)] for part in sides.quantiles(side))
        found |= {side: value.tolist(), f"{side}_mcse": error.tolist()}
    return found


def _table(sides: dict[str, _Sides]) -> dict:
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

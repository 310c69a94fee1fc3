"""The verdict: for each quantity, is the normal good enough, and if not, what is the cheapest
thing that is."""

import math
from typing import NamedTuple

import numpy as np

from laplace_approx.comparison.coverage import held_by_intervals
from laplace_approx.comparison.intervals import JUDGED, LEVELS, STANDARD_ERRORS, ends_of, percent
from laplace_approx.comparison.rows import rows_of
from laplace_approx.exact.draw_quantiles import Estimates
from laplace_approx.remedies.judge import Judge
from laplace_approx.remedies.offers import EXACT_SIDES
from laplace_approx.verdict.classes import decided
from laplace_approx.verdict.sentences import Facts, sentence
from laplace_approx.words.units import HALF_INTERVAL, SD


class Method(NamedTuple):
    """One method's answer for one quantity: `off` maps each judged level to the larger error of
    its two ends, and `own` to the larger uncertainty of that, both in units of `scale_sd` (NaN:
    unknown).
    `evaluations` are those that it needs, with all that it starts from, `proof` those beyond."""

    name: str
    evaluations: float
    proof: float
    off: dict[float, float]
    own: dict[float, float]
    trusted: bool
    reason: str | None

    def meets(self, tolerance: float, levels=JUDGED) -> bool:
        """Return whether every end is within the tolerance, its uncertainty included."""
        return self.trusted and all(
            self.off[level] + self.own[level] <= tolerance for level in levels
        )


def methods_of(table: dict, quantity: str) -> dict[str, Method]:
    """Return every method of a table of remedies for one quantity, in the order of the table."""
    return {name: _method(table, name, quantity) for name in rows_of(table).methods(quantity)}


def _method(table: dict, name: str, quantity: str) -> Method:
    rows = rows_of(table).of(quantity, name)
    off, own = {}, {}
    for level in JUDGED:
        ends = rows_of(table).places(quantity, ends_of(level), name)
        scale = table["scale_sd"][ends]
        # of draws these are standard errors, and so has their scale one; that of a grid has none
        times = STANDARD_ERRORS if np.any(table["scale_error"][ends] > 0) else 1.0
        errors = times * table["exact_error"][ends] / scale
        distance = np.abs(table["error_sd"][ends])
        if name not in EXACT_SIDES:  # the exact side itself has but one error
            errors = errors + table["numerical_error"][ends] / scale
        doubt = times * table["scale_error"][ends] / scale
        errors = errors + np.where(doubt == 0, 0.0, distance) * doubt  # a distance may be infinite
        off[level] = float(np.max(distance))
        own[level] = float(np.max(errors))
    first = rows[0]
    cost = (float(table[f"evaluations_{kind}"][first]) for kind in ("alone", "of_proof"))
    said = bool(table["trusted"][first]), table["reason"][first]
    return Method(name, *cost, off, own, *said)


class Told(NamedTuple):
    """What a verdict is told of a case besides its table: the side of the normal (None where there
    is none), the status of the case, its message, and what chains carry away, by quantity."""

    laplace: object
    status: str
    message: str | None
    drift: dict


def quantity_verdict(
    table: dict, quantity: str, judge: Judge, tolerance: float, told: Told
) -> dict:
    """Return the verdict on one quantity.

    fine: both ends of the 50 and the 95 % interval are within the tolerance, all errors counted.
    fine_for_50: those of the 50 % interval are. remedy: neither, but some method meets the
    tolerance; `remedy` names the cheapest (for fine_for_50 too). sample: none does. Without an
    exact side that can be relied on there is nothing that could meet it: sample, where `drift` says
    what the ends are off by at the least, if chains have shown it.
    """
    laplace, status, message, drift = told
    derived = laplace is not None and quantity not in laplace.model.parameters
    methods = methods_of(table, quantity)
    normal = methods.pop("laplace")
    reliable = judge.kind != "none" and not judge.faults
    good = [m for m in methods.values() if reliable and m.meets(tolerance)]
    cheapest = min(good, key=_cost, default=None)
    half, wide = (reliable and normal.meets(tolerance, (level,)) for level in JUDGED)
    declined = status == "declined"
    verdict = "declined" if declined else decided(half, wide, cheapest is not None)
    if verdict == "fine":
        cheapest = None
    record = {
        "verdict": verdict,
        "endpoint_error_sd": {percent(level): _error(normal, level) for level in JUDGED},
        "intervals": _intervals(table, quantity),
        "scale_sd": _scale(table, quantity),
        "scale_is": scale_is(judge, quantity),
        "coverage": _coverage(told, judge, table, quantity),
        "excluded": {
            "laplace": laplace.excluded(quantity) if laplace else None,
            "exact": judge.side.excluded(quantity) if judge.kind != "none" else None,
        },
        "rests_on": judge.kind,
        "remedy": cheapest.name if cheapest else None,
        "remedy_evaluations": cheapest.evaluations if cheapest else None,
        "remedy_error_sd": {percent(level): _error(cheapest, level) for level in JUDGED}
        if cheapest
        else None,
        "drift": drift.get(quantity),
    }
    outside = _outside(laplace) if derived and laplace else 0.0
    facts = Facts(quantity, derived, normal, cheapest, record, judge, tolerance, message, outside)
    return {**record, "sentence": sentence(facts)}


def _outside(laplace) -> float:
    """Return the largest share of the normal that lies beyond the support of one parameter: of all
    of them no less does, and no derived quantity has a value there."""
    return max(laplace.excluded(name) for name in laplace.model.parameters)


def _cost(method: Method) -> float:
    """Return the evaluations of a method; what is not known is more than all that is."""
    return math.inf if math.isnan(method.evaluations) else method.evaluations


def _error(method: Method, level: float) -> dict:
    value, error = method.off[level], method.own[level]
    known = math.isfinite(value)
    reason = None if known else method.reason or "there is no exact side"
    return {"value": value if known else None, "error": error, "reason": reason}


def _intervals(table: dict, quantity: str) -> dict:
    places = {level: rows_of(table).places(quantity, ends_of(level), "laplace") for level in JUDGED}
    return {
        percent(level): {
            side: [float(table[column][row]) for row in places[level]]
            for side, column in (
                ("laplace", "value"),
                ("exact", "exact"),
                ("exact_error", "exact_error"),
            )
        }
        for level in JUDGED
    }


def _scale(table: dict, quantity: str) -> float:
    return float(table["scale_sd"][rows_of(table).of(quantity, "laplace")[0]])


def scale_is(judge: Judge, quantity: str) -> str:
    """Return what errors are counted in: the "sd" of a parameter, or a "half_interval", half the
    central 68.3 % one."""
    known = judge.kind == "grid" and judge.side.known_sd(quantity) is not None
    return SD if known else HALF_INTERVAL


def _coverage(told: Told, judge: Judge, table: dict, quantity: str) -> dict:
    """Return what the nominal intervals truly hold, and what lies below and above them."""
    if told.laplace is None or judge.kind == "none":
        return _unknown_coverage("there is no exact side" if told.laplace else told.status)
    held = held_by_intervals(told.laplace, judge.side, quantity, found=_ends(table, quantity))
    known = np.isfinite(held.error)
    return {
        percent(level): {
            "value": held.value[i] if known[i] else math.nan,
            "error": held.error[i],
            "below": held.below[i],
            "above": held.above[i],
            "reason": None if known[i] else "an end is not known",
        }
        for i, level in enumerate(LEVELS)
    }


def _ends(table: dict, quantity: str) -> Estimates:
    """Return both ends of every nominal interval under the normal, as the table has them."""
    ends = [end for level in LEVELS for end in ends_of(level)]
    rows = rows_of(table).places(quantity, ends, "laplace")
    return Estimates(table["value"][rows], table["value_error"][rows])


def _unknown_coverage(reason: str) -> dict:
    nothing = {"value": None, "error": None, "below": None, "above": None, "reason": reason}
    return {percent(level): dict(nothing) for level in LEVELS}

"""The verdict: for each quantity, is the normal good enough, and if not, what is the cheapest
thing that is."""

import math
from typing import NamedTuple

import numpy as np

from laplace_approx.comparison.coverage import held_by_intervals
from laplace_approx.comparison.intervals import JUDGED, LEVELS, ends_of, percent
from laplace_approx.remedies.judge import Judge
from laplace_approx.verdict.sentences import Facts, sentence

VERDICTS = ("fine", "fine_for_50", "remedy", "sample", "declined")  # from best to worst


class Method(NamedTuple):
    """One method's answer for one quantity: `off` maps each judged level to the larger error of
    its two ends, and `own` to the larger uncertainty of that, both in exact SDs (NaN: unknown).
    `further`: the evaluations are beyond those that the normal took, which the method needs."""

    name: str
    evaluations: float
    further: bool
    off: dict[float, float]
    own: dict[float, float]
    trusted: bool
    reason: str | None

    def meets(self, tolerance: float, levels=JUDGED) -> bool:
        """Return whether every end is within the tolerance, its uncertainty included."""
        return self.trusted and all(
            self.off[level] + self.own[level] <= tolerance for level in levels
        )


def by_quantity(table: dict) -> dict[str, dict]:
    """Return a table of remedies cut into one of each quantity, in one pass."""
    rows: dict[str, list[int]] = {}
    for row, name in enumerate(table["quantity"]):
        rows.setdefault(name, []).append(row)
    return {
        name: {
            column: values[mine] if isinstance(values, np.ndarray) else [values[i] for i in mine]
            for column, values in table.items()
        }
        for name, mine in rows.items()
    }


def methods_of(table: dict, quantity: str) -> dict[str, Method]:
    """Return every method of a table of remedies for one quantity, in the order of the table."""
    rows = [row for row, name in enumerate(table["quantity"]) if name == quantity]
    found = {}
    for name in dict.fromkeys(table["method"][row] for row in rows):
        mine = [row for row in rows if table["method"][row] == name]
        found[name] = _method(table, name, mine)
    return found


def _method(table: dict, name: str, rows: list[int]) -> Method:
    at = {round(float(table["probability"][row]), 12): row for row in rows}
    off, own = {}, {}
    for level in JUDGED:
        ends = [at[end] for end in ends_of(level)]
        scale = table["scale_sd"][ends]
        errors = table["exact_error"][ends] / scale
        if name != "grid":  # the exact side itself has but one error
            errors = errors + table["value_error"][ends] / scale
        off[level] = float(np.max(np.abs(table["error_sd"][ends])))
        own[level] = float(np.max(errors))
    first = rows[0]
    cost = float(table["log_density_evaluations"][first])
    further = table["starts_from"][first] == "laplace"
    said = bool(table["trusted"][first]), table["reason"][first]
    return Method(name, cost, further, off, own, *said)


def quantity_verdict(table: dict, quantity: str, judge: Judge, tolerance: float, case) -> dict:
    """Return the verdict on one quantity.

    fine: both ends of the 50 and the 95 % interval are within the tolerance, all errors counted.
    fine_for_50: those of the 50 % interval are. remedy: neither, but some method meets the
    tolerance; `remedy` names the cheapest (for fine_for_50 too). sample: none does. Without an
    exact side that can be relied on there is nothing that could meet it: sample. `case` is
    (laplace side or None, its status, message).
    """
    laplace, status, message = case
    methods = methods_of(table, quantity)
    normal = methods.pop("laplace")
    reliable = judge.kind != "none" and not judge.faults
    good = [m for m in methods.values() if reliable and m.meets(tolerance)]
    cheapest = min(good, key=lambda m: m.evaluations, default=None)
    fine = reliable and normal.meets(tolerance)
    halves = reliable and normal.meets(tolerance, JUDGED[:1])
    if status == "declined":
        verdict = "declined"
    elif fine:
        verdict, cheapest = "fine", None
    elif halves:
        verdict = "fine_for_50"
    else:
        verdict = "remedy" if cheapest else "sample"
    record = {
        "verdict": verdict,
        "endpoint_error_sd": {percent(level): _error(normal, level) for level in JUDGED},
        "intervals": _intervals(table, quantity),
        "scale_sd": _scale(table, quantity),
        "coverage": _coverage(laplace, judge, quantity) if laplace else _unknown_coverage(status),
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
    }
    facts = Facts(quantity, verdict, normal, cheapest, record, judge, tolerance, message)
    return {**record, "sentence": sentence(facts)}


def _error(method: Method, level: float) -> dict:
    value, error = method.off[level], method.own[level]
    known = math.isfinite(value)
    reason = None if known else method.reason or "there is no exact side"
    return {"value": value if known else None, "error": error, "reason": reason}


def _rows(table, quantity, method):
    return {
        round(float(p), 12): row
        for row, p in enumerate(table["probability"])
        if table["quantity"][row] == quantity and table["method"][row] == method
    }


def _intervals(table: dict, quantity: str) -> dict:
    at = _rows(table, quantity, "laplace")
    return {
        percent(level): {
            side: [float(table[column][at[end]]) for end in ends_of(level)]
            for side, column in (
                ("laplace", "value"),
                ("exact", "exact"),
                ("exact_error", "exact_error"),
            )
        }
        for level in JUDGED
    }


def _scale(table: dict, quantity: str) -> float:
    return float(table["scale_sd"][next(iter(_rows(table, quantity, "laplace").values()))])


def _coverage(laplace, judge: Judge, quantity: str) -> dict:
    """Return what the nominal intervals truly hold, and what lies below and above them."""
    if judge.kind == "none":
        return _unknown_coverage("there is no exact side")
    held = held_by_intervals(laplace, judge.side, quantity)
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


def _unknown_coverage(reason: str) -> dict:
    nothing = {"value": None, "error": None, "below": None, "above": None, "reason": reason}
    return {percent(level): dict(nothing) for level in LEVELS}


def worst(verdicts) -> str:
    """Return the worst of several verdicts."""
    return max(verdicts, key=VERDICTS.index)

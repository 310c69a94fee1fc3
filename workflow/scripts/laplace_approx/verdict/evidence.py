"""Every log evidence that a case has, each with what it is off by where that was measured."""

import math

from laplace_approx.comparison.intervals import STANDARD_ERRORS
from laplace_approx.reference.tails import EVEN_K
from laplace_approx.remedies.judge import Judge
from laplace_approx.remedies.offers import REFERENCE_DRAWS
from laplace_approx.words.numbers import or_none

UNMEASURED = "how far off it is was not measured: there is no exact evidence to hold it against"
UNKNOWN = "its error is not known"
ABSENT = "there is none"


def evidences(judge: Judge, laplace: float | None, grid: dict, reference: dict, methods) -> dict:
    """Return {method: {value, error, reason}} of the log evidence.

    `laplace` is the normal's, `grid` and `reference` are records of exact sides, and `methods` maps
    remedies to what they say besides quantiles; one that states no evidence is left out. The error
    of an exact side is its own. Any other's is its distance from the exact one, error included: a
    rule or draws know nothing of the mass that they do not reach. It is None where nobody knows.
    """
    exact = {"grid": (grid["log_evidence"], _of_grid(grid))}
    if reference["serves"]:
        exact[REFERENCE_DRAWS] = reference["log_evidence"], _of_draws(reference)
    rests_on = {"grid": "grid", "importance": REFERENCE_DRAWS}.get(judge.kind)
    truth = (None, None) if judge.faults else exact.get(rests_on, (None, None))
    found = {"laplace": laplace} | {
        name: said["log_evidence"]
        for name, said in methods.items()
        if said["log_evidence"] is not None
    }
    measured = {name: _measured(value, *truth) for name, value in found.items()}
    return measured | {name: _record(*each, UNKNOWN) for name, each in exact.items()}


def _measured(value: float | None, exact: float | None, error: float | None) -> dict:
    known = None not in (value, exact, error)
    return _record(value, abs(value - exact) + error if known else None, UNMEASURED)


def _record(value: float | None, error: float | None, reason: str) -> dict:
    value, error = or_none(value), or_none(error)
    if value is None:
        return {"value": None, "error": None, "reason": ABSENT}
    return {"value": value, "error": error, "reason": reason if error is None else None}


def _of_grid(record: dict) -> float | None:
    """Return what the spacing and the mass outside cost the log evidence of a grid."""
    if record["status"] != "ok":
        return None
    spacing = record["discretisation_error"]["log_evidence"]
    return _with_missed(spacing, record["outside_mass"]["total"])


def _of_draws(record: dict) -> float | None:
    error, missed = record["log_evidence_error"], record["unseen_mass"]
    if missed is not None and _uneven(record) and record["coverage"] is not None:
        missed = min(1.0, missed + STANDARD_ERRORS * record["coverage"]["unsure"])
    return _with_missed(None if error is None else STANDARD_ERRORS * error, missed)


def _uneven(record: dict) -> bool:
    """Return whether the weights of draws that serve, or those beyond an end of a parameter, are so
    uneven that they do not show what they miss, or are not known not to be: the k of all hides the
    neck of a funnel. They serve without a k where all are equal only."""
    if record["pareto_k"] is None:
        return False
    tail = record["heaviest_tail"]
    beyond = None if tail is None else tail["pareto_k"]
    return beyond is None or max(record["pareto_k"], beyond) > EVEN_K


def _with_missed(error: float | None, missed: float | None) -> float | None:
    """Return an error of a log evidence with that of a share of the mass that is not in it."""
    if error is None or missed is None or not missed < 1:
        return None
    return error - math.log1p(-missed)

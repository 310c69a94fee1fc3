"""The law of the log evidences that a verdict repeats, with what each is off by."""

import math

from laplace_audit.ledger import Page
from laplace_audit.numerics.weighted import EVEN_K

LAW = "evidences are those of the methods, with what they are off by"
ROUNDING = 1e-12  # of an error: it is a difference of two logarithms


def evidence_laws(page: Page, said: dict, inputs: dict, kind: str, reliable: bool) -> None:
    """Hold the evidences against the records of the steps: `curvature`, `grid`, `reference` and
    `found`. An exact side has an error of its own; what it measured has the distance on top."""
    grid, reference = inputs["grid"], inputs["reference"]
    own = {"grid": _of_grid(grid)}
    due = {
        name: each["log_evidence"]
        for name, each in inputs["found"]["methods"].items()
        if each["log_evidence"] is not None
    }
    due |= {"laplace": inputs["curvature"].get("log_evidence"), "grid": grid["log_evidence"]}
    if reference["serves"]:
        due["adapted_draws"] = reference["log_evidence"]
        own["adapted_draws"] = _of_draws(reference)
    page.same(LAW, {name: each["value"] for name, each in said.items()}, due)
    judge = {"grid": "grid", "importance": "adapted_draws"}.get(kind) if reliable else None
    for name, each in said.items():
        if name in own:
            error = own[name]
        elif judge and None not in (due[judge], own[judge], due.get(name)):
            error = abs(due[name] - due[judge]) + own[judge]
        else:
            error = None
        error = None if due.get(name) is None else error
        page.same(LAW, each["error"] is None, error is None)
        page.same(LAW, each["reason"] is None, error is not None)
        if None not in (error, each["error"]):
            page.true(LAW, abs(each["error"] - error) <= ROUNDING * (1 + abs(due[name])))


def _of_grid(record: dict) -> float | None:
    if record["status"] != "ok":
        return None
    spacing, outside = record["discretisation_error"]["log_evidence"], record["outside_mass"]
    return _more(spacing, outside["total"])


def _of_draws(record: dict) -> float | None:
    error, missed = record["log_evidence_error"], record["unseen_mass"]
    shapes = [record["pareto_k"], (record["heaviest_tail"] or {}).get("pareto_k")]
    known_even = None not in shapes and max(shapes) <= EVEN_K
    equal = shapes[0] is None  # draws serve without a k if they all weigh the same
    if missed is not None and record["coverage"] and not (equal or known_even):
        missed = min(1.0, missed + 2 * record["coverage"]["unsure"])
    return _more(None if error is None else 2 * error, missed)


def _more(error: float | None, missed: float | None) -> float | None:
    known = None not in (error, missed) and missed < 1
    return error + math.log(1 / (1 - missed)) if known else None

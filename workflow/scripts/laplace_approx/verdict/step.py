"""The verdict on a case as a record: quantities, joint measures, signals, and what they rest on."""

from laplace_approx.comparison.joint import (
    joint_measures,
    judged_by,
    not_judged,
    reflection_signal,
    total_variation_class,
    unknown_measures,
)
from laplace_approx.comparison.sides import laplace_side
from laplace_approx.comparison.signals import signal_as_record
from laplace_approx.comparison.unseen import beyond_the_grid
from laplace_approx.normal.fit import quantity_names
from laplace_approx.remedies.judge import Judge, find_judge
from laplace_approx.verdict.classes import worst
from laplace_approx.verdict.decision import Told, quantity_verdict
from laplace_approx.verdict.evidence import evidences
from laplace_approx.verdict.higher_mode import higher_modes
from laplace_approx.verdict.left_out import unreached, warnings_of

FIELDS = ("status", "reason", "message")


def verdict_step(laplace, exact, reference, table: dict, found: dict, tolerance: float):
    """Return the verdict on a case.

    `laplace` and `exact` are the two sides as opened from disk, `reference` the draws
    that stand in for a grid with their record, `table` the columns of the remedies, `found` the
    record beside them.
    """
    judge = find_judge(exact, reference, laplace.mode, tolerance)
    fit = laplace.fit()
    status = laplace.curvature["status"]
    side = laplace_side(laplace.model, laplace.space, laplace.normal) if fit else None
    drift = (found["drift"] or {"quantities": {}})["quantities"]
    told = Told(side, status, laplace.curvature["message"], drift)
    quantities = {
        name: quantity_verdict(table, name, judge, tolerance, told)
        for name in quantity_names(laplace.model)
    }
    joint = _joint(fit, exact, laplace.mode, found["signals"])
    left_out = unreached(laplace.space, judge) if fit else {}
    evidence = laplace.curvature.get("log_evidence"), exact.record, reference[1]
    return {
        "case": laplace.mode["case"] | exact.record["case"],
        **{field: laplace.curvature[field] for field in FIELDS},
        "tolerance": tolerance,
        "verdict": worst(each["verdict"] for each in quantities.values()),
        "class": total_variation_class(joint["total_variation"]) if fit else None,
        "quantities": quantities,
        "unreached": left_out,
        "warnings": [*warnings_of(left_out), *higher_modes(laplace, exact.record)],
        "joint": joint,
        "exact": _exact(judge, exact.record, found["reference"]),
        "replication": found["replication"],
        "moments": {method: said["moments"] for method, said in found["methods"].items()},
        "evidence": evidences(judge, *evidence, found["methods"]),
    }


def _joint(fit, exact, mode: dict, signals: dict | None) -> dict:
    """Return the joint measures and the signals, by name; a declined case has none."""
    if fit is None:
        return unknown_measures("there is no normal: the case is declined")
    judged = judged_by(exact) if exact.cells else None
    if judged is None:
        return unknown_measures(not_judged(exact.record)) | (signals or {})
    missed, _ = beyond_the_grid(exact.record, mode)
    outside = judged.outside_mass + missed
    judged = judged._replace(outside_mass=outside) if outside < 1 else judged
    bound = signal_as_record(reflection_signal(fit, judged))
    return joint_measures(fit, judged) | (signals or {}) | {"reflection_bound": bound}


def _exact(judge: Judge, record: dict, reference: dict) -> dict:
    """Describe the exact side, which stands also where the normal is declined."""
    wanted = ("status", "certified", "reasons", "outside_mass", "log_evidence", "mean", "sd")
    grid = {
        key: record[key]
        for key in (*wanted, "discretisation_error", "off_the_nodes", "n_evaluations")
    }
    return {
        "kind": judge.kind,
        "faults": judge.faults,
        "grid": grid,
        "reference": reference,
        "chains": judge.chains,
    }

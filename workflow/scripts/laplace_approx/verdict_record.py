"""The verdict on a case as a record: quantities, joint measures, signals, and what they rest on."""

from laplace_approx.fit import quantity_names
from laplace_approx.joint import (
    joint_measures,
    judged_by,
    reflection_signal,
    total_variation_class,
    unknown_measures,
)
from laplace_approx.reference import reference_side
from laplace_approx.sides import NoSide, laplace_side
from laplace_approx.signal_record import signal_as_record
from laplace_approx.unreached import unreached, warnings_of
from laplace_approx.unseen import MOST, beyond_the_grid, judging_side
from laplace_approx.verdict import Judge, by_quantity, quantity_verdict, worst

MENTIONED_MASS = 1e-12  # in modes that the exact side does not reach, worth a word
FIELDS = ("status", "reason", "message")


def verdict_record(laplace, exact, reference: dict, table: dict, found: dict, tolerance: float):
    """Return the verdict on a case.

    `laplace` and `exact` are the two sides as opened from disk, `reference` the columns of the
    reference draws, `table` the columns of the remedies, `found` the record beside them.
    """
    judge = find_judge(exact, reference, found["reference"], laplace.mode)
    fit = laplace.fit()
    status = laplace.curvature["status"]
    side = laplace_side(laplace.model, laplace.space, laplace.normal) if fit else None
    case = (side, status, laplace.curvature["message"])
    tables = by_quantity(table)
    quantities = {
        name: quantity_verdict(tables[name], name, judge, tolerance, case)
        for name in quantity_names(laplace.model)
    }
    joint = _joint(fit, exact, laplace.mode, found["signals"])
    left_out = unreached(laplace.space, judge) if fit else {}
    return {
        "case": laplace.mode["case"] | exact.record["case"],
        **{field: laplace.curvature[field] for field in FIELDS},
        "tolerance": tolerance,
        "verdict": worst(each["verdict"] for each in quantities.values()),
        "class": total_variation_class(joint["total_variation"]) if fit else None,
        "quantities": quantities,
        "unreached": left_out,
        "warnings": warnings_of(left_out),
        "joint": joint,
        "exact": _exact(judge, exact.record, found["reference"]),
        "replication": found["replication"],
        "moments": {method: said["moments"] for method, said in found["methods"].items()},
        "evidence": _evidence(laplace, exact.record, found["methods"]),
    }


def find_judge(exact, reference: dict, reference_record: dict, mode: dict) -> Judge:
    """Return what the verdict rests on: the grid, else importance draws, else nothing."""
    record = exact.record
    if record["status"] == "ok":
        missed, beyond = beyond_the_grid(record, mode)
        faults = tuple(_grid_faults(record, missed, beyond))
        remarks = (*_remarks(record), *_unreached_modes(missed))
        return Judge("grid", judging_side(exact, mode), faults, remarks)
    if reference_record["serves"]:
        side = reference_side(reference, reference_record)
        return Judge("importance", side, (), _unreached_modes(reference_record["unseen_mass"]))
    reasons = [_sentence(reason) for reason in record["reasons"]]
    instead = f"Importance draws cannot take its place: {reference_record['reason']}."
    return Judge("none", NoSide(), (*reasons, instead), ())


def _grid_faults(record: dict, missed: float, beyond):
    """Yield a sentence for everything that makes a grid worthless as a judge."""
    if record["outside_mass"]["total"] is None:
        yield "It is not known how much of the mass lies outside the grid."
    for name, value in beyond if missed > MOST else ():
        yield f"A mode at {name} = {value:.4g} lies outside the grid."


def _remarks(record: dict) -> tuple[str, ...]:
    if record["certified"]:
        return ()
    outside = record["outside_mass"]["total"]
    if outside is None:
        return ()
    return (
        f"judged by a grid that is not certified and leaves out about {outside:.1e} of the mass",
    )


def _unreached_modes(unseen: float) -> tuple[str, ...]:
    if unseen < MENTIONED_MASS:
        return ()
    return (f"other modes may hold up to {unseen:.1e} of the mass, which the errors count",)


def _sentence(text: str) -> str:
    """Return a reason with a capital and a full stop."""
    text = text.strip().removesuffix(".")
    return f"{text[:1].upper()}{text[1:]}."


def _joint(fit, exact, mode: dict, signals: dict | None) -> dict:
    """Return the joint measures and the signals, by name; a declined case has none."""
    if fit is None:
        return unknown_measures("there is no normal: the case is declined")
    judged = judged_by(exact.record, exact.cells.lattice) if exact.cells else None
    if judged is None:
        return unknown_measures("there is no grid to measure it on") | (signals or {})
    missed, _ = beyond_the_grid(exact.record, mode)
    outside = judged.outside_mass + missed
    judged = judged._replace(outside_mass=outside) if outside < 1 else judged
    bound = signal_as_record(reflection_signal(fit, judged))
    return joint_measures(fit, judged) | (signals or {}) | {"reflection_bound": bound}


def _exact(judge: Judge, record: dict, reference: dict) -> dict:
    """Describe the exact side, which stands also where the normal is declined."""
    wanted = ("status", "certified", "reasons", "outside_mass", "log_evidence", "mean", "sd")
    grid = {key: record[key] for key in (*wanted, "discretisation_error", "n_evaluations")}
    return {"kind": judge.kind, "faults": judge.faults, "grid": grid, "reference": reference}


def _evidence(laplace, record: dict, methods: dict) -> dict:
    """Return every log evidence there is: the normal's, the grid's, and those of the remedies."""
    found = {method: said["log_evidence"] for method, said in methods.items()}
    named = {method: value for method, value in found.items() if value is not None}
    return {
        "laplace": laplace.curvature.get("log_evidence"),
        "grid": record["log_evidence"],
        **named,
    }

"""The laws of one scenario of a sweep, given what it has in each table.

`light` laws need nothing but the rows, and are held for every scenario; `deep` ones run the model.
"""

from functools import cached_property

import numpy as np

from laplace_audit.laws.costs import UNKNOWN, of_normal, stated
from laplace_audit.laws.curvature import curvature_laws, normal_laws
from laplace_audit.laws.draws import draws_laws
from laplace_audit.laws.grid import cell_laws, grid_laws, number_laws
from laplace_audit.laws.grid_draws import grid_draws_laws
from laplace_audit.laws.joint import joint_laws
from laplace_audit.laws.judge import judged
from laplace_audit.laws.marginals import marginal_laws
from laplace_audit.laws.mode import mode_laws, stationary_law
from laplace_audit.laws.posterior import posterior_laws, source_laws
from laplace_audit.laws.quantiles import Sides, quantile_laws
from laplace_audit.laws.remedies import arithmetic_laws, measured_laws, remedy_laws
from laplace_audit.laws.rows import Rows
from laplace_audit.laws.verdict import (
    class_of,
    coverage_laws,
    decision_laws,
    mode_is_lower,
    unreached_laws,
    worst_law,
)
from laplace_audit.numerics.normal import normal_of
from laplace_audit.numerics.sides import NormalSide
from laplace_audit.numerics.target import Target
from laplace_audit.reading.artifacts import Table
from laplace_audit.reading.asked_sweep import Scenario, Swept
from laplace_audit.reading.blocks import Record, record_of, rows_of
from laplace_audit.reading.cells import grid_side

RECORDS = ("posterior", "mode", "curvature", "grid")
SHARED = 1e-9  # of a quantity's scale: the same quantile in two tables
OF_QUANTITY = (
    *("quantity", "verdict", "endpoint_error_sd", "intervals", "scale_sd", "scale_is"),
    *("coverage", "excluded", "rests_on", "remedy", "remedy_evaluations", "remedy_error_sd"),
    *("drift", "sentence"),
)
DISTANCES = ("total_variation", "hellinger", "kl_exact_laplace", "kl_laplace_exact")


class Opened:
    """What a scenario has in the tables that there are: `records` by step, and `tables`."""

    def __init__(self, scenario: Scenario, blocks: dict, settings: set[str]):
        self.scenario, self.tables = scenario, blocks
        self.records = {
            step: record_of(rows[0])
            for step in RECORDS
            if (rows := rows_of(blocks.get(step, {}), settings))
        }
        self.verdicts = [record_of(row) for row in rows_of(blocks.get("verdict", {}), settings)]

    @cached_property
    def remedies(self) -> Rows:
        return Rows(self.tables["remedies"])

    def has(self, *steps) -> bool:
        return all(step in self.records or step in self.tables for step in steps)


def light_laws(pages, opened: Opened, swept: Swept) -> None:
    """Hold what a scenario has in one table against what it has in the others."""
    for step in opened.records:
        rows = len(opened.tables[step]["scenario"])
        pages(step).true("scenarios are those of the configuration", rows == 1, f"{rows} rows")
    _agreement(pages, opened)
    _configured(pages, opened)
    curvature = opened.records.get("curvature")
    if curvature and curvature["status"] == "ok" and curvature["covariance"] is not None:
        page = pages("curvature")
        normal_laws(page, curvature, len(curvature["parameters"]))
    if "remedies" in opened.tables:
        arithmetic_laws(pages("remedies"), opened.tables["remedies"])
    if opened.has("posterior", "quantiles"):
        _quantile_rows(pages("quantiles"), opened, swept.probabilities)
    if opened.verdicts and opened.has("remedies", "grid", "mode", "posterior"):
        _verdicts(pages, opened)


def _agreement(pages, opened: Opened) -> None:
    """All steps say the same of what became of the scenario."""
    said = {
        step: (record["status"], record["reason"])
        for step, record in opened.records.items()
        if step in ("mode", "curvature")
    }
    if opened.verdicts:
        said["verdict"] = opened.verdicts[0]["status"], opened.verdicts[0]["reason"]
    last = said.get("curvature") or said.get("verdict")
    for step, what in said.items():
        declined_later = step == "mode" and what[0] == "ok"  # the curvature may still decline
        page = pages(step)
        page.true("steps agree on the scenario", what == last or declined_later, f"{said}")
    for step, record in opened.records.items():
        if record["status"] == "declined":
            page = pages(step)
            page.true("a declined step says why", bool(record["reason"] and record["message"]))


def _configured(pages, opened: Opened) -> None:
    parts, records = opened.scenario.parts, opened.records
    law = "scenario is as configured"
    if "posterior" in records:
        page, record = pages("posterior"), records["posterior"]
        page.same(law, record["prior"]["definition"], parts["prior"])
        if record["data"]:
            page.same(law, record["data"]["replicate"], opened.scenario.replicate)
    if "mode" in records:
        pages("mode").same(law, records["mode"]["space_definition"], parts["space"])
    if "grid" in records:
        pages("grid").same(law, records["grid"]["definition"], parts["grid"])
    for verdict in opened.verdicts:
        pages("verdict").same(law, verdict["tolerance"], opened.scenario.tolerance)


def _everything(opened: Opened) -> list[str]:
    posterior = opened.records["posterior"]
    return [*posterior["parameters"], *posterior["quantities"]]


def _quantile_rows(page, opened: Opened, probabilities) -> None:
    """A row for each quantity and probability, with the values that the remedies have."""
    columns = opened.tables["quantiles"]
    keys = list(zip(columns["quantity"], columns["probability"].tolist(), strict=True))
    due = [(name, p) for name in _everything(opened) for p in probabilities]
    if not page.true("a row for each quantity and probability", sorted(keys) == sorted(due)):
        return
    if "remedies" not in opened.tables:
        return
    rows = opened.remedies
    shared = [k for k, (name, p) in enumerate(keys) if ("laplace", name, round(p, 9)) in rows.at]
    nothing = np.full(len(keys), np.nan)
    pairs = [("laplace", "value"), ("exact", "exact")]
    if opened.has("grid") and opened.records["grid"]["status"] == "ok":
        pairs.append(("grid", "exact"))  # without a grid, draws may be what is held to be exact
    for own, theirs in pairs:
        due = [rows.get(theirs, "laplace", *keys[k]) for k in shared]
        scale = np.array([rows.get("scale_sd", "laplace", *keys[k]) for k in shared])
        scale = np.where(scale > 0, scale, 1.0)
        found = np.asarray(columns.get(own, nothing))[shared]
        off = np.where(np.isnan(found) & np.isnan(due), 0.0, np.abs(found - due) / scale)
        page.most("quantiles are those of the remedies", off, SHARED)


def _verdicts(pages, opened: Opened) -> None:
    """The verdict on each quantity from the remedies, and that on the case from them."""
    page = pages("verdict")
    names = [said["quantity"] for said in opened.verdicts]
    if not page.true("a verdict for each quantity", sorted(names) == sorted(_everything(opened))):
        return
    rows, first = opened.remedies, opened.verdicts[0]
    # the record of the importance draws is not kept, and no others are looked at
    drawn = {"serves": first["rests_on"] == "importance", "errors_sd": {}}
    grid, mode = opened.records["grid"], opened.records["mode"]
    draws = [("importance", drawn)]
    kind, reliable = judged(grid, mode, draws, opened.scenario.tolerance)
    measured_laws(pages("remedies"), rows.columns, kind, reliable)
    for said in opened.verdicts:
        given = (rows, said["status"], kind, reliable, opened.scenario.tolerance)
        decision_laws(page, said, said["quantity"], *given)
        same = [said[key] == first[key] for key in said if key not in OF_QUANTITY]
        page.true("what is said of the case is the same in all its rows", same)
    quantities = {said["quantity"]: said for said in opened.verdicts}
    worst_law(page, first["case_verdict"], quantities)
    due = class_of(_value(first["total_variation"]))
    page.same("class follows from the total variation", first["class"], due)


def _value(stated):
    return stated["value"] if isinstance(stated, dict) else stated


def deep_laws(pages, opened: Opened, swept: Swept) -> None:
    """Hold a scenario against its model, by every law that a case is held against."""
    if not opened.has("posterior"):
        return
    record, parts = opened.records["posterior"], opened.scenario.parts
    page = pages("posterior")
    model = swept.model | {"replicate": opened.scenario.replicate}
    if not source_laws(page, record, model, parts["prior"]):
        return
    target = Target(record)
    record["quantities"] = dict(sorted(record["quantities"].items()))
    posterior_laws(page, record, target)
    sides = _sides(pages, opened, target)
    curvature = opened.records.get("curvature")
    if curvature is None or (curvature["status"] == "ok" and sides.normal is None):
        return  # the matrices of many parameters are not kept, and the rest is about the normal
    _of_draws(pages, opened, target, sides)
    if "quantiles" in opened.tables:
        _quantiles(pages("quantiles"), opened, sides, swept.probabilities)
    if opened.has("remedies", "mode", "grid"):
        _remedies(pages("remedies"), opened, sides)
    if opened.verdicts and "remedies" in opened.tables:
        _judged(pages("verdict"), opened, sides)


def _sides(pages, opened: Opened, target: Target) -> Sides:
    """Hold mode, curvature and grid, and return both sides that they make."""
    normal = exact = None
    parts = opened.scenario.parts
    if opened.has("mode", "curvature"):
        mode, curvature = opened.records["mode"], opened.records["curvature"]
        mode_laws(pages("mode"), mode, target, parts["space"])
        whole = curvature["covariance"] is not None
        if curvature["status"] == "ok" and whole:
            curvature_laws(pages("curvature"), curvature, mode, target)
            stationary_law(pages("mode"), mode, curvature, target)
            found = normal_of(mode, curvature, target.space(parts["space"]))
            normal = NormalSide(target, found)
    if "grid" in opened.records:
        record, page = opened.records["grid"], pages("grid")
        grid_laws(page, record, parts["grid"], target)
        if record["status"] == "ok":
            exact = grid_side(target, record, opened.tables)
            _cells(pages, opened, target, exact)
    return Sides(target, normal, exact)


def _cells(pages, opened: Opened, target: Target, exact) -> None:
    record, lattice = exact.record, exact.lattice
    if "mass" in opened.tables:
        cell_laws(pages("mass"), exact.cells, lattice, target, record)
    number_laws(pages("grid"), record, exact.cells, lattice)
    if "marginals" in opened.tables:
        page = pages("marginals")
        marginal_laws(page, exact.marginals, exact.cells, lattice, record)


def _of_draws(pages, opened: Opened, target: Target, sides: Sides) -> None:
    """Hold every seed's draws, where they were kept."""
    n, seeds = opened.scenario.n_draws, opened.scenario.seeds
    if "draws" in opened.tables:
        normal = sides.normal.normal if sides.normal else None
        for seed, table in _by_seed(opened.tables["draws"], seeds["draws"]):
            draws_laws(pages("draws"), table, target, normal, seed, n)
    if "grid_draws" in opened.tables:
        side = sides.exact
        parts = (side.lattice, side.cells, side.marginals) if side else None
        if parts and not side.marginals:
            return  # their law is one of the stored marginals
        for seed, table in _by_seed(opened.tables["grid_draws"], seeds["grid"]):
            grid_draws_laws(pages("grid_draws"), table, target, parts, seed, n)


def _by_seed(columns: dict, seeds):
    stated = np.asarray(columns.get("seed", []))
    for seed in seeds:
        own = stated == seed
        yield seed, Table({name: np.asarray(v)[own] for name, v in columns.items()}, {}, {})


def _quantiles(page, opened: Opened, sides: Sides, probabilities) -> None:
    draws = {
        source: opened.tables[step]
        for source, step in (("laplace", "draws"), ("grid", "grid_draws"))
        if step in opened.tables
    }
    columns = opened.tables["quantiles"]
    numbers = {name: values for name, values in columns.items() if isinstance(values, np.ndarray)}
    own = numbers | {"quantity": columns["quantity"]}
    quantile_laws(page, own, sides, draws, probabilities)


def _remedies(page, opened: Opened, sides: Sides) -> None:
    columns = opened.tables["remedies"]
    methods = dict.fromkeys(columns["method"])
    further = [name for name in methods if name not in ("laplace", "grid")]
    mode, curvature, grid = (opened.records[step] for step in ("mode", "curvature", "grid"))
    costs = {
        "laplace": of_normal(mode, curvature),
        "grid": stated(grid) if grid["status"] == "ok" else UNKNOWN,
    }
    remedy_laws(page, columns, sides, {}, further, costs)


def _judged(page, opened: Opened, sides: Sides) -> None:
    first = opened.verdicts[0]
    judging = sides if first["rests_on"] == "grid" else sides._replace(exact=None)
    for said in opened.verdicts:
        coverage_laws(page, said, said["quantity"], opened.remedies, judging)
    lower = mode_is_lower(sides, opened.records["mode"], opened.records["grid"])
    unreached_laws(page, _unreached(first), judging, lower)
    joint = {name: first[name] or Record() for name in DISTANCES}
    joint["ellipse_coverage"] = first["ellipse_coverage"] or Record(levels=Record())
    joint_laws(page, {"joint": joint, "class": first["class"]}, *sides)


def _unreached(said: Record) -> dict:
    """Return what a row says of the parts that the normal cannot reach: nulls are other rows'."""
    found = {
        name: part
        for name, part in (said["unreached"] or {}).items()
        if (part["below"], part["above"]) != (None, None)
    }
    return {"unreached": found, "warnings": said["warnings"] or []}

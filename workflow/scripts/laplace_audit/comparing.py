"""The laws of what compares the two sides of a case, applied to the artifacts of a shelf.

The tables of a case are handed to their laws as columns: a block of rows of a larger table, one
scenario of a sweep, is held against the same laws when it is cut out of it.
"""

import math

from laplace_audit import basins, joint_laws, quantile_laws, remedy_laws, verdict_laws
from laplace_audit.asked import Case
from laplace_audit.ledger import Page
from laplace_audit.reading import Table
from laplace_audit.schemas import table_form
from laplace_audit.shelf import SOURCES, Shelf


def audit_case(shelf: Shelf, case: Case) -> None:
    """Hold everything in the folder of a comparison."""
    audit_quantiles(shelf, case)
    audit_remedies(shelf, case)
    audit_basin(shelf, case)
    audit_verdict(shelf, case)


def audit_quantiles(shelf: Shelf, case: Case) -> None:
    def laws(page: Page, table: Table) -> None:
        sides = shelf.sides(case)
        table_form(page, "quantiles", table, (), _footer(shelf, case))
        draws = {source: shelf.draws(case, source) for source in SOURCES}
        columns, probabilities = table.columns, shelf.asked.probabilities
        quantile_laws.quantile_laws(page, columns, sides, draws, probabilities)

    shelf.table(f"{case.compare}/quantiles.parquet", "quantiles", laws)


def audit_remedies(shelf: Shelf, case: Case) -> None:
    """Hold the record of the remedies, their table, and the reference draws."""
    generator = {"seed": shelf.asked.draw_seeds[0], "bit_generator": "PCG64"}

    def of_record(page: Page, record: dict) -> None:
        shelf.made(page, record, "remedies", case._asdict())
        page.same("remedies are as configured", record.get("extent", "all"), shelf.asked.remedies)

    def of_table(page: Page, table: Table) -> None:
        sides = shelf.sides(case)
        table_form(page, "remedies", table, (), _footer(shelf, case) | generator)
        others = {
            space: shelf.normal_side(case.model, case.prior, space)
            for space in shelf.asked.models[case.model]["spaces"]
            if space != case.space and shelf.asked.remedies == "all"
        }
        found = shelf.need(f"{case.compare}/remedies.json")
        methods = found["methods"]
        costs = {name: said["log_density_evaluations"] for name, said in methods.items()}
        costs |= _costs(shelf, case)
        remedy_laws.remedy_laws(page, table.columns, sides, others, list(methods), costs)

    def of_reference(page: Page, table: Table) -> None:
        target = shelf.target(case.model, case.prior)
        footer = _footer(shelf, case) | generator
        table_form(page, "reference", table, target.everything, footer)
        record = shelf.need(f"{case.compare}/remedies.json")["reference"]
        remedy_laws.reference_laws(page, table, target, record)

    shelf.record(f"{case.compare}/remedies.json", "remedies", of_record)
    shelf.table(f"{case.compare}/remedies.parquet", "remedies", of_table)
    shelf.table(f"{case.compare}/reference.parquet", "remedies", of_reference)


def audit_basin(shelf: Shelf, case: Case) -> None:
    def laws(page: Page, table: Table) -> None:
        target, normal = shelf.target(case.model, case.prior), shelf.normal(*case[:3])
        before = target.parameters if normal else ()
        table_form(page, "basin", table, before, _footer(shelf, case), ("reason",))
        grid = shelf.need(f"{case.exact}/grid.json")
        basins.basin_laws(page, table, target, normal, grid)

    shelf.table(f"{case.compare}/basin.parquet", "basin", laws)


def audit_verdict(shelf: Shelf, case: Case) -> None:
    def laws(page: Page, record: dict) -> None:
        shelf.made(page, record, "verdict", case._asdict())
        inputs, sides = shelf.opened(case), shelf.sides(case)
        inputs["found"] = shelf.need(f"{case.compare}/remedies.json")
        inputs["columns"] = shelf.need(f"{case.compare}/remedies.parquet").columns
        verdict_laws.verdict_laws(page, record, inputs, sides, shelf.asked.tolerance)
        joint_laws.joint_laws(page, record, *sides)

    shelf.record(f"{case.compare}/verdict.json", "verdict", laws)


def _footer(shelf: Shelf, case: Case) -> dict:
    status = shelf.need(f"{case.laplace}/curvature.json")["status"]
    return {**case._asdict(), "status": status}


def _costs(shelf: Shelf, case: Case) -> dict:
    """Return what the methods cost that remedies.json does not list."""
    costs = {}
    every = shelf.asked.models[case.model]["spaces"]
    for space in every if shelf.asked.remedies == "all" else [case.space]:
        mode = shelf.need(f"{case.posterior}/laplace/{space}/mode.json")
        method = "laplace" if space == case.space else f"space:{space}"
        costs[method] = mode.get("n_evaluations", math.nan)
    grid = shelf.need(f"{case.exact}/grid.json")
    costs["grid"] = grid["n_evaluations"] if grid["status"] == "ok" else math.nan
    return costs

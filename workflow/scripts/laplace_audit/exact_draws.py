"""The laws of the draws that stand in for a grid: adapted, brought, or sampled."""

from laplace_audit.laws.brought import chain_laws, file_laws, sampled_record_laws
from laplace_audit.laws.brought import record_laws as brought_record_laws
from laplace_audit.laws.costs import reference_cost_laws
from laplace_audit.laws.judge import judges
from laplace_audit.laws.reference import draws_laws as reference_draws_laws
from laplace_audit.laws.reference import (
    record_laws,
)
from laplace_audit.ledger import Page
from laplace_audit.opened import generator_of, modes_of, normal_of_space
from laplace_audit.reading.artifacts import Table
from laplace_audit.reading.schemas import table_form
from laplace_audit.reading.shelf import Shelf


def audit_reference(shelf: Shelf, model: str, prior: str) -> None:
    """Hold the reference of a posterior: its record, and its draws against the proposal."""
    folder = f"{model}/{prior}/reference"
    case, seed = {"model": model, "prior": prior}, shelf.asked.draw_seeds[0]
    spaces = shelf.asked.models[model]["spaces"]

    def of_record(page: Page, record: dict) -> None:
        shelf.made(page, record, "reference", case)
        grids = _judging_grids(shelf, model, prior)
        record_laws(page, record, grids, {**shelf.asked.reference, "seed": seed})
        reference_cost_laws(page, record, [normal_of_space(shelf, model, prior, s) for s in spaces])

    def of_draws(page: Page, table: Table) -> None:
        target = shelf.target(model, prior)
        table_form(page, "reference", table, target.everything, case | generator_of(seed))
        reference_draws_laws(page, table, target, shelf.need(f"{folder}/reference.json"))

    shelf.record(f"{folder}/reference.json", "reference", of_record)
    shelf.table(f"{folder}/reference.parquet", "reference", of_draws)


def audit_brought(shelf: Shelf, model: str, prior: str) -> None:
    """Hold draws that are brought of a posterior against their files, and all that is said of
    them."""
    folder, case = f"{model}/{prior}/reference", {"model": model, "prior": prior}
    definition = shelf.asked.models[model]["reference"][prior]

    def of_record(page: Page, record: dict) -> None:
        shelf.made(page, record, "brought", case)
        brought_record_laws(page, record, definition)

    def of_draws(page: Page, table: Table) -> None:
        target = shelf.target(model, prior)
        table_form(page, "brought", table, target.everything, case)
        record = shelf.need(f"{folder}/brought.json")
        if file_laws(page, table, target, record):
            chain_laws(page, table, target, record, modes_of(shelf, model, prior))

    shelf.record(f"{folder}/brought.json", "brought", of_record)
    shelf.table(f"{folder}/brought.parquet", "brought", of_draws)


def _judging_grids(shelf: Shelf, model: str, prior: str) -> list[bool]:
    """Return of each grid of a posterior whether it can judge, whatever the space."""
    used = [grid for m, p, grid in shelf.asked.grids() if (m, p) == (model, prior)]
    grids = [shelf.need(f"{model}/{prior}/grid/{grid}/grid.json") for grid in used]
    return [judges(grid, modes_of(shelf, model, prior)) for grid in grids]


def audit_sampled(shelf: Shelf, model: str, prior: str) -> None:
    """Hold draws of NUTS against their gates, and that there are none where something cheaper can
    certify."""
    folder, case = f"{model}/{prior}/reference", {"model": model, "prior": prior}

    def of_record(page: Page, record: dict) -> None:
        shelf.made(page, record, "sampled", case)
        grids = _judging_grids(shelf, model, prior)
        cheaper = [shelf.need(f"{folder}/reference.json")]
        if (model, prior) in shelf.asked.brought():
            cheaper.append(shelf.need(f"{folder}/brought.json"))
        sampled_record_laws(page, record, shelf.asked, grids, cheaper)

    def of_draws(page: Page, table: Table) -> None:
        target, record = shelf.target(model, prior), shelf.need(f"{folder}/sampled.json")
        table_form(page, "sampled", table, target.everything, case)
        page.same("as many draws as the record says", table.rows, record["n_draws"])
        if table.rows:
            chain_laws(page, table, target, record, modes_of(shelf, model, prior))

    shelf.record(f"{folder}/sampled.json", "sampled", of_record)
    shelf.table(f"{folder}/sampled.parquet", "sampled", of_draws)

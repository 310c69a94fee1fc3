"""The laws of the chain from the code to the draws, applied to the artifacts of a shelf."""

from laplace_audit import cellular, cores, curvatures, drawn, grids, marginals, modes, posteriors
from laplace_audit.ledger import Page
from laplace_audit.reading import Table
from laplace_audit.schemas import table_form
from laplace_audit.shelf import Shelf

CORE = "core.json"


def audit_core(shelf: Shelf) -> None:
    """Hold the record of the code; what it should be now is what all the rest is held against."""
    if shelf.only is not None:
        shelf.only = {*shelf.only, CORE}

    def laws(page: Page, record: dict) -> None:
        shelf.code.update(cores.core_laws(page, record))

    shelf.record(CORE, "core", laws)


def audit_posterior(shelf: Shelf, model: str, prior: str) -> None:
    """Hold a posterior against its files first: a model that is another must not be run."""
    path = f"{model}/{prior}/posterior.json"
    definition = shelf.asked.models[model]

    def laws(page: Page, record: dict) -> None:
        shelf.made(page, record, "posterior", {"model": model, "prior": prior})
        if posteriors.source_laws(page, record, definition, definition["priors"][prior]):
            posteriors.posterior_laws(page, record, shelf.target(model, prior))
        else:
            del shelf.usable[path]

    shelf.record(path, "posterior", laws)


def audit_laplace(shelf: Shelf, model: str, prior: str, space: str) -> None:
    """Hold the mode and the curvature of a posterior in a space."""
    folder = f"{model}/{prior}/laplace/{space}"
    case = {"model": model, "prior": prior, "space": space}
    definition = shelf.asked.models[model]["spaces"][space]

    def of_mode(page: Page, mode: dict) -> None:
        shelf.made(page, mode, "mode", case)
        modes.mode_laws(page, mode, shelf.target(model, prior), definition)

    def of_curvature(page: Page, curvature: dict) -> None:
        shelf.made(page, curvature, "curvature", case)
        mode, target = shelf.need(f"{folder}/mode.json"), shelf.target(model, prior)
        curvatures.curvature_laws(page, curvature, mode, target)

    def of_both(page: Page) -> None:
        mode, curvature = (shelf.need(f"{folder}/{name}.json") for name in ("mode", "curvature"))
        if curvature["status"] == "ok":
            modes.stationary_law(page, mode, curvature, shelf.target(model, prior))

    shelf.record(f"{folder}/mode.json", "mode", of_mode)
    shelf.record(f"{folder}/curvature.json", "curvature", of_curvature)
    if f"{folder}/mode.json" in shelf.usable:
        shelf.safely(f"{folder}/mode.json", of_both)


def audit_laplace_draws(shelf: Shelf, model: str, prior: str, space: str, seed: int) -> None:
    """Hold the draws of a seed from a normal."""

    def laws(page: Page, table: Table) -> None:
        target, normal = shelf.target(model, prior), shelf.normal(model, prior, space)
        footer = {"model": model, "prior": prior, "space": space, **_generator(seed)}
        footer["status"] = "ok" if normal else "declined"
        table_form(page, "draws", table, target.everything, footer)
        drawn.draws_laws(page, table, target, normal, seed, shelf.asked.n_draws)

    path = f"{model}/{prior}/laplace/{space}/draws-seed{seed}.parquet"
    shelf.table(path, "draws", laws)


def audit_grid(shelf: Shelf, model: str, prior: str, grid: str) -> None:
    """Hold the record, the cells and the marginals of a grid."""
    folder = f"{model}/{prior}/grid/{grid}"
    case = {"model": model, "prior": prior, "grid": grid}

    def of_record(page: Page, record: dict) -> None:
        shelf.made(page, record, "grid", case)
        definition = shelf.asked.models[model]["grids"][grid]
        grids.grid_laws(page, record, definition, shelf.target(model, prior))

    def of_cells(page: Page, table: Table) -> None:
        target, record = shelf.target(model, prior), shelf.need(f"{folder}/grid.json")
        table_form(page, "mass", table, target.parameters, case)
        if record["status"] == "ok":
            grids.cell_laws(page, table, shelf.lattice(folder), target, record)
        elif record["status"] == "absent":
            page.true("no grid, no numbers", table.rows == 0)

    def of_marginals(page: Page, table: Table) -> None:
        record = shelf.need(f"{folder}/grid.json")
        table_form(page, "marginals", table, (), case)
        if record["status"] == "ok":
            cells, tables = shelf.need(f"{folder}/mass.parquet"), marginals.marginals_of(table)
            marginals.marginal_laws(page, tables, cells, shelf.lattice(folder), record)
        else:
            page.true("no grid, no numbers", table.rows == 0)

    def of_numbers(page: Page) -> None:
        record, cells = shelf.need(f"{folder}/grid.json"), shelf.need(f"{folder}/mass.parquet")
        if record["status"] == "ok":
            grids.number_laws(page, record, cells, shelf.lattice(folder))

    shelf.record(f"{folder}/grid.json", "grid", of_record)
    shelf.table(f"{folder}/mass.parquet", "grid", of_cells)
    if f"{folder}/grid.json" in shelf.usable:
        shelf.safely(f"{folder}/grid.json", of_numbers)
    shelf.table(f"{folder}/marginals.parquet", "grid", of_marginals)


def audit_grid_draws(shelf: Shelf, model: str, prior: str, grid: str, seed: int) -> None:
    """Hold the draws of a seed from a grid."""
    folder = f"{model}/{prior}/grid/{grid}"

    def laws(page: Page, table: Table) -> None:
        target, side = shelf.target(model, prior), shelf.grid(model, prior, grid)
        footer = {"model": model, "prior": prior, "grid": grid, **_generator(seed)}
        footer["status"] = shelf.need(f"{folder}/grid.json")["status"]
        table_form(page, "draws", table, target.everything, footer)
        parts = (side.lattice, side.cells, side.marginals) if side else None
        cellular.grid_draws_laws(page, table, target, parts, seed, shelf.asked.n_draws)

    shelf.table(f"{folder}/draws-seed{seed}.parquet", "grid_draws", laws)


def _generator(seed: int) -> dict:
    return {"seed": seed, "bit_generator": "PCG64"}

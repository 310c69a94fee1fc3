"""The laws of the chain from the code to the draws, applied to the artifacts of a shelf."""

from laplace_audit.laws.agreement import disputed
from laplace_audit.laws.basin import basin_laws
from laplace_audit.laws.core import core_laws
from laplace_audit.laws.costs import UNKNOWN, of_normal, stated
from laplace_audit.laws.curvature import curvature_laws
from laplace_audit.laws.draws import draws_laws
from laplace_audit.laws.grid import cell_laws, grid_laws, number_laws
from laplace_audit.laws.grid_draws import grid_draws_laws
from laplace_audit.laws.joint import joint_laws
from laplace_audit.laws.judge import judged, sorts_of
from laplace_audit.laws.marginals import marginal_laws, marginals_of
from laplace_audit.laws.mode import mode_laws, stationary_law
from laplace_audit.laws.posterior import posterior_laws, source_laws
from laplace_audit.laws.quantiles import quantile_laws
from laplace_audit.laws.reference import (
    COPIED,
    exact_column_laws,
    missed_by,
    missed_by_chains,
    stated_truth_laws,
)
from laplace_audit.laws.remedies import EXACT_DRAWS, measured_laws, remedy_laws
from laplace_audit.laws.rows import Rows
from laplace_audit.laws.verdict import verdict_laws
from laplace_audit.ledger import Page
from laplace_audit.opened import chains_of, generator_of, normal_of_space
from laplace_audit.reading.artifacts import Table
from laplace_audit.reading.asked import Case
from laplace_audit.reading.schemas import table_form
from laplace_audit.reading.shelf import SOURCES, Shelf

CORE = "core.json"


def audit_core(shelf: Shelf) -> None:
    """Hold the record of the code; what it should be now is what all the rest is held against."""
    if shelf.only is not None:
        shelf.only = {*shelf.only, CORE}

    def laws(page: Page, record: dict) -> None:
        shelf.code.update(core_laws(page, record))

    shelf.record(CORE, "core", laws)


def audit_posterior(shelf: Shelf, model: str, prior: str) -> None:
    """Hold a posterior against its files first: a model that is another must not be run."""
    path = f"{model}/{prior}/posterior.json"
    definition = shelf.asked.models[model]

    def laws(page: Page, record: dict) -> None:
        shelf.made(page, record, "posterior", {"model": model, "prior": prior})
        if source_laws(page, record, definition, definition["priors"][prior]):
            posterior_laws(page, record, shelf.target(model, prior))
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
        mode_laws(page, mode, shelf.target(model, prior), definition)

    def of_curvature(page: Page, curvature: dict) -> None:
        shelf.made(page, curvature, "curvature", case)
        mode, target = shelf.need(f"{folder}/mode.json"), shelf.target(model, prior)
        curvature_laws(page, curvature, mode, target)

    def of_both(page: Page) -> None:
        mode, curvature = (shelf.need(f"{folder}/{name}.json") for name in ("mode", "curvature"))
        if curvature["status"] == "ok":
            stationary_law(page, mode, curvature, shelf.target(model, prior))

    shelf.record(f"{folder}/mode.json", "mode", of_mode)
    shelf.record(f"{folder}/curvature.json", "curvature", of_curvature)
    if f"{folder}/mode.json" in shelf.usable:
        shelf.safely(f"{folder}/mode.json", of_both)


def audit_laplace_draws(shelf: Shelf, model: str, prior: str, space: str, seed: int) -> None:
    """Hold the draws of a seed from a normal."""

    def laws(page: Page, table: Table) -> None:
        target, normal = shelf.target(model, prior), shelf.normal(model, prior, space)
        footer = {"model": model, "prior": prior, "space": space, **generator_of(seed)}
        footer["status"] = "ok" if normal else "declined"
        table_form(page, "draws", table, target.everything, footer)
        draws_laws(page, table, target, normal, seed, shelf.asked.n_draws)

    path = f"{model}/{prior}/laplace/{space}/draws-seed{seed}.parquet"
    shelf.table(path, "draws", laws)


def audit_grid(shelf: Shelf, model: str, prior: str, grid: str) -> None:
    """Hold the record, the cells and the marginals of a grid."""
    folder = f"{model}/{prior}/grid/{grid}"
    case = {"model": model, "prior": prior, "grid": grid}

    def of_record(page: Page, record: dict) -> None:
        shelf.made(page, record, "grid", case)
        definition = shelf.asked.models[model]["grids"][grid]
        grid_laws(page, record, definition, shelf.target(model, prior))

    def of_cells(page: Page, table: Table) -> None:
        target, record = shelf.target(model, prior), shelf.need(f"{folder}/grid.json")
        table_form(page, "mass", table, target.parameters, case)
        if record["status"] == "ok":
            cell_laws(page, table, shelf.lattice(folder), target, record)
        elif record["status"] == "absent":
            page.true("no grid, no numbers", table.rows == 0)

    def of_marginals(page: Page, table: Table) -> None:
        record = shelf.need(f"{folder}/grid.json")
        table_form(page, "marginals", table, (), case)
        if record["status"] == "ok":
            cells, tables = shelf.need(f"{folder}/mass.parquet"), marginals_of(table)
            marginal_laws(page, tables, cells, shelf.lattice(folder), record)
        else:
            page.true("no grid, no numbers", table.rows == 0)

    def of_numbers(page: Page) -> None:
        record, cells = shelf.need(f"{folder}/grid.json"), shelf.need(f"{folder}/mass.parquet")
        if record["status"] == "ok":
            number_laws(page, record, cells, shelf.lattice(folder))

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
        footer = {"model": model, "prior": prior, "grid": grid, **generator_of(seed)}
        footer["status"] = shelf.need(f"{folder}/grid.json")["status"]
        table_form(page, "draws", table, target.everything, footer)
        parts = (side.lattice, side.cells, side.marginals) if side else None
        grid_draws_laws(page, table, target, parts, seed, shelf.asked.n_draws)

    shelf.table(f"{folder}/draws-seed{seed}.parquet", "grid_draws", laws)


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
        quantile_laws(page, columns, sides, draws, probabilities)
        exact_column_laws(page, columns, *_rest(shelf, case))

    shelf.table(f"{case.compare}/quantiles.parquet", "quantiles", laws)


def _rest(shelf: Shelf, case: Case) -> tuple[str, dict, tuple]:
    """Return what the verdict on a case rests on, the columns of the reference draws, and the mass
    that they may miss."""
    record, table = (
        shelf.need(f"{case.posterior}/reference/reference.{x}") for x in ("json", "parquet")
    )
    kind = _judged(shelf, case)[0]
    for columns, said in chains_of(shelf, case.model, case.prior):
        if said["kind"] == kind:
            return kind, columns, missed_by_chains(said)
    return kind, table.columns, missed_by(record)


def _judged(shelf: Shelf, case: Case) -> tuple[str, bool]:
    """Return what the verdict on a case rests on, and whether that can be relied on."""
    record = shelf.need(f"{case.posterior}/reference/reference.json")
    opened = shelf.need(f"{case.exact}/grid.json"), shelf.need(f"{case.laplace}/mode.json")
    chains = chains_of(shelf, case.model, case.prior)
    return judged(*opened, sorts_of(record, chains), shelf.asked.tolerance)


def audit_remedies(shelf: Shelf, case: Case) -> None:
    """Hold the record of the remedies, and their table."""
    generator = generator_of(shelf.asked.draw_seeds[0])

    def of_record(page: Page, record: dict) -> None:
        shelf.made(page, record, "remedies", case._asdict())
        page.same("remedies are as configured", record.get("extent", "all"), shelf.asked.remedies)
        reference = shelf.need(f"{case.posterior}/reference/reference.json")
        due = {key: reference[key] for key in COPIED}
        page.same("copies are what was copied", record["reference"], due)

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
        costs = _costs(shelf, case, methods)
        further = list(methods)
        rest = _rest(shelf, case)
        if rest[0] in EXACT_DRAWS:
            own = EXACT_DRAWS[rest[0]]
            further.append(own)
            costs[own] = stated(found["reference"]) if own == "adapted_draws" else UNKNOWN
        remedy_laws(page, table.columns, sides, others, further, costs)
        stated_truth_laws(page, table.columns, *rest)
        kind, reliable = _judged(shelf, case)
        chains = chains_of(shelf, case.model, case.prior)
        reliable = reliable and not disputed(chains, Rows(table.columns), kind)
        measured_laws(page, table.columns, kind, reliable)

    shelf.record(f"{case.compare}/remedies.json", "remedies", of_record)
    shelf.table(f"{case.compare}/remedies.parquet", "remedies", of_table)


def audit_basin(shelf: Shelf, case: Case) -> None:
    def laws(page: Page, table: Table) -> None:
        target, normal = shelf.target(case.model, case.prior), shelf.normal(*case[:3])
        before = target.parameters if normal else ()
        table_form(page, "basin", table, before, _footer(shelf, case), ("reason",))
        grid = shelf.need(f"{case.exact}/grid.json")
        basin_laws(page, table, target, normal, grid)

    shelf.table(f"{case.compare}/basin.parquet", "basin", laws)


def audit_verdict(shelf: Shelf, case: Case) -> None:
    def laws(page: Page, record: dict) -> None:
        shelf.made(page, record, "verdict", case._asdict())
        inputs, sides = shelf.opened(case), shelf.sides(case)
        inputs["found"] = shelf.need(f"{case.compare}/remedies.json")
        inputs["chains"] = chains_of(shelf, case.model, case.prior)
        inputs["reference"] = shelf.need(f"{case.posterior}/reference/reference.json")
        inputs["columns"] = shelf.need(f"{case.compare}/remedies.parquet").columns
        verdict_laws(page, record, inputs, sides, shelf.asked.tolerance)
        joint_laws(page, record, *sides)

    shelf.record(f"{case.compare}/verdict.json", "verdict", laws)


def _footer(shelf: Shelf, case: Case) -> dict:
    status = shelf.need(f"{case.laplace}/curvature.json")["status"]
    return {**case._asdict(), "status": status}


def _costs(shelf: Shelf, case: Case, methods: dict) -> dict:
    """Return what the methods cost, those of remedies.json on top of the normal of the case."""
    costs = {}
    every = shelf.asked.models[case.model]["spaces"]
    for space in every if shelf.asked.remedies == "all" else [case.space]:
        method = "laplace" if space == case.space else f"space:{space}"
        costs[method] = of_normal(*normal_of_space(shelf, case.model, case.prior, space))
    alone, proof = costs["laplace"]
    for name, said in methods.items():
        costs[name] = alone + said["log_density_evaluations"], proof
    grid = shelf.need(f"{case.exact}/grid.json")
    costs["grid"] = stated(grid) if grid["status"] == "ok" else UNKNOWN
    return costs

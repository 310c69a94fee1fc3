"""The whole audit: every artifact that a configuration asks for, in the order of the chain."""

from types import SimpleNamespace

from laplace_audit.case import (
    audit_case,
    audit_core,
    audit_grid,
    audit_grid_draws,
    audit_laplace,
    audit_laplace_draws,
    audit_posterior,
)
from laplace_audit.exact_draws import audit_brought, audit_reference, audit_sampled
from laplace_audit.laws.claims import claim_laws
from laplace_audit.laws.exercises import exercise_laws
from laplace_audit.laws.summary import summary_laws
from laplace_audit.ledger import Ledger, Page
from laplace_audit.reading.artifacts import Table
from laplace_audit.reading.asked import EXERCISES, Asked, Case
from laplace_audit.reading.schemas import core_law, table_form
from laplace_audit.reading.shelf import SOURCES, Shelf, Unusable


def audit(asked: Asked, results="results", only=None) -> Ledger:
    """Hold all artifacts below a folder against their laws, and return what was found.

    With `only`, a set of paths below that folder, all are opened and only these are held.
    """
    shelf = Shelf(asked, results, only)
    audit_core(shelf)
    for names in asked.posteriors():
        audit_posterior(shelf, *names)
    for names in asked.spaces():
        audit_laplace(shelf, *names)
    for names in asked.normals():
        for seed in asked.draw_seeds:
            audit_laplace_draws(shelf, *names, seed)
    for names in asked.grids():
        audit_grid(shelf, *names)
        for seed in asked.grid_seeds:
            audit_grid_draws(shelf, *names, seed)
    for names in asked.posteriors():
        audit_reference(shelf, *names)
    for names in asked.brought():
        audit_brought(shelf, *names)
    for names in asked.sampled():
        audit_sampled(shelf, *names)
    for case in asked.cases:
        audit_case(shelf, case)
    audit_summary(shelf)
    audit_claims(shelf)
    for number, path in enumerate(EXERCISES, start=1):
        audit_exercise(shelf, path, number)
    return shelf.ledger


def audit_summary(shelf: Shelf) -> None:
    """Hold the summary against all cases."""

    def laws(page: Page, table: Table) -> None:
        table_form(page, "summary", table, (), {})
        opened = [(case, shelf.opened(case)) for case in shelf.asked.cases]
        summary_laws(page, table.columns, opened)

    shelf.table("summary.parquet", "summary", laws)


def audit_claims(shelf: Shelf) -> None:
    """Hold the claims against the artifacts that they are measured on."""
    artifacts = set(shelf.asked.artifacts())

    def read(name: str):
        return shelf.need(name) if name in artifacts else None

    def laws(page: Page, judged: list) -> None:
        claim_laws(page, judged, shelf.asked.claims, read)

    shelf.record("claims.json", "claims", laws)


def audit_exercise(shelf: Shelf, path: str, number: int) -> None:
    """Hold an exercise against its cases."""

    def study(name: str) -> SimpleNamespace:
        return _studied(shelf, Case(*name.split("/")))

    def laws(page: Page, record: dict) -> None:
        core_law(page, record["core"], shelf.code.get("exercises"))
        exercise_laws(page, record, number, study)

    shelf.record(path, f"exercise-{number}", laws)


def _studied(shelf: Shelf, case: Case) -> SimpleNamespace:
    """Return a case with all that exercises look at."""
    if case not in shelf.asked.cases:
        raise Unusable(f"{'/'.join(case)} is not among the cases")
    return SimpleNamespace(
        name=case,
        posterior=shelf.need(f"{case.posterior}/posterior.json"),
        draws={source: shelf.draws(case, source) for source in SOURCES},
        sides=shelf.sides(case),
        **shelf.opened(case),
    )

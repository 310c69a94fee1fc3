"""The artifacts of one run, each opened once, and what several laws need of them."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np

from laplace_audit.laws.marginals import marginals_of
from laplace_audit.laws.quantiles import Sides
from laplace_audit.ledger import Ledger, Page
from laplace_audit.numerics.lattice import Lattice
from laplace_audit.numerics.normal import Normal, normal_of
from laplace_audit.numerics.sides import GridSide, NormalSide
from laplace_audit.numerics.target import Target
from laplace_audit.reading import schemas
from laplace_audit.reading.artifacts import Table, Unreadable, read_record, read_table
from laplace_audit.reading.asked import Asked, Case
from laplace_audit.reading.matrices import BESIDE, with_matrices

SOURCES = ("laplace", "grid")


def content_in_table(content) -> bool:
    """Return whether a record says that its matrices are in the table beside it."""
    return isinstance(content, dict) and content.get("matrices_in") == BESIDE


class Unusable(Exception):
    """An artifact that another one rests on cannot be used; the message names it."""


class Shelf:
    """The artifacts below a folder, and the ledger of what is found about them.

    `record` and `table` open an artifact, hold its form, and then apply laws to it: functions of
    (page, content, ...). `need` gives what was opened before, or raises Unusable. With `only`, a
    set of paths, everything is opened but only these are held against laws.
    """

    def __init__(self, asked: Asked, results="results", only=None):
        self.asked, self.results, self.ledger = asked, Path(results), Ledger()
        self.only = only
        self.code: dict[str, str] = {}  # fingerprint of each step, as it is now
        self.usable: dict[str, object] = {}
        self.target, self.normal = cache(self._target), cache(self._normal)
        self.grid, self.normal_side = cache(self._grid), cache(self._normal_side)
        self.draws = cache(self._draws)

    def record(self, path: str, step: str, laws: Callable, *given) -> None:
        """Apply laws to a JSON artifact, if it keeps the schema of its step."""
        content = self._read(path, read_record)
        page = self.ledger.page(path)
        if content is not None and (
            not self.wanted(path) or schemas.record_form(page, step, content)
        ):
            if content_in_table(content):
                content = self._with_matrices(path, content)
            if content is None:
                return
            self.usable[path] = content
            self.safely(path, laws, content, *given)

    def _with_matrices(self, path: str, content: dict) -> dict | None:
        """Return a curvature with the matrices of the table beside it."""
        beside = str(Path(path).with_name(BESIDE))
        table = self._read(beside, read_table)
        if table is None:
            return None
        try:
            return with_matrices(content, table.columns)
        except (KeyError, ValueError, IndexError) as error:
            self.ledger.page(beside).broken("every law can be evaluated", str(error))
            return None

    def table(self, path: str, step: str, laws: Callable, *given) -> None:
        """Apply laws to a table, if it can be read."""
        content = self._read(path, read_table)
        if content is not None:
            self.usable[path] = content
            if self.wanted(path):
                page, stated = self.ledger.page(path), content.metadata.get("core")
                schemas.core_law(page, stated, self.code.get(step))
            self.safely(path, laws, content, *given)

    def wanted(self, path: str) -> bool:
        """Return whether an artifact is to be held against laws."""
        return self.only is None or path in self.only

    def safely(self, path: str, laws: Callable, *contents) -> None:
        """Apply laws; an artifact on which one of them cannot even be evaluated has broken it."""
        if not self.wanted(path):
            return
        page = self.ledger.page(path)
        try:
            with np.errstate(all="ignore"):
                laws(page, *contents)
        except Unusable as error:
            page.broken("what it rests on is fit for use", str(error))
        except Exception as error:
            page.broken("every law can be evaluated", f"{type(error).__name__}: {error}"[:300])

    def made(self, page: Page, record: dict, step: str, case: dict) -> None:
        """Hold what a record says of its case and of the code that made it."""
        page.same("record says whose it is", record["case"], case)
        schemas.core_law(page, record["core"], self.code.get(step))

    def need(self, path: str):
        """Return the content of an artifact that was found fit for use."""
        if path not in self.usable:
            raise Unusable(f"{path} cannot be used")
        return self.usable[path]

    def sides(self, case: Case) -> Sides:
        """Return both sides of a case."""
        return Sides(
            self.target(case.model, case.prior),
            self.normal_side(*case[:3]),
            self.grid(case.model, case.prior, case.grid),
        )

    def opened(self, case: Case) -> dict:
        """Return the records of a case by name, and its quantiles as columns."""
        paths = {
            "mode": f"{case.laplace}/mode.json",
            "curvature": f"{case.laplace}/curvature.json",
            "grid": f"{case.exact}/grid.json",
            "verdict": f"{case.compare}/verdict.json",
        }
        found = {name: self.need(path) for name, path in paths.items()}
        return found | {"quantiles": self.need(f"{case.compare}/quantiles.parquet").columns}

    def lattice(self, folder: str) -> Lattice:
        """Return the lattice of the grid in a folder."""
        return Lattice(self.need(f"{folder}/grid.json")["lattice"])

    def _read(self, path: str, reader: Callable):
        page = self.ledger.page(path)
        try:
            content = reader(self.results / path)
        except Unreadable as error:
            page.broken("readable", str(error))
            return None
        page.true("readable", True)
        return content

    def _target(self, model: str, prior: str) -> Target:
        path = f"{model}/{prior}/posterior.json"
        record = self.need(path)
        try:
            return Target(record)
        except Exception as error:
            raise Unusable(f"the model of {path} cannot be run: {error}") from None

    def _normal(self, model: str, prior: str, space: str) -> Normal | None:
        folder = f"{model}/{prior}/laplace/{space}"
        mode, curvature = (self.need(f"{folder}/{name}.json") for name in ("mode", "curvature"))
        definition = self.asked.models[model]["spaces"][space]
        return normal_of(mode, curvature, self.target(model, prior).space(definition))

    def _normal_side(self, model: str, prior: str, space: str) -> NormalSide | None:
        normal = self.normal(model, prior, space)
        return NormalSide(self.target(model, prior), normal) if normal else None

    def _grid(self, model: str, prior: str, grid: str) -> GridSide | None:
        folder = f"{model}/{prior}/grid/{grid}"
        record = self.need(f"{folder}/grid.json")
        if record["status"] != "ok":
            return None
        cells = self.need(f"{folder}/mass.parquet")
        tables = marginals_of(self.need(f"{folder}/marginals.parquet"))
        return GridSide(self.target(model, prior), record, self.lattice(folder), cells, tables)

    def _draws(self, case: Case, source: str) -> dict:
        """Return the draws of a side of a case, all seeds one after another."""
        laplace = source == "laplace"
        folder = case.laplace if laplace else case.exact
        seeds = self.asked.draw_seeds if laplace else self.asked.grid_seeds
        tables: list[Table] = [self.need(f"{folder}/draws-seed{seed}.parquet") for seed in seeds]
        names = tables[0].columns
        return {name: np.concatenate([table.columns[name] for table in tables]) for name in names}

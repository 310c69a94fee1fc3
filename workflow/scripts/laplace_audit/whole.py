"""The whole audit: every artifact that a configuration asks for, in the order of the chain."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from laplace_audit import (
    basins,
    cellular,
    claim_laws,
    cores,
    curvatures,
    drawn,
    exercise_laws,
    grids,
    joint_laws,
    marginals,
    modes,
    posteriors,
    quantile_laws,
    remedy_laws,
    schemas,
    summaries,
    verdict_laws,
)
from laplace_audit.asked import EXERCISES, Asked, Case
from laplace_audit.ledger import Ledger, Page
from laplace_audit.normals import normal_of
from laplace_audit.reading import Table, Unreadable, read_record, read_table
from laplace_audit.sides import GridSide, NormalSide
from laplace_audit.target import Target


class Unusable(Exception):
    """An artifact that another one rests on cannot be used; the message names it."""


class Audit:
    """The artifacts of one configuration below a folder, each opened once and audited once."""

    def __init__(self, asked: Asked, results="results"):
        self.asked, self.results = asked, Path(results)
        self.ledger = Ledger()
        self.due_core: dict[str, str] = {}
        self.usable: dict[str, object] = {}
        self.target, self.normal = cache(self._target), cache(self._normal)
        self.grid, self.normal_side = cache(self._grid), cache(self._normal_side)
        self.draws = cache(self._draws)

    def run(self) -> Ledger:
        """Audit everything, and return what was found."""
        self.core()
        for model, prior in self.asked.posteriors():
            self.posterior(model, prior)
        for names in self.asked.spaces():
            self.laplace(*names)
        for names in self.asked.normals():
            self.laplace_draws(*names)
        for names in self.asked.grids():
            self.exact(*names)
        for case in self.asked.cases:
            self.comparison(case)
        self.summary()
        self.claims()
        for number, path in enumerate(EXERCISES, start=1):
            self.exercise(path, number)
        return self.ledger

    def core(self) -> None:
        @self._record("core.json", "core")
        def of_record(page, record):
            self.due_core = cores.core_laws(page, record)

    def posterior(self, model: str, prior: str) -> None:
        path = f"{model}/{prior}/posterior.json"
        definition = self.asked.models[model]
        @self._record(path, "posterior")
        def of_record(page, record):
            self._made(page, record, "posterior", {"model": model, "prior": prior})
            same = posteriors.source_laws(page, record, definition, definition["priors"][prior])
            if not same:
                del self.usable[path]  # a model that is another must not be run
                return
            posteriors.posterior_laws(page, record, self.target(model, prior))

    def laplace(self, model: str, prior: str, space: str) -> None:
        folder = f"{model}/{prior}/laplace/{space}"
        case = {"model": model, "prior": prior, "space": space}
        definition = self.asked.models[model]["spaces"][space]
        @self._record(f"{folder}/mode.json", "mode")
        def of_mode(page, mode):
            self._made(page, mode, "mode", case)
            modes.mode_laws(page, mode, self.target(model, prior), definition)
        @self._record(f"{folder}/curvature.json", "curvature")
        def of_curvature(page, curvature):
            self._made(page, curvature, "curvature", case)
            mode, target = self._need(f"{folder}/mode.json"), self.target(model, prior)
            curvatures.curvature_laws(page, curvature, mode, target)
            if curvature["status"] == "ok":
                of_the_mode = self._page(f"{folder}/mode.json")
                self._safely(of_the_mode, modes.stationary_law, mode, curvature, target)

    def laplace_draws(self, model: str, prior: str, space: str) -> None:
        folder = f"{model}/{prior}/laplace/{space}"
        for seed in self.asked.draw_seeds:
            path = f"{folder}/draws-seed{seed}.parquet"
            @self._table(path)
            def of_table(page, table):
                target, normal = self.target(model, prior), self.normal(model, prior, space)
                case = dict(model=model, prior=prior, space=space, seed=seed)
                case |= {"bit_generator": "PCG64", "status": "ok" if normal else "declined"}
                schemas.table_form(page, "draws", table, target.everything, case)
                self._core(page, table, "draws")
                drawn.draws_laws(page, table, target, normal, self.asked.n_draws)

    def exact(self, model: str, prior: str, grid: str) -> None:
        folder = f"{model}/{prior}/grid/{grid}"
        case = {"model": model, "prior": prior, "grid": grid}
        names = {key: f"{folder}/{key}.parquet" for key in ("mass", "marginals")}
        definition = self.asked.models[model]["grids"][grid]
        @self._record(f"{folder}/grid.json", "grid")
        def of_record(page, record):
            self._made(page, record, "grid", case)
            grids.grid_laws(page, record, definition, self.target(model, prior))
        for key, path in names.items():
            @self._table(path)
            def of_table(page, table):
                target, record = self.target(model, prior), self._need(f"{folder}/grid.json")
                before = target.parameters if key == "mass" else ()
                schemas.table_form(page, key, table, before, case)
                self._core(page, table, "grid")
                if record["status"] == "absent":
                    page.true("no grid, no numbers", table.rows == 0)
                elif record["status"] == "ok":
                    self._of_grid(page, key, table, folder, record, target)
        for seed in self.asked.grid_seeds:
            @self._table(f"{folder}/draws-seed{seed}.parquet")
            def of_table(page, table):
                self._grid_draws(page, table, model, prior, grid, seed)

    def _of_grid(self, page: Page, key: str, table: Table, folder: str, record: dict, target) -> None:
        lattice = self._lattice(folder)
        if key == "mass":
            grids.cell_laws(page, table, lattice, target, record)
            return
        cells = self._need(f"{folder}/mass.parquet")
        marginals.marginal_laws(page, marginals.marginals_of(table), cells, lattice, record)

    def _grid_draws(self, page: Page, table: Table, model, prior, grid, seed) -> None:
        target, side = self.target(model, prior), self.grid(model, prior, grid)
        status = self._need(f"{model}/{prior}/grid/{grid}/grid.json")["status"]
        case = dict(model=model, prior=prior, grid=grid, seed=seed)
        case |= {"bit_generator": "PCG64", "status": status}
        schemas.table_form(page, "draws", table, target.everything, case)
        self._core(page, table, "grid_draws")
        parts = (side.lattice, side.cells, side.marginals) if side else None
        cellular.grid_draws_laws(page, table, target, parts, self.asked.n_draws)

    def comparison(self, case: Case) -> None:
        """Audit what compares the two sides of a case."""
        footer = dict(**case._asdict())
        @self._table(f"{case.compare}/quantiles.parquet")
        def of_table(page, table):
            sides = self.sides(case)
            footer["status"] = "ok" if sides.normal else "declined"
            schemas.table_form(page, "quantiles", table, (), footer)
            self._core(page, table, "quantiles")
            draws = {source: self.draws(case, source) for source in ("laplace", "grid")}
            quantile_laws.quantile_laws(page, table.columns, sides, draws, self.asked.probabilities)
        @self._record(f"{case.compare}/remedies.json", "remedies")
        def of_record(page, record):
            self._made(page, record, "remedies", case._asdict())
        self._tables(case, footer)
        @self._record(f"{case.compare}/verdict.json", "verdict")
        def of_record(page, record):
            self._made(page, record, "verdict", case._asdict())
            inputs, sides = self._inputs(case), self.sides(case)
            tolerance = self.asked.tolerance
            verdict_laws.verdict_laws(page, record, inputs, sides, tolerance)
            joint_laws.joint_laws(page, record, sides.target, sides.normal, sides.exact)

    def _tables(self, case: Case, footer: dict) -> None:
        seeded = {"seed": self.asked.draw_seeds[0], "bit_generator": "PCG64"}
        @self._table(f"{case.compare}/remedies.parquet")
        def of_table(page, table):
            sides = self.sides(case)
            schemas.table_form(page, "remedies", table, (), dict(**footer, **seeded))
            self._core(page, table, "remedies")
            others = {
                space: self.normal_side(case.model, case.prior, space)
                for space in self.asked.models[case.model]["spaces"]
                if space != case.space
            }
            found = self._need(f"{case.compare}/remedies.json")
            remedy_laws.remedy_laws(page, table.columns, sides, others, found, self._costs(case))
        @self._table(f"{case.compare}/reference.parquet")
        def of_table(page, table):
            target = self.target(case.model, case.prior)
            footer_of = dict(**footer, **seeded)
            schemas.table_form(page, "reference", table, target.everything, footer_of)
            self._core(page, table, "remedies")
            record = self._need(f"{case.compare}/remedies.json")["reference"]
            remedy_laws.reference_laws(page, table, target, record)
        @self._table(f"{case.compare}/basin.parquet")
        def of_table(page, table):
            target, normal = self.target(case.model, case.prior), self.normal(*case[:3])
            before = target.parameters if normal else ()
            schemas.table_form(page, "basin", table, before, dict(**footer), ("reason",))
            self._core(page, table, "basin")
            grid = self._need(f"{case.exact}/grid.json")
            basins.basin_laws(page, table, target, normal, grid)

    def summary(self) -> None:
        @self._table("summary.parquet")
        def of_table(page, table):
            schemas.table_form(page, "summary", table, (), {})
            self._core(page, table, "summary")
            opened = [(case, self._opened(case)) for case in self.asked.cases]
            summaries.summary_laws(page, table.columns, opened)

    def claims(self) -> None:
        artifacts = set(self.asked.artifacts())

        def read(name: str):
            return self._need(name) if name in artifacts else None

        @self._record("claims.json", "claims")
        def of_judged(page, judged):
            claim_laws.claim_laws(page, judged, self.asked.claims, read)

    def exercise(self, path: str, number: int) -> None:
        @self._record(path, f"exercise-{number}")
        def of_record(page, record):
            schemas.core_law(page, record["core"], self.due_core.get("exercises"))
            exercise_laws.exercise_laws(page, record, number, self.study)

    def study(self, name: str) -> SimpleNamespace:
        """Return a case with all that exercises look at."""
        case = Case(*name.split("/"))
        if case not in self.asked.cases:
            raise Unusable(f"{name} is not among the cases")
        opened = self._opened(case)
        opened["quantiles"] = None
        posterior = self._need(f"{case.posterior}/posterior.json")
        draws = {source: self.draws(case, source) for source in ("laplace", "grid")}
        return SimpleNamespace(
            **opened, name=case, posterior=posterior, draws=draws, sides=self.sides(case)
        )

    def sides(self, case: Case) -> quantile_laws.Sides:
        """Return both sides of a case."""
        return quantile_laws.Sides(
            self.target(case.model, case.prior),
            self.normal_side(*case[:3]),
            self.grid(case.model, case.prior, case.grid),
        )

    def _inputs(self, case: Case) -> dict:
        opened = self._opened(case)
        opened["found"] = self._need(f"{case.compare}/remedies.json")
        opened["columns"] = self._need(f"{case.compare}/remedies.parquet").columns
        return opened

    def _opened(self, case: Case) -> dict:
        paths = {
            "mode": f"{case.laplace}/mode.json",
            "curvature": f"{case.laplace}/curvature.json",
            "grid": f"{case.exact}/grid.json",
        }
        found = {key: self._need(path) for key, path in paths.items()}
        found["quantiles"] = self._need(f"{case.compare}/quantiles.parquet").columns
        if f"{case.compare}/verdict.json" in self.usable:
            found["verdict"] = self._need(f"{case.compare}/verdict.json")
        return found

    def _costs(self, case: Case) -> dict:
        costs = {}
        for space in self.asked.models[case.model]["spaces"]:
            mode = self._need(f"{case.posterior}/laplace/{space}/mode.json")
            method = "laplace" if space == case.space else f"space:{space}"
            costs[method] = mode.get("n_evaluations", np.nan)
        grid = self._need(f"{case.exact}/grid.json")
        costs["grid"] = grid["n_evaluations"] if grid["status"] == "ok" else np.nan
        return costs

    def _target(self, model: str, prior: str) -> Target:
        path = f"{model}/{prior}/posterior.json"
        try:
            return Target(self._need(path))
        except Unusable:
            raise
        except Exception as error:
            raise Unusable(f"the model of {path} cannot be run: {error}") from None

    def _normal(self, model: str, prior: str, space: str):
        folder = f"{model}/{prior}/laplace/{space}"
        mode, curvature = (self._need(f"{folder}/{name}.json") for name in ("mode", "curvature"))
        definition = self.asked.models[model]["spaces"][space]
        return normal_of(mode, curvature, self.target(model, prior).space(definition))

    def _normal_side(self, model: str, prior: str, space: str) -> NormalSide | None:
        normal = self.normal(model, prior, space)
        return NormalSide(self.target(model, prior), normal) if normal else None

    def _lattice(self, folder: str):
        from laplace_audit.lattices import Lattice

        return Lattice(self._need(f"{folder}/grid.json")["lattice"])

    def _grid(self, model: str, prior: str, grid: str) -> GridSide | None:
        folder = f"{model}/{prior}/grid/{grid}"
        record = self._need(f"{folder}/grid.json")
        if record["status"] != "ok":
            return None
        cells = self._need(f"{folder}/mass.parquet")
        tables = marginals.marginals_of(self._need(f"{folder}/marginals.parquet"))
        return GridSide(self.target(model, prior), record, self._lattice(folder), cells, tables)

    def _draws(self, case: Case, source: str) -> dict:
        folder, seeds = (
            (case.laplace, self.asked.draw_seeds)
            if source == "laplace"
            else (case.exact, self.asked.grid_seeds)
        )
        tables = [self._need(f"{folder}/draws-seed{seed}.parquet").columns for seed in seeds]
        return {name: np.concatenate([table[name] for table in tables]) for name in tables[0]}

    def _need(self, path: str):
        """Return the content of an artifact that was found fit for use."""
        if path not in self.usable:
            raise Unusable(f"{path} cannot be used")
        return self.usable[path]

    def _page(self, path: str) -> Page:
        return self.ledger.page(path)

    def _made(self, page: Page, record: dict, step: str, case: dict) -> None:
        page.same("record says whose it is", record["case"], case)
        schemas.core_law(page, record["core"], self.due_core.get(step))

    def _core(self, page: Page, table: Table, step: str) -> None:
        schemas.core_law(page, table.metadata.get("core"), self.due_core.get(step))

    def _record(self, path: str, step: str):
        """Call the function that it decorates with the page and the content of a JSON artifact, if
        that keeps its schema."""
        page, record = self._page(path), self._read(path, read_record)
        fit = record is not None and schemas.record_form(page, step, record)
        return self._held(path, page, record if fit else None)

    def _table(self, path: str):
        """The same for a table, if that can be read."""
        return self._held(path, self._page(path), self._read(path, read_table))

    def _held(self, path: str, page: Page, content):
        if content is not None:
            self.usable[path] = content

        def call(laws: Callable) -> None:
            if content is not None:
                self._safely(page, laws, content)

        return call

    def _safely(self, page: Page, laws: Callable, *contents) -> None:
        """Apply laws; an artifact on which one of them cannot even be evaluated has broken it."""
        try:
            with np.errstate(all="ignore"):
                laws(page, *contents)
        except Unusable as error:
            page.broken("what it rests on is fit for use", str(error))
        except Exception as error:
            page.broken("every law can be evaluated", f"{type(error).__name__}: {error}"[:300])

    def _read(self, path: str, reader: Callable):
        page = self._page(path)
        try:
            content = reader(self.results / path)
        except Unreadable as error:
            page.broken("readable", str(error))
            return None
        page.true("readable", True)
        return content

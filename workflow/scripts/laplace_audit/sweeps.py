"""The audit of a sweep: its tables, scenario by scenario, and what follows from all of them.

Laws that need the rows alone are held for every scenario. Those that run the model are held for as
many different posteriors as they are to be held for, spread over the sweep.
"""

import hashlib
import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np

from laplace_audit.laws.effects import audit_effects
from laplace_audit.laws.quantiles import shape_laws
from laplace_audit.ledger import Ledger, Page
from laplace_audit.reading.artifacts import Unreadable
from laplace_audit.reading.asked_sweep import Swept, swept_from
from laplace_audit.reading.blocks import Blocks
from laplace_audit.reading.schemas import SCHEMA_VERSION, core_law
from laplace_audit.scenario import RECORDS, Opened, deep_laws, light_laws

STEPS = (
    *(*RECORDS, "verdict", "quantiles", "remedies"),
    *("draws", "grid_draws", "marginals", "mass", "reference"),
)
OPTIONAL = ("draws", "grid_draws", "marginals", "mass", "reference")
# what a scenario must have for a table that was kept to have rows of it
NEEDED = {"draws": "curvature", "grid_draws": "grid", "marginals": "grid", "mass": "grid"}
REPEATED = ("tolerance",)  # a setting that is a column of a step itself, and says the same
STATED = ("mode", "curvature", "grid", "verdict")  # steps that say what became of a scenario
EVERY = "all"
PLACED = "scenarios are those of the configuration"
CONTENT = (*RECORDS, "verdict", "remedies", "quantiles")


def audit_sweep(plain: dict, code: dict[str, str], results="results") -> Ledger:
    """Hold the tables of a sweep against its plain values, and return what was found.

    `code` has the fingerprints of the steps as they are now; `plain["recomputed"]` is the number
    of posteriors for which the model is run, or "all".
    """
    return _Audit(swept_from(plain), code, Path(results)).run(plain["recomputed"])


class Pages:
    """The pages of a sweep's tables, all about one scenario; `last` is the step asked for last."""

    def __init__(self, ledger: Ledger, sweep: str, about: str = ""):
        self.ledger, self.sweep, self.about = ledger, sweep, about
        self.last = "verdict"

    def __call__(self, step: str) -> Page:
        self.last = step
        return self.ledger.page(f"sweeps/{self.sweep}/{step}.parquet", self.about)

    def guard(self, hold):
        """Return hold(); what cannot even be evaluated has broken a law of the page at hand."""
        try:
            with np.errstate(all="ignore"):
                return hold()
        except Unreadable as error:
            self(self.last).broken("readable", str(error))
        except Exception as error:
            why = f"{type(error).__name__}: {error}"[:300]
            self(self.last).broken("every law can be evaluated", why)
        return None


class _Audit:
    def __init__(self, swept: Swept, code: dict[str, str], results: Path):
        self.swept, self.code = swept, code
        self.ledger, self.folder = Ledger(), results / "sweeps" / swept.name
        self.tables: dict[str, Blocks] = {}
        self.groups: dict[str, dict[str, int]] = {}  # contents of the records of a posterior
        self.seen: set[tuple] = set()  # contents that were held before, and of which posterior

    def pages(self, about: str = "") -> Pages:
        return Pages(self.ledger, self.swept.name, about)

    def run(self, recomputed) -> Ledger:
        pages = self.pages()
        for step in STEPS:
            if (self.folder / f"{step}.parquet").exists():
                self._open(pages, step)
        self._walk(_chosen(self.swept, recomputed))
        if "quantiles" in self.tables:
            page, path = pages("quantiles"), self.folder / "quantiles.parquet"
            pages.guard(lambda: shape_laws(page, path))
        if (self.folder / "effects.parquet").exists():
            given = (pages("effects"), self.folder, self.swept, self.code)
            pages.guard(lambda: audit_effects(*given))
        return self.ledger

    def _open(self, pages: Pages, step: str) -> None:
        page = pages(step)
        table = pages.guard(lambda: Blocks(self.folder / f"{step}.parquet"))
        if table is None:
            return
        self.tables[step] = table
        said = dict(table.footer)
        page.same("schema version", said.pop("schema_version", None), SCHEMA_VERSION)
        core_law(page, said.pop("core", None), self.code.get("sweep_table"))
        said.pop("ARROW:schema", None)
        page.same("footer says whose table it is", said, {"sweep": self.swept.name})
        first = ["scenario", *self.swept.settings]
        found = [setting_of(name, table.columns) for name in table.columns[: len(first)]]
        page.same("settings come first", found, first)

    def _walk(self, deep: set[str]) -> None:
        """Go through all tables at once, in the order of the scenarios."""
        walkers = {
            step: _Walker(table.walk(deep if step in OPTIONAL else None))
            for step, table in self.tables.items()
        }
        for scenario in self.swept.scenarios:
            pages, blocks = self.pages(f"scenario {scenario.key}"), {}
            for step in list(walkers):
                try:
                    block = walkers[step].take(scenario.key)
                except Unreadable as error:
                    pages(step).broken("readable", str(error))
                    del walkers[step], self.tables[step]
                    continue
                if block is not None:
                    blocks[step] = block
            # bound now: the laws are held at once
            pages.guard(partial(self._hold, pages, scenario, blocks, scenario.key in deep))
        for step, walker in walkers.items():
            self.pages()(step).true(PLACED, walker.ended, "rows of others follow")

    def _hold(self, pages: Pages, scenario, blocks: dict, deep: bool) -> None:
        for step, block in blocks.items():
            if block:
                self._settings(pages(step), scenario, block)
        columns = {column_of(s, block) for block in blocks.values() for s in self.swept.settings}
        names = columns - set(REPEATED)
        failed = any(_says(blocks[step], "failed") for step in STATED if step in blocks)
        if failed:
            for step in STATED:
                if step in blocks:
                    law, same = "steps agree on the scenario", _says(blocks[step], "failed")
                    pages(step).true(law, same, "another step says that it failed")
            return
        self._there(pages, blocks)
        contents = {step: _content(blocks[step], names) for step in CONTENT if step in blocks}
        posterior = scenario.same_but_for_the_seed
        self._alike(pages, posterior, contents)
        held = (*contents.items(), posterior)
        if held in self.seen and not deep:
            return
        self.seen.add(held)
        opened = Opened(scenario, blocks, names)
        light_laws(pages, opened, self.swept)
        if deep:
            deep_laws(pages, opened, self.swept)

    def _alike(self, pages: Pages, posterior: str, contents: dict[str, int]) -> None:
        """Scenarios between which only chance can differ have the same records."""
        group = self.groups.setdefault(posterior, {})
        for step in RECORDS:
            if step in contents:
                alike = group.setdefault(step, contents[step]) == contents[step]
                pages(step).true("a posterior has one record, whatever the seed", alike)

    def _there(self, pages: Pages, blocks: dict) -> None:
        """A scenario that did not fail has a block in every table that was kept and that it can
        have one in."""
        for step, table in self.tables.items():
            needed = blocks.get(NEEDED.get(step), {})
            if step not in OPTIONAL or (table.rows > 0 and _says(needed, "ok")):
                pages(step).true(PLACED, step in blocks, "its rows are missing")

    def _settings(self, page: Page, scenario, block: dict) -> None:
        for name, value in scenario.settings.items():
            found = block.get(column_of(name, block))
            due = f"{name}, {value!r} is due"
            page.true("settings are as configured", _same(found, value), due)


def _says(block: dict, status: str) -> bool:
    return status in block.get("status", ())


class _Walker:
    """The blocks of a table, taken in the order of the scenarios. Raises Unreadable."""

    def __init__(self, blocks: Iterator):
        self.blocks, self.waiting = blocks, ()

    def take(self, key: str) -> dict | None:
        """Return the block of a scenario if it is the next one."""
        if self._next() is None or self.waiting[0] != key:
            return None
        block, self.waiting = self.waiting[1], ()
        return block

    def _next(self):
        if self.waiting == ():
            self.waiting = next(self.blocks, None)
        return self.waiting

    @property
    def ended(self) -> bool:
        return self._next() is None


def column_of(setting: str, columns) -> str:
    """Return the column that holds a setting: where its own name says something else, another."""
    other = f"{setting}_setting"
    return other if other in columns else setting


def setting_of(column: str, columns) -> str:
    name = column.removesuffix("_setting")
    return name if name in columns else column


def _same(found, value) -> bool:
    """Return whether every row of a block holds the value of a setting, as its column writes it."""
    if found is None:
        return False
    if isinstance(found, np.ndarray):
        return isinstance(value, int | float) and bool(np.all(found == value))
    text = value if isinstance(value, str) else json.dumps(value)
    return found.count(text) == len(found)


def _chosen(swept: Swept, recomputed) -> set[str]:
    """Return the keys of the scenarios whose model is run: every one, or one of each of so many
    posteriors, the first, the last, and those between that a hash of the key picks."""
    if recomputed == EVERY:
        return {scenario.key for scenario in swept.scenarios}
    first = {}
    for scenario in swept.scenarios:
        first.setdefault(scenario.same_but_for_the_seed, scenario.key)
    keys = list(first.values())
    if len(keys) <= recomputed:
        return set(keys)
    picked = sorted(keys[1:-1], key=lambda key: hashlib.sha256(key.encode()).digest())
    return {keys[0], keys[-1], *picked[: max(0, recomputed - 2)]}


def _content(block: dict, settings: set[str]) -> int:
    """Return a number that two blocks share only where they hold the same, but for the settings
    and what chance has a part in."""
    parts = []
    for name, values in block.items():
        if name not in settings and name != "scenario" and "_draws" not in name:
            parts.append(
                (name, values.tobytes() if isinstance(values, np.ndarray) else repr(values))
            )
    return hash(tuple(parts))

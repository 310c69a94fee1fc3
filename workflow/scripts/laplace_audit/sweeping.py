"""The audit of a sweep: its tables, scenario by scenario, and what follows from all of them.

Laws that need the rows alone are held for every scenario. Those that run the model are held for as
many different posteriors as they are to be held for, spread over the sweep.
"""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from laplace_audit import effect_laws, quantile_shapes, scenario_laws
from laplace_audit.blocks import Blocks
from laplace_audit.ledger import Ledger, Page
from laplace_audit.reading import Unreadable
from laplace_audit.scenario_laws import Opened, deep_laws, light_laws
from laplace_audit.schemas import SCHEMA_VERSION, core_law
from laplace_audit.swept import Swept, swept_from

STEPS = (
    *(*scenario_laws.RECORDS, "verdict", "quantiles", "remedies"),
    *("draws", "grid_draws", "marginals", "mass", "reference"),
)
OPTIONAL = ("draws", "grid_draws", "marginals", "mass", "reference")
REPEATED = ("seed", "n_draws", "tolerance", "replicate")  # settings that a step may repeat
EVERY = "all"


def audit_sweep(plain: dict, code: dict[str, str], results="results") -> Ledger:
    """Hold the tables of a sweep against its plain values, and return what was found.

    `code` has the fingerprints of the steps as they are now; `plain["recomputed"]` is the number
    of posteriors for which the model is run, or "all".
    """
    return _Audit(swept_from(plain), code, Path(results)).run(plain["recomputed"])


class _Audit:
    def __init__(self, swept: Swept, code: dict[str, str], results: Path):
        self.swept, self.code = swept, code
        self.ledger, self.folder = Ledger(), results / "sweeps" / swept.name
        self.below = f"sweeps/{swept.name}"
        self.tables: dict[str, Blocks] = {}
        self.groups: dict[str, dict[str, int]] = {}  # contents of the records of a posterior
        self.seen: dict[int, bool] = {}  # contents that were held before, and whether they failed

    def page(self, step: str, about: str = "") -> Page:
        return self.ledger.page(f"{self.below}/{step}.parquet", about)

    def run(self, recomputed) -> Ledger:
        for step in STEPS:
            if (self.folder / f"{step}.parquet").exists():
                self._open(step)
        deep = _chosen(self.swept, recomputed)
        self._walk(deep)
        if "quantiles" in self.tables:
            path = self.folder / "quantiles.parquet"
            _guarded(self.page, lambda: quantile_shapes.shape_laws(self.page("quantiles"), path))
        if (self.folder / "effects.parquet").exists():
            effect_laws.audit_effects(self.page("effects"), self.folder, self.swept, self.code)
        return self.ledger

    def _open(self, step: str) -> None:
        page = self.page(step)
        try:
            table = Blocks(self.folder / f"{step}.parquet")
        except Unreadable as error:
            page.broken("readable", str(error))
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
            blocks = {}
            for step in list(walkers):
                try:
                    block = walkers[step].take(scenario.key)
                except Unreadable as error:
                    self.page(step).broken("readable", str(error))
                    del walkers[step], self.tables[step]
                    continue
                if block is not None:
                    blocks[step] = block
            self._hold(scenario, blocks, scenario.key in deep)
        for step, walker in walkers.items():
            page = self.page(step)
            page.true("scenarios are those of the configuration", walker.ended, "others follow")

    def _hold(self, scenario, blocks: dict, deep: bool) -> None:
        def pages(step: str) -> Page:
            return self.page(step, f"scenario {scenario.key}")

        for step, block in blocks.items():
            if block:
                self._settings(pages(step), scenario, block)
        names = {column_of(s, block) for block in blocks.values() for s in self.swept.settings}
        self._alike(pages, scenario, blocks, names)
        content = _content(blocks, names, (*scenario_laws.RECORDS, "verdict", "remedies"))
        if content in self.seen and not deep:
            self._there(pages, blocks, self.seen[content])
            return
        opened = _guarded(pages, lambda: Opened(scenario, blocks, names))
        if opened is None:
            return
        self.seen[content] = opened.failed
        self._there(pages, blocks, opened.failed)
        _guarded(pages, lambda: light_laws(pages, opened))
        if deep:
            _guarded(pages, lambda: deep_laws(pages, opened, self.swept))

    def _alike(self, pages, scenario, blocks: dict, names: set[str]) -> None:
        """Scenarios between which only chance can differ have the same records."""
        group = self.groups.setdefault(scenario.same_but_for_the_seed, {})
        for step in scenario_laws.RECORDS:
            if step in blocks:
                content = _content(blocks, names, (step,))
                alike = group.setdefault(step, content) == content
                pages(step).true("a posterior has one record, whatever the seed", alike)

    def _there(self, pages, blocks: dict, failed: bool) -> None:
        """A scenario that did not fail has a block in every table but those that were not kept."""
        for step in self.tables:
            if step not in OPTIONAL and not failed:
                law = "scenarios are those of the configuration"
                pages(step).true(law, step in blocks, "its rows are missing")

    def _settings(self, page: Page, scenario, block: dict) -> None:
        for name, value in scenario.settings.items():
            found = block.get(column_of(name, block))
            page.true(
                "settings are as configured", _same(found, value), f"{name}, {value!r} is due"
            )


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
        return bool(np.all(found == value))
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


def _content(blocks: dict, settings: set[str], steps) -> int:
    """Return a number that two scenarios share only where they share what these steps hold."""
    parts = []
    for step in steps:
        for name, values in blocks.get(step, {}).items():
            if name not in settings and name != "scenario":
                plain = values.tobytes() if isinstance(values, np.ndarray) else repr(values)
                parts.append((step, name, plain))
    return hash(tuple(parts))


def _guarded(pages, hold):
    """Return hold(); what cannot even be evaluated has broken a law."""
    try:
        with np.errstate(all="ignore"):
            return hold()
    except Exception as error:
        why = f"{type(error).__name__}: {error}"[:300]
        pages("verdict").broken("every law can be evaluated", why)
        return None

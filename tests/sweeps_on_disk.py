"""Sweeps made in this process: the tables that the rules of a sweep leave on disk."""

import copy
from pathlib import Path
from typing import NamedTuple

from laplace_files.artifacts.artifacts import read_table, write_table
from laplace_files.config import strict_yaml
from laplace_files.config.checks import check_config
from laplace_sweep.chunk import run_chunk
from laplace_sweep.definition import open_sweeps
from laplace_sweep.effects import effects_table
from laplace_sweep.gather import chunk_files, gather
from laplace_sweep.plan import Plan, scenarios_of_part
from laplace_sweep.tables import STEPS, column_of
from project_copy import PROJECT

BIOASSAY = {"model": "bioassay", "prior": "normal_sd", "space": "natural", "grid": "certified"}
WINDSHIELD = {
    "model": "windshieldy1",
    "prior": "reciprocal",
    "space": "natural",
    "grid": "certified",
}
CODE = {step: character * 64 for step, character in (("sweep_table", "a"), ("sweep_effects", "b"))}


class Swept(NamedTuple):
    """A sweep on disk: the folder of results, and its plain values."""

    results: Path
    plain: dict

    @property
    def folder(self) -> Path:
        return self.results / "sweeps" / self.plain["name"]


def plan_of(definition: dict, name: str = "s", **settings) -> Plan:
    """Return the plan of a sweep of the default configuration with settings of its own."""
    config = copy.deepcopy(strict_yaml.load(PROJECT / "config/config.yaml"))
    for section in ("nuts", "external"):  # of other models, if there are any
        config.pop(section, None)
    config = check_config({**config, **settings, "sweeps": {name: definition}}, "my.yaml")
    return Plan(open_sweeps(config)[name], config)


def made(results: Path, definition: dict, name: str = "s", **settings) -> Swept:
    """Run a sweep and write all its tables."""
    plan = plan_of(definition, name, **settings)
    swept = Swept(results, plan.whole() | {"recomputed": "all"})
    chunk = swept.folder / "chunks" / "0"
    chunk.mkdir(parents=True)
    keep = plan.sweep.keep
    run_chunk(plan.scenarios, chunk, keep, {"sweep": name, "core": "c" * 64})
    scenarios = [(each.key, each.settings) for each in scenarios_of_part(plan.whole())]
    for step in STEPS:
        files = chunk_files([str(chunk / f"{step}.parquet")], [key for key, _ in scenarios])
        footer = {"sweep": name, "core": CODE["sweep_table"]}
        gather(files, scenarios, list(plan.sweep.axes), swept.folder / f"{step}.parquet", footer)
    rows, _ = read_table(swept.folder / "quantiles.parquet")
    settings = {each: rows[column_of(each, rows)] for each in plan.sweep.axes}
    footer = {"sweep": name, "core": CODE["sweep_effects"]}
    write_table(swept.folder / "effects.parquet", effects_table(rows, settings), footer)
    return swept

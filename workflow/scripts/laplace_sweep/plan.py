"""The plan of a sweep: which scenarios one job handles, so that nothing finished is done again.

A chunk is known by the keys of its scenarios. What lies on disk is kept as it is, and the scenarios
that are not there yet make chunks of their own: a value added to a setting costs its own scenarios
only. Snakemake decides whether a chunk that is kept is up to date.
"""

import hashlib
import math
from functools import cached_property
from pathlib import Path

from laplace_approx.errors import InputError
from laplace_files.artifacts.artifacts import read_json, read_table
from laplace_sweep.definition import Sweep
from laplace_sweep.scenarios import (
    KEY_LENGTH,
    Scenario,
    check_together,
    first_scenario,
    scenarios_of,
)
from laplace_sweep.settings import DEFINITIONS

FEWEST, MOST, JOBS = 25, 500, 4  # of an automatic chunk; and how many chunks it aims at
INVENTORY = "scenarios.json"
ONE_ROW_EACH = "posterior"  # the step whose table has a row a scenario


class Plan:
    """The scenarios of a sweep and their chunks, found when they are first asked for."""

    def __init__(self, sweep: Sweep, config: dict, results: str = "results"):
        self.sweep, self.config = sweep, config
        self.folder = Path(results) / "sweeps" / sweep.name / "chunks"

    @cached_property
    def scenarios(self) -> list[Scenario]:
        return scenarios_of(self.sweep, self.config)

    def check_first(self) -> None:
        """Refuse settings that make nothing together, on the first scenario; all of them are
        checked when the scenarios are needed."""
        check_together(self.sweep, self.config, [first_scenario(self.sweep, self.config)])

    @cached_property
    def chunks(self) -> dict[str, list[int]]:
        """The chunks by name: for each the places of its scenarios, in order.

        All scenarios are cut first, as if nothing were there; a chunk of which finished chunks of
        another cut hold a part keeps the rest. So a chunk that finishes renames no other one.
        """
        places = {scenario.key: i for i, scenario in enumerate(self.scenarios)}
        finished, held = {}, set()
        for name, keys in self._finished().items():
            own = [places[key] for key in keys if key in places]
            # whole, so that it stays the job that it was; one of which a part is no longer wanted
            # is done anew
            if own and len(own) == len(keys) and held.isdisjoint(own):
                finished[name] = own
                held.update(own)
        found = dict(finished)
        for own in self._cut(list(range(len(self.scenarios)))):
            rest = [i for i in own if i not in held]
            if rest:
                found[self._name(rest)] = rest
        return found

    def _name(self, places: list[int]) -> str:
        return chunk_name([self.scenarios[i].key for i in places])

    def _finished(self) -> dict[str, list[str]]:
        """Return the keys of the scenarios of every chunk on disk; a damaged one is none.

        Of one that has lost its inventory alone, they are those of a table: so it stays the chunk
        that it was, and its inventory is made anew.
        """
        found = {}
        for folder in sorted(self.folder.glob("*")):
            keys = _listed(folder / INVENTORY) or _tabled(folder / f"{ONE_ROW_EACH}.parquet")
            if keys and chunk_name(keys) == folder.name:
                found[folder.name] = keys
        return found

    def _cut(self, places: list[int]) -> list[list[int]]:
        """Cut places into chunks, keeping scenarios of one posterior together where they fit."""
        enough, most = self._sizes()
        groups: dict[tuple, list[int]] = {}
        for i in places:
            groups.setdefault(posterior_of(self.scenarios[i].definition), []).append(i)
        chunks: list[list[int]] = [[]]
        for group in groups.values():
            for start in range(0, len(group), enough):
                part = group[start : start + enough]
                if len(chunks[-1]) >= enough or len(chunks[-1]) + len(part) > most:
                    chunks.append([])
                chunks[-1].extend(part)
        return [chunk for chunk in chunks if chunk]

    def _sizes(self) -> tuple[int, int]:
        """Return how many scenarios are enough for a chunk, and how many are the most."""
        if self.sweep.chunk != "auto":
            return self.sweep.chunk, self.sweep.chunk
        return min(MOST, max(FEWEST, math.ceil(len(self.scenarios) / JOBS))), MOST

    def definition(self, key: str) -> dict:
        """Return the definition of the scenario of that key; InputError where there is none."""
        for scenario in self.scenarios:
            if scenario.key == key:
                return scenario.definition
        raise InputError(
            f"sweeps.{self.sweep.name}: no scenario has the key {key!r}; the column `scenario` of "
            f"results/sweeps/{self.sweep.name}/verdict.parquet lists them"
        )

    def part(self, chunk: str) -> dict:
        """Return the sweep of one chunk alone, as plain values: all that its job needs.

        It holds nothing that its scenarios do not use, so that nothing else can make it outdated.
        """
        if chunk not in self.chunks:
            raise InputError(
                f"sweeps.{self.sweep.name}: there is no chunk {chunk!r} of the scenarios that the "
                f"configuration asks for; run: snakemake results/sweeps/{self.sweep.name}/"
                "verdict.parquet"
            )
        own = [self.scenarios[i] for i in self.chunks[chunk]]
        values = {
            setting: [scenario.settings[k] for scenario in own]
            for k, setting in enumerate(self.sweep.axes)
        }
        return self._plain(values, "zip", own) | {
            "keep": sorted(self.sweep.keep),
            "count": len(own),
        }

    def whole(self) -> dict:
        """Return the whole sweep in the same plain values."""
        return self._plain(self.sweep.axes, self.sweep.combine, self.scenarios)

    def _plain(self, values: dict[str, list], combine: str, own: list[Scenario]) -> dict:
        applied = {
            setting: self._applied(setting, values[setting])
            for setting in values
            if setting not in DEFINITIONS
        }
        return {
            "name": self.sweep.name,
            "base": dict(self.sweep.base),
            "values": values,
            "applied": applied,
            "combine": combine,
            "remedies": self.sweep.remedies,
            "config": self._slice(own, list(values)),
        }

    def _applied(self, setting: str, values: list) -> list:
        return [self._made[setting][repr(value)] for value in values]

    @cached_property
    def _made(self) -> dict[str, dict]:
        """What each value of a setting becomes, by the value as written."""
        axes, applied = self.sweep.axes, self.sweep.applied
        return {
            setting: dict(zip(map(repr, axes[setting]), applied[setting], strict=True))
            for setting in axes
        }

    def _slice(self, own: list[Scenario], settings: list[str]) -> dict:
        """Return what the scenarios take from the configuration beyond their settings."""
        entry = self.config["models"][self.sweep.base["model"]]
        taken = {"file": entry["file"], "data": entry.get("data")}
        if "replicate" not in settings:
            taken["replicate"] = entry["replicate"]
        for kind in DEFINITIONS:
            named = entry[f"{kind}s"]
            every = kind == "space" and self.sweep.remedies == "all"
            used = {scenario.definition[kind] for scenario in own}
            taken[f"{kind}s"] = {n: named[n] for n in named if every or n in used}
        keys = {"seeds": "seed", "n_draws": "n_draws", "tolerance": "tolerance"}
        rest = {key: self.config[key] for key, setting in keys.items() if setting not in settings}
        return {
            "models": {self.sweep.base["model"]: taken},
            "probabilities": self.config["probabilities"],
            "reference": self.config["reference"],
            **rest,
        }


def scenarios_of_part(part: dict) -> list[Scenario]:
    """Return the scenarios that the plain values of `Plan.part` or `Plan.whole` describe."""
    entry = part["config"]["models"][part["base"]["model"]]
    applied = dict(part["applied"])
    for kind in set(DEFINITIONS) & set(part["values"]):
        applied[kind] = [entry[f"{kind}s"][name] for name in part["values"][kind]]
    how = (part["combine"], 1, part["remedies"], ())
    sweep = Sweep(part["name"], part["base"], part["values"], applied, *how)
    return scenarios_of(sweep, part["config"], check=False)


def _listed(inventory: Path) -> list[str]:
    """Return the keys that the inventory of a chunk lists; none where it cannot be read."""
    try:
        record = read_json(inventory)
    except InputError:
        return []
    keys = record.get("scenarios") if isinstance(record, dict) else None
    return keys if isinstance(keys, list) and all(isinstance(key, str) for key in keys) else []


def _tabled(table: Path) -> list[str]:
    """Return the keys in a table of a chunk that has a row a scenario; none where it has none."""
    if not table.is_file():
        return []
    try:
        keys = read_table(table)[0]["scenario"]
    except (InputError, KeyError):
        return []
    return keys if isinstance(keys, list) and all(keys) else []


def posterior_of(definition: dict) -> tuple:
    """Return what makes scenarios share a posterior."""
    return (definition["replicate"], str(definition["prior_definition"]))


def chunk_name(keys: list[str]) -> str:
    """Return the name of the chunk of these scenarios."""
    return hashlib.sha256("\n".join(keys).encode()).hexdigest()[:KEY_LENGTH]

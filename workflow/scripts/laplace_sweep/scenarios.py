"""The scenarios of a sweep: every combination of its settings, each a case known by its content."""

import hashlib
import json
from collections.abc import Iterator
from functools import cache
from itertools import product
from typing import NamedTuple

from laplace_approx.errors import InputError
from laplace_files.models.trial import open_models
from laplace_sweep.definition import Sweep, check_definitions
from laplace_sweep.settings import DEFINITIONS, NUMBERS, place

KEY_LENGTH = 16  # hexadecimal digits: two of 200 000 scenarios share a key with probability 1e-9


class Scenario(NamedTuple):
    """One case of a sweep: `key`, the values of its `settings`, and its whole `definition`.

    The definition holds `model`, `prior`, `space` and `grid` by name and as they are defined
    (`file`, `data`, `replicate`, `prior_definition`, ...), `seeds`, `n_draws`, `probabilities`,
    `tolerance` and `remedies`. The key is a hash of all but the names.
    """

    key: str
    settings: tuple
    definition: dict


def scenarios_of(sweep: Sweep, config: dict, *, check: bool = True) -> list[Scenario]:
    """Return the scenarios of a checked sweep, in order: the last setting varies fastest.

    Raises InputError where settings together make what each alone does not: a lower bound above
    an upper one, two scenarios that are the same. `check=False` spares a job what the plan has
    checked.
    """
    builder = _Builder(sweep, config)
    found = [builder.scenario(places) for places in _places(sweep)]
    if check:
        check_together(sweep, config, found)
    first = {}
    for scenario in found:
        other = first.setdefault(scenario.key, scenario)
        if other is not scenario:
            raise InputError(
                f"sweeps.{sweep.name}.vary: {_said(sweep, other)} and {_said(sweep, scenario)} are "
                "the same scenario; remove one"
            )
    return found


def first_scenario(sweep: Sweep, config: dict) -> Scenario:
    """Return the scenario of the first value of every setting."""
    return _Builder(sweep, config).scenario((0,) * len(sweep.axes))


def _places(sweep: Sweep) -> Iterator[tuple[int, ...]]:
    """Yield the index of each setting's value, scenario by scenario."""
    counts = [range(len(values)) for values in sweep.axes.values()]
    return product(*counts) if sweep.combine == "product" else zip(*counts, strict=True)


def check_together(sweep: Sweep, config: dict, found: list[Scenario]) -> None:
    """Check what several settings of one kind make together; one alone has been checked."""
    for kind in DEFINITIONS:
        own = [i for i, setting in enumerate(sweep.axes) if setting.split(".")[0] == kind]
        if len(own) < 2:
            continue
        made = {}
        for scenario in found:
            definition = scenario.definition[f"{kind}_definition"]
            said = ", ".join(repr(scenario.settings[i]) for i in own)
            made.setdefault(id(definition), (said, definition))
        values, definitions = zip(*made.values(), strict=True)
        where = f"sweeps.{sweep.name}.vary.{' and '.join(list(sweep.axes)[i] for i in own)}"
        (model,) = open_models(config, [sweep.base["model"]]).values()
        check_definitions(
            *(config, sweep.base["model"], kind, list(definitions), list(values), where, model)
        )


def _said(sweep: Sweep, scenario: Scenario) -> str:
    pairs = zip(sweep.axes, scenario.settings, strict=True)
    return ", ".join(f"{setting} = {value!r}" for setting, value in pairs)


class _Builder:
    """Builds scenarios; a definition that several share is made, checked and written out once."""

    def __init__(self, sweep: Sweep, config: dict):
        self.sweep, self.config = sweep, config
        self.entry = config["models"][sweep.base["model"]]
        self.settings = list(sweep.axes)
        self.of_kind = {
            kind: [i for i, setting in enumerate(self.settings) if setting.split(".")[0] == kind]
            for kind in (*DEFINITIONS, *NUMBERS)
        }
        self.defined = cache(self._defined)

    def scenario(self, places: tuple[int, ...]) -> Scenario:
        parts = {
            kind: self.defined(kind, tuple(places[i] for i in self.of_kind[kind]))
            for kind in self.of_kind
        }
        names = {"model": self.sweep.base["model"]}
        names |= {kind: parts[kind].name for kind in DEFINITIONS}
        definition = {
            **names,
            "file": self.entry["file"],
            "data": self.entry.get("data"),
            "probabilities": self.config["probabilities"],
            "remedies": self.sweep.remedies,
            "reference": self.config["reference"],
            **{f"{kind}_definition": parts[kind].value for kind in DEFINITIONS},
            "seeds": parts["seed"].value,
            **{kind: parts[kind].value for kind in ("n_draws", "tolerance", "replicate")},
        }
        if self.sweep.remedies == "all":
            definition["other_spaces"] = self._other_spaces(parts["space"].name)
        settings = tuple(self.sweep.axes[s][i] for s, i in zip(self.settings, places, strict=True))
        text = self._shared() + "".join(part.text for part in parts.values())
        return Scenario(
            hashlib.sha256(text.encode()).hexdigest()[:KEY_LENGTH], settings, definition
        )

    def _shared(self) -> str:
        """What all scenarios of the sweep have in common, as text for the key."""
        shared = [self.entry["file"], self.entry.get("data"), self.config["probabilities"]]
        spaces = self.entry["spaces"] if self.sweep.remedies == "all" else None
        return _text([*shared, self.sweep.remedies, spaces, self.config["reference"]])

    def _other_spaces(self, name: str) -> dict:
        return {other: each for other, each in self.entry["spaces"].items() if other != name}

    def _defined(self, kind: str, places: tuple[int, ...]) -> "_Part":
        """Return the definition that the values of a kind's settings make of the base case."""
        own = self.of_kind[kind]
        values = [self.sweep.applied[self.settings[i]][j] for i, j in zip(own, places, strict=True)]
        if kind in NUMBERS:
            return self._number(kind, values)
        name, definition = self.sweep.base[kind], None
        deeper = []
        for i, j, value in zip(own, places, values, strict=True):
            if self.settings[i] == kind:
                name, definition = self.sweep.axes[kind][j], value
            else:
                deeper.append((self.settings[i].split(".")[1:], value, self.settings[i]))
        definition = self.entry[f"{kind}s"][name] if definition is None else definition
        for path, value, setting in deeper:
            where = f"sweeps.{self.sweep.name}.vary.{setting}"
            definition = place(definition, path, value, where)
        return _Part(name, definition, _text(definition))

    def _number(self, kind: str, values: list) -> "_Part":
        if kind == "seed":
            value = {"draws": values, "grid": values} if values else self.config["seeds"]
        elif kind == "replicate":
            value = values[0] if values else self.entry["replicate"]
        else:
            value = values[0] if values else self.config[kind]
        return _Part(kind, value, _text(value))


class _Part(NamedTuple):
    """A part of a scenario: its name, what it is, and that as text for the key."""

    name: str
    value: object
    text: str


def _text(value) -> str:
    return json.dumps(value, sort_keys=True, allow_nan=False) + "\n"

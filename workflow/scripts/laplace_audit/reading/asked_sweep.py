"""What a sweep asks for, in the audit's own words: its scenarios, in order, from its plain values.

The plain values are those that the rules of a sweep are given: `base` (names), `values` (by
setting, as configured), `applied` (what each value becomes in a definition), `combine`, `remedies`
and `config`, the part of the configuration that the scenarios use.
"""

import hashlib
import json
from itertools import product
from typing import NamedTuple

PARTS = ("prior", "space", "grid")
NUMBERS = ("n_draws", "tolerance", "replicate")
DIGITS = 16


class Scenario(NamedTuple):
    """One scenario: its key, its settings by name, and what it is made from.

    `parts` are the definitions of prior, space and grid; `seeds` those of draws and grid draws.
    """

    key: str
    settings: dict
    parts: dict
    seeds: dict
    n_draws: int
    tolerance: float
    replicate: int

    @property
    def same_but_for_the_seed(self) -> str:
        """A text that two scenarios share where only chance can make their numbers differ."""
        return _text([self.parts, self.replicate, self.tolerance])


class Swept(NamedTuple):
    """A sweep: its name, its model as configured, its settings, and its scenarios."""

    name: str
    model: dict
    probabilities: tuple
    remedies: str
    settings: tuple
    scenarios: list[Scenario]


def swept_from(plain: dict) -> Swept:
    """Return what the plain values of a sweep describe."""
    model = plain["config"]["models"][plain["base"]["model"]]
    settings = tuple(plain["values"])
    ranges = [range(len(values)) for values in plain["values"].values()]
    places = product(*ranges) if plain["combine"] == "product" else zip(*ranges, strict=True)
    scenarios = [_scenario(plain, model, dict(zip(settings, at, strict=True))) for at in places]
    probabilities = tuple(plain["config"]["probabilities"])
    return Swept(plain["name"], model, probabilities, plain["remedies"], settings, scenarios)


def _scenario(plain: dict, model: dict, at: dict[str, int]) -> Scenario:
    values = {setting: plain["values"][setting][k] for setting, k in at.items()}
    became = {s: plain["applied"][s][k] for s, k in at.items() if s in plain["applied"]}
    parts = {part: _definition(plain, model, part, values, became) for part in PARTS}
    config = plain["config"]
    seeds = {"draws": [became["seed"]], "grid": [became["seed"]]} if "seed" in became else None
    seeds = seeds or config["seeds"]
    numbers = {
        "n_draws": became.get("n_draws", config.get("n_draws")),
        "tolerance": became.get("tolerance", config.get("tolerance")),
        "replicate": became.get("replicate", model.get("replicate")),
    }
    key = _key(plain, model, parts, seeds, numbers)
    return Scenario(key, values, parts, seeds, **numbers)


def _definition(plain: dict, model: dict, part: str, values: dict, became: dict):
    """Return a definition: the one that is named, with single values put in their places."""
    found = json.loads(json.dumps(model[f"{part}s"][values.get(part, plain["base"][part])]))
    for setting, value in became.items():
        first, *path = setting.split(".")
        if first == part and path:
            found = _put(found, path, value)
    return found


def _put(inside, path: list[str], value):
    """Return a definition with a value at a path; `*` stands for every key."""
    step, *rest = path
    if isinstance(inside, list):
        chosen = range(len(inside)) if step == "*" else [int(step)]
        new = {k: _put(inside[k], rest, value) if rest else value for k in chosen}
        return [new.get(k, old) for k, old in enumerate(inside)]
    names = list(inside) if step == "*" else [step]
    return inside | {
        name: _put(inside.get(name, {}), rest, value) if rest else value for name in names
    }


def _key(plain: dict, model: dict, parts: dict, seeds: dict, numbers: dict) -> str:
    """Return the first digits of the SHA-256 of everything that determines the numbers."""
    spaces = model["spaces"] if plain["remedies"] == "all" else None
    probabilities = plain["config"]["probabilities"]
    shared = [model["file"], model.get("data"), probabilities, plain["remedies"], spaces]
    shared.append(plain["config"]["reference"])
    said = [shared, *(parts[part] for part in PARTS), seeds, *(numbers[name] for name in NUMBERS)]
    return hashlib.sha256("".join(map(_text, said)).encode()).hexdigest()[:DIGITS]


def _text(value) -> str:
    return json.dumps(value, sort_keys=True, allow_nan=False) + "\n"

"""A sweep of the configuration, checked setting by setting before anything runs."""

import math
import re
from typing import NamedTuple

from laplace_approx.errors import InputError
from laplace_approx.words.names import suggestion
from laplace_files.config.against_model import check_against_model
from laplace_files.config.checks import check_config, schema_of_values
from laplace_files.config.schema import coerce, violations
from laplace_files.models.trial import open_models
from laplace_sweep.settings import DEFINITIONS, check_setting, place, values_of

MAX_SCENARIOS = 200_000  # of one sweep
AT_ONCE = 1000  # definitions that are checked together


class Sweep(NamedTuple):
    """A case (`base`: names by kind) with the values of each setting that varies.

    `axes` maps each setting to its values as written, `applied` to what they become: whole
    definitions for a prior, a space or a grid, numbers otherwise.
    """

    name: str
    base: dict
    axes: dict[str, list]
    applied: dict[str, list]
    combine: str
    chunk: int | str
    remedies: str
    keep: tuple[str, ...]

    @property
    def size(self) -> int:
        """The number of scenarios."""
        counts = [len(values) for values in self.axes.values()]
        return math.prod(counts) if self.combine == "product" else counts[0]


def open_sweeps(config: dict) -> dict[str, Sweep]:
    """Return the sweeps of a completed configuration by name.

    Every setting is tried by itself on the base case. Raises InputError, which names the sweep,
    the setting and the value, for the first fault.
    """
    return {name: _open(name, definition, config) for name, definition in config["sweeps"].items()}


def _open(name: str, definition: dict, config: dict) -> Sweep:
    where = f"sweeps.{name}"
    _check_base(definition["base"], config, f"{where}.base")
    axes = {}
    for setting, values in definition["vary"].items():
        check_setting(setting, f"{where}.vary.{setting}")
        axes[setting] = values_of(
            values, f"{where}.vary.{setting}", repeated=definition["combine"] == "zip"
        )
    sweep = Sweep(
        name,
        definition["base"],
        axes,
        {},
        definition["combine"],
        definition["chunk"],
        definition["remedies"],
        tuple(definition["keep"]),
    )
    _check_size(sweep, where)
    (model,) = open_models(config, [sweep.base["model"]]).values()
    applied = {
        setting: _apply(sweep, setting, config, model, f"{where}.vary.{setting}")
        for setting in axes
    }
    return sweep._replace(applied=applied)


def _check_base(base: dict, config: dict, where: str) -> None:
    models = config["models"]
    if base["model"] not in models:
        raise InputError(
            f"{where}.model: there is no model {base['model']!r}; "
            f"{suggestion(base['model'], models)}"
        )
    for kind in DEFINITIONS:
        known = models[base["model"]][f"{kind}s"]
        if base[kind] not in known:
            raise InputError(
                f"{where}.{kind}: model {base['model']!r} has no {kind} {base[kind]!r}; "
                f"{suggestion(base[kind], known)}"
            )


def _check_size(sweep: Sweep, where: str) -> None:
    counts = {setting: len(values) for setting, values in sweep.axes.items()}
    if sweep.combine == "zip" and len(set(counts.values())) > 1:
        said = ", ".join(f"{setting} has {count}" for setting, count in counts.items())
        raise InputError(f"{where}: zip takes as many values of every setting; {said}")
    if sweep.size > MAX_SCENARIOS:
        said = " x ".join(f"{count} of {setting}" for setting, count in counts.items())
        raise InputError(
            f"{where}.vary: {said} are {sweep.size} scenarios; at most {MAX_SCENARIOS}: take fewer "
            "values, or split the sweep"
        )


def _apply(sweep: Sweep, setting: str, config: dict, model, where: str) -> list:
    """Return what each value of a setting makes of the base case, checked as the config is."""
    kind, *path = setting.split(".")
    values = sweep.axes[setting]
    if kind not in DEFINITIONS:
        return _numbers(kind, values, where)
    definition = config["models"][sweep.base["model"]]
    named = definition[f"{kind}s"]
    if path:
        made = [place(named[sweep.base[kind]], path, value, where) for value in values]
    else:
        made = [_named(named, kind, value, where) for value in values]
    alone = sum(other.split(".")[0] == kind for other in sweep.axes) == 1
    if alone:
        checked = check_definitions(config, sweep.base["model"], kind, made, values, where, model)
    else:  # what several settings make together is checked when the scenarios are made
        checked = coerce(made, schema_of_values(kind))
    if not path:
        return checked
    return [_at(each, path) for each in checked]


def _named(definitions: dict, kind: str, name, where: str):
    if name not in definitions:
        raise InputError(f"{where}: there is no {kind} {name!r}; {suggestion(name, definitions)}")
    return definitions[name]


def _at(definition, path: list[str]):
    """Return the value that stands at a path, the first one where `*` stands for several."""
    for step in path:
        if isinstance(definition, dict):
            definition = definition[next(iter(definition)) if step == "*" else step]
        else:
            definition = definition[0 if step == "*" else int(step)]
    return definition


def check_definitions(config, model_name, kind, definitions, values, where, model) -> list:  # noqa: PLR0913
    """Return definitions of a kind with their types put right; the first bad one is an error.

    They are checked as if each stood in the configuration under a name of its own, a thousand at
    a time: a configuration has a limit of cases.

    Many arguments: three name the place of a value in what a person wrote.
    """
    checked = []
    for start in range(0, len(definitions), AT_ONCE):
        some = slice(start, start + AT_ONCE)
        about = (definitions[some], values[some], where, model)
        checked += _checked(config, model_name, kind, *about)
    return checked


def _checked(config, model_name, kind, definitions, values, where, model) -> list:  # noqa: PLR0913
    """Return definitions with their types put right, tried as entries of the configuration.

    Many arguments: those of `check_definitions`.
    """
    names = [f"v{i}" for i in range(len(definitions))]
    entry = config["models"][model_name] | {f"{kind}s": dict(zip(names, definitions, strict=True))}
    entry["reference"] = {}  # draws that are brought are of one posterior, and of no scenario
    case = {each: next(iter(entry[f"{each}s"])) for each in DEFINITIONS}
    tried = {
        "cases": [{"model": model_name, **case, kind: names}],
        "models": {model_name: entry},
    }
    try:
        checked = check_config(tried, where)
        check_against_model(checked, model_name, model)
    except InputError as error:
        message = str(error).removeprefix(f"{where}: ")
        raise InputError(_in_terms_of(message, kind, values, where)) from None
    return [checked["models"][model_name][f"{kind}s"][name] for name in names]


def _in_terms_of(message: str, kind: str, values: list, where: str) -> str:
    """Return the first line of a message that names a definition, as said of the sweep's value."""
    pattern = re.compile(rf"(?:models\.[^:]*?\.)?{kind}s\.v(\d+)")
    for line in message.splitlines():
        if found := pattern.search(line):
            said = line[found.end() :].strip().removeprefix(".")
            separator = "" if said.startswith(":") else "."
            return f"{where}: at the value {values[int(found[1])]}: {kind}{separator}{said}"
    return f"{where}: {message}"


def _numbers(setting: str, values: list, where: str) -> list:
    """Return numbers with their types put right, each as the schema of its key wants it."""
    schema = schema_of_values(setting)
    checked = coerce(values, schema)
    for found in violations(checked, schema):
        raise InputError(f"{where}: {found.message}")
    return checked

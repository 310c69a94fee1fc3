"""The configuration: completed, and checked whole before anything runs."""

import math
import sys
import unicodedata
from collections.abc import Iterator
from functools import cache
from itertools import product
from pathlib import Path

from laplace_approx.density.model import Model
from laplace_approx.errors import InputError
from laplace_approx.words.names import suggestion
from laplace_approx.words.numbers import byte_size
from laplace_files.artifacts.filenames import nameable
from laplace_files.config import strict_yaml
from laplace_files.config.schema import (
    completed,
    key_path,
    shown,
    violations,
)
from laplace_files.config.size import too_large

__all__ = [
    "check_against_model",
    "check_config",
    "check_overlay_files",
    "expand_cases",
]

SCHEMA_FILE = Path(__file__).resolve().parents[4] / "config" / "schema.yaml"
KINDS = ("prior", "space", "grid")
MAX_CELLS = 50_000_000
MAX_DRAW_FILES = 10_000
_BYTES = 8
_RUNS_CODE = "remove __use_yte__, with which Snakemake runs code from this file as it reads it"
_NOT_RUN = "it has not been read yet, and no code of it was run"
_HAS_RUN = (
    "it was read before this check, as every --configfile is, also with -n: the code in it HAS "
    "BEEN RUN, with your rights, so look at what it did"
)
# Folders and files beside the models' own folders in results/, and the folders below a prior: a
# model or prior of such a name would share a path with what is not its own.
RESERVED_FOLDERS = (
    *("grid", "laplace", "compare", "figures"),
    *("sweeps", "report", "logs", "benchmarks", "external"),
)
RESERVED_FILES = (
    *("core.json", "claims.json", "audit.json", "manifest.json", "manifest-sha256.txt"),
    "ro-crate-metadata.json",
    *("summary.parquet", "report.html"),
)


def check_overlay_files(paths, has_been_read: bool = True) -> None:
    """Read the configuration files again, strictly: what Snakemake's reader drops is an error.

    Raises one `InputError` with a line for each file that `strict_yaml.load` refuses, or that
    asks for the template engine in Snakemake's reader, which runs Python found in the file: what
    `has_been_read` by Snakemake has been run.
    """
    problems = []
    for path in paths:
        try:
            if "__use_yte__" in strict_yaml.load(path):
                problems.append(f"{path}: {_RUNS_CODE}; {_HAS_RUN if has_been_read else _NOT_RUN}")
        except InputError as error:
            problems.append(str(error))
    if problems:
        raise InputError("\n".join(problems))


def check_config(config: dict, source_name) -> dict:
    """Return the configuration with its types put right and its defaults filled in.

    `cases`, `seeds` and `probabilities` come back with lists throughout. Raises one `InputError`
    that lists every problem, a line each, headed by `source_name`.
    """
    schema = _schema()
    # The key `on` reads as true in YAML 1.1, and is put back by the coercion where it is one.
    _stop(source_name, _unusable(config, spared=(True,)))
    config = completed(config, schema)
    _stop(source_name, _unusable(config))
    found = violations(config, schema)
    problems = [*map(str, found), *_not_finite(config), *_not_nameable(config)]
    # A check that reads a section is worth its words only where that section has its shape.
    malformed = {violation.path[0] for violation in found if violation.malformed}
    for sections, check in _CHECKS:
        if not malformed.intersection(sections):
            problems.extend(check(config))
    _stop(source_name, problems)
    return _with_lists(config)


def expand_cases(config: dict) -> list[tuple[str, str, str, str]]:
    """Return every (model, prior, space, grid) of `cases`, each once, in the order of the file."""
    blocks = (
        product(*(_listed(block[kind]) for kind in ("model", *KINDS))) for block in config["cases"]
    )
    return list(dict.fromkeys(case for block in blocks for case in block))


def check_against_model(config: dict, model_name: str, model: Model) -> None:
    """Check what the configuration says of a model against the model itself.

    Priors, spaces and grids name only parameters that the model has, a grid all of them or none,
    every prior can be built, and so can every space with the prior of a case; its matrices and
    draws can be held. Raises one `InputError` that lists every problem.
    """
    definition = config["models"][model_name]
    where = f"models.{model_name}"
    problems = _unknown_parameters(definition, model)
    for grid, axes in definition["grids"].items():
        problems.extend(_incomplete_grid(f"grids.{grid}", axes, model))
    large = too_large(model, config["n_draws"])
    if not problems and not large:
        problems = _unbuildable(expand_cases(config), definition, model_name, model)
    if problems:
        raise InputError("\n".join(f"{where}.{problem}" for problem in dict.fromkeys(problems)))
    if large:
        raise InputError("\n".join(f"{where}: {problem}" for problem in large))


@cache
def _schema() -> dict:
    return strict_yaml.load(SCHEMA_FILE)


def schema_of_values(key: str) -> dict:
    """Return the schema of a list of values: of the definition of that name, or the key."""
    schema = _schema()
    seed = {"seed": schema["$defs"]["seeds"]["items"]}
    items = (seed | schema["$defs"] | schema["properties"])[key]
    return {"$defs": schema["$defs"], "type": "array", "items": items}


def _stop(source_name, problems: list[str]) -> None:
    if problems:
        unique = list(dict.fromkeys(problems))
        count = "1 problem" if len(unique) == 1 else f"{len(unique)} problems"
        lines = "".join(f"\n  {problem}" for problem in unique)
        raise InputError(f"{source_name}: {count} in the configuration{lines}")


def _walk(config) -> Iterator[tuple[tuple, object]]:
    """Yield the path and value of everything in the configuration, in the order of the file."""
    waiting = [((), config)]
    while waiting:
        path, value = waiting.pop()
        yield path, value
        if isinstance(value, dict):
            waiting.extend(((*path, key), inner) for key, inner in reversed(value.items()))
        elif isinstance(value, list):
            waiting.extend(((*path, i), value[i]) for i in reversed(range(len(value))))


def _unusable(config, spared: tuple = ()) -> list[str]:
    """Return what no validation could work on: keys that are not text, values that are not data.

    Bounded in depth and number, since aliases can make a small file endless once it is read.
    """
    problems = []
    for count, (path, value) in enumerate(_walk(config)):
        if count > strict_yaml.MAX_NODES or len(path) > strict_yaml.MAX_DEPTH:
            limits = f"{strict_yaml.MAX_DEPTH} levels or {strict_yaml.MAX_NODES} values"
            return [f"{key_path(path)[:80]}: there are more than {limits}; write it out flatter"]
        if isinstance(value, dict):
            odd = [key for key in value if not isinstance(key, str) and key not in spared]
            problems.extend(_odd_key(key_path(path), key) for key in odd)
        elif isinstance(value, int) and value.bit_length() > 1023:
            problems.append(f"{key_path(path)}: is a number of more than 300 digits")
        elif not (value is None or isinstance(value, str | int | float | list)):
            kind = type(value).__name__
            problems.append(f"{key_path(path)}: is read as a {kind}, {value!s:.80}; quote it")
    return problems


def _odd_key(where: str, key) -> str:
    place = f"under {where}" if where else "at the top level"
    return f'a key {place} is read as the {type(key).__name__} {key!s:.80}; quote it: "..."'


def _not_finite(config: dict) -> list[str]:
    return [
        f"{key_path(path)}: {value} is not finite; write an ordinary number"
        for path, value in _walk(config)
        if isinstance(value, float) and not math.isfinite(value)
    ]


def _not_nameable(config: dict) -> list[str]:
    return [
        f"{key_path(path)}: {value!a:.200} cannot name a file here, where names are in "
        f"{sys.getfilesystemencoding()}; set PYTHONUTF8=1 and run again"
        for path, value in _walk(config)
        if isinstance(value, str) and not nameable(value)
    ]


def _listed(value) -> list:
    return value if isinstance(value, list) else [value]


def _with_lists(config: dict) -> dict:
    seeds = {kind: _listed(values) for kind, values in config["seeds"].items()}
    probabilities = _listed(config["probabilities"])
    nuts = config["nuts"]
    nuts = nuts | {"cases": _with_listed_names(nuts["cases"]), "seeds": _listed(nuts["seeds"])}
    cases = _with_listed_names(config["cases"])
    models = {name: _with_listed_draws(model) for name, model in config["models"].items()}
    listed = {"cases": cases, "seeds": seeds, "probabilities": probabilities}
    return config | listed | {"nuts": nuts, "models": models}


def _with_listed_draws(model: dict) -> dict:
    reference = {prior: _chains(entry) for prior, entry in model["reference"].items()}
    return model | {"reference": reference}


def _chains(entry) -> dict:
    """Return an entry of `reference` with all its keys: `nuts` alone is the sampler alone."""
    if entry == "nuts":
        return {"draws": [], "names": {}, "nuts": True}
    return entry | {"draws": _listed(entry.get("draws", []))}


def _with_listed_names(blocks: list) -> list:
    return [{kind: _listed(names) for kind, names in block.items()} for block in blocks]


def _check_reserved(config: dict) -> list[str]:
    problems = []
    for model, definition in config["models"].items():
        names = {f"models.{model}": model}
        names |= {f"models.{model}.priors.{prior}": prior for prior in definition["priors"]}
        problems.extend(
            f"{where}: the name {name!r} is taken by a path under results/; choose another"
            for where, name in names.items()
            if name.casefold() in RESERVED_FOLDERS + RESERVED_FILES
        )
    return problems


def _check_collisions(config: dict) -> list[str]:
    """Refuse names that a file system without case, or one that normalises, holds for the same."""
    maps = {"models": config["models"]}
    for model, definition in config["models"].items():
        maps |= {f"models.{model}.{kind}s": definition[f"{kind}s"] for kind in KINDS}
    problems = []
    for where, names in maps.items():
        first = {}
        for name in names:
            other = first.setdefault(unicodedata.normalize("NFKC", name).casefold(), name)
            if other != name:
                message = f"{shown(other)} and {shown(name)} differ only in case or normalisation"
                problems.append(f"{where}: {message}; rename one")
    return problems


def _check_case_names(config: dict) -> list[str]:
    problems = []
    for i, block in enumerate(config["cases"]):
        for name in _listed(block["model"]):
            definition = config["models"].get(name)
            if definition is None:
                hint = suggestion(name, config["models"])
                problems.append(f"cases[{i}].model: there is no model {shown(name)}; {hint}")
                continue
            for kind in KINDS:
                known = definition[f"{kind}s"]
                problems.extend(
                    f"cases[{i}].{kind}: model {name!r} has no {kind} {shown(wanted)}; "
                    + suggestion(wanted, known)
                    for wanted in _listed(block[kind])
                    if wanted not in known
                )
    return problems


def _check_reference_names(config: dict) -> list[str]:
    """Refuse draws of a posterior that there is not, and entries without any."""
    unknown = [
        f"models.{model}.reference.{prior}: model {model!r} has no prior {shown(prior)}; draws are "
        f"of the posterior with a prior, so write `reference: {{PRIOR: {{draws: ...}}}}`; "
        + suggestion(prior, definition["priors"])
        for model, definition in config["models"].items()
        for prior in definition["reference"]
        if prior not in definition["priors"]
    ]
    return unknown + [
        f"models.{model}.reference.{prior}: names no files of draws, and does not allow NUTS; give "
        "`draws: [...]`, `nuts: true`, or both"
        for model, definition in config["models"].items()
        for prior, entry in definition["reference"].items()
        if isinstance(entry, dict) and not (entry.get("draws") or entry["nuts"])
    ]


def _check_nuts_names(config: dict) -> list[str]:
    cases = config["nuts"]["cases"]
    return [f"nuts.{problem}" for problem in _check_case_names(config | {"cases": cases})]


def _check_number_of_files(config: dict) -> list[str]:
    cases = sum(
        math.prod(len(_listed(block[kind])) for kind in ("model", *KINDS))
        for block in config["cases"]
    )
    seeds = sum(len(_listed(values)) for values in config["seeds"].values())
    if cases * seeds <= MAX_DRAW_FILES:
        return []
    count = f"{cases} cases with {seeds} seeds are {cases * seeds} files of draws"
    return [f"cases: {count}; at most {MAX_DRAW_FILES}: take fewer names or fewer seeds"]


def _check_draw_bytes(config: dict) -> list[str]:
    limit = _schema()["properties"]["n_draws"]["maximum"]
    if config["n_draws"] <= limit:
        return []
    size = byte_size(config["n_draws"] * _BYTES)
    return [f"n_draws: that is {size} for every column of every file of draws"]


def _check_grids(config: dict) -> list[str]:
    problems = []
    for model, definition in config["models"].items():
        for grid, axes in definition["grids"].items():
            where = f"models.{model}.grids.{grid}"
            problems.extend(_bad_bounds(where, axes))
            problems.extend(_too_many_cells(where, axes))
    return problems


def _bad_bounds(where: str, axes: dict) -> list[str]:
    problems = []
    for name, axis in axes.items():
        lower, upper = float(axis["lower"]), float(axis["upper"])
        step = (upper - lower) / max(axis["points"] - 1, 1)
        if not lower < upper:
            problem = f"lower {shown(axis['lower'])} is not below upper {shown(axis['upper'])}"
        elif not step < math.inf:
            problem = "upper - lower is beyond the range of numbers"
        elif not step > 4 * math.ulp(max(abs(lower), abs(upper))):
            problem = f"{axis['points']} points from {lower} to {upper} are closer than numbers are"
        else:
            continue
        problems.append(f"{where}.{name}: {problem}")
    return problems


def _too_many_cells(where: str, axes: dict) -> list[str]:
    points = [axis["points"] for axis in axes.values()]
    cells = math.prod(points)
    if cells <= MAX_CELLS:
        return []
    # One row a cell: the parameters, the log density and the mass.
    size = byte_size(cells * _BYTES * (len(points) + 2))
    product_text = " x ".join(map(str, points))
    return [
        f"{where}: {product_text} = {cells} cells, {size} to hold; at most {MAX_CELLS} cells: "
        "take fewer points"
    ]


# Each with the sections of the configuration that it reads.
_CHECKS = (
    (("models",), _check_reserved),
    (("models",), _check_collisions),
    (("models",), _check_grids),
    (("models",), _check_reference_names),
    (("models", "cases"), _check_case_names),
    (("models", "nuts"), _check_nuts_names),
    (("cases", "seeds"), _check_number_of_files),
    (("n_draws",), _check_draw_bytes),
)


def _unknown_parameters(definition: dict, model: Model) -> list[str]:
    named = {}
    for prior, parts in definition["priors"].items():
        named |= {f"priors.{prior}.{name}": name for name in parts if name != "joint"}
        joint = parts.get("joint", {}).get("parameters", [])
        named |= {f"priors.{prior}.joint.parameters[{i}]": name for i, name in enumerate(joint)}
    for kind in ("spaces", "grids"):
        for entry, parts in definition[kind].items():
            named |= {f"{kind}.{entry}.{name}": name for name in parts}
    for prior, brought in definition["reference"].items():
        named |= {f"reference.{prior}.names.{name}": name for name in brought["names"]}
    return [
        f"{where}: the model has no parameter {name!r}; {suggestion(name, model.parameters)}"
        for where, name in named.items()
        if name not in model.parameters
    ]


def _incomplete_grid(where: str, axes: dict, model: Model) -> list[str]:
    missing = [name for name in model.parameters if name not in axes]
    if axes and missing:
        return [
            f"{where}: has no bounds for {', '.join(missing)}; give lower, upper and points for "
            "each parameter, or {} for bounds found automatically"
        ]
    problems = []
    for name, low, high in zip(model.parameters, model.lower, model.upper, strict=True):
        if axes and not (axes[name]["upper"] > low and axes[name]["lower"] < high):
            support = f"({low:g}, {high:g})"
            problems.append(f"{where}.{name}: lies outside the support {support} of the parameter")
    return problems


def _unbuildable(cases: list[tuple], definition: dict, model_name: str, model: Model) -> list[str]:
    """Return the errors of building each prior, and each space on the support of those of a case.

    All spaces of the model: those that are no case's own are remedies of the others.
    """
    from laplace_approx.density.posterior import joint_support
    from laplace_approx.density.priors import build_prior
    from laplace_approx.density.space import build_space

    problems, supports = [], {}
    selected = dict.fromkeys(p for name, p, _, _ in cases if name == model_name)
    pairs = list(product(selected, definition["spaces"]))
    for name in definition["priors"]:
        try:
            prior = build_prior(definition["priors"][name], model.parameters)
            supports[name] = joint_support(model, prior)
        except InputError as error:
            problems.append(f"priors.{name}: {error}")
    for prior_name, space_name in pairs:
        if prior_name in supports:
            try:
                build_space(
                    definition["spaces"][space_name], model.parameters, *supports[prior_name]
                )
            except InputError as error:
                problems.append(f"spaces.{space_name}: {error}")
    return problems

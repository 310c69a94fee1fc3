"""The configuration: completed, and checked whole before anything runs."""

import math
import sys
from collections.abc import Iterator
from functools import cache
from itertools import product
from pathlib import Path

from laplace_approx.errors import InputError
from laplace_approx.words.numbers import byte_size
from laplace_files.artifacts.filenames import nameable
from laplace_files.config import strict_yaml
from laplace_files.config.limits import BYTES, check_grids, check_number_of_files
from laplace_files.config.lists import KINDS, listed, with_lists
from laplace_files.config.names import (
    check_case_names,
    check_collisions,
    check_nuts_names,
    check_reference_names,
    check_reserved,
)
from laplace_files.config.schema import completed, key_path, violations

SCHEMA_FILE = Path(__file__).resolve().parents[4] / "config" / "schema.yaml"
_RUNS_CODE = "remove __use_yte__, with which Snakemake runs code from this file as it reads it"
_NOT_RUN = "it has not been read yet, and no code of it was run"
_HAS_RUN = (
    "it was read before this check, as every --configfile is, also with -n: the code in it HAS "
    "BEEN RUN, with your rights, so look at what it did"
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
    return with_lists(config)


def expand_cases(config: dict) -> list[tuple[str, str, str, str]]:
    """Return every (model, prior, space, grid) of `cases`, each once, in the order of the file."""
    blocks = (
        product(*(listed(block[kind]) for kind in ("model", *KINDS))) for block in config["cases"]
    )
    return list(dict.fromkeys(case for block in blocks for case in block))


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


def _check_draw_bytes(config: dict) -> list[str]:
    limit = _schema()["properties"]["n_draws"]["maximum"]
    if config["n_draws"] <= limit:
        return []
    size = byte_size(config["n_draws"] * BYTES)
    return [f"n_draws: that is {size} for every column of every file of draws"]


# Each with the sections of the configuration that it reads.
_CHECKS = (
    (("models",), check_reserved),
    (("models",), check_collisions),
    (("models",), check_grids),
    (("models",), check_reference_names),
    (("models", "cases"), check_case_names),
    (("models", "nuts"), check_nuts_names),
    (("cases", "seeds"), check_number_of_files),
    (("n_draws",), _check_draw_bytes),
)

"""What is asked for: the configuration checked whole, before anything runs."""

import hashlib
import os
from typing import NamedTuple

import numpy as np

from laplace_approx.errors import Declined, InputError
from laplace_approx.model import condition_holds, evaluate_quantity
from laplace_files.artifacts import sha256_of
from laplace_files.claims import claims_file
from laplace_files.config import (
    check_against_model,
    check_config,
    check_overlay_files,
    expand_cases,
)
from laplace_files.definitions import check_unselected
from laplace_files.modelfile import load_model, model_files
from laplace_files.posterior import read_replicated
from laplace_files.trial import side_files, try_models

FOLDERS = ("results", "logs")  # where every rule writes, in the working directory


class Case(NamedTuple):
    """One comparison: model, prior, space of the normal, and grid that it is held against."""

    model: str
    prior: str
    space: str
    grid: str


def check_request(config: dict, files) -> list[Case]:
    """Check the configuration, its data and model files; complete it in place; return its cases.

    Raises InputError, in words, for the first kind of fault found: files, folders that cannot be
    written to, keys and values, then data, then what the models themselves forbid.
    """
    files = list(dict.fromkeys(os.path.relpath(file) for file in files))
    check_overlay_files(files)
    check_folders(FOLDERS)
    checked = check_config(config, ", ".join(files) or "config")
    config.clear()
    config.update(checked | {"claims": claims_file(checked["claims"])})
    cases = _checked_cases(config)
    check_unselected(config, {case.model for case in cases})
    return cases


def check_nuts_cases(config: dict) -> list[Case]:
    """Return the cases under `nuts` of a configuration that is checked, themselves checked."""
    return _checked_cases(config | {"cases": config["nuts"]["cases"]})


def _checked_cases(config: dict) -> list[Case]:
    cases = [Case(*case) for case in expand_cases(config)]
    models = open_models(config, list(dict.fromkeys(case.model for case in cases)))
    for name, model in models.items():
        check_against_model(config, name, model)
    return cases


def open_models(config: dict, names) -> dict:
    """Return models of the configuration by name, each tried in a process of its own before."""
    definitions = {name: config["models"][name] for name in names}
    try_models(definitions, {name: _hash_for_trial(each) for name, each in definitions.items()})
    return {name: open_model(definition) for name, definition in definitions.items()}


def source_hashes(config: dict, cases: list[Case]) -> dict[str, str]:
    """Return for each model of the cases one hash of its file, what that imports and reads, and
    its data.

    By content, not by time: an older file in the place of another is another file.
    """
    return {name: source_hash(config["models"][name]) for name in {case.model for case in cases}}


def source_hash(definition: dict) -> str:
    """Return one hash of the files that a `models:` entry rests on, those that it reads included.

    Which these are was seen when the model was tried (`open_models`).
    """
    own = _own_hash(definition)
    read = side_files(own)
    return hashlib.sha256(f"{own}{sorted(read.items())}".encode()).hexdigest() if read else own


def _own_hash(definition: dict) -> str:
    """Return one hash of the files that a `models:` entry names or its code imports."""
    files = [*model_files(definition["file"]), *filter(None, [definition.get("data")])]
    return hashlib.sha256("".join(sha256_of(file) for file in files).encode()).hexdigest()


def _hash_for_trial(definition: dict) -> str:
    """Return the hash of a model's files, or that of nothing for what cannot be read."""
    try:
        return _own_hash(definition)
    except (InputError, OSError):
        return ""


def check_folders(paths) -> None:
    """Refuse what is in the place of a folder to write to, before anything is computed for it.

    A link to a folder is a folder; a folder that is not there yet will be made.
    """
    for path in paths:
        if not os.path.lexists(path):
            continue
        if not os.path.isdir(path):
            kind = "a link that leads to no folder" if os.path.islink(path) else "not a folder"
            raise InputError(f"{path}: is {kind}; remove it, since the workflow writes below it")
        if not os.access(path, os.W_OK | os.X_OK):
            raise InputError(f"{path}: cannot be written to; make it writable, or remove it")


def open_model(definition: dict):
    """Return the model of a `models:` entry of the configuration, bound to its data."""
    return open_model_and_data(definition)[0]


def open_model_and_data(definition: dict) -> tuple:
    """Return the model of a `models:` entry, bound to its data, and the columns of these."""
    data = read_replicated(definition.get("data"), definition.get("replicate", 1))
    try:
        model = load_model(definition["file"], data)
        _try_quantities(definition["file"], model)
        return model, data
    except InputError as error:
        raise InputError(f"{error}{beside(definition)}") from error


def beside(definition: dict) -> str:
    """Return the end of a message about a model that names its data, "" where it has none."""
    return f" (its data: {definition['data']})" if definition.get("data") else ""


def _try_quantities(file: str, model) -> None:
    """Evaluate every derived quantity and its condition on a batch of two points."""
    batch = np.stack([model.start, model.start])
    for name in model.quantities:
        try:
            evaluate_quantity(model, name, batch)
            condition_holds(model, name, batch)
        except Declined as declined:
            raise InputError(f"{file}: {declined.message}") from declined

"""What is asked for: the configuration checked whole, before anything runs."""

import os
from typing import NamedTuple

from laplace_approx.errors import InputError
from laplace_files.config.against_model import check_against_model
from laplace_files.config.checks import check_config, check_overlay_files, expand_cases
from laplace_files.config.claims import claims_file
from laplace_files.config.unselected import check_unselected
from laplace_files.models.trial import open_models, source_hash

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
    named = ", ".join(files) or "config"
    checked = check_config(config, named)
    config.clear()
    config.update(checked | {"claims": claims_file(checked["claims"])})
    cases = _checked_cases(config, f"{named}: ")
    check_unselected(config, {case.model for case in cases})
    return cases


def check_nuts_cases(config: dict) -> list[Case]:
    """Return the cases under `nuts` of a configuration that is checked, themselves checked."""
    return _checked_cases(config | {"cases": config["nuts"]["cases"]}, "")


def _checked_cases(config: dict, named: str) -> list[Case]:
    cases = [Case(*case) for case in expand_cases(config)]
    models = open_models(config, list(dict.fromkeys(case.model for case in cases)))
    for name, model in models.items():
        try:
            check_against_model(config, name, model)
        except InputError as error:
            lines = str(error).splitlines()
            raise InputError("\n".join(f"{named}{line}" for line in lines)) from None
    return cases


def source_hashes(config: dict, cases: list[Case]) -> dict[str, str]:
    """Return for each model of the cases one hash of its file, what that imports and reads, and
    its data.

    By content, not by time: an older file in the place of another is another file.
    """
    return {name: source_hash(config["models"][name]) for name in {case.model for case in cases}}


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


def grids_of_posteriors(config: dict, cases: list[Case]) -> dict[str, dict[str, list[str]]]:
    """Return by model and prior the grids that the posterior is held against in the cases: all of
    the model's where it is in none, but can be asked for by path."""
    return {
        model: {prior: _grids(model, prior, entry, cases) for prior in entry["priors"]}
        for model, entry in config["models"].items()
    }


def _grids(model: str, prior: str, entry: dict, cases: list[Case]) -> list[str]:
    used = {case.grid for case in cases if (case.model, case.prior) == (model, prior)}
    return sorted(used or entry["grids"])

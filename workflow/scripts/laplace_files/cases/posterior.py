"""The posterior on disk: what is approximated, frozen with the hashes of the files it rests on."""

from typing import NamedTuple

from laplace_approx.density.frozen import Posterior
from laplace_approx.density.model import Model
from laplace_approx.density.posterior import joint_support
from laplace_approx.density.priors import build_prior
from laplace_approx.errors import InputError
from laplace_files.artifacts.artifacts import read_json, sha256_of
from laplace_files.artifacts.provenance import relative
from laplace_files.models.data import read_replicated
from laplace_files.models.modelfile import lambda_texts, load_model, model_files
from laplace_files.models.rehearsal import rehearse
from laplace_files.models.watch import watch_of


def freeze(
    case: dict, file: str, data_file: str | None, prior_definition: dict, replicate: int = 1
) -> dict:
    """Return the record of a posterior: everything that determines its density.

    log p(theta | data) = log p(data | theta) + log p(theta) + constant, with the data taken
    `replicate` times over.
    """
    data = read_replicated(data_file, replicate)
    model = load_model(file, data)
    described = describe(Sources(file, data_file, replicate), data, model)
    return frozen(case, described, model, prior_definition)


class Sources(NamedTuple):
    """The files of a posterior, and how many times over its data are taken."""

    file: str
    data_file: str | None
    replicate: int


def describe(sources: Sources, data: dict, model: Model) -> dict:
    """Return what a record says of the model and the data: that which no prior has a part in.

    `model` is as it was loaded from the file, and is evaluated at its start: what it reads by then
    is among its files.
    """
    file, data_file, replicate = sources
    rehearse(file, model, data)
    return {
        "model": {
            "name": model.name,
            "file": relative(file),
            "sha256": sha256_of(file),
            "files": _files_of(file),
            "gives_gradient": model.gradient is not None,
            "gives_hessian": model.hessian is not None,
            "gives_hessian_vector_product": model.hessian_vector_product is not None,
        },
        "data": _data_record(data_file, data, replicate),
        "quantities": _quantity_records(model, file),
    }


def frozen(case: dict, described: dict, model: Model, prior_definition: dict) -> dict:
    """Return the record of a posterior whose model and data are described."""
    prior = build_prior(prior_definition, model.parameters)
    lower, upper = joint_support(model, prior)
    return {
        "case": case,
        "parameters": list(model.parameters),
        "model": described["model"],
        "data": described["data"],
        "prior": {
            "definition": prior_definition,
            "text": prior.text,
            "proper": dict(zip(model.parameters, prior.proper, strict=True)),
        },
        "support": {name: [lower[i], upper[i]] for i, name in enumerate(model.parameters)},
        "start": model.start,
        "quantities": described["quantities"],
        "units": dict(model.units),
        "labels": dict(model.labels),
    }


def _files_of(file: str) -> dict[str, str]:
    """Return the files of a model with their hashes: its code, then what it was seen to read."""
    read = {path: found for path, found in watch_of(file).side_files().items() if found}
    return {relative(path): sha256_of(path) for path in model_files(file)} | read


def _quantity_records(model: Model, file: str) -> dict:
    """Return for each derived quantity its formula and its condition, as the file words them."""
    formulas, conditions = lambda_texts(file, "QUANTITIES"), lambda_texts(file, "CONDITIONS")
    return {
        name: {
            "formula": formulas.get(name),
            "conditional": name in model.conditions,
            "condition": conditions.get(name),
        }
        for name in model.quantities
    }


def _data_record(data_file: str | None, data: dict, replicate: int) -> dict | None:
    if data_file is None:
        return None
    rows = len(next(iter(data.values())))
    return {
        "file": relative(data_file),
        "sha256": sha256_of(data_file),
        "rows": rows,
        "replicate": replicate,
        "columns": list(data),
    }


def open_posterior(path) -> Posterior:
    """Open a frozen posterior, refusing model or data files that have changed since."""
    record = read_json(path)
    for file, sha256 in _sources(record).items():
        _verify(path, file, sha256)
    file, replicate = _data_source(record)
    data = read_replicated(file, replicate)
    model = load_model(record["model"]["file"], data)
    watch_of(record["model"]["file"]).close(path, _sources(record))
    prior = build_prior(record["prior"]["definition"], model.parameters)
    return Posterior(record, data, model, prior)


def _data_source(record: dict) -> tuple[str | None, int]:
    data = record["data"]
    return (data["file"], data["replicate"]) if data else (None, 1)


def _sources(record: dict) -> dict[str, str]:
    """Return the files that a posterior rests on, with the hashes that they must have."""
    data = record["data"]
    return record["model"]["files"] | ({data["file"]: data["sha256"]} if data else {})


def _verify(path, file: str, sha256: str) -> None:
    if sha256_of(file) != sha256:
        raise InputError(
            f"{file} is no longer the file that {path} was made from. "
            f"Run snakemake again, and leave the file alone while it runs."
        )

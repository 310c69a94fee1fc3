"""The laws of a frozen posterior: it is that of the configuration and of the files there."""

import hashlib
import os

from laplace_audit.ledger import Page
from laplace_audit.numerics.target import Target


def source_laws(page: Page, record: dict, definition: dict, prior: dict) -> bool:
    """Hold the files of a posterior against their hashes; return whether they are the same.

    The model must not be run before: a file that is not the one recorded is not the model.
    """
    page.same("prior is as configured", record["prior"]["definition"], prior)
    page.same("model is as configured", record["model"]["file"], _relative(definition["file"]))
    data = record["data"]
    due = _relative(definition["data"]) if definition.get("data") else None
    page.same("data are as configured", data and data["file"], due)
    times = (data or {}).get("replicate", 1)
    page.same("data are as configured", times, (definition.get("replicate") or 1) if data else 1)
    files = dict(record["model"]["files"])
    kept = page.same(
        "model and data files are those recorded",
        files.get(record["model"]["file"]),
        record["model"]["sha256"],
    )
    files |= {data["file"]: data["sha256"]} if data else {}
    for file, sha256 in files.items():
        kept &= page.same("model and data files are those recorded", _sha256(file), sha256)
    return kept


def _relative(path: str) -> str:
    return os.path.relpath(path).replace(os.sep, "/")


def _sha256(path) -> str | None:
    try:
        with open(path, "rb") as file:
            return hashlib.sha256(file.read()).hexdigest()
    except OSError:
        return None


def posterior_laws(page: Page, record: dict, target: Target) -> None:
    """Hold a posterior's record against the model, its prior and its data."""
    page.same("parameters", record["parameters"], list(target.parameters))
    page.same("quantities of the model", list(record["quantities"]), sorted(target.quantities))
    conditional = {name: said["conditional"] for name, said in record["quantities"].items()}
    page.same(
        "quantities of the model",
        conditional,
        {name: name in target.conditions for name in conditional},
    )
    for i, name in enumerate(target.parameters):
        ends = [_finite(target.lower[i]), _finite(target.upper[i])]
        page.same("support of the posterior", record["support"][name], ends)
    page.same(
        "gradient and Hessian of the model",
        [record["model"]["gives_gradient"], record["model"]["gives_hessian"]],
        [callable(target.names.get(name)) for name in ("gradient", "hessian")],
    )
    for key in ("units", "labels"):
        page.same(
            "units and labels of the model", record[key], dict(target.names.get(key.upper()) or {})
        )
    start = record["start"]
    inside = [
        low < x < high
        for low, x, high in zip(target.model_lower, start, target.model_upper, strict=True)
    ]
    page.true("start is a point of the model", inside)
    proper = {
        name: _proper(record["prior"]["definition"], name, target.parameters)
        for name in target.parameters
    }
    page.same("proper priors", record["prior"]["proper"], proper)
    if record["data"]:
        rows = len(next(iter(target.data.values())))
        page.same("rows and columns of the data", record["data"]["rows"], rows)
        page.same("rows and columns of the data", record["data"]["columns"], list(target.data))


def _proper(definition: dict, name: str, parameters) -> bool:
    """Return whether the prior of a parameter integrates to one."""
    if name in definition:
        return definition[name]["family"] not in ("flat", "reciprocal")
    joint = definition.get("joint")
    return joint is not None and name in joint.get("parameters", parameters)


def _finite(x) -> float | None:
    return float(x) if abs(x) != float("inf") else None

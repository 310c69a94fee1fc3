"""The names of a configuration: none is taken, none is there twice, and those used are there."""

import unicodedata

from laplace_approx.words.names import suggestion
from laplace_files.config.lists import KINDS, listed
from laplace_files.config.schema import shown

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


def check_reserved(config: dict) -> list[str]:
    """Refuse models and priors whose folders would be those of something else."""
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


def check_collisions(config: dict) -> list[str]:
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


def check_case_names(config: dict) -> list[str]:
    """Refuse cases of models, priors, spaces or grids that there are not."""
    problems = []
    for i, block in enumerate(config["cases"]):
        for name in listed(block["model"]):
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
                    for wanted in listed(block[kind])
                    if wanted not in known
                )
    return problems


def check_reference_names(config: dict) -> list[str]:
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


def check_nuts_names(config: dict) -> list[str]:
    """Refuse cases of NUTS of which a name is not there."""
    cases = config["nuts"]["cases"]
    return [f"nuts.{problem}" for problem in check_case_names(config | {"cases": cases})]

"""A scenario of a sweep as a configuration: the same case, to be run through the whole chain."""

import json
import shlex

KINDS = ("prior", "space", "grid")


def case_of(key: str, definition: dict) -> tuple[str, str, str, str]:
    """Return the case (model, prior, space, grid) as which a scenario is run again."""
    return (f"{definition['model']}-{key}", *(definition[kind] for kind in KINDS))


def overlay(key: str, definition: dict) -> dict:
    """Return what a configuration must say to run the scenario as its only case.

    The model has the scenario's key in its name, so that no other case is in its way.
    """
    case = case_of(key, definition)
    spaces = {definition["space"]: definition["space_definition"]}
    entry = {
        "file": definition["file"],
        **({"data": definition["data"]} if definition["data"] else {}),
        "replicate": definition["replicate"],
        "priors": {definition["prior"]: definition["prior_definition"]},
        "spaces": spaces | definition.get("other_spaces", {}),
        "grids": {definition["grid"]: definition["grid_definition"]},
    }
    taken = ("seeds", "n_draws", "probabilities", "tolerance", "remedies", "reference")
    return {
        "cases": [dict(zip(("model", *KINDS), case, strict=True))],
        **{name: definition[name] for name in taken},
        "models": {case[0]: entry},
    }


def targets(key: str, definition: dict) -> list[str]:
    """Return the artifacts that hold all that a sweep says of the scenario."""
    model, prior, space, grid = case_of(key, definition)
    folder = f"results/{model}/{prior}/compare/{space}/{grid}"
    return [f"{folder}/verdict.json", f"{folder}/quantiles.parquet"]


def overlay_text(key: str, definition: dict, path: str) -> str:
    """Return the configuration as YAML (of which JSON is a part), with the command to run it."""
    wanted = " ".join(targets(key, definition))
    body = json.dumps(overlay(key, definition), indent=2, ensure_ascii=False, allow_nan=False)
    return (
        f"# Scenario {key}. To run it through the whole chain:\n"
        f"#   snakemake {wanted} --configfile {shlex.quote(path)}\n"
        f"{body}\n"
    )

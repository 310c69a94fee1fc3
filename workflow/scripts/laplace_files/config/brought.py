"""The files of draws that a configuration names as the exact side of a posterior.

What reads them (`laplace_files/cases/brought.py`) is dear to import; the Snakefile needs no more
than their names.
"""

from pathlib import Path

from laplace_approx.errors import InputError
from laplace_files.artifacts.artifacts import sha256_of


def brought_sources(config: dict, cases) -> dict[str, dict[str, dict]]:
    """Return by model and prior the `files` of draws that are brought, one text of their content,
    `sha256`, and whether `nuts` may sample; the files of a case must be there."""
    selected = {(case[0], case[1]) for case in cases}
    return {
        model: {
            prior: _source(model, prior, entry["reference"].get(prior), (model, prior) in selected)
            for prior in entry["priors"]
        }
        for model, entry in config["models"].items()
    }


def _source(model: str, prior: str, definition: dict | None, selected: bool) -> dict:
    files = definition["draws"] if definition else []
    absent = [file for file in files if not Path(file).is_file()]
    if absent and selected:
        raise InputError(
            f"models.{model}.reference.{prior}.draws: {absent[0]}: there is no such file; paths "
            "are relative to the working directory"
        )
    content = " ".join(map(sha256_of, files)) if not absent else ""
    return {"files": files, "sha256": content, "nuts": bool(definition and definition["nuts"])}

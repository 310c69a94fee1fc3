"""The Laplace approximation on disk: the posterior, its mode and its curvature, opened together."""

from pathlib import Path

import numpy as np

from laplace_approx.curvature.matrices import lower_triangle
from laplace_approx.density.frozen import Posterior
from laplace_approx.normal.laplace import Laplace
from laplace_approx.normal.normal import Normal
from laplace_files.artifacts.artifacts import corrupt, read_json, read_table
from laplace_files.cases.posterior import open_posterior


def open_spaces(inputs, laplace: Laplace) -> dict[str, Laplace]:
    """Open `inputs.modes` and `inputs.curvatures`: the same posterior in other spaces, by name."""
    found = {}
    for mode_file, curvature_file in zip(inputs.modes, inputs.curvatures, strict=True):
        mode, curvature = read_json(mode_file), read_json(curvature_file)
        if mode["space"] != laplace.mode["space"]:
            found[mode["space"]] = assemble_laplace(
                laplace.posterior, mode, curvature, curvature_file
            )
    return found


def open_every_space(inputs) -> list[Laplace]:
    """Open `inputs.posterior`, `inputs.modes` and `inputs.curvatures`: one posterior in all of its
    spaces."""
    posterior = open_posterior(inputs.posterior)
    return [
        assemble_laplace(posterior, read_json(mode), read_json(curvature), curvature)
        for mode, curvature in zip(inputs.modes, inputs.curvatures, strict=True)
    ]


def open_laplace(inputs) -> Laplace:
    """Open the artifacts `inputs.posterior`, `inputs.mode` and `inputs.curvature`."""
    posterior = open_posterior(inputs.posterior)
    mode, curvature = read_json(inputs.mode), read_json(inputs.curvature)
    return assemble_laplace(posterior, mode, curvature, inputs.curvature)


def assemble_laplace(posterior: Posterior, mode: dict, curvature: dict, file=None) -> Laplace:
    """Return the approximation that the records of mode and curvature describe.

    `file` is where the curvature was read from: large matrices are in the table beside it.
    """
    normal = None
    if curvature["status"] == "ok":
        normal = Normal(np.array(mode["z"]), _cholesky(curvature, file))
    return Laplace(posterior, mode, curvature, posterior.space(mode["space_definition"]), normal)


def _cholesky(curvature: dict, file):
    """Return the factor of the covariance: in the record, or else in the table beside it."""
    if "cholesky" in curvature:
        return np.array(curvature["cholesky"])
    beside, d = Path(file).with_name("curvature.parquet"), len(curvature["coordinates"])
    columns, _ = read_table(beside)
    if columns["row"].size != d * (d + 1) // 2:
        raise corrupt(beside, f"{columns['row'].size} rows for {d} coordinates")
    return lower_triangle(columns, "cholesky", d)

"""The Laplace approximation on disk: the posterior, its mode and its curvature, opened together."""

from typing import NamedTuple

import numpy as np

from laplace_approx.fit import Fit
from laplace_approx.model import Model
from laplace_approx.normal import Normal
from laplace_approx.space import Space
from laplace_files.artifacts import read_json
from laplace_files.posterior import Posterior, open_posterior


class Laplace(NamedTuple):
    """A posterior with its normal approximation in a space; `normal` is None where declined."""

    posterior: Posterior
    mode: dict
    curvature: dict
    space: Space
    normal: Normal | None

    @property
    def model(self) -> Model:
        return self.posterior.model

    @property
    def metadata(self) -> dict:
        """What a table made from this approximation says of itself."""
        return {**self.mode["case"], "status": self.curvature["status"]}

    def fit(self) -> Fit | None:
        """Return the normal with all that a comparison needs; None where declined."""
        if self.normal is None:
            return None
        return Fit(
            self.model,
            self.posterior.prior,
            self.posterior.density(),
            self.space,
            self.normal,
            tuple(self.mode["modes"]),
            self.mode["n_evaluations"],
        )


def open_spaces(inputs, laplace: Laplace) -> dict[str, Laplace]:
    """Open `inputs.modes` and `inputs.curvatures`: the same posterior in other spaces, by name."""
    found = {}
    for mode_file, curvature_file in zip(inputs.modes, inputs.curvatures, strict=True):
        mode, curvature = read_json(mode_file), read_json(curvature_file)
        if mode["space"] != laplace.mode["space"]:
            found[mode["space"]] = assemble_laplace(laplace.posterior, mode, curvature)
    return found


def open_laplace(inputs) -> Laplace:
    """Open the artifacts `inputs.posterior`, `inputs.mode` and `inputs.curvature`."""
    posterior = open_posterior(inputs.posterior)
    mode, curvature = read_json(inputs.mode), read_json(inputs.curvature)
    return assemble_laplace(posterior, mode, curvature)


def assemble_laplace(posterior: Posterior, mode: dict, curvature: dict) -> Laplace:
    """Return the approximation that the records of mode and curvature describe."""
    normal = None
    if curvature["status"] == "ok":
        normal = Normal(np.array(mode["z"]), np.array(curvature["cholesky"]))
    return Laplace(posterior, mode, curvature, posterior.space(mode["space_definition"]), normal)

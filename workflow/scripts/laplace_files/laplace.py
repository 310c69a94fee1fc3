"""The Laplace approximation on disk: the posterior, its mode and its curvature, opened together."""

from typing import NamedTuple

import numpy as np

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


def open_laplace(inputs) -> Laplace:
    """Open the artifacts `inputs.posterior`, `inputs.mode` and `inputs.curvature`."""
    posterior = open_posterior(inputs.posterior)
    mode, curvature = read_json(inputs.mode), read_json(inputs.curvature)
    normal = None
    if curvature["status"] == "ok":
        normal = Normal(np.array(mode["z"]), np.array(curvature["cholesky"]))
    return Laplace(posterior, mode, curvature, posterior.space(mode["space_definition"]), normal)

"""The Laplace approximation of a posterior: its mode, its curvature, and the normal."""

from typing import NamedTuple

from laplace_approx.density.frozen import Posterior
from laplace_approx.density.model import Model
from laplace_approx.density.space import Space
from laplace_approx.normal.fit import Fit
from laplace_approx.normal.normal import Normal


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
        )

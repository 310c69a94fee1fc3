"""A frozen posterior: its record, its data, its model bound to them, and its prior."""

from typing import NamedTuple

from laplace_approx.density.density import Density
from laplace_approx.density.model import Model
from laplace_approx.density.posterior import joint_support, natural_density
from laplace_approx.density.priors import Prior
from laplace_approx.density.space import Space, build_space


class Posterior(NamedTuple):
    """A frozen posterior opened again: its record, its data, its model bound to them, its prior."""

    record: dict
    data: dict
    model: Model
    prior: Prior

    def density(self) -> Density:
        """Return the unnormalised density of the parameters; a broken model raises Declined."""
        return natural_density(self.model, self.prior)

    @property
    def quantities(self) -> tuple[str, ...]:
        """The quantities of interest: the parameters, then the model's derived quantities."""
        return (*self.model.parameters, *self.model.quantities)

    def space(self, definition: dict) -> Space:
        """Return the space that a definition of the configuration describes."""
        return build_space(
            definition, self.model.parameters, *joint_support(self.model, self.prior)
        )

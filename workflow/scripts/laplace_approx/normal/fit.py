"""A normal fitted in a space, with what the comparison with it needs of the posterior."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from laplace_approx.density.density import Density, density_in
from laplace_approx.density.model import Model
from laplace_approx.density.priors import Prior
from laplace_approx.density.quantities import coordinate_quantity
from laplace_approx.density.space import Space
from laplace_approx.normal.normal import Normal


class Fit(NamedTuple):
    """The Laplace approximation of a posterior in a space.

    `natural` is the density of the parameters; `modes` are the records of all modes that the
    search found.
    """

    model: Model
    prior: Prior
    natural: Density
    space: Space
    normal: Normal
    modes: tuple

    @property
    def names(self) -> tuple[str, ...]:
        """The quantities of interest: the parameters, then the derived ones."""
        return quantity_names(self.model)

    @property
    def density(self) -> Density:
        """The density of the coordinates of the space."""
        return density_in(self.natural, self.space)

    def quantities(self) -> dict[str, Callable]:
        """Return each quantity as a function of the coordinates, NaN where it is not looked at."""
        return {name: coordinate_quantity(self.model, self.space, name) for name in self.names}

    def log_approximation(self, theta):
        """Return the normalised log density of the approximation on the natural scale, (...)."""
        z = self.space.unconstrain(theta)
        with np.errstate(invalid="ignore"):
            value = self.normal.log_density(z) - self.space.log_jacobian(z)
        return np.where(np.isnan(value), -np.inf, value)

    def distance(self, theta):
        """Return the squared length of the standardised theta (..., d), (...): infinite outside of
        the space."""
        with np.errstate(invalid="ignore"):
            u = self.normal.standardise(self.space.unconstrain(theta))
            value = np.sum(u**2, axis=-1)
        return np.where(np.isnan(value), np.inf, value)


def quantity_names(model: Model) -> tuple[str, ...]:
    """Return the names of the parameters, then of the derived quantities."""
    return (*model.parameters, *model.quantities)

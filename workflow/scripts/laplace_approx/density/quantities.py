"""Quantities of interest as functions of points, NaN where they have no value."""

from collections.abc import Callable

import numpy as np

from laplace_approx.density.model import Model, condition_holds, evaluate_quantity
from laplace_approx.density.space import Space


def given(function: Callable, condition: Callable | None = None) -> Callable:
    """Return a function of points (..., d) as floats (...), NaN where its condition fails."""

    def quantity(points):
        with np.errstate(all="ignore"):
            values = np.asarray(function(points), dtype=float)
            return values if condition is None else np.where(condition(points), values, np.nan)

    return quantity


def quantity_in(function: Callable, constrain: Callable, condition: Callable | None = None):
    """Return a quantity of the space's coordinates: z (..., d) -> (...), NaN where it is undefined.

    `function` and `condition` take natural parameters theta (..., d); `constrain` maps z to theta.
    """
    of_theta = given(function, condition)
    return lambda z: of_theta(constrain(z))


def natural_quantity(model: Model, name: str) -> Callable:
    """Return a quantity of a model as a function of theta (..., d), NaN where its condition fails.

    Raises as `evaluate_quantity` does.
    """
    condition = None
    if name in model.conditions:
        condition = lambda theta: condition_holds(model, name, theta)  # noqa: E731
    return given(lambda theta: evaluate_quantity(model, name, theta), condition)


def coordinate_quantity(model: Model, space: Space, name: str) -> Callable:
    """Return a quantity of a model as a function of z (..., d), NaN where its condition fails."""
    if name in model.parameters:  # a function of its own coordinate alone
        i = model.parameters.index(name)
        return lambda z: space.constrain_one(i, np.asarray(z, dtype=float)[..., i])
    of_theta = natural_quantity(model, name)
    ends = np.concatenate([space.lower, space.upper])
    if space.names == space.parameters and np.all(np.isinf(ends)):
        return of_theta  # the coordinates are the parameters
    return quantity_in(of_theta, space.constrain)

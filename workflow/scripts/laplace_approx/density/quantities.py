"""Quantities of interest as functions of coordinates, NaN where they have no value."""

from collections.abc import Callable

import numpy as np


def quantity_in(function: Callable, constrain: Callable, condition: Callable | None = None):
    """Return a quantity of the space's coordinates: z (..., d) -> (...), NaN where it is undefined.

    `function` and `condition` take natural parameters theta (..., d); `constrain` maps z to theta.
    """

    def quantity(z):
        theta = constrain(z)
        with np.errstate(all="ignore"):
            values = np.asarray(function(theta), dtype=float)
        if condition is None:
            return values
        return np.where(condition(theta), values, np.nan)

    return quantity

"""Densities that are told how far a point is from the ends of its support.

Next to an end that is not 0 a parameter has lost its digits: the largest number below 1 is 1e-16
from it, and a posterior may have most of its mass nearer; and next to 0 numbers end at 5e-324. What
is known there is the logarithm of the distance, which a coordinate such as the logit carries, and a
prior's density can be found from it.
"""

from collections.abc import Callable

import numpy as np


class EdgeExact:
    """A log density of theta (..., d), `near` of which takes also the logarithms of its distances
    to the lower and the upper end of the support, (..., d) each: there theta may be rounded."""

    def __init__(self, of_theta: Callable, near: Callable):
        self.of_theta, self.near = of_theta, near

    def __call__(self, theta):
        return self.of_theta(theta)


def wrapped(function, wrap: Callable):
    """Return a log density with `wrap` around it, which makes a function of any arguments."""
    if isinstance(function, EdgeExact):
        return EdgeExact(wrap(function.of_theta), wrap(function.near))
    return wrap(function)


def log_gaps(transforms, z, theta, lower, upper):
    """Return the logarithms of the distances of theta = constrain(z) to the two ends of its
    support, (..., d) each: as z has them where the transform ends there too."""
    with np.errstate(divide="ignore", invalid="ignore"):
        below, above = np.log(theta - lower), np.log(upper - theta)
    for i, transform in enumerate(transforms):
        for side, found, end in ((0, below, lower[i]), (1, above, upper[i])):
            exact = transform.log_gap(z[..., i], side)
            if exact is not None and transform.domain[side] == end:
                found[..., i] = exact
    return below, above


def within(theta, lower, upper):
    """Return theta moved to the nearest numbers inside the open support where it was rounded to
    an end."""
    return np.clip(theta, np.nextafter(lower, np.inf), np.nextafter(upper, -np.inf))

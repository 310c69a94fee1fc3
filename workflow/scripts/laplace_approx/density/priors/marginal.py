"""The density of one parameter, and the same density declared on a transform of the parameter."""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from laplace_approx.density.transforms import Identity, Log, Logit, Transform
from laplace_approx.errors import InputError


class PriorMarginal(NamedTuple):
    """A log density of one number with its derivatives, elementwise on the open support.

    The functions need not answer outside (`lower`, `upper`): the prior masks what lies there.
    `near` is the log density of x and the logarithms of its distances to `lower` and to `upper`:
    a number next to an end has lost its digits, and these have not. None where x tells as much.
    """

    log_density: Callable
    d1: Callable
    d2: Callable
    lower: float
    upper: float
    proper: bool
    text: str
    flat: bool = False
    near: Callable | None = None


FLAT = PriorMarginal(
    log_density=lambda x: np.zeros(np.shape(x)),
    d1=lambda x: np.zeros(np.shape(x)),
    d2=lambda x: np.zeros(np.shape(x)),
    lower=-math.inf,
    upper=math.inf,
    proper=False,
    text="flat",
    flat=True,
)


def on_transform(marginal: PriorMarginal, transform: Transform, name: str) -> PriorMarginal:
    """Return the density of theta when z = unconstrain(theta) has the density `marginal`.

    With z = F(theta) and J(z) = log |dtheta / dz| it is log p(F(theta)) - J(F(theta)). Raises
    InputError where a proper density of z reaches values that the transform never takes.
    """
    if isinstance(transform, Identity):
        return marginal
    if marginal.proper:
        _refuse_truncation(marginal, transform, name)

    def inner(theta):
        """Return z, F'(theta) and F''(theta)."""
        z = transform.unconstrain(theta)
        slope = 1 / transform.constrain_d1(z)
        return z, slope, -transform.constrain_d2(z) * slope * slope * slope

    def log_density(theta):
        z = transform.unconstrain(theta)
        return marginal.log_density(z) - transform.log_jacobian(z)

    def d1(theta):
        z, slope, _ = inner(theta)
        return (marginal.d1(z) - transform.log_jacobian_d1(z)) * slope

    def d2(theta):
        z, slope, bend = inner(theta)
        outer = marginal.d1(z) - transform.log_jacobian_d1(z)
        return (marginal.d2(z) - transform.log_jacobian_d2(z)) * slope**2 + outer * bend

    def near(x, below, above):
        z = transform.from_log_gaps(below, above)
        return marginal.log_density(z) - transform.log_jacobian(z)

    low = max(marginal.lower, transform.image[0])
    high = min(marginal.upper, transform.image[1])
    with np.errstate(all="ignore"):
        ends = (float(transform.constrain(low)), float(transform.constrain(high)))
    return PriorMarginal(
        log_density=log_density,
        d1=d1,
        d2=d2,
        lower=min(ends),
        upper=max(ends),
        proper=marginal.proper,
        text=f"{marginal.text} on {transform.symbol(name)}",
        near=near if _to_its_ends(marginal, transform) else None,
    )


def _to_its_ends(marginal, transform) -> bool:
    """Whether the density reaches to ends of a transform next to which numbers lose digits."""
    reaches = marginal.lower <= transform.image[0] and marginal.upper >= transform.image[1]
    return reaches and isinstance(transform, Log | Logit) and transform != Log()


def _refuse_truncation(marginal, transform, name):
    low, high = transform.image
    if marginal.lower < low or marginal.upper > high:
        raise InputError(
            f"prior.{name}.on: {transform.symbol(name)} is always above {low:g}, but "
            f"{marginal.text} reaches below it and would lose that part of its mass. "
            "Choose a family of positive numbers, such as half_normal or gamma."
        )

"""A log density with what is known of it: coordinates, derivatives and support."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from laplace_approx.density.edges import EdgeExact
from laplace_approx.density.space import Space
from laplace_approx.density.support import Support, total


class Density(NamedTuple):
    """An unnormalised log density of `d` coordinates.

    `log_density` maps `(..., d)` to `(...)` and is `-inf` outside the support (and where the
    model gives NaN); it is an `EdgeExact` where a prior knows its density nearer to an end than
    numbers go. `gradient` maps to `(..., d)` and `hessian` to `(..., d, d)`; each is None
    where the model gives none; `hessian_method` says whether it is "analytic" or put together from
    "hessian_vector_products". `lower` and `upper` bound the open support, `(d,)` each. `undefined`
    maps `(..., d)` to whether the model's own answer there is NaN, within the support; None where
    nobody can say.
    """

    names: tuple[str, ...]
    log_density: Callable
    gradient: Callable | None
    hessian: Callable | None
    lower: np.ndarray
    upper: np.ndarray
    hessian_method: str = "analytic"
    undefined: Callable | None = None


def density_in(density: Density, space: Space) -> Density:
    """Return the same distribution as a density of z, theta = constrain(z).

    With J(z) = sum_i log |dtheta_i / dz_i|, elementwise T' and T'', g and H the derivatives of
    the log density L at theta, and D = diag(T'):
      log density  L(theta) + J(z),
      gradient     D g + J',
      Hessian      D H D + diag(g T'' + J''),
    the last two where `density` has them (the Hessian needs both) (BDA3, section 1.8). A z
    outside the bounds, or whose theta rounds to the edge of the support, has log density -inf
    and derivatives NaN; `density` is not called there. Where every parameter keeps its own scale
    and its support, the density is that of theta itself.
    """
    if _is_natural(density, space):
        return density._replace(names=space.names)
    z_anchor = point_inside(np.zeros(len(space.names)), space.lower, space.upper)
    theta_anchor = space.constrain(z_anchor)
    support = Support(density.lower, density.upper)

    def place(z):
        """Return z and theta, both an anchor's where theta is outside, and where it is inside
        (True: everywhere)."""
        z = np.asarray(z, dtype=float)
        theta = space.constrain(z)
        if support.holds(theta):
            return z, theta, np.True_
        inside = support.inside(theta)
        keep = inside[..., None]
        return np.where(keep, z, z_anchor), np.where(keep, theta, theta_anchor), inside

    def kept(value, inside, tail, outside):
        if inside is np.True_:
            return value
        return np.where(inside[(..., *(None,) * tail)], value, outside)

    def near_the_ends(z):
        z = np.asarray(z, dtype=float)
        with np.errstate(over="ignore", invalid="ignore"):
            theta = space.constrain(z)
            value = density.log_density.near(theta, *space.log_gaps(z, theta))
            value += space.log_jacobian(z)
            return without_nan(value)

    def log_density(z):
        with np.errstate(over="ignore", invalid="ignore"):
            z, theta, inside = place(z)
            value = density.log_density(theta) + space.log_jacobian(z)
            return without_nan(kept(value, inside, 0, -np.inf))

    def gradient(z):
        with np.errstate(over="ignore", invalid="ignore"):
            z, theta, inside = place(z)
            slopes = density.gradient(theta) * space.constrain_d1(z) + space.log_jacobian_d1(z)
            return kept(slopes, inside, 1, np.nan)

    def hessian(z):
        i = np.arange(len(space.names))
        with np.errstate(over="ignore", invalid="ignore"):
            z, theta, inside = place(z)
            d1 = space.constrain_d1(z)
            matrix = d1[..., :, None] * density.hessian(theta) * d1[..., None, :]
            matrix[..., i, i] += density.gradient(theta) * space.constrain_d2(z)
            matrix[..., i, i] += space.log_jacobian_d2(z)
            return kept(matrix, inside, 2, np.nan)

    def undefined(z):
        with np.errstate(over="ignore", invalid="ignore"):
            _, theta, inside = place(z)
            return inside & density.undefined(theta)

    has_gradient = density.gradient is not None
    exact = isinstance(density.log_density, EdgeExact)
    return Density(
        names=space.names,
        log_density=near_the_ends if exact else log_density,
        gradient=gradient if has_gradient else None,
        hessian=hessian if has_gradient and density.hessian is not None else None,
        lower=space.lower,
        upper=space.upper,
        hessian_method=density.hessian_method,
        undefined=None if density.undefined is None else undefined,
    )


def _is_natural(density: Density, space: Space) -> bool:
    """Whether the space is theta itself, and leaves out nothing of the support."""
    wide = np.all(space.lower <= density.lower) and np.all(space.upper >= density.upper)
    return space.natural and bool(wide)


def summed(likelihood, prior):
    """Return the sum, in the memory of the prior's term: that of the model may be its own."""
    prior += likelihood
    return prior


def as_it_is(value):
    return value


def without_nan(value):
    # a NaN anywhere makes the sum one too, and the sum costs less than to look at each value
    if np.isnan(total(value)):
        return np.where(np.isnan(value), -np.inf, value)
    return value


def point_inside(preferred, lower, upper):
    """Return a point strictly inside: the preferred coordinates where they are, else near them."""
    preferred = np.asarray(preferred, dtype=float)
    inside = (preferred > lower) & (preferred < upper)
    with np.errstate(invalid="ignore"):
        above, below = lower + np.maximum(1, np.abs(lower)), upper - np.maximum(1, np.abs(upper))
        middle = lower / 2 + upper / 2
    one_sided = np.where(np.isfinite(lower), above, np.where(np.isfinite(upper), below, 0.0))
    bounded = np.isfinite(lower) & np.isfinite(upper)
    return np.where(inside, preferred, np.where(bounded, middle, one_sided))

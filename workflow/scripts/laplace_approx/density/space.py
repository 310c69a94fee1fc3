"""The coordinate system in which the normal is fitted: one scalar transform a parameter."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from laplace_approx.density.edges import log_gaps
from laplace_approx.density.support import Support
from laplace_approx.density.transform_names import build_transform
from laplace_approx.density.transforms import Identity, bounds
from laplace_approx.errors import InputError
from laplace_approx.words.names import did_you_mean


class Space(NamedTuple):
    """Coordinates z of the parameters theta, one to one and parameter by parameter.

    `constrain` maps z `(..., d)` to theta `(..., d)` (NaN in a coordinate outside its open
    bounds) and `unconstrain` maps back; `log_jacobian` gives sum_i log |dtheta_i / dz_i|, shape
    `(...)` (NaN outside). The elementwise derivatives `(..., d)` are those of constrain
    (`constrain_d1`, `constrain_d2`) and of each parameter's log |dtheta_i / dz_i|
    (`log_jacobian_d1`, `log_jacobian_d2`). `lower` and `upper` are the open bounds of z, `(d,)`.
    `constrain_one` maps coordinate i alone, (i, z_i `(...)`) to theta_i `(...)`.
    `log_gaps` gives the logarithms of the distances of theta to the ends of its support, (z, theta)
    to two `(..., d)`, from z where theta has lost the digits.
    `text` says which density the normal approximates; `restricts` names the parameters of which
    the space leaves out a part of the `support`, and `reach` is what it keeps (both (2, d), open);
    `natural` says that all keep their own scale.
    """

    names: tuple[str, ...]
    parameters: tuple[str, ...]
    constrain: Callable
    unconstrain: Callable
    log_jacobian: Callable
    constrain_d1: Callable
    constrain_d2: Callable
    log_jacobian_d1: Callable
    log_jacobian_d2: Callable
    lower: np.ndarray
    upper: np.ndarray
    text: str
    restricts: tuple[str, ...]
    support: np.ndarray
    reach: np.ndarray
    natural: bool
    constrain_one: Callable
    log_gaps: Callable


def build_space(definition: dict | None, parameters: tuple[str, ...], lower, upper) -> Space:
    """Return the space that `definition` (parameter: transform) describes.

    `lower` and `upper` are the open support of theta, `(d,)`. Parameters not named keep their
    own scale. A transform may be narrower than the support (log on an unbounded parameter keeps
    what is above 0): such parameters are listed in `restricts`. Raises InputError for an unknown
    parameter or transform, and where transform and support have nothing in common.
    """
    lower, upper = np.asarray(lower, dtype=float), np.asarray(upper, dtype=float)
    transforms = _transforms(definition, parameters, lower, upper)
    ends = [bounds(t, *support) for t, *support in zip(transforms, lower, upper, strict=True)]
    z_lower, z_upper = (np.array(side) for side in zip(*ends, strict=True))
    apply = _Elementwise(transforms, z_lower, z_upper)
    return Space(
        names=tuple(t.symbol(name) for t, name in zip(transforms, parameters, strict=True)),
        parameters=tuple(parameters),
        constrain=lambda z: apply("constrain", z),
        unconstrain=lambda theta: apply("unconstrain", theta, of_theta=True),
        log_jacobian=lambda z: np.sum(apply("log_jacobian", z), axis=-1),
        constrain_d1=lambda z: apply("constrain_d1", z),
        constrain_d2=lambda z: apply("constrain_d2", z),
        log_jacobian_d1=lambda z: apply("log_jacobian_d1", z),
        log_jacobian_d2=lambda z: apply("log_jacobian_d2", z),
        lower=z_lower,
        upper=z_upper,
        text=_text(transforms, parameters),
        restricts=tuple(
            name
            for t, name, low, high in zip(transforms, parameters, lower, upper, strict=True)
            if t.domain[0] > low or t.domain[1] < high
        ),
        support=np.array([lower, upper]),
        reach=np.array(
            [
                np.maximum(lower, [t.domain[0] for t in transforms]),
                np.minimum(upper, [t.domain[1] for t in transforms]),
            ]
        ),
        natural=all(isinstance(t, Identity) for t in transforms),
        constrain_one=apply.constrain_one,
        log_gaps=lambda z, theta: log_gaps(transforms, z, theta, lower, upper),
    )


def _transforms(definition, parameters, lower, upper):
    if definition is None:
        definition = {}
    if not isinstance(definition, dict):
        raise InputError(
            f"space: {definition!r} is not a map of parameters to transforms. Write {{beta: log}}."
        )
    for name in definition:
        if name not in parameters:
            raise InputError(
                f"space: the model has no parameter {name!r}.{did_you_mean(name, parameters)} "
                f"Its parameters are {', '.join(parameters)}."
            )
    return [
        build_transform(definition.get(name, "identity"), f"space.{name}", float(low), float(high))
        for name, low, high in zip(parameters, lower, upper, strict=True)
    ]


def _text(transforms, parameters) -> str:
    spoken = [t.symbol(name) for t, name in zip(transforms, parameters, strict=True)]
    factors = [t.factor(name) for t, name in zip(transforms, parameters, strict=True)]
    natural = f"p({', '.join(parameters)} | data)"
    if spoken == list(parameters):
        return natural
    product = "".join(f" * {factor}" for factor in factors if factor)
    return f"p({', '.join(spoken)} | data) = {natural}{product}"


class _Elementwise:
    """Calls one method of every coordinate's transform: once for each distinct transform."""

    def __init__(self, transforms, z_lower, z_upper):
        self.transforms, self.support = transforms, Support(z_lower, z_upper)
        self.groups = [
            (transform, np.array([i for i, other in enumerate(transforms) if other == transform]))
            for transform in dict.fromkeys(transforms)
        ]

    def __call__(self, method: str, x, of_theta: bool = False):
        x = np.asarray(x, dtype=float)
        if len(self.groups) == 1:
            result = getattr(self.groups[0][0], method)(x)
        else:
            result = np.empty_like(x)  # in the order of x in memory
            for transform, columns in self.groups:
                result[..., columns] = getattr(transform, method)(x[..., columns])
        if of_theta or self._holds(x):
            return result
        # comparisons with NaN are false, so a NaN coordinate is outside too
        inside = (x > self.support.lower) & (x < self.support.upper)
        return np.where(inside, result, np.nan)

    def _holds(self, x) -> bool:
        with np.errstate(over="ignore", invalid="ignore"):
            return self.support.holds(x)

    def constrain_one(self, i: int, z):
        z = np.asarray(z, dtype=float)
        inside = (z > self.support.lower[i]) & (z < self.support.upper[i])
        return np.where(inside, self.transforms[i].constrain(z), np.nan)

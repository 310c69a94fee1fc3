"""Priors: one family a parameter, or one multivariate normal for several.

The density of a family is normalised, so that a proper prior makes the evidence one; it is not
renormalised where the support of a model cuts it off.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from laplace_approx.density.priors.definition import build_marginal
from laplace_approx.density.priors.joint import build_joint
from laplace_approx.density.priors.marginal import PriorMarginal
from laplace_approx.density.support import Support
from laplace_approx.errors import InputError
from laplace_approx.words.names import did_you_mean

__all__ = ["Prior", "build_prior"]


class Interior(NamedTuple):
    """The log density of a prior and its derivatives for theta known to lie inside its support.

    Nothing is masked: a NaN of the family's own arithmetic comes through. The arrays that they
    return are the caller's. `near` (theta, below, above, lower, upper) is the log density where
    also the logarithms of the distances to the ends `lower` and `upper` of a support within the
    prior's are known; None where none of its families needs them.
    """

    log_density: Callable
    gradient: Callable
    hessian: Callable
    near: Callable | None


class Prior(NamedTuple):
    """The prior density of all parameters.

    `log_density` maps theta `(..., d)` to `(...)` and is -inf outside the open support
    (`lower`, `upper`), `gradient` to `(..., d)` and `hessian` to `(..., d, d)`, both NaN there.
    `proper` says for each parameter whether its density integrates to one; `text` says all of it
    in one line; `interior` is for those who have looked at the support themselves.
    """

    parameters: tuple[str, ...]
    log_density: Callable
    gradient: Callable
    hessian: Callable
    lower: np.ndarray
    upper: np.ndarray
    proper: tuple[bool, ...]
    text: str
    interior: Interior


def build_prior(definition: dict | None, parameters: tuple[str, ...]) -> Prior:
    """Return the prior that `definition` describes for `parameters`.

    `definition` maps a parameter to `{family: ..., settings}` and, under the key `joint`, several
    parameters to one multivariate normal; `{}` is flat on everything. A parameter that is not
    named is flat. Any family may carry `on: transform` and is then the density of that transform
    of the parameter. Raises InputError with the path of the key, the value and what to write.
    """
    parameters = tuple(parameters)
    definition = _checked_names({} if definition is None else definition, parameters)
    joint = build_joint(definition["joint"], parameters) if "joint" in definition else None
    marginals = {
        name: build_marginal(settings, name)
        for name, settings in definition.items()
        if name != "joint"
    }
    _refuse_named_twice(marginals, joint)
    return _assemble(marginals, joint, parameters)


def _checked_names(definition, parameters):
    if not isinstance(definition, dict):
        raise InputError(
            f"prior: {definition!r} is not a map of parameters to families. "
            "Write {alpha: {family: normal, mean: 0, sd: 4}}, or {} for a flat prior."
        )
    if "joint" in definition and "joint" in parameters:
        raise InputError(
            "prior.joint: the key names a joint prior, and the model has a parameter called "
            "'joint'. Rename the parameter in the model file."
        )
    for name in definition:
        if name != "joint" and name not in parameters:
            raise InputError(
                f"prior.{name}: the model has no parameter {name!r}."
                f"{did_you_mean(name, parameters)} Its parameters are {', '.join(parameters)}."
            )
    return definition


def _refuse_named_twice(marginals, joint):
    if joint is None:
        return
    for name in joint.parameters:
        if name in marginals:
            raise InputError(
                f"prior.{name}: this parameter has an entry of its own and is in prior.joint too. "
                "Remove one of them, or list the others in prior.joint.parameters."
            )


def _assemble(marginals: dict[str, PriorMarginal], joint, parameters) -> Prior:
    d = len(parameters)
    column = {name: i for i, name in enumerate(parameters)}
    lower, upper = np.full(d, -np.inf), np.full(d, np.inf)
    for name, marginal in marginals.items():
        lower[column[name]], upper[column[name]] = marginal.lower, marginal.upper
    # a flat marginal adds nothing: it is left out of the sums, for models of many parameters
    pieces = [(column[name], m) for name, m in marginals.items() if not m.flat]
    together = None if joint is None else np.array([column[name] for name in joint.parameters])

    interior = _interior(pieces, joint, together, d)
    support = Support(lower, upper)

    def log_density(theta):
        theta = np.asarray(theta, dtype=float)
        with np.errstate(all="ignore"):
            total = interior.log_density(theta)
        return np.where(support.inside(theta) & ~np.isnan(total), total, -np.inf)

    def gradient(theta):
        theta = np.asarray(theta, dtype=float)
        with np.errstate(all="ignore"):
            slopes = interior.gradient(theta)
        return np.where((theta > lower) & (theta < upper), slopes, np.nan)

    def hessian(theta):
        theta = np.asarray(theta, dtype=float)
        with np.errstate(all="ignore"):
            matrix = interior.hessian(theta)
        return np.where(support.inside(theta)[..., None, None], matrix, np.nan)

    return Prior(
        parameters=parameters,
        log_density=log_density,
        gradient=gradient,
        hessian=hessian,
        lower=lower,
        upper=upper,
        proper=tuple(
            (name in marginals and marginals[name].proper)
            or (joint is not None and name in joint.parameters)
            for name in parameters
        ),
        text=_text(marginals, joint, parameters),
        interior=interior,
    )


def _added(total, term):
    if total is None:
        return term
    total += term
    return total


def _interior(pieces, joint, together, d: int) -> Interior:
    """Return the functions of the (column, marginal) pieces and of the joint, where there is one,
    whose columns are `together`."""

    def log_density(theta):
        total = None
        for i, marginal in pieces:
            total = _added(total, marginal.log_density(theta[..., i]))
        if joint is not None:
            total = _added(total, joint.log_density(theta[..., together]))
        return np.zeros(theta.shape[:-1]) if total is None else total

    def near(theta, below, above, lower, upper):
        total = np.zeros(theta.shape[:-1])
        for i, marginal in pieces:
            x, ends = theta[..., i], (lower[i], upper[i])
            total += _near_ends(marginal, x, below[..., i], above[..., i], *ends)
        return total if joint is None else total + joint.log_density(theta[..., together])

    def gradient(theta):
        slopes = np.zeros(theta.shape)
        for i, marginal in pieces:
            slopes[..., i] = marginal.d1(theta[..., i])
        if joint is not None:
            slopes[..., together] = joint.gradient(theta[..., together])
        return slopes

    def hessian(theta):
        matrix = np.zeros((*theta.shape, d))
        for i, marginal in pieces:
            matrix[..., i, i] = marginal.d2(theta[..., i])
        if joint is not None:
            matrix[..., together[:, None], together] = joint.hessian
        return matrix

    needed = any(marginal.near for _, marginal in pieces)
    return Interior(log_density, gradient, hessian, near if needed else None)


def _near_ends(marginal: PriorMarginal, x, below, above, lower: float, upper: float):
    """Return the log density at x from the logarithms of its distances to the ends of a support,
    where these are those of the marginal."""
    if marginal.near is None:
        return marginal.log_density(x)
    below = below if marginal.lower == lower else np.log(x - marginal.lower)
    above = above if marginal.upper == upper else np.log(marginal.upper - x)
    return marginal.near(x, below, above)


_LONGEST_LIST = 6  # priors that a sentence spells out


def _text(marginals, joint, parameters) -> str:
    clauses = [] if joint is None else [joint.text]
    plain = []
    for name in parameters:
        marginal = marginals.get(name)
        if marginal is not None and marginal.text != "flat":
            clauses.append(f"{name} ~ {marginal.text}")
        elif joint is None or name not in joint.parameters:
            plain.append(name)
    if len(plain) > _LONGEST_LIST:
        clauses.append(f"{'the other ' if clauses else 'all '}{len(plain)} parameters flat")
    else:
        clauses += [f"{name} flat" for name in plain]
    return "; ".join(clauses)

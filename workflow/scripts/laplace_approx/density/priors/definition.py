"""The families of priors, what each takes, and the marginal of one parameter from its settings."""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from laplace_approx.density.priors import bounded, location, positive
from laplace_approx.density.priors.marginal import FLAT, PriorMarginal, on_transform
from laplace_approx.density.priors.values import finite_number, positive_number
from laplace_approx.density.transform_names import build_transform
from laplace_approx.errors import InputError
from laplace_approx.words.names import did_you_mean
from laplace_approx.words.numbers import quoted

_REAL, _POSITIVE = finite_number, positive_number


class Family(NamedTuple):
    """What a family takes: `settings` all of them, and exactly one of `one_of` (all positive)."""

    build: Callable
    settings: dict[str, Callable]
    one_of: tuple[str, ...] = ()


FAMILIES = {
    "flat": Family(lambda: FLAT, {}),
    "normal": Family(location.normal, {"mean": _REAL}, ("sd", "variance", "precision")),
    "student_t": Family(
        location.student_t, {"df": _POSITIVE, "location": _REAL, "scale": _POSITIVE}
    ),
    "cauchy": Family(location.cauchy, {"location": _REAL, "scale": _POSITIVE}),
    "laplace": Family(location.laplace, {"location": _REAL, "scale": _POSITIVE}),
    "logistic": Family(location.logistic, {"location": _REAL, "scale": _POSITIVE}),
    "uniform": Family(bounded.uniform, {"lower": _REAL, "upper": _REAL}),
    "lognormal": Family(positive.lognormal, {"log_mean": _REAL, "log_sd": _POSITIVE}),
    "half_normal": Family(positive.half_normal, {"scale": _POSITIVE}),
    "half_cauchy": Family(positive.half_cauchy, {"scale": _POSITIVE}),
    "half_student_t": Family(positive.half_student_t, {"df": _POSITIVE, "scale": _POSITIVE}),
    "exponential": Family(positive.exponential, {}, ("rate", "scale")),
    "gamma": Family(positive.gamma, {"shape": _POSITIVE}, ("rate", "scale")),
    "inverse_gamma": Family(positive.inverse_gamma, {"shape": _POSITIVE, "scale": _POSITIVE}),
    "scaled_inverse_chi_squared": Family(
        positive.scaled_inverse_chi_squared, {"df": _POSITIVE, "scale": _POSITIVE}
    ),
    "beta": Family(bounded.beta, {"a": _POSITIVE, "b": _POSITIVE}),
    "weibull": Family(positive.weibull, {"shape": _POSITIVE, "scale": _POSITIVE}),
    "reciprocal": Family(positive.reciprocal, {}),
}


def build_marginal(settings, name: str) -> PriorMarginal:
    """Return the marginal that `settings` = {family: ..., ...} describes for parameter `name`."""
    settings = _checked_map(settings, name)
    family = FAMILIES[_family_name(settings, name)]
    transform = _transform(settings.get("on", "identity"), name)
    values = _values(settings, family, name)
    shown = ", ".join(f"{key} {quoted(value)}" for key, value in values.items())
    try:
        marginal = family.build(**values)
        _evaluate_once(marginal)
    except (ArithmeticError, ValueError):  # of Python's own arithmetic with the settings
        raise InputError(
            f"prior.{name}: {settings['family']} with {shown} has a density beyond the range of "
            "floating-point numbers. Write less extreme numbers, or another family."
        ) from None
    text = f"{settings['family']}({shown})" if shown else settings["family"]
    return on_transform(marginal._replace(text=text), transform, name)


def _evaluate_once(marginal: PriorMarginal) -> None:
    with np.errstate(all="ignore"):
        for function in (marginal.log_density, marginal.d1, marginal.d2):
            function(np.ones(1))


def _checked_map(settings, name):
    if isinstance(settings, list | tuple):
        raise InputError(
            f"prior.{name}: {settings!r} does not say what its numbers are: the two readings of "
            "N(0, 4), sd 4 and variance 4, differ. Write {family: normal, mean: 0, sd: 4} or "
            "{family: normal, mean: 0, variance: 4}."
        )
    if not isinstance(settings, dict):
        raise InputError(
            f"prior.{name}: {settings!r} is not a map. Write {{family: normal, mean: 0, sd: 4}}, "
            "or {family: flat}."
        )
    # YAML 1.1 reads the bare word `on` as true
    return {("on" if key is True else key): value for key, value in settings.items()}


def _family_name(settings, name):
    if "family" not in settings:
        raise InputError(
            f"prior.{name}.family: missing. Write one of {', '.join(FAMILIES)}, as in "
            "{family: normal, mean: 0, sd: 4}."
        )
    family = settings["family"]
    if family == "multivariate_normal":
        raise InputError(
            f"prior.{name}.family: multivariate_normal is a prior of several parameters. "
            "Write it under the key joint."
        )
    if not isinstance(family, str) or family not in FAMILIES:
        raise InputError(
            f"prior.{name}.family: unknown family {family!r}.{did_you_mean(family, FAMILIES)} "
            f"The families are {', '.join(FAMILIES)}, and multivariate_normal under joint."
        )
    return family


def _transform(definition, name):
    # a logit's ends must be stated: a prior does not know the support of the model
    return build_transform(definition, f"prior.{name}.on", -math.inf, math.inf)


def _values(settings, family, name):
    _check_keys(settings, family, name)
    values = {
        key: check(settings[key], f"prior.{name}.{key}") for key, check in family.settings.items()
    }
    for key in family.one_of:
        if key in settings:
            values[key] = positive_number(settings[key], f"prior.{name}.{key}")
    if settings["family"] == "uniform" and not values["lower"] < values["upper"]:
        raise InputError(
            f"prior.{name}.lower: {quoted(values['lower'])} must be below upper, "
            f"{quoted(values['upper'])}. Swap them."
        )
    return values


def _check_keys(settings, family, name):
    allowed = (*family.settings, *family.one_of)
    for key in settings:
        if key not in (*allowed, "family", "on"):
            takes = ", ".join(allowed) or "no settings"
            raise InputError(
                f"prior.{name}.{key}: unknown key.{did_you_mean(key, (*allowed, 'on'))} "
                f"{settings['family']} takes {takes}."
            )
    for key in family.settings:
        if key not in settings:
            raise InputError(
                f"prior.{name}.{key}: missing. {settings['family']} takes {', '.join(allowed)}."
            )
    if family.one_of:
        _check_one_of(settings, family, name)


def _check_one_of(settings, family, name):
    given = [key for key in family.one_of if key in settings]
    if len(given) == 1:
        return
    choices = f"{', '.join(family.one_of[:-1])} and {family.one_of[-1]}"
    problem = f"{' and '.join(given)} are given" if given else "none is given"
    readings = "The two readings of N(0, 4), sd 4 and variance 4, differ. "
    raise InputError(
        f"prior.{name}: {settings['family']} takes exactly one of {choices}, but {problem}. "
        f"{readings if 'sd' in family.one_of else ''}Write one of them and no other."
    )

"""The transform that a configuration names."""

import math
from numbers import Real

from laplace_approx.density.transforms import Identity, Log, Logit, Power, Transform
from laplace_approx.errors import InputError
from laplace_approx.words.names import did_you_mean
from laplace_approx.words.numbers import quoted

NAMES = ("identity", "log", "logit", "power", "sqrt", "square")


_KEYS = {"log": ("shift",), "logit": ("lower", "upper"), "power": ()}


EXAMPLES = (
    "identity, log, logit, square, sqrt, {power: 3}, {log: {shift: 1}}, "
    "{logit: {lower: 0, upper: 1}}"
)


def build_transform(definition, key: str, lower: float, upper: float) -> Transform:
    """Return the transform that `definition` names for a theta with support (lower, upper).

    A definition is one of the words identity, log, logit, square, sqrt, or a map {power: k},
    {log: {shift: a}}, {logit: {lower: a, upper: b}}; `logit` takes from the support the end that
    it does not name. `key` is the path shown in errors. Raises InputError for an unknown or
    incomplete definition, and where the transform and the support have nothing in common.
    """
    transform = _parse(definition, key, lower, upper)
    if not max(lower, transform.domain[0]) < min(upper, transform.domain[1]):
        raise InputError(
            f"{key}: {transform.symbol('theta')} needs theta in {_interval(*transform.domain)}, "
            f"but its support is {_interval(lower, upper)}: nothing is left. "
            "Choose another transform, or shift this one."
        )
    return transform


def _interval(lower: float, upper: float) -> str:
    return f"({quoted(lower)}, {quoted(upper)})"


def _parse(definition, key, lower, upper):
    name, argument = _name_and_argument(definition, key)
    if name == "identity":
        return Identity()
    if name in ("square", "sqrt"):
        return Power(2.0 if name == "square" else 0.5)
    if name == "power":
        return Power(_exponent(argument, key))
    if name == "log":
        return Log(_finite(argument.get("shift", 0.0), f"{key}.log.shift"))
    return _logit(argument, key, lower, upper)


def _name_and_argument(definition, key):
    bare = isinstance(definition, str)
    if bare:
        name, argument = definition, {}
    elif isinstance(definition, dict) and len(definition) == 1:
        name, argument = next(iter(definition.items()))
    else:
        raise InputError(f"{key}: {definition!r} is not a transform. Write one of {EXAMPLES}.")
    if name not in NAMES:
        raise InputError(
            f"{key}: unknown transform {name!r}.{did_you_mean(name, NAMES)} "
            f"Write one of {EXAMPLES}."
        )
    if name == "power":
        if bare:
            raise InputError(f"{key}: 'power' needs its exponent. Write {{power: 3}}.")
        return name, argument
    if not bare:
        _check_keys(name, argument, key)
    return name, argument


def _check_keys(name, argument, key):
    allowed = _KEYS.get(name, ())
    if not allowed:
        raise InputError(f"{key}: {name!r} takes no settings. Write just {name}.")
    if not isinstance(argument, dict):
        example = "{log: {shift: 1}}" if name == "log" else "{logit: {lower: 0, upper: 1}}"
        raise InputError(f"{key}.{name}: {argument!r} is not a map. Write {example}.")
    for extra in argument:
        if extra not in allowed:
            raise InputError(
                f"{key}.{name}.{extra}: unknown key. {name} takes {' and '.join(allowed)}."
            )


def _finite(value, key):
    if isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(value):
        raise InputError(f"{key}: {value!r} is not a finite number.")
    return float(value)


def _exponent(value, key):
    k = _finite(value, f"{key}.power")
    if k == 0:
        raise InputError(f"{key}.power: 0 makes every theta the same. Use log, or another power.")
    return k


def _logit(argument, key, lower, upper):
    low = _finite_end(argument, "lower", lower, key)
    high = _finite_end(argument, "upper", upper, key)
    if not low < high:
        raise InputError(
            f"{key}.logit: lower {quoted(low)} must be below upper {quoted(high)}. Swap them."
        )
    return Logit(low, high)


def _finite_end(argument, end, support_end, key):
    value = argument.get(end, support_end)
    if end not in argument and not math.isfinite(value):
        raise InputError(
            f"{key}: logit needs two finite ends, and the parameter has no {end} bound. "
            f"Write {{logit: {{lower: 0, upper: 1}}}} with the ends that you mean."
        )
    return _finite(value, f"{key}.logit.{end}")

"""Scalar changes of coordinate theta = constrain(z), with what a density needs to follow them.

Every transform maps an open interval of theta (its `domain`) one to one onto an open interval of
z (its `image`). With T = constrain and J(z) = log |T'(z)|, a density p of theta has in z the log
density log p(T(z)) + J(z) (Gelman et al. 2013, BDA3, section 1.8), whose derivatives need T', T''
and J', J''; all of them are elementwise here, and written so that they keep their digits far out.
Off its domain or image a transform gives NaN, quietly. `log_gap` is the logarithm of the
distance of T(z) to the lower (side 0) or upper (side 1) end of the domain with all of its digits,
None where z knows no more of it than T(z); `from_log_gaps` is z from the two.
"""

import math
from dataclasses import dataclass
from numbers import Real

import numpy as np

from laplace_approx.errors import InputError
from laplace_approx.words.names import did_you_mean
from laplace_approx.words.numbers import quoted


@dataclass(frozen=True)
class Identity:
    """z = theta."""

    domain = (-math.inf, math.inf)
    image = (-math.inf, math.inf)

    def constrain(self, z):
        return np.array(z, dtype=float)

    def unconstrain(self, theta):
        return np.array(theta, dtype=float)

    def constrain_d1(self, z):
        return np.ones_like(z, dtype=float)

    def constrain_d2(self, z):
        return np.zeros_like(z, dtype=float)

    def log_jacobian(self, z):
        return np.zeros_like(z, dtype=float)

    def log_jacobian_d1(self, z):
        return np.zeros_like(z, dtype=float)

    def log_jacobian_d2(self, z):
        return np.zeros_like(z, dtype=float)

    def log_gap(self, z, side: int):
        return None

    def symbol(self, name: str) -> str:
        return name

    def factor(self, name: str) -> str:
        return ""


@dataclass(frozen=True)
class Log:
    """z = log(theta - shift) on theta > shift."""

    shift: float = 0.0

    @property
    def domain(self):
        return (self.shift, math.inf)

    image = (-math.inf, math.inf)

    def constrain(self, z):
        with np.errstate(over="ignore", under="ignore"):
            return self.shift + np.exp(z)

    def unconstrain(self, theta):
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.log(np.asarray(theta, dtype=float) - self.shift)

    def constrain_d1(self, z):
        with np.errstate(over="ignore", under="ignore"):
            return np.exp(z)

    def constrain_d2(self, z):
        return self.constrain_d1(z)

    def log_jacobian(self, z):
        return np.array(z, dtype=float)

    def log_jacobian_d1(self, z):
        return np.ones_like(z, dtype=float)

    def log_jacobian_d2(self, z):
        return np.zeros_like(z, dtype=float)

    def log_gap(self, z, side: int):
        return None if side else np.asarray(z, dtype=float)

    def from_log_gaps(self, below, above):
        return below

    def symbol(self, name: str) -> str:
        return f"log({self._argument(name)})"

    def factor(self, name: str) -> str:
        argument = self._argument(name)
        return argument if argument == name else f"({argument})"

    def _argument(self, name: str) -> str:
        if self.shift == 0:
            return name
        return f"{name} {'-' if self.shift > 0 else '+'} {quoted(abs(self.shift))}"


@dataclass(frozen=True)
class Logit:
    """z = log((theta - lower) / (upper - theta)) on lower < theta < upper."""

    lower: float
    upper: float

    @property
    def domain(self):
        return (self.lower, self.upper)

    image = (-math.inf, math.inf)

    def constrain(self, z):
        # measured from the nearer end, so that theta - lower and upper - theta keep their digits
        z = np.asarray(z, dtype=float)
        e = self._decay(z)
        step = (self.upper - self.lower) * (e / (1 + e))
        return np.where(z < 0, self.lower + step, self.upper - step)

    def unconstrain(self, theta):
        theta = np.asarray(theta, dtype=float)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.log(theta - self.lower) - np.log(self.upper - theta)

    def constrain_d1(self, z):
        e = self._decay(z)
        return (self.upper - self.lower) * e / (1 + e) ** 2

    def constrain_d2(self, z):
        return -self.constrain_d1(z) * np.tanh(np.asarray(z, dtype=float) / 2)

    def log_jacobian(self, z):
        width = math.log(self.upper - self.lower)
        return width - np.abs(z) - 2 * np.log1p(self._decay(z))

    def log_jacobian_d1(self, z):
        return -np.tanh(np.asarray(z, dtype=float) / 2)

    def log_jacobian_d2(self, z):
        e = self._decay(z)
        return -2 * e / (1 + e) ** 2

    def log_gap(self, z, side: int):
        away = np.asarray(z, dtype=float) * (1 if side else -1)
        return math.log(self.upper - self.lower) - np.logaddexp(0.0, away)

    def from_log_gaps(self, below, above):
        return below - above

    def symbol(self, name: str) -> str:
        if (self.lower, self.upper) == (0, 1):
            return f"logit({name})"
        return f"logit({name}; {quoted(self.lower)}, {quoted(self.upper)})"

    def factor(self, name: str) -> str:
        if (self.lower, self.upper) == (0, 1):
            return f"{name} * (1 - {name})"
        above = Log(self.lower).factor(name)
        return f"{above} * ({quoted(self.upper)} - {name}) / {quoted(self.upper - self.lower)}"

    def _decay(self, z):
        with np.errstate(under="ignore"):
            return np.exp(-np.abs(z))


@dataclass(frozen=True)
class Power:
    """z = theta^k on theta > 0; a negative k turns the order of the values round."""

    k: float

    domain = (0.0, math.inf)
    image = (0.0, math.inf)

    def constrain(self, z):
        return self._power(z, 1 / self.k)

    def unconstrain(self, theta):
        return self._power(theta, self.k)

    def constrain_d1(self, z):
        return self._power(z, 1 / self.k - 1) / self.k

    def constrain_d2(self, z):
        return self._power(z, 1 / self.k - 2) * (1 / self.k - 1) / self.k

    def log_jacobian(self, z):
        with np.errstate(divide="ignore", invalid="ignore"):
            return (1 / self.k - 1) * np.log(z) - math.log(abs(self.k))

    def log_jacobian_d1(self, z):
        return (1 / self.k - 1) * self._power(z, -1.0)

    def log_jacobian_d2(self, z):
        return (1 - 1 / self.k) * self._power(z, -2.0)

    def log_gap(self, z, side: int):
        return None

    def symbol(self, name: str) -> str:
        return f"sqrt({name})" if self.k == 0.5 else f"{name}^{quoted(self.k)}"

    def factor(self, name: str) -> str:
        if self.k == 2:
            return f"1 / (2 * {name})"
        if self.k == 0.5:
            return f"2 * sqrt({name})"
        return f"{name}^{quoted(1 - self.k)} / {quoted(abs(self.k))}"

    def _power(self, x, exponent):
        # x^exponent on x > 0 only: an even power would otherwise accept the other branch
        x = np.asarray(x, dtype=float)
        with np.errstate(all="ignore"):
            return np.where(x >= 0, np.power(np.abs(x), exponent), np.nan)


Transform = Identity | Log | Logit | Power

NAMES = ("identity", "log", "logit", "power", "sqrt", "square")
_KEYS = {"log": ("shift",), "logit": ("lower", "upper"), "power": ()}
EXAMPLES = (
    "identity, log, logit, square, sqrt, {power: 3}, {log: {shift: 1}}, "
    "{logit: {lower: 0, upper: 1}}"
)


def bounds(transform: Transform, lower: float, upper: float) -> tuple[float, float]:
    """Return the open interval of z for theta in (lower, upper) cut to the transform's domain."""
    low, high = max(lower, transform.domain[0]), min(upper, transform.domain[1])
    ends = (float(transform.unconstrain(low)), float(transform.unconstrain(high)))
    return min(ends), max(ends)


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

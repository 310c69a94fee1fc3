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

import numpy as np

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


def bounds(transform: Transform, lower: float, upper: float) -> tuple[float, float]:
    """Return the open interval of z for theta in (lower, upper) cut to the transform's domain."""
    low, high = max(lower, transform.domain[0]), min(upper, transform.domain[1])
    ends = (float(transform.unconstrain(low)), float(transform.unconstrain(high)))
    return min(ends), max(ends)

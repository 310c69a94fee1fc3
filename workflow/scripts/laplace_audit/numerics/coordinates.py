"""Coordinates of the audit's own: theta from z and back, and log |dtheta / dz|.

Each is written from its definition, once, for arrays of any shape; NaN where there is no value.
"""

from typing import NamedTuple

import numpy as np

POWERS = {"square": 2.0, "sqrt": 0.5}


class Coordinate(NamedTuple):
    """One parameter's coordinate: its `kind` with up to two constants."""

    kind: str
    a: float = 0.0
    b: float = 0.0

    def theta(self, z):
        """Return theta(z), NaN outside the image of the transform."""
        z = np.asarray(z, dtype=float)
        with np.errstate(all="ignore"):
            match self.kind:
                case "identity":
                    return z + 0.0
                case "log":
                    return self.a + np.exp(z)
                case "reflected_log":
                    return self.b - np.exp(-z)
                case "power":
                    return np.where(z > 0, np.abs(z) ** (1 / self.a), np.nan)
                case "logit":
                    # the distance to the nearer end keeps its digits
                    share = np.exp(-np.logaddexp(0.0, np.abs(z)))
                    step = (self.b - self.a) * share
                    return np.where(z < 0, self.a + step, self.b - step)

    def z(self, theta):
        """Return z(theta), NaN outside the domain of the transform."""
        theta = np.asarray(theta, dtype=float)
        with np.errstate(all="ignore"):
            match self.kind:
                case "identity":
                    return theta + 0.0
                case "log":
                    return np.log(theta - self.a)
                case "reflected_log":
                    return -np.log(self.b - theta)
                case "power":
                    return np.where(theta > 0, np.abs(theta) ** self.a, np.nan)
                case "logit":
                    return np.log((theta - self.a) / (self.b - theta))

    def log_slope(self, z):
        """Return log |dtheta / dz|."""
        z = np.asarray(z, dtype=float)
        with np.errstate(all="ignore"):
            match self.kind:
                case "identity":
                    return np.zeros(z.shape)
                case "log":
                    return z + 0.0
                case "reflected_log":
                    return -z
                case "power":
                    return (1 / self.a - 1) * np.log(z) - np.log(abs(self.a))
                case "logit":
                    both = np.logaddexp(0.0, z) + np.logaddexp(0.0, -z)
                    return np.log(self.b - self.a) - both

    @property
    def falls(self) -> bool:
        """Whether theta falls as z rises."""
        return self.kind == "power" and self.a < 0

    @property
    def domain(self) -> tuple[float, float]:
        """The open interval of theta."""
        match self.kind:
            case "log":
                return self.a, np.inf
            case "reflected_log":
                return -np.inf, self.b
            case "power":
                return 0.0, np.inf
            case "logit":
                return self.a, self.b
        return -np.inf, np.inf

    def image(self, low: float, high: float) -> tuple[float, float]:
        """Return the open interval of z for theta between two ends that lie in the domain."""
        ends = [np.inf if self.falls and x == 0 else self._end(x) for x in (low, high)]
        return min(ends), max(ends)

    def _end(self, theta: float) -> float:
        if self.kind == "power" and theta == 0:
            return 0.0
        with np.errstate(all="ignore"):
            return float(self.z(theta))


def coordinate(definition, lower: float, upper: float) -> Coordinate:
    """Return the coordinate that a space's definition gives a parameter of this support."""
    if isinstance(definition, str):
        definition = {definition: {}}
    ((kind, settings),) = definition.items()
    if kind in POWERS:
        return Coordinate("power", POWERS[kind])
    if kind == "power":
        return Coordinate("power", float(settings))
    if kind == "log":
        return Coordinate("log", float(settings.get("shift", 0.0)))
    if kind == "logit":
        low, high = settings.get("lower", lower), settings.get("upper", upper)
        return Coordinate("logit", float(low), float(high))
    return Coordinate("identity")


def of_lattice(record: dict) -> Coordinate:
    """Return the coordinate that a grid's record gives a parameter."""
    kind = record["name"]
    if kind == "log":
        return Coordinate("log", float(record["shift"]))
    if kind == "reflected_log":
        return Coordinate("reflected_log", 0.0, float(record["upper"]))
    if kind == "logit":
        return Coordinate("logit", float(record["lower"]), float(record["upper"]))
    return Coordinate("identity")


class Space:
    """Coordinates z of all parameters; arrays are (..., d)."""

    def __init__(self, coordinates, lower, upper):
        self.coordinates = tuple(coordinates)
        self.support = np.array([lower, upper], dtype=float).T
        ends = [
            c.image(max(low, c.domain[0]), min(high, c.domain[1]))
            for c, low, high in zip(self.coordinates, lower, upper, strict=True)
        ]
        ends = np.array(ends, dtype=float)
        self.lower, self.upper = ends[:, 0], ends[:, 1]

    def theta(self, z):
        """Return theta(z), NaN in a coordinate outside its open bounds."""
        z = np.asarray(z, dtype=float)
        inside = (z > self.lower) & (z < self.upper)
        theta = np.stack([c.theta(z[..., i]) for i, c in enumerate(self.coordinates)], axis=-1)
        return np.where(inside, theta, np.nan)

    def z(self, theta):
        theta = np.asarray(theta, dtype=float)
        return np.stack([c.z(theta[..., i]) for i, c in enumerate(self.coordinates)], axis=-1)

    def log_jacobian(self, z):
        z = np.asarray(z, dtype=float)
        return sum(c.log_slope(z[..., i]) for i, c in enumerate(self.coordinates))

"""For each support the transform that makes it the whole real line, and its place in a record."""

import math
from dataclasses import asdict, dataclass

import numpy as np

from laplace_approx.density.transforms import Identity, Log, Logit


@dataclass(frozen=True)
class ReflectedLog:
    """z = -log(upper - theta) on theta < upper: for a support that is bounded above only."""

    upper: float = 0.0

    @property
    def domain(self):
        return (-math.inf, self.upper)

    def log_gap(self, z, side: int):
        return -np.asarray(z, dtype=float) if side else None

    def constrain(self, z):
        return self.upper - self.constrain_d1(z)

    def unconstrain(self, theta):
        with np.errstate(divide="ignore", invalid="ignore"):
            return -np.log(self.upper - np.asarray(theta, dtype=float))

    def constrain_d1(self, z):
        with np.errstate(over="ignore", under="ignore"):
            return np.exp(-np.asarray(z, dtype=float))

    def log_jacobian(self, z):
        return -np.asarray(z, dtype=float)


Unbounding = Identity | Log | Logit | ReflectedLog
NAMES = {"identity": Identity, "log": Log, "logit": Logit, "reflected_log": ReflectedLog}


def natural_transforms(lower, upper) -> tuple[Unbounding, ...]:
    """Return the transforms for supports with these ends, (d,) each."""
    return tuple(_natural(float(a), float(b)) for a, b in zip(lower, upper, strict=True))


def constrained(transforms, z):
    """Return theta (..., d) at the unconstrained z (..., d)."""
    return np.stack([t.constrain(z[..., i]) for i, t in enumerate(transforms)], axis=-1)


def unconstrained(transforms, theta):
    """Return z (..., d) at theta (..., d)."""
    return np.stack([t.unconstrain(theta[..., i]) for i, t in enumerate(transforms)], axis=-1)


def transform_record(transform: Unbounding) -> dict:
    """Return a transform as plain JSON values; `transform_from` reads it back."""
    name = next(name for name, kind in NAMES.items() if type(transform) is kind)
    return {"name": name, **asdict(transform)}


def transform_from(record: dict) -> Unbounding:
    """Return the transform that `transform_record` described."""
    return NAMES[record["name"]](**{k: v for k, v in record.items() if k != "name"})


def _natural(lower: float, upper: float) -> Unbounding:
    if math.isfinite(lower):
        return Logit(lower, upper) if math.isfinite(upper) else Log(lower)
    return ReflectedLog(upper) if math.isfinite(upper) else Identity()


def unbounding_space(names, lower, upper) -> dict:
    """Return the definition of a space, as a configuration writes it, in which no parameter has a
    bound; those that are bounded above only keep their scale, as no definition names their
    transform."""
    spoken = {}
    for name, transform in zip(names, natural_transforms(lower, upper), strict=True):
        if isinstance(transform, Log):
            spoken[name] = {"log": {"shift": transform.shift}} if transform.shift else "log"
        elif isinstance(transform, Logit):
            ends = {"lower": transform.lower, "upper": transform.upper}
            spoken[name] = "logit" if tuple(ends.values()) == (0, 1) else {"logit": ends}
    return spoken


def space_in_words(definition: dict) -> str:
    """Return a definition of a space as it is written in a configuration, on one line."""
    return _flow(definition)


def _flow(value) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_flow(each)}" for key, each in value.items()) + "}"
    return value if isinstance(value, str) else f"{value:.15g}"

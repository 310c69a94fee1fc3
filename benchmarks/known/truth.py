"""A posterior with all that is known of it, and the truths that follow from its log density.

Nothing here shares code with the core: derivatives are differences of the eighth order, and every
truth carries its accuracy, found from two refinements.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from known.laws import NONE, Law
from known.quantities import Quantity

PROBABILITIES = np.array([0.005, 0.025, 0.05, 0.25, 0.5, 0.75, 0.95, 0.975, 0.995])
ACCURATE = 1e-7  # half-intervals: a posterior whose truth is known less well is left out
# Central differences of the eighth order at 1, 2, 3 and 4 steps.
_FIRST = np.array([4 / 5, -1 / 5, 4 / 105, -1 / 280])
_SECOND = np.array([8 / 5, -1 / 5, 8 / 315, -1 / 560])


@dataclass(frozen=True)
class Known:
    """A posterior whose truth is known.

    `log_density` maps theta (..., d) to (...), unnormalised, its log integral being
    `log_evidence` within `evidence_error`. `laws` has a law for every parameter and derived
    quantity. `mode` is the highest point, None where there is no one smooth interior peak; `scale`
    is a length for differences there. `nodes(n)` gives points (N, d) and their masses for
    expectations, `correlation` is (d, d) or None where it is not known. `excused` names what may
    be declined: "mode" where none exists, "highest" where the density has no highest point and a
    local one may serve, "grid" where a kink or a jump may keep it away. `settings` say what was
    drawn.
    """

    kind: str
    seed: int
    parameters: tuple[str, ...]
    lower: np.ndarray
    upper: np.ndarray
    log_density: Callable
    log_evidence: float
    laws: dict[str, Law]
    mode: np.ndarray | None = None
    nodes: Callable | None = None
    quantities: dict[str, Quantity] = field(default_factory=dict)
    correlation: np.ndarray | None = None
    excused: frozenset[str] = frozenset()
    start: tuple[float, ...] | None = None
    evidence_error: float = 1e-11
    settings: dict = field(default_factory=dict)

    @property
    def dimension(self) -> int:
        return len(self.parameters)

    def log_posterior(self, theta):
        """Return the normalised log density of theta (..., d), -inf outside the support."""
        theta = np.asarray(theta, dtype=float)
        with np.errstate(all="ignore"):
            value = self.log_density(theta) - self.log_evidence
        inside = np.all((theta > self.lower) & (theta < self.upper), axis=-1)
        return np.where(inside & ~np.isnan(value), value, -np.inf)

    def accuracy(self) -> float:
        """Return the least accurate of its truths, in half-intervals or nats; NaN if one is not
        known."""
        return float(np.max([self.evidence_error, *(law.error for law in self.laws.values())]))


class Peak(NamedTuple):
    """The highest point, the Hessian there, and the relative accuracy of both, in SDs."""

    mode: np.ndarray
    log_density: float
    hessian: np.ndarray
    mode_error: float
    hessian_error: float

    @property
    def covariance(self):
        return np.linalg.inv(-self.hessian)

    @property
    def log_evidence(self) -> float:
        """Return that of the normal: log density + d/2 log 2 pi + 1/2 log det covariance."""
        sign_and_log = np.linalg.slogdet(self.covariance)
        return self.log_density + 0.5 * (self.mode.size * math.log(2 * math.pi) + sign_and_log[1])


def peak(known: Known) -> Peak | None:
    """Return the peak at the known mode, polished by Newton's method; None where there is none."""
    if known.mode is None:
        return None
    mode = np.array(known.mode, dtype=float)
    basis = _basis(known, mode)
    if basis is None:
        return None
    found = [_polished(known, mode, basis * size) for size in (1.0, 0.2, 0.04)]
    found = [each for each in found if each is not None]
    return min(found, key=lambda each: each.hessian_error, default=None)


def _polished(known: Known, mode, basis) -> Peak | None:
    """Return the peak by Newton's method from differences along a basis, None without one."""
    for _ in range(4):
        gradient, hessian = _derivatives(known.log_density, mode, basis)
        step = np.linalg.solve(-hessian, gradient)
        if not np.all(np.isfinite(step)):
            return None
        if np.max(np.abs(basis @ step)) > 1e-2 * np.max(np.abs(basis)):
            break
        mode = mode + basis @ step
    fine = _derivatives(known.log_density, mode, basis)
    coarse = _derivatives(known.log_density, mode, 1.7 * basis)
    values = np.linalg.eigvalsh(-fine[1])
    if not np.all(values > 0):
        return None
    off = np.linalg.solve(-fine[1], fine[0]) - 1.7 * np.linalg.solve(-coarse[1], coarse[0])
    size = math.sqrt(np.max(values))  # of the basis in SDs
    inverse = np.linalg.inv(basis)
    hessian = inverse.T @ fine[1] @ inverse
    change = float(np.max(np.abs(fine[1] - coarse[1] / 1.7**2)))
    return Peak(
        mode,
        float(known.log_density(mode)),
        hessian,
        float(np.max(np.abs(off))) * size + 1e-9,
        (change + _rounding(known, mode, basis)) / np.min(values) + 1e-10,
    )


def _rounding(known: Known, mode, basis) -> float:
    """Return what the last digits of x and of the log density do to a second difference."""
    of_x = float(np.max(np.abs(mode) / np.linalg.norm(basis, axis=1)))
    value = abs(float(known.log_density(mode))) / STEP
    return np.finfo(float).eps * float(np.sum(np.abs(_SECOND))) * 2 * (of_x + value) / STEP


STEP = 0.03  # of the length at which the log density falls by a half


def _basis(known: Known, mode):
    """Return uncorrelated columns (d, d): an SD each, or to where the log density falls by 1/2."""
    scale = np.array([_length(known, mode, e) for e in np.eye(mode.size)])
    if not np.all(np.isfinite(scale)):
        return None
    basis = np.diag(scale)
    for _ in range(4):
        hessian = _derivatives(known.log_density, mode, basis)[1]
        values, vectors = np.linalg.eigh(-hessian)
        if not np.all(values > 0):
            return None
        basis = basis @ (vectors / np.sqrt(values))
        basis = basis * [min(1.0, _length(known, mode, column)) for column in basis.T]
    return basis


def _length(known: Known, mode, direction) -> float:
    """Return the distance along a direction at which the log density has fallen by a half."""
    top, high = known.log_density(mode), 1e-12
    with np.errstate(all="ignore"):
        for _ in range(150):
            drop = max(
                top - known.log_posterior(mode + high * direction) - known.log_evidence,
                top - known.log_posterior(mode - high * direction) - known.log_evidence,
            )
            if drop >= 0.5:
                return high
            high *= 2
    return math.nan


def _derivatives(log_density, x, basis):
    """Return gradient and Hessian in the coordinates of a basis, by eighth-order differences."""
    d, k = x.size, np.arange(1, 5)
    centre = log_density(x)

    def along(direction):
        move = STEP * k[:, None] * direction
        with np.errstate(all="ignore"):
            up, down = log_density(x + move) - centre, log_density(x - move) - centre
        return np.sum(_FIRST * (up - down)) / STEP, np.sum(_SECOND * (up + down)) / STEP**2

    gradient, hessian = np.empty(d), np.empty((d, d))
    for i in range(d):
        gradient[i], hessian[i, i] = along(basis[:, i])
        for j in range(i):
            plus = along(basis[:, i] + basis[:, j])[1]
            minus = along(basis[:, i] - basis[:, j])[1]
            hessian[i, j] = hessian[j, i] = 0.25 * (plus - minus)
    return gradient, hessian


def exists(moment: float) -> bool | None:
    """Return whether a moment exists; None where that is not known."""
    return None if math.isnan(moment) else moment != NONE

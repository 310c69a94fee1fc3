"""The lattice of one parameter: refined until the numbers that it gives stand still."""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from laplace_approx.bounds import ORDERS, Reach
from laplace_approx.edges import NEGLIGIBLE_MASS, Side, find_sides
from laplace_approx.lattice import Frame, Lattice, evaluate, trapezoid_weights
from laplace_approx.marginal import Marginal, build_marginal, quantile_from_marginal
from laplace_approx.spacing import PROBES, quantile_change

MOST_CELLS = 2**22  # 64 MiB of log densities and densities
STILL_EVIDENCE = 1e-9  # change of the log evidence at which the nodes are close enough
STILL = 1e-7  # change of quantiles, mean and SD (in SDs) and of the skewness, likewise


class Numbers(NamedTuple):
    """What a lattice says of its own parameter; a moment is NaN where it does not exist."""

    log_evidence: float
    mean: float
    sd: float
    skewness: float
    marginal: Marginal


class Own(NamedTuple):
    """A parameter's own lattice with its numbers; the changes of the log evidence and of the
    rest, in SDs, when every other node of an axis is left out, summed over the axes; its two
    sides; and the faults of the axes that belong to no one parameter, in words."""

    parameter: int
    lattice: Lattice
    numbers: Numbers
    evidence_change: float
    change: float
    sides: list[Side]
    faults: list[str]


def own_lattice(reach: Reach, log_density: Callable, parameter: int) -> Own:
    """Return the refined lattice of a parameter, which varies along axis 0 of the frame alone.

    The points of an axis double while leaving out every other one of them still moves a number;
    what they would take is known before they are laid, and the limit is `MOST_CELLS`.
    """
    frame = reach.frame
    absent = {order for end in reach.ends[0] for order in end.moments}
    while True:
        lattice = evaluate(frame, log_density)
        p, shift = lattice.relative()
        numbers = _numbers(frame, parameter, _first_marginal(frame, p), shift, absent)
        changes = [_changes(frame, parameter, p, shift, k, numbers, absent) for k in range(p.ndim)]
        finer = _finer(frame, changes, shift)
        if finer is None:
            break
        frame = finer
    evidence_change, change = (sum(column) for column in zip(*changes, strict=True))
    return Own(
        parameter,
        lattice,
        numbers,
        evidence_change,
        change,
        _sides(frame, parameter, _first_marginal(frame, p)),
        _other_faults(frame, parameter, p),
    )


def _first_marginal(frame, p):
    """Return the marginal density along axis 0, per unit of u."""
    for axis in reversed(frame.axes[1:]):
        p = p @ trapezoid_weights(axis)
    return p


def _numbers(frame, parameter, density, shift, absent) -> Numbers:
    axis = frame.axes[0]
    mass = density * trapezoid_weights(axis)
    total = mass.sum()
    mass = mass / total
    theta = np.where(mass > 0, frame.values(parameter, axis.nodes()), 0.0)
    with np.errstate(all="ignore"):
        mean = mass @ theta
        sd = np.sqrt(mass @ (theta - mean) ** 2)
        found = (mean, sd, mass @ ((theta - mean) / sd) ** 3)
    exist = [not any(order in absent for order in ORDERS[: k + 1]) for k in range(3)]
    found = [float(x) if there else math.nan for x, there in zip(found, exist, strict=True)]
    return Numbers(shift + math.log(total), *found, build_marginal(frame, parameter, density))


def _changes(frame, parameter, p, shift, k, numbers, absent) -> tuple[float, float]:
    """Return what leaving out every other node of axis k changes: the log evidence, and the
    largest of the other numbers in SDs."""
    axes = list(frame.axes)
    axes[k] = axes[k].thin()
    thin = frame._replace(axes=tuple(axes))
    kept = p[(slice(None),) * k + (slice(None, None, 2),)]
    coarse = _numbers(thin, parameter, _first_marginal(thin, kept), shift, absent)
    scale = numbers.sd if math.isfinite(numbers.sd) else half_width(numbers.marginal)
    moved = [
        quantile_change(numbers.marginal, coarse.marginal, scale),
        abs(numbers.mean - coarse.mean) / scale,
        abs(numbers.sd - coarse.sd) / scale,
        abs(numbers.skewness - coarse.skewness),
    ]
    change = max(x for x in moved if x is not None and not math.isnan(x))
    return abs(numbers.log_evidence - coarse.log_evidence), change


def half_width(marginal: Marginal) -> float:
    """Return half the central 68 % interval: the SD of a normal, for what may have none."""
    low, high = quantile_from_marginal(marginal, np.array([0.16, 0.84]))
    return float(high - low) / 2


def _finer(frame: Frame, changes, shift) -> Frame | None:
    """Return the frame with twice the nodes along the axes that still move a number, as many of
    them as the limit of cells allows, the worst first; None if there is none."""
    noise = 16 * np.finfo(float).eps * abs(shift)
    excess = [max(e / (STILL_EVIDENCE + noise), c / (STILL + noise)) for e, c in changes]
    axes = list(frame.axes)
    for k in sorted(range(len(axes)), key=lambda k: -excess[k]):
        finer = axes[k]._replace(points=2 * axes[k].points - 1)
        others = math.prod(axis.points for j, axis in enumerate(axes) if j != k)
        if excess[k] > 1 and finer.points * others <= MOST_CELLS:
            axes[k] = finer
    return None if tuple(axes) == frame.axes else frame._replace(axes=tuple(axes))


def _sides(frame, parameter, density) -> list[Side]:
    axis = frame.axes[0]
    bounds = frame.values(parameter, np.array([axis.lower, axis.upper]))
    return find_sides(frame.names[parameter], density, bounds, axis.step)


def _other_faults(frame, parameter, p) -> list[str]:
    """Return a sentence for each axis but the first that holds mass at or beyond its ends."""
    faults = []
    for k in range(1, p.ndim):
        marginal = p.sum(axis=tuple(j for j in range(p.ndim) if j != k))
        for side in find_sides("", marginal, (0.0, 0.0), frame.axes[k].step):
            if side.outside is None or not max(side.edge, side.outside) < NEGLIGIBLE_MASS:
                faults.append(
                    f"on the lattice of {frame.names[parameter]} the other parameters reach beyond the ends"
                )
    return faults[:1]

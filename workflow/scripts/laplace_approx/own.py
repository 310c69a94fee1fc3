"""The lattice of one parameter: refined until the numbers that it gives stand still."""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from laplace_approx.bounds import ORDERS, Reach, ends_of, grow, sharper
from laplace_approx.edges import NEGLIGIBLE_MASS, Side, find_sides
from laplace_approx.lattice import Frame, Lattice, evaluate, trapezoid_weights
from laplace_approx.marginal import Marginal, build_marginal, quantile_from_marginal
from laplace_approx.quadrature import band_limited
from laplace_approx.spacing import quantile_change

MOST_CELLS = 2**22  # 64 MiB of log densities and densities
STILL_EVIDENCE = 1e-9  # change of the log evidence at which the nodes are close enough
STILL = 1e-7  # change of quantiles, mean and SD (in SDs) and of the skewness, likewise
SHARPEN_FROM = 257  # points from which an axis may be sharpened instead of doubled
REGROWN = 4
IDLE = 2  # refinements in a row that change nothing for the better, after which they end
DENSE = 4  # the least number of places a node at which a marginal is tabulated
MOST_DENSE = 2**18


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
    sides; and what is wrong with the other axes, in words."""

    parameter: int
    lattice: Lattice
    numbers: Numbers
    evidence_change: float
    change: float
    sides: list[Side]
    faults: list[str]


def own_lattice(reach: Reach, log_density: Callable, parameter: int) -> Own:
    """Return the refined lattice of a parameter, which varies along axis 0 of the frame alone.

    The points of an axis double while leaving out every other one of them still moves a number
    (or the axis is sharpened, where that serves better); what they take is known before they are
    laid, and the limit is `MOST_CELLS`. Where the finer lattice shows mass at an end that the
    coarse one did not, the bounds grow once more.
    """
    for _ in range(REGROWN):
        trial = _refined(_Trial(reach, log_density, parameter))
        ends = ends_of(trial.frame, trial.p, parameter)
        if not any(end.must_grow for pair in ends for end in pair):
            break
        steps = [axis.step for axis in trial.frame.axes]
        reach = grow(trial.frame, log_density, parameter, steps)
        if reach.frame.axes == trial.frame.axes:
            break
    return trial.result()


def _refined(trial: "_Trial") -> "_Trial":
    idle = 0
    while trial.excess > 1 and idle < IDLE:
        candidates = [_Trial(r, trial.log_density, trial.parameter) for r in _refinements(trial)]
        if not candidates:
            break
        best = min(candidates, key=lambda candidate: candidate.excess)
        idle = 0 if best.excess < trial.excess / 2 else idle + 1
        trial = best
    return trial


def _refinements(trial: "_Trial") -> list[Reach]:
    """Return the frames worth trying: with the axes that still move a number doubled, as many of
    them as the limit of cells allows, the worst first; and with the worst of them sharpened."""
    frame = trial.frame
    axes = list(frame.axes)
    worst = sorted((k for k in range(len(axes)) if trial.excesses[k] > 1), key=trial.order)
    for k in worst:
        finer = axes[k]._replace(points=2 * axes[k].points - 1)
        others = math.prod(axis.points for j, axis in enumerate(axes) if j != k)
        if finer.points * others <= MOST_CELLS:
            axes[k] = finer
    found = []
    if tuple(axes) != frame.axes:
        found.append(frame._replace(axes=tuple(axes)))
    if frame.axes[worst[0]].points >= SHARPEN_FROM:
        found.append(sharper(frame, worst[0]))
    return [Reach(candidate, trial.reach.ends) for candidate in found]


class _Trial:
    """A lattice of a parameter with its numbers and what they owe to the spacing.

    `changes[k]` holds what leaving out every other node of axis k changes: the log evidence, and
    the largest of the other numbers in SDs. `excess` is the worst of them over its limit.
    """

    def __init__(self, reach: Reach, log_density: Callable, parameter: int):
        self.reach, self.log_density, self.parameter = reach, log_density, parameter
        self.frame = reach.frame
        self.absent = {order for end in reach.ends[0] for order in end.moments}
        self.lattice = evaluate(self.frame, log_density)
        self.p, self.shift = self.lattice.relative()
        self.numbers = self._numbers(self.frame, self.p)
        self.changes = [self._change(k) for k in range(self.p.ndim)]
        noise = 16 * np.finfo(float).eps * abs(self.shift)
        self.excesses = [
            max(evidence / (STILL_EVIDENCE + noise), rest / (STILL + noise))
            for evidence, rest in self.changes
        ]
        self.excess = max(self.excesses)

    def order(self, k: int) -> float:
        return -self.excesses[k]

    def result(self) -> Own:
        evidence_change, change = (sum(column) for column in zip(*self.changes, strict=True))
        return Own(
            self.parameter,
            self.lattice,
            self.numbers,
            evidence_change,
            change,
            self._sides(),
            self._other_faults(),
        )

    def _numbers(self, frame: Frame, p) -> Numbers:
        density, axis = _first_marginal(frame, p), frame.axes[0]
        mass = density * trapezoid_weights(axis)
        total = mass.sum()
        mass = mass / total
        theta = np.where(mass > 0, frame.values(self.parameter, axis.nodes()), 0.0)
        with np.errstate(all="ignore"):
            mean = mass @ theta
            sd = np.sqrt(mass @ (theta - mean) ** 2)
            moments = (mean, sd, mass @ ((theta - mean) / sd) ** 3)
        exist = [not self.absent & set(ORDERS[: k + 1]) for k in range(len(ORDERS))]
        kept = [float(x) if there else math.nan for x, there in zip(moments, exist, strict=True)]
        table = _table(frame, self.parameter, density)
        return Numbers(self.shift + math.log(total), *kept, table)

    def _change(self, k: int) -> tuple[float, float]:
        axes = list(self.frame.axes)
        axes[k] = axes[k].thin()
        kept = self.p[(slice(None),) * k + (slice(None, None, 2),)]
        full, coarse = self.numbers, self._numbers(self.frame._replace(axes=tuple(axes)), kept)
        scale = full.sd if math.isfinite(full.sd) else _half_width(full.marginal)
        moved = [
            abs(full.mean - coarse.mean) / scale,
            abs(full.sd - coarse.sd) / scale,
            abs(full.skewness - coarse.skewness),
        ]
        moved = [x for x in moved if not math.isnan(x)]
        quantiles = quantile_change(full.marginal, coarse.marginal, scale)
        return abs(full.log_evidence - coarse.log_evidence), max(quantiles, *moved, 0.0)

    def _sides(self) -> list[Side]:
        """Return the sides as they are at the outermost nodes that have any density."""
        axis, density = self.frame.axes[0], _first_marginal(self.frame, self.p)
        seen = np.flatnonzero(density > 0)[[0, -1]]
        bounds = self.frame.values(self.parameter, axis.nodes()[seen])
        name = self.frame.names[self.parameter]
        return find_sides(name, density[seen[0] : seen[1] + 1], bounds, axis.step)

    def _other_faults(self) -> list[str]:
        for k in range(1, self.p.ndim):
            marginal = self.p.sum(axis=tuple(j for j in range(self.p.ndim) if j != k))
            for side in find_sides("", marginal, (0.0, 0.0), self.frame.axes[k].step):
                if side.outside is None or not max(side.edge, side.outside) < NEGLIGIBLE_MASS:
                    name = self.frame.names[self.parameter]
                    return [f"on the lattice of {name} the other parameters reach beyond the ends"]
        return []


def _first_marginal(frame: Frame, p):
    """Return the marginal density along axis 0, per unit of u."""
    for axis in reversed(frame.axes[1:]):
        p = p @ trapezoid_weights(axis)
    return p


def _table(frame: Frame, parameter: int, density) -> Marginal:
    """Return the table of a marginal from its nodes, filled in by Fourier's series."""
    axis = frame.axes[0]
    times = DENSE if DENSE * axis.points <= MOST_DENSE else 1
    dense = axis._replace(points=(axis.points - 1) * times + 1)
    frame = frame._replace(axes=(dense, *frame.axes[1:]))
    return build_marginal(frame, parameter, band_limited(density, times))


def _half_width(marginal: Marginal) -> float:
    """Return half the central 68 % interval: what serves as an SD where there is none."""
    low, high = quantile_from_marginal(marginal, np.array([0.16, 0.84]))
    return float(high - low) / 2

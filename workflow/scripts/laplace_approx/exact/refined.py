"""The lattice of one parameter: refined until the numbers that it gives stand still."""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from laplace_approx.exact.bounds import ORDERS, Reach, ends_of, grow, sharper
from laplace_approx.exact.ends import ENDS, NEGLIGIBLE_MASS, Side, find_sides
from laplace_approx.exact.lattice import Frame, Lattice, evaluate, trapezoid_weights
from laplace_approx.exact.marginal import (
    Marginal,
    build_marginal,
    quantile_from_marginal,
)
from laplace_approx.exact.spacing import PROBES, largest_change
from laplace_approx.numerics.quadrature import band_limited

MOST_CELLS = 2**22  # 64 MiB of log densities and densities
MOST_POINTS = 2**16  # of an axis
STILL_EVIDENCE = 1e-9  # change of the log evidence at which the nodes are close enough
STILL = 1e-7  # change of quantiles, mean and SD (in SDs) and of the skewness, likewise
SHARPEN_FROM = 257  # points from which an axis may be sharpened instead of doubled
REGROWN = 4  # times that the bounds grow after the nodes became finer
SMALL = 2**17  # cells up to which all axes are doubled at once
IDLE = 3  # refinements in a row that change nothing for the better, after which they end
FAINT = 1e-17  # of the mass on a node: less is only the rounding of the rest
SEEN = (1e-13, 1e-12, 1e-11, 1e-10)  # of the mass on the node where what lies beyond is told
TRUSTED = 0.1  # the share of a change that is taken for the next one at the least
LEAST_WIDTH = 8  # of the middle two thirds, in units of the last digit of the parameter
DENSE = 4  # places a node at which a marginal is tabulated


class Numbers(NamedTuple):
    """What a lattice says of its own parameter; a moment is NaN where it does not exist. `density`
    is the marginal's at the nodes, and `probed` are those quantiles of it that are held against
    those of other lattices; `middle` are the ends of the central 68 % interval, half of which
    serves as an SD where there is none."""

    log_evidence: float
    mean: float
    sd: float
    skewness: float
    density: np.ndarray
    probed: np.ndarray
    middle: tuple[float, float]


class Own(NamedTuple):
    """A parameter's own lattice with its numbers and its marginal; what its spacing owes to the log
    evidence, and to the rest in SDs, summed over the axes; its two sides; and what is wrong with
    the other axes, in words."""

    parameter: int
    lattice: Lattice
    numbers: Numbers
    marginal: Marginal
    evidence_change: float
    change: float
    sides: list[Side]
    faults: list[str]


def own_lattice(reach: Reach, log_density: Callable, parameter: int) -> Own | None:
    """Return the refined lattice of a parameter, which varies along axis 0 of the frame alone;
    None where no lattice tells how wide the density is.

    The points of an axis double while doubling them can still be expected to move a number (or
    the axis is sharpened, where that serves better); what they take is known before they are
    laid, and the limits are `MOST_CELLS` and `MOST_POINTS`. Where the finer lattice shows mass at
    an end that the coarse one did not, the bounds grow once more.
    """
    trial, regrown, idle = _Trial(reach, log_density, parameter), 0, 0
    best = trial
    while True:
        if regrown < REGROWN and trial.must_grow:
            regrown += 1
            best = trial = trial.grown()
            continue
        candidates = _refinements(trial) if trial.excess > 1 and idle < IDLE else []
        if not candidates:
            return best.result() if best.resolved else None
        trials = [_Trial(candidate, log_density, parameter) for candidate in candidates]
        trial = min(trials, key=lambda candidate: candidate.excess)
        idle = 0 if trial.excess < best.excess / 2 else idle + 1
        best = min(best, trial, key=lambda candidate: candidate.excess)


def _refinements(trial: "_Trial") -> list[Reach]:
    """Return the frames worth trying, within the limit of cells: with the worst axis doubled (all
    that move a number, while the lattice is small), and with the worst axis sharpened."""
    frame, axes = trial.frame, list(trial.frame.axes)
    worst = max(range(len(axes)), key=lambda k: trial.excesses[k])
    for k in range(len(axes)):
        if k == worst or (trial.excesses[k] > 1 and math.prod(frame.shape) < SMALL):
            axes[k] = axes[k]._replace(points=2 * axes[k].points - 1)
    found = [frame._replace(axes=tuple(axes))]
    if frame.axes[worst].points >= SHARPEN_FROM:
        found.append(sharper(frame, worst))
    found = [
        finer
        for finer in found
        if math.prod(finer.shape) <= MOST_CELLS and max(finer.shape) <= MOST_POINTS
    ]
    return [Reach(finer, trial.reach.ends) for finer in found]


class _Trial:
    """A lattice of a parameter with its numbers and what they owe to the spacing.

    `changes[k]` holds what the spacing of axis k still owes to the log evidence, and to the
    others of its numbers, in SDs. `excess` is the worst of them over its limit.
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

    @property
    def must_grow(self) -> bool:
        return any(end.must_grow(FAINT) for pair in self.ends() for end in pair)

    @property
    def resolved(self) -> bool:
        """Whether the nodes see a width of the parameter, and one that numbers of its size can
        have."""
        if self.numbers is None or self.numbers.sd == 0:
            return False
        low, high = self.numbers.middle
        return bool(high - low > LEAST_WIDTH * np.spacing(max(abs(low), abs(high))))

    def ends(self):
        return ends_of(self.frame, self.p, self.parameter, FAINT)

    def grown(self) -> "_Trial":
        reach = grow(self.frame, self.log_density, self.parameter, FAINT)
        return _Trial(reach, self.log_density, self.parameter)

    def result(self) -> Own:
        evidence_change, change = (sum(column) for column in zip(*self.changes, strict=True))
        return Own(
            self.parameter,
            self.lattice,
            self.numbers,
            _table(self.frame, self.parameter, self.numbers.density, DENSE),
            evidence_change,
            change,
            self._sides(),
            self._other_faults(),
        )

    def _numbers(self, frame: Frame, p, dense: int = DENSE) -> Numbers | None:
        """Return the numbers of a lattice, None where no node of it has any density, or where the
        nodes are one and the same number. Its marginal is held against others at `dense` places a
        node."""
        density, axis = _first_marginal(frame, p), frame.axes[0]
        mass = density * trapezoid_weights(axis)
        total = mass.sum()
        values = frame.values(self.parameter, axis.nodes())
        if not (total > 0 and np.nanmax(values) > np.nanmin(values)):
            return None
        mass = mass / total
        theta = np.where(mass > 0, values, 0.0)
        with np.errstate(all="ignore"):
            mean = mass @ theta
            sd = np.sqrt(mass @ (theta - mean) ** 2)
            moments = (mean, sd, mass @ ((theta - mean) / sd) ** 3)
        exist = [not self.absent & set(ORDERS[: k + 1]) for k in range(len(ORDERS))]
        kept = [
            float(x) if there and math.isfinite(x) else math.nan
            for x, there in zip(moments, exist, strict=True)
        ]
        table = _table(frame, self.parameter, density, dense, rows=1)
        return Numbers(self.shift + math.log(total), *kept, density, *_probed(table))

    def _change(self, k: int) -> tuple[float, float]:
        """Return what the spacing of axis k still owes: the log evidence, and the rest in SDs.

        With c the change from half the nodes to all of them and r its ratio to the change from a
        quarter to half, further doublings change c r, c r^2, ...: c r / (1 - r) altogether, if
        the changes go on falling as they did. It counts as a tenth of c at the least, and
        where the changes hardly fell, as c.
        """
        half, quarter = self._thinned(k, 2), self._thinned(k, 4)
        last, before = self._moved(self.numbers, half), self._moved(half, quarter)
        return tuple(_owed(c, d) for c, d in zip(last, before, strict=True))

    def _thinned(self, k: int, times: int) -> Numbers:
        axes, kept = list(self.frame.axes), self.p
        dense = DENSE * times if k == 0 else DENSE  # the places are the same on all lattices
        while times > 1:
            axes[k] = axes[k].thin()
            kept = kept[(slice(None),) * k + (slice(None, None, 2),)]
            times //= 2
        return self._numbers(self.frame._replace(axes=tuple(axes)), kept, dense)

    def _moved(self, one: Numbers | None, other: Numbers | None) -> tuple[float, float]:
        if one is None or other is None:
            return math.inf, math.inf
        scale = one.sd if math.isfinite(one.sd) else (one.middle[1] - one.middle[0]) / 2
        if not scale > 0:
            return math.inf, math.inf
        moved = [
            abs(one.mean - other.mean) / scale,
            abs(one.sd - other.sd) / scale,
            abs(one.skewness - other.skewness),
        ]
        moved = [x for x in moved if not math.isnan(x)]
        quantiles = largest_change(one.probed, other.probed, scale)
        return abs(one.log_evidence - other.log_evidence), max(quantiles, *moved, 0.0)

    def _sides(self) -> list[Side]:
        """Return the sides as they are at the outermost nodes whose density rises above the
        error of the lattice, so that its fall tells what lies beyond."""
        axis, density = self.frame.axes[0], _first_marginal(self.frame, self.p)
        name, found = self.frame.names[self.parameter], {}
        for share in SEEN:
            seen = np.flatnonzero(density > share * density.sum())[[0, -1]]
            bounds = self.frame.values(self.parameter, axis.nodes()[seen])
            for side in find_sides(name, density[seen[0] : seen[1] + 1], bounds, axis.step):
                if side.end not in found or found[side.end].outside is None:
                    found[side.end] = side
        return [found[end] for end in ENDS]

    def _other_faults(self) -> list[str]:
        if not any(
            end.holds(NEGLIGIBLE_MASS, SEEN[-1]) for pair in self.ends()[1:] for end in pair
        ):
            return []
        name = self.frame.names[self.parameter]
        return [f"on the lattice of {name}, the other parameters reach beyond the ends"]


def _owed(last: float, before: float) -> float:
    if not (last < before / 2 and math.isfinite(before)):
        return last
    ratio = max(last / before, TRUSTED)
    return last * ratio / (1 - ratio)


def _first_marginal(frame: Frame, p):
    """Return the marginal density along axis 0, per unit of u."""
    for axis in reversed(frame.axes[1:]):
        p = p @ trapezoid_weights(axis)
    return p


def _table(frame: Frame, parameter: int, density, dense: int, rows: int | None = None) -> Marginal:
    """Return the table of a marginal from its nodes, filled in by Fourier's series."""
    axis = frame.axes[0]
    filled = axis._replace(points=(axis.points - 1) * dense + 1)
    frame = frame._replace(axes=(filled, *frame.axes[1:]))
    return build_marginal(frame, parameter, band_limited(density, dense), rows)


def _probed(table: Marginal):
    """Return the quantiles of a table that are held against others, and those at 16 and 84 %."""
    found = quantile_from_marginal(table, (*PROBES, 0.16, 0.84))
    return found[:-2], (float(found[-2]), float(found[-1]))

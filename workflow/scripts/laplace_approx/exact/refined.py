"""The lattice of one parameter: refined until the numbers that it gives stand still."""

import math
from collections.abc import Callable
from functools import cached_property
from typing import NamedTuple

import numpy as np

from laplace_approx.exact.axis import trapezoid_weights
from laplace_approx.exact.axis_ends import ORDERS, TINY, End, ends_of
from laplace_approx.exact.bounds import Reach, grow, sharper
from laplace_approx.exact.ends import (
    ENDS,
    NEGLIGIBLE_MASS,
    Side,
    find_sides,
    mass_next_to_end,
    resolved,
)
from laplace_approx.exact.frame import Frame
from laplace_approx.exact.lattice import Lattice, evaluate
from laplace_approx.exact.marginal import (
    MIDDLE,
    Marginal,
    build_marginal,
    on_plateau,
    quantile_from_marginal,
)
from laplace_approx.exact.spacing import NEGLIGIBLE, PROBES, jumps_along, largest_change, owed
from laplace_approx.exact.summed_moments import Summed, beyond_axes
from laplace_approx.numerics.quadrature import band_limited

MOST_CELLS = 2**22  # 64 MiB of log densities and densities
MOST_POINTS = 2**16  # of an axis
STILL_EVIDENCE = 1e-9  # change of the log evidence at which the nodes are close enough
STILL = 1e-7  # change of quantiles, mean and SD (in half intervals) and skewness, likewise
STILL_LARGE = 3e-7  # of both, from `SMALL` cells on: a certified grid is allowed three times that
CUT = 1e-11  # of mean and SD in half intervals, and of the skewness: nodes that were cut off
TOLD = 2  # doublings for the sake of what can be stated
SHARPEN_FROM = 257  # points from which an axis may be sharpened instead of doubled
REGROWN = 4  # times that the bounds grow after the nodes became finer
SMALL = 2**17  # cells up to which all axes are doubled at once
IDLE = 3  # refinements in a row that change nothing for the better, after which they end
FAINT = 1e-17  # of the mass on a node: less is only the rounding of the rest
SEEN = (1e-13, 1e-12, 1e-11, 1e-10)  # of the mass on the node where what lies beyond is told
TRUSTED = 0.1  # the share of a change that is taken for the next one at the least
ONE_NODE = 1e-15  # of the mass: less than that beside one node is no width
LEAST_WIDTH = 8  # of the middle two thirds, in units of the last digit of the parameter
DENSE = 4  # places a node at which a marginal is tabulated


class Numbers(NamedTuple):
    """What a lattice says of its own parameter; a moment is NaN where it does not exist. `density`
    is the marginal's at the nodes, and `probed` are those quantiles of it that are held against
    those of other lattices; `middle` are the ends of the central 68.3 % interval, half of which is
    the unit of all changes: it is there for every posterior. `flat` says which of the quantiles lie
    where there is no density, as between two humps: their places are not told, and what rounding
    moves them by is their error."""

    log_evidence: float
    mean: float
    sd: float
    skewness: float
    density: np.ndarray
    probed: np.ndarray
    middle: tuple[float, float]
    flat: np.ndarray


class Own(NamedTuple):
    """A parameter's own lattice with the `values` of the parameter at the nodes of its first axis,
    the ends of its axes, its numbers and its marginal; what its spacing owes to the log evidence,
    and to the quantiles in half the central 68.3 % interval, summed over the axes; the errors of
    mean, SD and skewness; its two sides; and what is wrong with the other axes, in words."""

    parameter: int
    lattice: Lattice
    values: np.ndarray
    ends: tuple[tuple[End, End], ...]
    numbers: Numbers
    marginal: Marginal
    evidence_change: float
    change: float
    moment_errors: np.ndarray
    sides: list[Side]
    faults: list[str]


def own_lattice(
    reach: Reach, log_density: Callable, parameter: int, most: int = MOST_CELLS
) -> Own | None:
    """Return the refined lattice of a parameter, of `most` cells, which varies along axis 0 of the
    frame alone; None where no lattice tells how wide the density is.

    The points of an axis double while doubling them can still be expected to move a number (or
    the axis is sharpened, where that serves better); what they take is known before they are
    laid, and the limits are `most` and `MOST_POINTS`. Where the finer lattice shows mass at
    an end that the coarse one did not, the bounds grow once more.
    """
    trial, regrown, idle = _Trial(reach, log_density, parameter), 0, 0
    best = trial
    while True:
        if regrown < REGROWN and trial.must_grow:
            regrown += 1
            best = trial = trial.grown()
            continue
        candidates = _refinements(trial, most) if trial.excess > 1 and idle < IDLE else []
        if not candidates:
            return _told(best, most).result() if best.resolved and trial.resolved else None
        trials = [_Trial(candidate, log_density, parameter) for candidate in candidates]
        trial = min(trials, key=lambda candidate: candidate.excess)
        idle = 0 if trial.excess < best.excess / 2 else idle + 1
        best = min(best, trial, key=lambda candidate: candidate.excess)


def _told(trial: "_Trial", most: int) -> "_Trial":
    """Return a lattice whose nodes tell that they are enough: all axes are doubled while what can
    be stated of the spacing, which goes by more than one doubling, is more than a certified grid
    may owe, and that helps."""
    for _ in range(TOLD):
        axes = tuple(axis._replace(points=2 * axis.points - 1) for axis in trial.frame.axes)
        finer = trial.frame._replace(axes=axes)
        large = math.prod(finer.shape) > most or max(finer.shape) > MOST_POINTS
        if large or not trial.stated > NEGLIGIBLE:
            break
        other = _Trial(Reach(finer, trial.reach.ends), trial.log_density, trial.parameter)
        if not (other.resolved and other.stated < trial.stated):
            break
        trial = other
    return trial


def doubled(own: Own, log_density: Callable) -> Own | None:
    """Return the lattice of a parameter with the nodes of all axes at half their distances; None
    where it tells no width."""
    frame = own.lattice.frame
    axes = tuple(axis._replace(points=2 * axis.points - 1) for axis in frame.axes)
    trial = _Trial(Reach(frame._replace(axes=axes), own.ends), log_density, own.parameter)
    if not trial.resolved:
        return None
    found = trial.result()
    return found._replace(faults=list(dict.fromkeys([*own.faults, *found.faults])))


def _refinements(trial: "_Trial", most: int) -> list[Reach]:
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
        if math.prod(finer.shape) <= most and max(finer.shape) <= MOST_POINTS
    ]
    return [Reach(finer, trial.reach.ends) for finer in found]


def owed_by_halving(reach: Reach, log_densities):
    """Return what leaving out half of the nodes changes in the numbers of one parameter, given its
    log density by all of them and by half: log evidence, quantiles, mean and SD (these in half the
    central 68.3 % interval) and skewness. More than all of them are off by."""
    whole, half = (_Trial(reach, each, 0) for each in log_densities)
    return whole.moved_from(half)


class _Trial:
    """A lattice of a parameter with its numbers and what they owe to the spacing.

    `changes[k]` holds what the spacing of axis k still owes to the log evidence, and to the
    others of its numbers, in SDs. `excess` is the worst of them over its limit.
    """

    def __init__(self, reach: Reach, log_density: Callable, parameter: int):
        self.reach, self.log_density, self.parameter = reach, log_density, parameter
        self.frame = reach.frame
        self.absent = {order for end in reach.ends[0] for order in end.absent}
        self.lattice = evaluate(self.frame, log_density)
        self.p, self.shift = self.lattice.relative()
        self.numbers = self._numbers(self.frame, self.p)
        self.changes = [self._change(k) for k in range(self.p.ndim)]
        self._noise = 16 * np.finfo(float).eps * abs(self.shift)  # rounding of the log density
        large = self.p.size > SMALL
        limits = (STILL_LARGE, STILL_LARGE) if large else (STILL_EVIDENCE, STILL)
        self.excesses = [
            max(size / (limit + self._noise) for size, limit in zip(change, limits, strict=True))
            for change in self.changes
        ]
        self.excess = max(self.excesses)

    @property
    def stated(self) -> float:
        """What can be stated of the worst that the spacing owes."""
        return float(np.max(self._bounds[:2]))

    @property
    def must_grow(self) -> bool:
        return any(end.must_grow(FAINT) for pair in self.ends() for end in pair)

    @property
    def resolved(self) -> bool:
        """Whether the nodes see a width of the parameter, and one that numbers of its size can
        have; nearer to an end of the support than that, the prior is known all the same."""
        if self.numbers is None or self._noise > 1:  # such a log density is rounding
            return False
        density = self.numbers.density
        low, high = self.numbers.middle
        digits = LEAST_WIDTH * np.spacing(max(abs(low), abs(high)))
        ends = self.frame.support[:, self.parameter]
        if hasattr(self.log_density, "near") and min(np.abs(ends - [low, high])) < digits:
            return True
        several = np.max(density) < (1 - ONE_NODE) * np.sum(density)
        return bool(several and high - low > digits)

    def moved_from(self, other: "_Trial"):
        """Return by how much another lattice's numbers differ, (5,)."""
        return self._moved(self.numbers, other.numbers)

    def ends(self):
        return ends_of(self.frame, self.p, self.parameter, FAINT)

    def grown(self) -> "_Trial":
        reach = grow(self.frame, self.log_density, self.parameter, FAINT)
        return _Trial(reach, self.log_density, self.parameter)

    def result(self) -> Own:
        sides = self._sides()
        owes = self._bounds + self._noise
        low, high = self.numbers.middle
        unit = np.array([(high - low) / 2, (high - low) / 2, 1.0])
        moments = self._moments(owes[2:] * unit + self._beyond(sides) + CUT * unit)
        mean, sd, skewness = (float(x) for x in moments.values)
        return Own(
            self.parameter,
            self.lattice,
            self.frame.values(self.parameter, self.frame.axes[0].nodes()),
            self.reach.ends,
            self.numbers._replace(mean=mean, sd=sd, skewness=skewness),
            _table(self.frame, self.parameter, self.numbers.density, DENSE),
            float(owes[0]),
            float(owes[1]),
            moments.errors,
            sides,
            self._other_faults(),
        )

    def _moments(self, errors) -> Summed:
        """Return the moments and their errors with what lies of them beyond the other axes: where a
        lattice follows a ridge as far as it is known, a tail may leave it sideways."""
        found = Summed(np.array(self.numbers[1:4]), errors)
        if not self.frame.ridge or math.isnan(self.numbers.mean):
            return found
        return beyond_axes(self.lattice, self.parameter, found, range(1, self.p.ndim))

    def _beyond(self, sides: list[Side]):
        """Return what the tails beyond the lattice move mean, SD and skewness by, at the most: by
        what they add (on a side where the support is bounded, what their mass does at its end),
        and by what they take from the mass inside."""
        pair, numbers = self.ends()[0], self.numbers
        lost = sum(math.nan if side.outside is None else side.outside for side in sides)
        shares = np.zeros(len(ORDERS))
        with np.errstate(invalid="ignore"):
            for end, side, bound in zip(
                pair, sides, self.frame.support[:, self.parameter], strict=True
            ):
                if math.isfinite(bound):
                    mass = math.nan if side.outside is None else side.outside
                    shares += mass * (abs(bound - numbers.mean) / end.unit) ** np.array(ORDERS)
                else:
                    shares += end.shares
            one, two, three = shares
            two += lost
            three += 3 * (two + lost * abs(numbers.skewness))
            found = np.array([one * pair[0].unit, two * pair[0].unit, three])
        return np.where(np.isnan([numbers.mean, numbers.sd, numbers.skewness]), np.nan, found)

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
        """Return what the spacing of axis k can be expected to owe: the log evidence, and the rest
        in half the central 68.3 % interval.

        With c the change from half the nodes to all of them and r its ratio to the change from a
        quarter to half, further doublings change c r, c r^2, ...: c r / (1 - r) altogether, if
        the changes go on falling as they did. It counts as a tenth of c at the least, and
        where the changes hardly fell, as c. That says when to stop; `_bounds` are what is stated.
        """
        half, quarter = self._thinned(k, 2), self._thinned(k, 4)
        last, before = self._moved(self.numbers, half), self._moved(half, quarter)
        return tuple(
            _expected(max(c), max(d)) for c, d in ((last[:1], before[:1]), (last[1:], before[1:]))
        )

    @cached_property
    def _bounds(self):
        """Bounds of what the spacing of all axes owes to the log evidence, the quantiles, the mean
        and the SD (these in half the central 68.3 % interval) and the skewness."""
        return sum(self._bounds_along(k) for k in range(self.p.ndim))

    def _bounds_along(self, k: int):
        """Return the same of axis k."""
        half = self._moved(self.numbers, self._thinned(k, 2))
        thinner = (
            [self._moved(self.numbers, self._thinned(k, times, first)) for first in begun]
            for times, begun in ((4, range(4)), (8, range(1, 8, 2)))
        )
        return owed(half, *thinner, jumps=jumps_along(self.p, k))

    def _thinned(self, k: int, times: int, first: int = 0) -> Numbers | None:
        axes = list(self.frame.axes)
        if (axes[k].points - first - 1) // times < 2:
            return None
        axes[k] = axes[k].every(times, first)
        kept = self.p[(slice(None),) * k + (slice(first, None, times),)]
        dense = DENSE * times if k == 0 else DENSE  # the places are the same on all lattices
        return self._numbers(self.frame._replace(axes=tuple(axes)), kept, dense)

    def _moved(self, one: Numbers | None, other: Numbers | None):
        """Return the changes of log evidence, quantiles, mean, SD and skewness; infinite where
        they cannot be told, and 0 of a moment that does not exist."""
        if one is None or other is None:
            return np.full(5, math.inf)
        low, high = one.middle
        scale = max((high - low) / 2, LEAST_WIDTH * np.spacing(max(abs(low), abs(high))))
        moved = [
            abs(one.mean - other.mean) / scale,
            abs(one.sd - other.sd) / scale,
            abs(one.skewness - other.skewness),
        ]
        told = ~(one.flat | other.flat)
        quantiles = largest_change(one.probed[told], other.probed[told], scale)
        evidence = abs(one.log_evidence - other.log_evidence)
        return np.array([evidence, quantiles, *(0.0 if math.isnan(x) else x for x in moved)])

    def _sides(self) -> list[Side]:
        """Return the sides as they are at the outermost nodes whose density rises above the
        error of the lattice, so that its fall tells what lies beyond."""
        axis, density = self.frame.axes[0], _first_marginal(self.frame, self.p)
        name, found = self.frame.names[self.parameter], {}
        values = self.frame.values(self.parameter, axis.nodes())
        known = self._known(values)
        for share in SEEN:
            seen = np.flatnonzero(known & (density > share * density.sum()))[[0, -1]]
            rows = slice(seen[0], seen[1] + 1)
            for side in find_sides(name, density[rows], values[seen], axis.step):
                if side.end not in found or found[side.end].outside is None:
                    side = self._before_a_cliff(side, seen, density)
                    found[side.end] = self._next_to_end(side, known, density)
        return [found[end] for end in ENDS]

    def _known(self, values):
        """Return at which nodes the density is that of the parameter, and not of an end of its
        support to which it is rounded."""
        if hasattr(self.log_density, "near"):
            return np.ones(values.size, dtype=bool)
        return resolved(values, self.frame.support[:, self.parameter])

    def _before_a_cliff(self, side: Side, seen, density) -> Side:
        """Return a side beyond which the density falls to nothing at once, with what lies up to
        there at the most: as much as on its last node, from which no tail can be told."""
        at = ENDS.index(side.end)
        beyond = seen[at] + (-1, 1)[at]
        cliff = 0 <= beyond < density.size and density[beyond] == 0 and side.edge > TINY
        return side._replace(outside=side.edge, fault=None) if cliff else side

    def _next_to_end(self, side: Side, known, density) -> Side:
        """Return a side with what lies between an end of the support and the number next to it,
        where there are nodes with some density that is not known."""
        at = ENDS.index(side.end)
        way = slice(None, None, 1 - 2 * at)
        order = np.arange(density.size)[way]
        order = order[int(np.argmax(known[way])) :]
        lost = density.sum() - density[order].sum()
        if not lost > SEEN[0] * density.sum():
            return side
        u = self.frame.axes[0].nodes()[order]
        end = self.frame.support[at, self.parameter]
        bound = float(np.nextafter(end, math.inf if at == 0 else -math.inf))
        gap = np.abs(self.frame.values(self.parameter, u) - end)
        slope = self.frame.slopes(self.parameter, u)
        inside = density[known].sum() * self.frame.axes[0].step
        tail = mass_next_to_end(abs(end - bound), gap, density[order] / inside, slope)
        return side._replace(bound=bound, outside=tail.mass, fault=tail.reason)

    def _other_faults(self) -> list[str]:
        if not any(
            end.holds(NEGLIGIBLE_MASS, SEEN[-1]) for pair in self.ends()[1:] for end in pair
        ):
            return []
        name = self.frame.names[self.parameter]
        return [f"on the lattice of {name}, the other parameters reach beyond the ends"]


def _expected(last: float, before: float) -> float:
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
    """Return the quantiles of a table that are held against others, the ends of the central
    68.3 %, and which of the quantiles lie where there is no density."""
    found = quantile_from_marginal(table, (*PROBES, *MIDDLE))
    middle = float(found[-2]), float(found[-1])
    return found[:-2], middle, on_plateau(table, PROBES)

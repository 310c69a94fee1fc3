"""A lattice of one parameter with its numbers, and what they owe to the spacing of its nodes."""

import math
from collections.abc import Callable
from functools import cached_property

import numpy as np

from laplace_approx.exact.axis import along_axis, trapezoid_weights
from laplace_approx.exact.axis_ends import ends_of
from laplace_approx.exact.bounds import Reach, grow
from laplace_approx.exact.diagonals import diagonals, sums_by_remainder
from laplace_approx.exact.ends import NEGLIGIBLE_MASS, Side
from laplace_approx.exact.frame import Frame
from laplace_approx.exact.lattice import evaluate
from laplace_approx.exact.marginal_table import DENSE, first_marginal, first_table
from laplace_approx.exact.outermost import (
    SEEN,
    lost_across,
    moved_by_tails,
    outermost_sides,
    with_lost,
)
from laplace_approx.exact.parameter_lattice import ParameterLattice
from laplace_approx.exact.parameter_numbers import (
    LEAST_WIDTH,
    Numbers,
    moved,
    numbers_of,
    numbers_of_marginal,
)
from laplace_approx.exact.spacing import jumps_along, owed
from laplace_approx.exact.summed_moments import Summed, beyond_axes

# change of the log evidence at which the nodes are close enough; halved or doubled, nothing
# changes, as errors fall by far more when nodes are doubled
STILL_EVIDENCE = 1e-9
STILL = 1e-7  # change of quantiles, mean and SD (in half intervals) and skewness, likewise
# of both, from `SMALL` cells on: a certified grid is allowed three times that; halved or doubled,
# nothing changes
STILL_LARGE = 3e-7
# of mean and SD in half intervals, and of the skewness: nodes that were cut off; doubled, twice as
# much is added to errors that are seldom so small
CUT = 1e-11
# cells up to which all axes are doubled at once; doubled, 0.8 to 1.1 times the evaluations, halved,
# 1.0 to 1.1
SMALL = 2**17
# of the mass on a node: less is only the rounding of the rest; doubled or halved, an end grows for
# a share of the mass that is below its last digit all the same
FAINT = 1e-17
# the share of a change that is taken for the next one at the least; doubled, nothing changes,
# halved, a banana takes 0.93 times the evaluations
TRUSTED = 0.1
# of the mass: less than that beside one node is no width; five times the distance of neighbouring
# numbers
ONE_NODE = 1e-15


class LatticeTrial:
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
        self.numbers = self._numbers_of(self.frame, self.p)
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

    def moved_from(self, other: "LatticeTrial"):
        """Return by how much another lattice's numbers differ, (5,)."""
        return moved(self.numbers, other.numbers)

    def ends(self):
        return ends_of(self.frame, self.p, self.parameter, FAINT)

    def grown(self) -> "LatticeTrial":
        reach = grow(self.frame, self.log_density, self.parameter, FAINT)
        return LatticeTrial(reach, self.log_density, self.parameter)

    def result(self) -> ParameterLattice:
        sides = self._sides()
        owes = self._bounds + self._noise
        low, high = self.numbers.middle
        unit = np.array([(high - low) / 2, (high - low) / 2, 1.0])
        moments = self._moments(owes[2:] * unit + self._beyond(sides) + CUT * unit)
        mean, sd, skewness = (float(x) for x in moments.values)
        return ParameterLattice(
            self.parameter,
            self.lattice,
            self.frame.values(self.parameter, self.frame.axes[0].nodes()),
            self.reach.ends,
            self.numbers._replace(mean=mean, sd=sd, skewness=skewness),
            first_table(self.frame, self.parameter, self.numbers.density),
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
        if math.isnan(self.numbers.mean):
            return found
        return beyond_axes(self.lattice, self.parameter, found, range(1, self.p.ndim))

    def _sides(self) -> list[Side]:
        density = first_marginal(self.frame, self.p)
        near = hasattr(self.log_density, "near")
        sides = outermost_sides(self.frame, self.parameter, density, near)
        return with_lost(sides, lost_across(self.p, self.frame, range(1, self.p.ndim)))

    def _beyond(self, sides: list[Side]):
        support = self.frame.support[:, self.parameter]
        return moved_by_tails(self.ends()[0], sides, support, self.numbers)

    def _numbers_of(self, frame: Frame, p, dense: int = DENSE) -> Numbers | None:
        return numbers_of(frame, self.parameter, p, self.shift, self.absent, dense)

    def _change(self, k: int) -> tuple[float, float]:
        """Return what the spacing of axis k can be expected to owe: the log evidence, and the rest
        in half the central 68.3 % interval.

        With c the change from half the nodes to all of them and r its ratio to the change from a
        quarter to half, further doublings change c r, c r^2, ...: c r / (1 - r) altogether, if
        the changes go on falling as they did. It counts as a tenth of c at the least, and
        where the changes hardly fell, as c. That says when to stop; `_bounds` are what is stated.
        """
        half, quarter = self._thinned(k, 2), self._thinned(k, 4)
        last, before = moved(self.numbers, half), moved(half, quarter)
        return tuple(
            _expected(max(c), max(d)) for c, d in ((last[:1], before[:1]), (last[1:], before[1:]))
        )

    @cached_property
    def _bounds(self):
        """Bounds of what the spacing of all axes owes to the log evidence, the quantiles, the mean
        and the SD (these in half the central 68.3 % interval) and the skewness."""
        along = sum(self._bounds_along(k) for k in range(self.p.ndim))
        return along + self._bounds_across if self.p.ndim > 1 else along

    def _bounds_along(self, k: int):
        """Return the same of axis k."""
        half = moved(self.numbers, self._thinned(k, 2))
        thinner = (
            [moved(self.numbers, self._thinned(k, times, first)) for first in begun]
            for times, begun in ((4, range(4)), (8, range(1, 8, 2)))
        )
        return owed(half, *thinner, jumps=jumps_along(self.p, k))

    @property
    def _bounds_across(self):
        """Bounds of what is owed to the spacing of several axes together, (5,): to features aslant
        to them, for which nodes are left out by diagonals.

        In space those across the first axis, along which the parameter runs, are left out: with
        them the tails of a Student t owe a hundred times what they cost.
        """
        weighed, d = self.p, self.p.ndim
        for k in range(1, d):
            weighed = weighed * along_axis(trapezoid_weights(self.frame.axes[k]), k, d)
        across = [s for s in diagonals(d) if d == 2 or not s[0]]
        return sum(self._bounds_by(weighed, each) for each in across)

    def _bounds_by(self, weighed, diagonal):
        sums = sums_by_remainder(weighed, diagonal)

        def changes(times: int, begun):
            return [self._moved_to(times * sums[first::times].sum(axis=0)) for first in begun]

        return owed(changes(2, (0,))[0], changes(4, range(4)), changes(8, range(1, 8, 2)))

    def _moved_to(self, density):
        """Return by how much the numbers of another marginal at the same nodes differ, (5,)."""
        frame, absent = self.frame, self.absent
        other = numbers_of_marginal(frame, self.parameter, density, self.shift, absent)
        return moved(self.numbers, other)

    def _thinned(self, k: int, times: int, first: int = 0) -> Numbers | None:
        axes = list(self.frame.axes)
        if (axes[k].points - first - 1) // times < 2:
            return None
        axes[k] = axes[k].every(times, first)
        kept = self.p[(slice(None),) * k + (slice(first, None, times),)]
        dense = DENSE * times if k == 0 else DENSE  # the places are the same on all lattices
        return self._numbers_of(self.frame._replace(axes=tuple(axes)), kept, dense)

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

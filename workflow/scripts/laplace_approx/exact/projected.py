"""The marginal of another parameter from a lattice whose first axis is not that parameter.

Where a lattice follows a ridge, one parameter may need few nodes and another very many: of
y = x^2 + noise the density of y given x is a normal, that of x given y two thin peaks. Then the
marginal of y is the sum, over the lines of the lattice of x, of the density along each: the
parameter runs along the last axis that moves it, and between the nodes of a line its density is
known to high order. This marginal is a density of one parameter, with a lattice of its own.
"""

import math
from collections.abc import Callable

import numpy as np

from laplace_approx.exact.bounds import Reach, axis_between, grow
from laplace_approx.exact.frame import Frame
from laplace_approx.exact.lattice import Lattice, evaluate
from laplace_approx.exact.marginal_lines import MarginalLines
from laplace_approx.exact.outermost import lost_across, with_lost
from laplace_approx.exact.refined import (
    MOST_POINTS,
    ParameterLattice,
    changes_by,
    lattice_of_parameter,
)
from laplace_approx.exact.spacing import owed
from laplace_approx.exact.summed_moments import summed_moments
from laplace_approx.remember import Memo

# of the parameter's own axis, in its scales; it is where refinement begins, so that half of it
# saves one doubling
STEP = 0.1
# scales each way that the axis begins with; doubled, twice the nodes in the first round, halved,
# bounds that must grow
REACH = 8.0
# of a lattice that is refined for the sake of another parameter; doubled, twice the evaluations of
# one that does not settle
CELLS = 2**22
SHARES = np.array([1e-4, 1e-3, 4e-3, *np.arange(1, 64) / 64, 0.996, 0.999, 0.9999])  # watched
# of it: the most that leaving out every other line may change; halved, a doubling more in places,
# doubled, one less
STANDS = 1e-7
# or so many times that, every other node of the lines: between nodes, polynomials of order 8 gain
# more by each doubling; doubled, twice the error between nodes, halved, a doubling more in places
GAINS = 16.0
LOOKED_AT = 4  # blocks of places that are remembered; with one, several blocks are looked at anew


def projected(
    source: ParameterLattice, log_density: Callable, parameter: int, most: int
) -> ParameterLattice | None:
    """Return the lattice of a parameter from that of another one, whose axes before the
    parameter's are refined, to `most` cells, until the marginal stands still; None where there is
    no telling.

    The errors are those of the one lattice and of the other. The moments are sums over the nodes of
    the other.
    """
    lines = _still(source.lattice, log_density, parameter, most)
    found = _along(lines, source.lattice.frame, parameter)
    if found is None:
        return None
    owed = _owed(lines, found)
    moments = summed_moments(source.lattice, parameter)
    p, _ = source.lattice.relative()
    lost = lost_across(p, source.lattice.frame, range(p.ndim))
    mean, sd, skewness = (float(x) for x in moments.values)
    return found._replace(
        parameter=parameter,
        numbers=found.numbers._replace(mean=mean, sd=sd, skewness=skewness),
        evidence_change=source.evidence_change + float(owed[0]),
        change=found.change + float(owed[1]),
        moment_errors=moments.errors,
        sides=with_lost(found.sides, lost),
        faults=source.faults,
    )


def _still(lattice: Lattice, log_density: Callable, parameter: int, most: int) -> MarginalLines:
    """Return lines so close that leaving out every other one hardly changes the marginal, their
    nodes so close that every other one of them does not either."""
    while True:
        lines = MarginalLines(lattice, parameter)
        z, thin = lines.quantiles(SHARES), lines.every(2)
        whole, *halves = lines.density(z, lines.halved())
        along = thin.density(z) * math.exp(thin.shift - lines.shift)
        with np.errstate(invalid="ignore", divide="ignore"):
            changes = [np.max(np.abs(half / whole - 1)) for half in (*halves, along)]
        changes[-1] /= GAINS
        axes = list(lattice.frame.axes)
        for k, change in enumerate(changes):
            if not change <= STANDS:
                axes[k] = axes[k]._replace(points=2 * axes[k].points - 1)
        finer = lattice.frame._replace(axes=tuple(axes))
        beyond = math.prod(finer.shape) > most or max(finer.shape) > MOST_POINTS
        if finer.axes == lattice.frame.axes or beyond:
            return lines
        lattice = evaluate(finer, log_density)


def _frame(lines: MarginalLines, frame: Frame, parameter: int) -> Frame:
    """Return the frame of a parameter alone."""
    low, centre, high = (float(z) for z in lines.quantiles((0.16, 0.5, 0.84)))
    return Frame(
        names=(frame.names[parameter],),
        transforms=(frame.transforms[parameter],),
        origin=np.array([centre]),
        shear=np.array([[(high - low) / 2]]),
        axes=(axis_between(-REACH, REACH, STEP),),
        support=frame.support[:, parameter, None],
    )


def _densities(lines: MarginalLines, frame: Frame, weights) -> list[Callable]:
    """Return the log marginal densities of theta (..., 1) on the natural scale, under several
    weights (W, L) of the lines. All look at the lines of the same places: they do so once."""
    transform, seen = frame.transforms[0], Memo(LOOKED_AT)

    def at(z):
        return seen.get(z.tobytes(), lambda: lines.density(z, weights))

    def weighed(k: int) -> Callable:
        def log_marginal(theta):
            with np.errstate(all="ignore"):
                z = transform.unconstrain(theta[..., 0])
                value = at(np.ravel(z))[k].reshape(z.shape)
                value = lines.shift + np.log(value) - transform.log_jacobian(z)
            return np.where(np.isnan(value), -np.inf, value)

        return log_marginal

    return [weighed(k) for k in range(len(weights))]


def _along(lines: MarginalLines, frame: Frame, parameter: int) -> ParameterLattice | None:
    alone = _frame(lines, frame, parameter)
    if not alone.shear[0, 0] > 0:
        return None
    (log_marginal,) = _densities(lines, alone, lines.halved()[:1])
    return lattice_of_parameter(grow(alone, log_marginal, 0), log_marginal, 0)


def _owed(lines: MarginalLines, found: ParameterLattice):
    """Return what the axes before the parameter's owe to log evidence, quantiles and moments, at
    the most what leaving out half of their nodes changes, and what the density between the nodes
    of the lines owes."""
    reach = Reach(found.lattice.frame, found.ends)
    whole, *halves = _densities(lines, reach.frame, lines.halved())
    thinner = [lines.every(times) for times in (2, 4, 8)]
    along = [_densities(each, reach.frame, np.ones((1, each.start.size)))[0] for each in thinner]
    changes = changes_by(reach, whole, halves + along)
    last, before, earlier = changes[-3:]
    return sum(changes[:-3]) + owed(last, before[None], earlier[None])

"""The certified grid: bounds, spacing and alignment found from the density alone.

One lattice is laid for each parameter: its first axis is that parameter by itself, and the others
run along what a factor of the covariance leaves of the other parameters, given the first. So a
correlation costs nothing, and the marginal of every parameter is a plain sum over the nodes of
its own lattice. In unconstrained coordinates a smooth posterior fades out at both ends of every
axis, where the trapezoid rule converges faster than any power of the step (Trefethen and
Weideman 2014, SIAM Review 56, section 5).
"""

from collections.abc import Callable
from functools import partial

import numpy as np

from laplace_approx.density.density import Density
from laplace_approx.density.edges import wrapped
from laplace_approx.density.unbounded import natural_transforms
from laplace_approx.errors import Declined
from laplace_approx.exact.alignment import Alignment, find_alignment
from laplace_approx.exact.assembled import assembled
from laplace_approx.exact.bounds import grow, within_limit
from laplace_approx.exact.budget import Budget
from laplace_approx.exact.distrust import rounding_error, why_distrusted
from laplace_approx.exact.far_tails import with_moments_that_exist
from laplace_approx.exact.first_frame import FIRST_STEP, first_frame, spaced_reach
from laplace_approx.exact.frame import Frame
from laplace_approx.exact.grid import Grid, empty_grid
from laplace_approx.exact.known_modes import Known, known_modes
from laplace_approx.exact.lattice import Lattice, evaluate
from laplace_approx.exact.moving import Found, along_ridges, lost_ends, thinner
from laplace_approx.exact.parameter_lattice import ParameterLattice
from laplace_approx.exact.refined import MOST_CELLS, lattice_of_parameter
from laplace_approx.exact.scans import halvings
from laplace_approx.exact.settled import settled
from laplace_approx.exact.unconstrained import density_of_z
from laplace_approx.words.places import point

# before a moving frame is tried; doubled, 1.2 to 1.4 times the evaluations of bent densities,
# halved, 0.7 to 0.8 and 1.1 of the bioassay
CHEAP_CELLS = {1: MOST_CELLS, 2: 2**18, 3: 2**20}
# cells of a lattice without numbers, for pictures: doubled, twice the rows of its table
GLIMPSE = 2**14


def certified_grid(
    density: Density,
    start,
    seed: int = 0,
    known: Known | None = None,
    budget: Budget | None = None,
) -> Grid:
    """Return the grid of a density of one, two or three parameters, its bounds and points found.

    `start` (d,) is where the search for the modes begins, `seed` that of its dispersed starts; it
    is not made where they are `known`.
    The bounds grow until less than 1e-12 of the mass lies beyond them, and the points double until
    doubling them moves nothing. `certified` is true if the mass on each edge and outside is below
    1e-8, the spacing costs less than 1e-6 in log evidence and quantiles, and every number but a
    moment exists (`withheld` says which do not), and places off the nodes show nothing that the
    lattices do not say (`off_the_nodes`); otherwise `reasons` say why not, and numbers that make no
    sense are NaN or None: all of them where the density is rounding error, or its lattices
    contradict each other.
    `lattice` is that of all parameters, which derived quantities and joint measures use;
    evidence, moments and `marginals` come from the lattices of the single parameters. Raises
    ValueError for another number of parameters, passes on Declined where the model breaks its
    contract, and OutOfBudget where the `budget` does not suffice.
    """
    d = len(density.names)
    if d not in FIRST_STEP:
        raise ValueError(f"a certified grid takes one to three parameters, and here are {d}")
    transforms = natural_transforms(density.lower, density.upper)
    budget = budget or Budget()
    log_density = _without_infinity(budget.watch(density.log_density))
    known = known or known_modes(density, start, seed)
    lay = partial(_laid, density, log_density, budget)
    looked_at = budget.looking.watch(log_density)
    of_z = density_of_z(looked_at, transforms, (density.lower, density.upper))
    found = settled(lay, (log_density, looked_at), of_z, known.modes, halvings(budget.left, d))
    if isinstance(found, Grid):
        return found
    grid = found.told(assembled(found.own))
    grid = with_moments_that_exist(grid, of_z, known.modes[0])
    distrust = None if grid.certified else why_distrusted(found.own, log_density)
    if distrust is None:
        return grid
    frame = found.own[-1].lattice.frame
    return empty_grid("certified", _glimpse(frame, log_density), [distrust])


def _laid(
    density: Density, log_density, budget: Budget, modes, marks, finer: int
) -> list[ParameterLattice] | Grid:
    """Return the lattice of each parameter, or the empty grid of a density for which one of them
    cannot be had. `modes` (m, d) are those that are known, in unconstrained coordinates, `marks`
    the features for which nodes must lie close too, and the nodes from which refinement begins lie
    closer by the factor `finer`."""
    d = len(density.names)
    transforms = natural_transforms(density.lower, density.upper)
    of_z = density_of_z(log_density, transforms, (density.lower, density.upper))
    alignment = find_alignment(of_z, modes)
    alignment = alignment.marked([(each.z, each.factor) for each in marks])
    _insist_on_a_scale(alignment, density.names)
    frames = [first_frame(density, transforms, alignment, parameter) for parameter in range(d)]
    found = []
    for i, frame in enumerate(frames):
        budget.stage = f"the lattice of {frame.names[i]}"
        most = budget.cells(CHEAP_CELLS[d], d - i)
        found.append(_straight(frame, log_density, i, most, finer=finer))
    if all(each.serves for each in found):
        found = thinner(frames, log_density, found, budget)
    elif d > 1 and budget.left > d * CHEAP_CELLS[d]:
        budget.stage = "a lattice along the ridge of the density"
        straight, found = found, along_ridges(frames, log_density, found, budget)
        for i, frame in enumerate(frames):
            most = budget.cells(MOST_CELLS, d - i)
            if not found[i].serves and most > CHEAP_CELLS[d]:
                budget.stage = f"a finer lattice of {frame.names[i]}"
                found[i] = _straight(frame, log_density, i, most, found[i], finer)
        # an end that does not fall is none for a ridge either, unless it serves all through
        found = [
            each if each.serves or before.own else before
            for each, before in zip(found, straight, strict=True)
        ]
    for frame, each in zip(frames, found, strict=True):
        if each.own is None:
            return empty_grid("certified", _glimpse(frame, log_density), each.faults)
    return [each.own for each in found]


def _straight(
    frame: Frame,
    log_density: Callable,
    parameter: int,
    most: int,
    known: Found | None = None,
    finer: int = 1,
) -> Found:
    """Return what the sheared lattice of a parameter gives with so many cells; or what is `known`
    where that is better."""
    reach = grow(frame, log_density, parameter)
    lost = lost_ends(reach, parameter)
    if lost:
        return known or Found(None, lost)
    own = lattice_of_parameter(
        spaced_reach(reach, frame, most, finer), log_density, parameter, most
    )
    found = Found(own, [] if own else [_unseen(reach.frame, log_density, parameter)])
    return known if known and known.cost <= found.cost else found


def _without_infinity(log_density: Callable) -> Callable:
    """Return the log density with -inf where it is +inf: at a point, which holds no mass."""

    def wrap(inner):
        def evaluate_finite(*at):
            value = inner(*at)
            return np.where(value == np.inf, -np.inf, value)

        return evaluate_finite

    return wrapped(log_density, wrap)


def _insist_on_a_scale(alignment: Alignment, names) -> None:
    if not (np.all(np.isfinite(alignment.factor)) and np.all(np.diag(alignment.factor) > 0)):
        where = point([f"the coordinate of {name}" for name in names], alignment.centre)
        raise Declined(
            "not_converged",
            f"no grid can be laid: where the search for the mode ended ({where}) the density has "
            "no scale. Look for a scale of the prior that is far too small or too large, or give "
            "another start.",
        )


def _glimpse(frame: Frame, log_density) -> Lattice:
    """Return a small lattice where there are no numbers: for pictures."""
    return evaluate(within_limit(frame, GLIMPSE), log_density)


def _unseen(frame: Frame, log_density: Callable, parameter: int) -> str:
    """Return why no lattice of a parameter has a width."""
    rounding = rounding_error(_glimpse(frame, log_density), parameter, log_density)
    name = frame.names[parameter]
    return rounding or (
        f"too narrow: no lattice was found on which the density has a width along {name}; look for "
        f"a scale of the prior that is too small, or give {name} a unit near its spread, measured "
        "from where the density lies (next to an end of its support: from that end)"
    )

"""The certified grid: bounds, spacing and alignment found from the density alone.

One lattice is laid for each parameter: its first axis is that parameter by itself, and the others
run along what a factor of the covariance leaves of the other parameters, given the first. So a
correlation costs nothing, and the marginal of every parameter is a plain sum over the nodes of
its own lattice. In unconstrained coordinates a smooth posterior fades out at both ends of every
axis, where the trapezoid rule converges faster than any power of the step (Trefethen and
Weideman 2014, SIAM Review 56, section 5).
"""

import math
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np

from laplace_approx.density.density import Density, density_in
from laplace_approx.density.edges import wrapped
from laplace_approx.density.space import build_space
from laplace_approx.density.unbounded import natural_transforms, unbounding_space
from laplace_approx.errors import Declined
from laplace_approx.exact.alignment import Pilot, conditional_widths, find_pilot
from laplace_approx.exact.bounds import STEP, Reach, axis_between, grow, within_limit
from laplace_approx.exact.budget import Budget
from laplace_approx.exact.distrust import rounding_error, why_distrusted
from laplace_approx.exact.ends import (
    edge_record,
    outside_record,
    side_faults,
)
from laplace_approx.exact.grid import MOMENTS, Grid, empty_grid
from laplace_approx.exact.lattice import Axis, Frame, Lattice, evaluate
from laplace_approx.exact.moments import moments
from laplace_approx.exact.moving import Found, along_ridges, lost_ends, thinner
from laplace_approx.exact.refined import MOST_CELLS, Own, own_lattice
from laplace_approx.exact.settled import settled
from laplace_approx.exact.shared import shared_lattice, unresolved
from laplace_approx.exact.spacing import spacing_faults
from laplace_approx.exact.unconstrained import density_of_z
from laplace_approx.mode.search import remembered_search
from laplace_approx.words.places import point

FIRST_STEP = {1: 0.05, 2: 0.12, 3: 0.25}  # scales, by dimension
CHEAP_CELLS = {1: MOST_CELLS, 2: 2**18, 3: 2**20}  # before a moving frame is tried
ONE_SCALE = {1: 2**13, 2: 2**19, 3: 2**21}  # cells above which axes follow the modes' own widths
FEWER = 2  # times the cells of such axes: more are not laid evenly for several parameters
HUMP_STEP = {1: 0.1, 2: 0.15, 3: 0.25}  # of such an axis
PER_WIDTH = 0.5  # steps are at most this share of the narrowest known width of a mode
REACH = 8.0  # scales each way
LEAST_SHARE = 1e-12  # of the Laplace mass of all modes: a mode with less does not count
BROKEN = ("model_contract_violation", "nondeterministic_density")
GLIMPSE = 2**14  # cells
MEANING = (
    "what further doublings of the points can change at the most, from the changes when half, "
    "three quarters and seven eighths of the nodes of each axis are left out, summed over the "
    "axes: of the log evidence, and of the marginal quantiles (the largest for probabilities 0.005 "
    "to 0.995) in units of half the central 68.3 % interval, which is the SD of a normal"
)


class Known(NamedTuple):
    """The modes (m, d) of a density in unconstrained coordinates, or where the search for them
    ended in vain; at how many points it evaluated the density, and how many of these it takes to
    know them: the ascent to a single mode, the whole search for several or in vain."""

    modes: np.ndarray
    evaluations: int
    needed: int


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
    found = settled(lay, (log_density, looked_at), of_z, known.modes)
    if isinstance(found, Grid):
        return found
    grid = found.told(_assembled(found.own))
    distrust = None if grid.certified else why_distrusted(found.own, log_density)
    if distrust is None:
        return grid
    frame = found.own[-1].lattice.frame
    return empty_grid("certified", _glimpse(frame, log_density), [distrust])


def _laid(
    density: Density, log_density, budget: Budget, modes, marks, finer: int
) -> list[Own] | Grid:
    """Return the lattice of each parameter, or the empty grid of a density for which one of them
    cannot be had. `modes` (m, d) are those that are known, in unconstrained coordinates, `marks`
    the features for which nodes must lie close too, and the nodes from which refinement begins lie
    closer by the factor `finer`."""
    d = len(density.names)
    transforms = natural_transforms(density.lower, density.upper)
    of_z = density_of_z(log_density, transforms, (density.lower, density.upper))
    pilot = find_pilot(of_z, modes)
    pilot = pilot.marked([(each.z, each.factor) for each in marks])
    _insist_on_a_scale(pilot, density.names)
    frames = [_first_frame(density, transforms, pilot, parameter) for parameter in range(d)]
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
    own = own_lattice(_spaced(reach, frame, most, finer), log_density, parameter, most)
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


def known_modes(density: Density, start, seed: int = 0, monotone=None) -> Known:
    """Return the modes of a density, by a search from `start` (d,)."""
    transforms = natural_transforms(density.lower, density.upper)
    definition = unbounding_space(density.names, density.lower, density.upper)
    space = build_space(definition, density.names, density.lower, density.upper)
    begin = space.unconstrain(np.asarray(start, dtype=float))
    begin = np.where(np.isfinite(begin), begin, 0.0)
    searched = remembered_search(
        density_in(density, space), begin, seed, None if definition else monotone
    )
    needed = searched.evaluations
    try:
        found = searched.mode.modes
        modes = np.array([mode["x"] for mode in found if mode["share"] > LEAST_SHARE])
        if len(modes) == 1:
            needed = searched.mode.report.evaluations_of_ascent
    except Declined as declined:
        if declined.reason in BROKEN or declined.details.get("digits_lost"):
            raise
        where = declined.details.get("mode", declined.details.get("point", begin))
        modes = np.array([where])
    # a coordinate that is the same in both is not taken back: next to an end theta is rounded
    theta = space.constrain(modes)
    for i, (name, transform) in enumerate(zip(density.names, transforms, strict=True)):
        if name not in definition:
            modes[:, i] = transform.unconstrain(theta[:, i])
    return Known(modes, searched.evaluations, needed)


def _insist_on_a_scale(pilot: Pilot, names) -> None:
    if not (np.all(np.isfinite(pilot.factor)) and np.all(np.diag(pilot.factor) > 0)):
        where = point([f"the coordinate of {name}" for name in names], pilot.centre)
        raise Declined(
            "not_converged",
            f"no grid can be laid: where the search for the mode ended ({where}) the density has "
            "no scale. Look for a scale of the prior that is far too small or too large, or give "
            "another start.",
        )


def _first_frame(density: Density, transforms, pilot: Pilot, parameter: int) -> Frame:
    """Return the frame whose first axis is a parameter by itself, over a few scales each way of
    the modes, with nodes just near enough to judge its bounds."""
    d = len(transforms)
    order = [parameter, *(i for i in range(d) if i != parameter)]
    lower = np.linalg.qr(pilot.factor[order].T, mode="r").T
    shear = np.empty((d, d))
    shear[order] = lower * np.sign(np.diag(lower))
    w = np.linalg.solve(shear, (pilot.modes - pilot.centre).T).T
    step = np.full(d, STEP[d])
    if len(w) > 1:  # narrow modes, far apart
        widths = [conditional_widths(np.linalg.solve(shear, f)) for f in pilot.mode_factors]
        step = np.minimum(step, PER_WIDTH * np.min(widths, axis=0))
    low, high = np.minimum(w.min(axis=0), 0) - REACH, np.maximum(w.max(axis=0), 0) + REACH
    axes = tuple(axis_between(low[k], high[k], step[k]) for k in range(d))
    if len(w) > 1:
        humps = _of_humps(w, np.array(widths), low, high)
        even, close = (math.prod(axis.points for axis in each) for each in (axes, humps))
        stretched = any(axis.stretch for axis in axes)  # these lie close about their centre alone
        if stretched or even > ONE_SCALE[d] or (d > 1 and even > FEWER * close):
            axes = humps
    support = np.array([density.lower, density.upper], dtype=float)
    frame = Frame(tuple(density.names), transforms, pilot.centre, shear, axes, support)
    return within_limit(frame, MOST_CELLS)


def _of_humps(w, widths, low, high) -> tuple[Axis, ...]:
    """Return the axes, from `low` to `high` (d,), that lie close at each mode w (m, d), as wide as
    its `widths` (m, d)."""
    axes = []
    for k, step in enumerate(np.full(w.shape[1], HUMP_STEP[w.shape[1]])):
        centres = tuple((float(c), float(s)) for c, s in zip(w[:, k], widths[:, k], strict=True))
        axes.append(axis_between(low[k], high[k], float(step), centres))
    return tuple(axes)


def _spaced(reach: Reach, first: Frame, most: int, finer: int = 1) -> Reach:
    """Return the frame that was grown from `first` with the nodes that refinement begins with,
    closer by the factor `finer`."""
    steps = [min(axis.step, FIRST_STEP[len(first.axes)]) / finer for axis in first.axes]
    axes = (axis.spaced(step) for axis, step in zip(reach.frame.axes, steps, strict=True))
    return reach._replace(frame=within_limit(reach.frame._replace(axes=tuple(axes)), most))


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


def _assembled(own: list[Own]) -> Grid:
    main, errors = shared_lattice(own)
    mass = main.mass()
    spread, thin = moments(main.frame, mass), main.thin()
    coarse = moments(thin.frame, thin.mass())
    sides = [side for each in own for side in each.sides]
    evidence = [each.numbers.log_evidence for each in own]
    names = main.frame.names
    spacing = {
        "log_evidence": max(each.evidence_change for each in own) + max(evidence) - min(evidence),
        "quantiles_sd": {names[each.parameter]: each.change for each in own},
        "means": MEANING,
    }
    sd = np.array([each.numbers.sd for each in own])
    faults = [*side_faults(sides), *(fault for each in own for fault in each.faults)]
    faults += spacing_faults(spacing) + unresolved(errors)
    return Grid(
        kind="certified",
        lattice=main,
        mass=mass,
        log_evidence=evidence[0],
        mean=np.array([each.numbers.mean for each in own]),
        sd=sd,
        skewness=np.array([each.numbers.skewness for each in own]),
        correlation=np.where(np.isnan(sd[:, None] * sd), np.nan, spread.correlation),
        bounds=np.array([[side.bound for side in each.sides] for each in own]),
        edge_mass=edge_record(sides),
        outside_mass=outside_record(sides),
        discretisation_error=spacing,
        lattice_error=errors.record(),
        certified=not faults,
        reasons=tuple(faults),
        marginals={names[each.parameter]: each.marginal for each in own},
        **_moment_errors(own),
        correlation_error=_correlation_error(spread, coarse, sd),
    )


def _moment_errors(own: list[Own]) -> dict:
    errors = np.array([each.moment_errors for each in own]).T
    return {f"{moment}_error": row for moment, row in zip(MOMENTS, errors, strict=True)}


def _correlation_error(spread, coarse, sd):
    """Return what a correlation on the main lattice can be off by, NaN where there is none: what
    every other node gives, and what the lattices of the single parameters know of the SDs."""
    with np.errstate(invalid="ignore"):
        apart = np.abs(spread.sd / sd - 1)
        error = np.abs(spread.correlation - coarse.correlation) + apart[:, None] + apart
    error = np.where(np.isnan(sd[:, None] * sd), np.nan, np.minimum(error, 2.0))
    error[np.diag_indices(sd.size)] = np.where(np.isnan(sd), np.nan, 0.0)
    return error

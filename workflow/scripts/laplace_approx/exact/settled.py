"""The lattices of a density, laid anew until places off their nodes show nothing more.

What stands out above a lattice is climbed: a mode that nobody knew is told to the next lattices,
which are laid for it too; and so is a hump or a dent of two or more parameters that is none. Where
nothing of the kind explains it, the nodes move closer together, as long as they remain few.
"""

import math
from collections.abc import Callable
from itertools import product
from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize

from laplace_approx.density.unbounded import constrained, unconstrained
from laplace_approx.errors import Declined
from laplace_approx.exact import scans
from laplace_approx.exact.afar import peaks_afar
from laplace_approx.exact.alignment import local_factor
from laplace_approx.exact.between_nodes import Between
from laplace_approx.exact.features import Feature, features
from laplace_approx.exact.grid import Grid, unknown_errors
from laplace_approx.exact.lattice import Lattice
from laplace_approx.exact.off_the_nodes import LIMIT, Inspection, look, misplaced
from laplace_approx.exact.own import Own
from laplace_approx.exact.refined import MOST_CELLS, MOST_POINTS, doubled
from laplace_approx.words.places import point

ROUNDS = 5  # of lattices
MODE_ROUNDS = 2  # of these, after which new modes are looked for
FINER = (1, 8, 64)  # factors by which the nodes of one parameter move together
DOUBLINGS = 3  # of the axes of several parameters
HIGHER = 1e-6  # log density by which a node must exceed all modes to be climbed from
SAME = 0.3  # SDs between two places that are one mode
FAINT = 0.01  # of the limit: the mass of a mode that no lattice is laid for
EXPLAINED = 0.5  # of the mass that is missed: less makes no lattice for new modes worth while
MARKED = 0.1  # of it: the next nodes may lie close at what is there, which costs little if in vain
MOST_FAR = 8  # peaks beyond the reach that are climbed
ZOOM = 33  # points of a bracket, which shrinks by half as many
SHARPENED = 14  # times
STEPS = 200  # of a simplex, a parameter
AROUND = 0.2  # SDs from a top at which all must be lower: at 0.02 a simplex has not yet ended there
FIRST = 0.02  # scales of the lattice: the edge of the first simplex


class Settled(NamedTuple):
    """The lattices of the single parameters, what was seen off their nodes, and the modes theta
    (n, d) for which they were laid and that the search for modes had not found."""

    own: list[Own]
    look: Inspection
    modes: np.ndarray

    def without(self, share: float) -> "Settled":
        """Return the same, with a share of the mass that the lattices have no nodes for."""
        missed = self.look.missed + share
        return self._replace(look=self.look._replace(missed=missed))

    def told(self, grid: Grid) -> Grid:
        """Return the grid of the lattices with what was seen off their nodes: mass that is missed
        or invented is an error of the evidence, and of moments nobody knows where it lies."""
        names = grid.lattice.frame.names
        faults, seen = self.look.faults(names), self.look.record(names)
        seen["new_modes"] = self.modes.tolist()
        if len(self.modes):
            seen["sentence"] += (
                f"; that showed {len(self.modes)} of the modes which the search for modes had not "
                f"found, the highest at {point(names, self.modes[0])}"
            )
        grid = grid._replace(
            certified=grid.certified and not faults,
            reasons=(*grid.reasons, *faults),
            off_the_nodes=seen,
        )
        share = misplaced({"off_the_nodes": seen})
        spacing = grid.discretisation_error
        owed = {"log_evidence": spacing["log_evidence"] + share} if share else {}
        unknown = unknown_errors(len(names)) if share > LIMIT else {}
        return grid._replace(discretisation_error=spacing | owed, **unknown)

    @property
    def cost(self) -> float:
        """What the spacing costs the worst number, as far as the nodes themselves tell."""
        return max(max(each.evidence_change, each.change) for each in self.own)

    def affords(self, times: int) -> bool:
        """Return whether so many times the nodes of each axis are still a moderate number."""
        cells = sum(each.lattice.log_density.size for each in self.own)
        points = max(max(each.lattice.log_density.shape) for each in self.own)
        return cells * times ** len(self.own) <= MOST_CELLS and points * times <= MOST_POINTS

    @property
    def rank(self):
        """What is smaller is better: what is off, and then what the spacing costs."""
        off = max(self.look.missed, self.look.invented)
        return not self.look.clean, off if off > LIMIT else 0.0, self.cost


def settled(lay: Callable, log_density: Callable, of_z: Callable, modes) -> Settled | Grid:
    """Return the best lattices that `lay(modes, features, finer)` gives, or its empty grid.

    `log_density` is that of theta and `of_z` that of the unconstrained coordinates, Jacobian
    included, in which the `modes` (m, d) are.
    """
    modes, marks, best, finer = np.atleast_2d(modes), [], None, 0
    searched, factors = len(modes), FINER if modes.shape[1] == 1 else FINER[:1]
    for turn in range(ROUNDS):
        try:
            own = lay(modes, marks, factors[finer])
        except Declined:
            if best is None:
                raise
            break
        if isinstance(own, Grid):
            if best is None:
                return own
            break
        new = constrained(own[0].lattice.frame.transforms, modes[searched:])
        seen = Settled(own, look(_of_all(own), log_density), new)
        found, share = modes[:0], 0.0
        if turn < (MODE_ROUNDS if seen.affords(1) else 1):
            found, share = _new_modes(seen, of_z, modes)
        seen = seen.without(share)
        best = seen if best is None else min(best, seen, key=lambda each: each.rank)
        new_marks = [] if len(found) or marks else _marks(seen, log_density)
        if len(found) or new_marks:
            modes, marks = np.concatenate([modes, found]), new_marks
        elif seen.look.clean or finer + 1 == len(factors) or not seen.affords(factors[1]):
            break
        else:
            finer += 1
    return best if modes.shape[1] == 1 else _closer(best, log_density)


def _of_all(own: list[Own]) -> list[Lattice]:
    """Return the lattices of all parameters: one of fewer axes comes from another's nodes."""
    return [each.lattice for each in own if each.lattice.log_density.ndim == len(own)]


def _closer(best: Settled, log_density: Callable) -> Settled:
    """Return lattices of several parameters with their nodes moved together, as often as that shows
    less off them and is afforded."""
    for _ in range(DOUBLINGS):
        if best.look.clean or not best.affords(2):
            break
        # a lattice of one axis has the marginal of another's nodes, and is not looked at
        own = [
            doubled(each, log_density) if each.lattice.log_density.ndim > 1 else each
            for each in best.own
        ]
        if any(each is None for each in own):
            break
        seen = best._replace(own=own, look=look(_of_all(own), log_density))
        if seen.rank > best.rank:
            break
        best = seen
    return best


def _marks(seen: Settled, log_density: Callable) -> list[Feature]:
    """Return the features that explain what the lattices of several parameters miss or invent, and
    are no modes; none where they do not explain it."""
    off = max(seen.look.missed, seen.look.invented)
    if len(seen.own) == 1 or off <= LIMIT:
        return []
    places = np.concatenate([seen.look.tops, seen.look.dents])
    found = [features(Between(each, log_density), places) for each in _of_all(seen.own)]
    best = max(found, key=lambda each: sum(feature.share for feature in each), default=[])
    explained = sum(feature.share for feature in best)
    return best if explained > MARKED * off else []


def _new_modes(seen: Settled, of_z, modes):
    """Return the modes (m, d) that hold some mass and that nobody knew, and what share of the mass
    they have of which the lattices know nothing."""
    lattices = _of_all(seen.own)
    frame = lattices[0].frame
    factors = [local_factor(of_z, mode) for mode in modes]
    known = list(zip(modes, factors, strict=True))
    tops = [unconstrained(frame.transforms, theta) for theta in seen.look.tops]
    higher = _higher(lattices, of_z, known)
    ends = [_climbed(frame, of_z, top) for top in tops + higher]
    if modes.shape[1] == 1:
        afar = far = _far(frame, of_z)
    else:
        afar = _afar(lattices[0], of_z, known)
        far = [z for z in afar if not _within(frame, z)]
    log_total = seen.own[0].numbers.log_evidence
    found, share, explained = [], 0.0, 0.0
    for z in sorted(ends + afar, key=lambda z: -float(of_z(z))):
        factor = local_factor(of_z, z)
        if not np.isfinite(factor).all() or any(_same(z, factor, *each) for each in known):
            continue
        known.append((z, factor))
        log_mass = _mass(of_z, z, factor) - log_total
        if log_mass > math.log(FAINT * LIMIT):
            found.append(z)
            share += math.exp(min(log_mass, 0.0)) if any(z is each for each in far) else 0.0
            explained += math.exp(min(log_mass, 0.0))
    if explained < EXPLAINED * seen.look.missed:  # a ripple, whose humps are not to be counted
        return modes[:0], share
    return np.array(found).reshape(-1, modes.shape[1]), share


def _higher(lattices, of_z, known) -> list:
    """Return the highest node z (d,) of every lattice at which the density is above all modes."""
    best = max(float(of_z(mode)) for mode, _ in known)
    found = []
    for lattice in lattices:
        node = np.argmax(lattice.log_density + lattice.frame.log_volume())
        node = np.unravel_index(node, lattice.frame.shape)
        u = np.array([axis.nodes()[i] for axis, i in zip(lattice.frame.axes, node, strict=True)])
        z = lattice.frame.unconstrained(u)
        if float(of_z(z)) > best + HIGHER:
            found.append(z)
    return found


def _same(z, factor, mode, of_mode) -> bool:
    """Return whether two modes are near each other in the SDs of both: a thin one within a wide one
    is another."""
    return all(np.linalg.norm(np.linalg.solve(each, z - mode)) < SAME for each in (factor, of_mode))


def _mass(of_z, z, factor) -> float:
    """Return the log of the mass of the normal of a mode."""
    size = np.linalg.slogdet(factor)[1] + len(z) / 2 * math.log(2 * math.pi)
    return float(of_z(z)) + float(size)


def _climbed(frame, of_z, z):
    """Return z (d,) at the top of the hump on which z (d,) lies."""
    for size in (FIRST, FIRST / 10, FIRST / 100):
        first = z + np.concatenate([np.zeros((1, z.size)), size * frame.shear.T])
        options = {"initial_simplex": first, "maxfev": STEPS * z.size, "xatol": 0, "fatol": 1e-9}
        z = minimize(
            lambda x: -max(float(of_z(x)), -1e300), z, method="Nelder-Mead", options=options
        ).x
    return z


def _far(frame, of_z) -> list:
    """Return z (1,) at the highest peaks beyond the reach of the lattice of one parameter."""
    z = scans.beyond(frame)
    values = of_z(z[:, None])
    peak = (values[1:-1] > values[:-2]) & (values[1:-1] >= values[2:]) & np.isfinite(values[1:-1])
    rows = 1 + np.flatnonzero(peak)
    rows = rows[np.argsort(-values[rows])][:MOST_FAR]
    return [_zoomed(of_z, z[row - 1], z[row + 1]) for row in rows]


def _afar(lattice: Lattice, of_z, known) -> list:
    """Return z (d,) at the tops about the lattice of several parameters to which climbs from far
    lead, but those that are known (mode, factor)."""
    frame, found = lattice.frame, []
    for z in peaks_afar(frame, scans.bulk_of(frame, lattice.relative()[0]), of_z):
        if any(_below(of_z, z, *each) for each in known):
            continue
        z = _climbed(frame, of_z, z)
        factor = local_factor(of_z, z)
        if np.isfinite(factor).all() and not any(_below(of_z, z, *each) for each in known):
            known = [*known, (z, factor)]
            found += [z] if _is_top(of_z, z, factor) else []
    return found


def _below(of_z, z, mode, factor) -> bool:
    """Return whether z (d,) lies on the hump of a mode: within its SD, and no higher."""
    near = np.linalg.norm(np.linalg.solve(factor, z - mode)) < 1
    return bool(near and float(of_z(z)) <= float(of_z(mode)) + HIGHER)


def _is_top(of_z, z, factor) -> bool:
    """Return whether all is lower about z (d,), along the axes of its factor and between them: a
    climb may end on a ridge."""
    d = z.size
    ways = np.array(list(product((-1, 0, 1), repeat=d)))
    around = of_z(z + AROUND * ways[np.any(ways != 0, axis=1)] @ factor.T)
    return bool(np.max(around) < float(of_z(z)))


def _within(frame, z) -> bool:
    """Return whether z (d,) lies within the ends of the axes of a lattice."""
    u = frame.locate(constrained(frame.transforms, z))
    return all(axis.lower <= x <= axis.upper for axis, x in zip(frame.axes, u, strict=True))


def _zoomed(of_z, low: float, high: float):
    """Return z (1,) at the highest place of a bracket."""
    for _ in range(SHARPENED):
        z = np.linspace(low, high, ZOOM)
        i = int(np.argmax(of_z(z[:, None])))
        low, high = z[max(i - 1, 0)], z[min(i + 1, ZOOM - 1)]
    return np.array([(low + high) / 2])

"""The lattices of a density, laid anew until places off their nodes show nothing more.

What stands out above a lattice is climbed (`new_modes`): a mode that nobody knew is told to the
next lattices, which are laid for it too; and so is a hump or a dent of two or more parameters that
is none. Where nothing of the kind explains it, the nodes move closer together, as long as they
remain few.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np

from laplace_approx.density.unbounded import constrained
from laplace_approx.errors import Declined
from laplace_approx.exact.between_nodes import Between
from laplace_approx.exact.features import Feature, features
from laplace_approx.exact.grid import Grid, unknown_errors
from laplace_approx.exact.lattice import Lattice
from laplace_approx.exact.new_modes import new_modes
from laplace_approx.exact.off_the_nodes import LIMIT, Inspection, look, misplaced
from laplace_approx.exact.parameter_lattice import ParameterLattice
from laplace_approx.exact.refined import MOST_CELLS, MOST_POINTS, doubled
from laplace_approx.words.places import point

ROUNDS = 5  # of lattices; halved or doubled, nothing changes
# of these, after which new modes are looked for; doubled, twice the climbs of a density that keeps
# showing some
MODE_ROUNDS = 2
# factors by which the nodes of one parameter move together; doubled, ripples half as wide are
# resolved, with twice the nodes
FINER = (1, 8, 64)
# of the axes of several parameters; halved or doubled, nothing changes: each takes four or eight
# times the cells of the last
DOUBLINGS = 3
MARKED = 0.1  # of it: the next nodes may lie close at what is there, which costs little if in vain


class Settled(NamedTuple):
    """The lattices of the single parameters, what was seen off their nodes, and the modes theta
    (n, d) for which they were laid and that the search for modes had not found."""

    own: list[ParameterLattice]
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


def settled(lay: Callable, densities, of_z: Callable, modes, fewer: int = 0) -> Settled | Grid:
    """Return the best lattices that `lay(modes, features, finer)` gives, or its empty grid.

    `densities` are the log density of theta twice: for the nodes, and for what is looked at besides
    them (so that each can be counted). `of_z` is that of the unconstrained coordinates, Jacobian
    included, in which the `modes` (m, d) are. The points off the nodes are halved `fewer` times.
    """
    of_nodes, log_density = densities
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
        # not those of the first: a marginal of another's nodes knows but its own transform
        new = constrained(_of_all(own)[0].frame.transforms, modes[searched:])
        seen = Settled(own, look(_of_all(own), log_density, fewer), new)
        found, share = modes[:0], 0.0
        if turn < (MODE_ROUNDS if seen.affords(1) else 1):
            total = own[0].numbers.log_evidence
            both = log_density, of_z
            found, share = new_modes(_of_all(own), seen.look, total, both, modes)
        seen = seen.without(share)
        best = seen if best is None else min(best, seen, key=lambda each: each.rank)
        new_marks = [] if len(found) or marks else _marks(seen, log_density)
        if len(found) or new_marks:
            modes, marks = np.concatenate([modes, found]), new_marks
        elif seen.look.clean or finer + 1 == len(factors) or not seen.affords(factors[1]):
            break
        else:
            finer += 1
    return (
        best
        if modes.shape[1] == 1
        else _closer(best, of_nodes, partial(look, log_density=log_density, fewer=fewer))
    )


def _of_all(own: list[ParameterLattice]) -> list[Lattice]:
    """Return the lattices of all parameters: one of fewer axes comes from another's nodes."""
    return [each.lattice for each in own if each.lattice.log_density.ndim == len(own)]


def _closer(best: Settled, of_nodes: Callable, look: Callable) -> Settled:
    """Return lattices of several parameters with their nodes moved together, as often as that shows
    less off them and is afforded."""
    for _ in range(DOUBLINGS):
        if best.look.clean or not best.affords(2):
            break
        # a lattice of one axis has the marginal of another's nodes, and is not looked at
        own = [
            doubled(each, of_nodes) if each.lattice.log_density.ndim > 1 else each
            for each in best.own
        ]
        if any(each is None for each in own):
            break
        seen = best._replace(own=own, look=look(_of_all(own)))
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

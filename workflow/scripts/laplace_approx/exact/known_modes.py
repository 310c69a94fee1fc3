"""The modes of a density that a grid is laid for, from a search of its own or another's."""

from typing import NamedTuple

import numpy as np

from laplace_approx.density.density import Density, density_in
from laplace_approx.density.space import build_space
from laplace_approx.density.unbounded import natural_transforms, unbounding_space
from laplace_approx.errors import Declined
from laplace_approx.mode.remembered import remembered_search

# of the Laplace mass of all modes: a mode with less does not count; doubled, one of twice that may
# be left to what is seen off the nodes
LEAST_SHARE = 1e-12
BROKEN = ("model_contract_violation", "nondeterministic_density")


class Known(NamedTuple):
    """The modes (m, d) of a density in unconstrained coordinates, or where the search for them
    ended in vain; at how many points it evaluated the density, and how many of these it takes to
    know them: the ascent to a single mode, the whole search for several or in vain."""

    modes: np.ndarray
    evaluations: int
    needed: int


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

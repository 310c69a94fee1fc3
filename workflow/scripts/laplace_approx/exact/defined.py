"""Whether the log likelihood has a value wherever a grid has its mass."""

import numpy as np

from laplace_approx.density.density import Density
from laplace_approx.density.undefined import (
    MOST,
    MOST_ASKED,
    border_next_to,
    level_of,
    refusal,
)
from laplace_approx.exact.grid import Grid


def require_defined(density: Density, grid: Grid) -> None:
    """Decline a grid of which nodes are NaN in the region that holds its mass, or next to it.

    Asked for are the nodes without density beside one that the region of highest density needs
    (`undefined.level_of`, of the cells): each is one step away from mass, and that step is halved
    to find how much of it there is where the NaN begins.
    """
    log_density = grid.lattice.log_density
    empty = log_density == -np.inf
    if density.undefined is None or not np.any(empty) or not np.any(grid.mass > 0):
        return
    mass = grid.mass.ravel()
    level = _level(mass)
    needed = grid.mass >= level
    pairs = np.concatenate([_beside(needed, empty, k) for k in range(empty.ndim)])
    if not len(pairs):
        return
    order = np.argsort(-mass[pairs[:, 0]], kind="stable")[:MOST_ASKED]
    pairs = pairs[order]
    nodes = _nodes(grid)
    holes = nodes(pairs[:, 1])
    rows = np.flatnonzero(density.undefined(holes))[:MOST]
    if not rows.size:
        return
    inside = pairs[rows, 0]
    # the density that a cell has at the level, where the cells beside the hole are as large
    levels = log_density.ravel()[inside] + np.log(level / mass[inside])
    border = border_next_to(
        density.log_density, density.undefined, nodes(inside), holes[rows], levels
    )
    if border is not None:
        seen = _seen(density, nodes, np.flatnonzero(empty), empty.size)
        raise refusal(density.names, border, float(np.max(log_density)), seen)


def _level(mass) -> float:
    """Return the mass of the smallest cell that the region of highest density needs."""
    held = mass[mass > 0]
    return float(np.exp(level_of(np.log(held), held)))


def _beside(needed, empty, k: int):
    """Return the pairs (n, 2) of flat places of a needed node and an empty one next to it along
    axis k, on either side."""
    index = np.arange(needed.size).reshape(needed.shape)
    low, high = (
        np.moveaxis(index, k, 0)[part].ravel() for part in (slice(None, -1), slice(1, None))
    )
    both = np.concatenate([np.stack([low, high], axis=1), np.stack([high, low], axis=1)])
    return both[needed.ravel()[both[:, 0]] & empty.ravel()[both[:, 1]]]


def _nodes(grid: Grid):
    """Return the function of flat places (n,) that gives theta (n, d) there."""
    frame = grid.lattice.frame
    first = np.array([axis.lower for axis in frame.axes])
    step = np.array([axis.step for axis in frame.axes])

    def at(places):
        return frame.place(first + np.stack(np.unravel_index(places, frame.shape), axis=-1) * step)

    return at


def _seen(density: Density, nodes, empty, n: int) -> str:
    """Return how many of n nodes are NaN, of which those without density have the flat places
    `empty` (m,); where these are many, by a part of them, evenly."""
    part = empty[:: -(-len(empty) // MOST_ASKED)]
    share = float(np.mean(density.undefined(nodes(part))))
    about = "" if len(part) == len(empty) else "about "
    count = round(share * len(empty))
    return f"{about.capitalize()}{count} of {n} nodes of the grid ({count / n:.1%}) are NaN"

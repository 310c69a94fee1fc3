"""Points that fill a cube evenly, near neighbours, and the points that leave the smallest gaps.

The first are SciPy's, which take half a second to import. Most steps lay no such points, though
they import rooms that do: SciPy is asked when it is needed.
"""

import math
from typing import NamedTuple

import numpy as np

# Of a cell with a point at each corner and one at its centre: its edges, and the distance from all
# points of the place that is farthest from them, both in the first edge. In a plane the points are
# those of equal triangles, in space those of the body-centred cubic lattice: no lattice leaves
# smaller gaps (Conway and Sloane 1999, Sphere Packings, Lattices and Groups, chapter 2, section 1)
EDGES = {2: (1.0, math.sqrt(3)), 3: (1.0, 1.0, 1.0)}
FARTHEST = {2: 1 / math.sqrt(3), 3: math.sqrt(5) / 4}
# of the longest side of a box: one that is shorter gets as few cells as if it were so long; halved,
# boxes a hundred times as long as wide have cells that are half as long
SHORTEST = 1 / 64


class Cover(NamedTuple):
    """Points of a box that begins at 0: `arrays` of them, (n_1, ..., n_d, d), the corners and the
    centres of like cells with these `edges` (d,). No place of the box is farther than `radius` from
    all of them."""

    arrays: tuple[np.ndarray, np.ndarray]
    edges: np.ndarray
    radius: float


def cover(sides, count: int) -> Cover:
    """Return about `count` points, and no fewer, that leave no large gap in a box with these sides
    (d,), of two or three dimensions.

    As many cells of the best shape as are needed are pressed into each side, which brings no two
    points farther apart: so the radius is that of the best shape, at the borders too.
    """
    sides = np.asarray(sides, dtype=float)
    shape = np.array(EDGES[sides.size])
    long = np.maximum(sides, SHORTEST * np.max(sides))
    first = (2 * np.prod(long) / (count * np.prod(shape))) ** (1 / sides.size)
    cells = np.ceil(long / (first * shape)).astype(int)
    edges = sides / cells
    corners = [step * np.arange(n + 1) for step, n in zip(edges, cells, strict=True)]
    centres = [step * (np.arange(n) + 0.5) for step, n in zip(edges, cells, strict=True)]
    arrays = tuple(
        np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1) for axes in (corners, centres)
    )
    return Cover(arrays, edges, FARTHEST[sides.size] * float(np.max(edges / shape)))


def even_points(d: int, power: int, seed) -> np.ndarray:
    """Return the first 2^power points (n, d) of a Sobol sequence in [0, 1)^d, scrambled.

    `seed` is a number or a generator. The scramble is a left matrix scramble with a digital shift
    (Matousek 1998, Journal of Complexity 14).
    """
    from scipy.stats import qmc

    said = "rng" if isinstance(seed, np.random.Generator) else "seed"
    return qmc.Sobol(d, **{said: seed}).random_base2(power)


def nearest(points, places, count: int = 1):
    """Return the distances from each of the places (m, d) to the `count` nearest of the points
    (n, d), and the rows of those: (m, count) each, or (m,) for one."""
    from scipy.spatial import cKDTree

    return cKDTree(points).query(places, count)

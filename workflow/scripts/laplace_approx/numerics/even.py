"""Points that fill a cube evenly, and near neighbours: SciPy's, which take half a second to import.

Most steps lay no such points, though they import rooms that do: SciPy is asked when it is needed.
"""

import numpy as np


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

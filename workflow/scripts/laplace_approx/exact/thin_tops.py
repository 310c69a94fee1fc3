"""Humps too thin to be hit by the points that cover the bulk of a lattice, and seen all the same.

A normal of SD s that is added to a density exceeds it far beyond s: where it is k times as high at
its top, out to s sqrt(2 log k). There is no more to be seen of it from farther away, and so much is
seen by one point at which the log density is higher than its neighbours tell, however little mass
that point stands for. About each such point places closer together are looked at.
"""

import numpy as np

from laplace_approx.exact.between_nodes import Between
from laplace_approx.mode.thin_humps import closer, standing_out
from laplace_approx.numerics.even import Cover

# points that are looked at closer, of each array: each costs 49 (two parameters) or 125 evaluations
# (three); doubled, twice that where the density is rough
MOST = 8
# log of the density there over what the lattice says: less is a hump that the lattice has nodes
# for; doubled, nothing changes but for humps of a tenth of the density about them
UNTOLD = 0.05


def thin_tops(between: Between, covered: Cover, log_density) -> np.ndarray:
    """Return places u (n, d), the highest first, that stand out of the points u of a cover, and of
    what the lattice says. `log_density` is that at these points, one array after the other."""
    found, first = [], 0
    for array in covered.arrays:
        shape = array.shape[:-1]
        values = log_density[first : first + array.size // array.shape[-1]].reshape(shape)
        first += values.size
        values = np.where(np.isfinite(values), values, np.nan)
        for node in standing_out(values, MOST, between.highest):
            seen = closer(between.log_truth, array[node], covered.edges)
            found += [] if seen is None else [seen]
    found.sort(key=lambda pair: -pair[0])
    tops = np.array([u for _, u in found]).reshape(-1, len(between.frame.axes))
    return tops[between.log_ratio(tops) > UNTOLD] if len(tops) else tops

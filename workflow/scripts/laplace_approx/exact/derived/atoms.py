"""Values that a quantity takes with a positive probability: there its CDF jumps."""

from collections.abc import Callable

import numpy as np

from laplace_approx.exact.derived.borders import Bundle

NEAR = 0.02  # of all the mass: how well a CDF from the lines of a lattice alone is known
# values among which the atoms of some probabilities are looked for; doubled, twice the masses that
# are summed
MOST = 512


def flat_values(bundle: Bundle, shape):
    """Return the values, rising, that a quantity has at neighbouring places of lines: of lines
    (rows, lines) that make up a lattice, of two lines and of two rows, where there are so many.

    On one line alone a quantity is flat, too, that does not depend on what varies along it.
    """
    ends, middles = bundle.values, bundle.middles
    flat = [np.nonzero(beside == middles) for beside in (ends[:, :-1], ends[:, 1:])]
    line, cell = (np.concatenate(x) for x in zip(*flat, strict=True))
    values, which = np.unique(middles[line, cell], return_inverse=True)
    wide = np.ones(values.size, dtype=bool)
    for place, count in zip(np.divmod(line, shape[1]), shape, strict=True):
        low, high = np.full(values.size, count), np.full(values.size, -1)
        np.minimum.at(low, which, place)
        np.maximum.at(high, which, place)
        wide &= (high > low) | (count == 1)
    return values[wide]


def atoms_at(p, flat, rough_cdf: Callable, cdf: Callable):
    """Return the atoms that are the quantiles at p (n,): NaN where there is none, or where it is
    not sure: the CDF is below p before the atom, and above it there, by more than its errors.

    `flat` are values that may be atoms; `rough_cdf(levels)` gives the CDF about, and `cdf(levels)`
    that with its error.
    """
    atoms = np.full(p.shape, np.nan)
    flat = flat[np.isfinite(flat)]
    if not 0 < flat.size <= MOST:
        return atoms
    below, at = np.reshape(rough_cdf(np.concatenate([_before(flat), flat])), (2, -1))
    near = (below[:, None] - NEAR <= p) & (p <= at[:, None] + NEAR) & (at > below)[:, None]
    chosen = flat[near.any(axis=1)]
    if chosen.size == 0:
        return atoms
    value, error = (x.reshape(2, -1, 1) for x in cdf(np.concatenate([_before(chosen), chosen])))
    sure = (value[0] + error[0] < p) & (p < value[1] - error[1])
    holds = sure.any(axis=0)
    atoms[holds] = chosen[np.argmax(sure, axis=0)[holds]]
    return atoms


def _before(values):
    """Return the next smaller numbers."""
    return np.nextafter(values, -np.inf)

"""The exact side of a posterior that is nearly normal: lattices laid without a search.

Where the data are many, the posterior fades out within a few SDs of its mode, and one look at it
is enough: the trapezoid rule is exact there for all that counts (Trefethen and Weideman 2014, SIAM
Review 56, section 5). What it finds is checked, at the nodes and off them, and a posterior for
which it is not enough is left to the certified grid.
"""

from typing import NamedTuple

import numpy as np

from laplace_approx.density.density import Density
from laplace_approx.density.unbounded import natural_transforms, unconstrained
from laplace_approx.exact.alignment import find_alignment
from laplace_approx.exact.bounds import axis_between
from laplace_approx.exact.frame import Frame
from laplace_approx.exact.lattice import Lattice, evaluate
from laplace_approx.exact.marginal import Marginal, cdf_from_marginal
from laplace_approx.exact.marginal_table import first_marginal, first_table
from laplace_approx.exact.off_the_nodes import look
from laplace_approx.exact.unconstrained import density_of_z
from laplace_approx.numerics.precision import lower_factor

# SDs each way; a normal has 4e-33 of its mass beyond. Halved, tails of 2e-9 are cut, and few are
# faded out so early; doubled, twice the nodes an axis
REACH = 12.0
STEP = {1: 0.1, 2: 0.15, 3: 0.3}  # SDs, by dimension
# of its highest value: the most that a marginal may have at its ends; doubled, twice as much may be
# lost beyond
EDGE = 1e-8
# SDs: the most that leaving out every other node may move a quantile; doubled, more posteriors are
# taken, with errors up to twice as large
STILL = 2e-3
# of its highest value: where a marginal has less, that is not looked at; doubled, quantiles beyond
# 2.5 SDs of a normal instead of 2.8 go without a look
FAINT = 0.02
# halvings of the points that look off the nodes; one less, twice as many for each of many copies
GLANCE = 4


class NearNormal(NamedTuple):
    """A lattice of all parameters, the one to take for derived quantities, and the SD and the
    marginal of each parameter."""

    lattice: Lattice
    for_derived: Lattice
    sd: dict[str, float]
    marginals: dict[str, Marginal]


def near_normal(density: Density, mode) -> NearNormal | None:
    """Return the exact side of a density whose only mode is at theta `mode` (d,).

    None where its marginals have not faded out 12 SDs from its mean, or its quantiles move by more
    than 2e-3 SDs when every other node is left out: as the error falls faster than any power of the
    step, that of all the nodes is then below 1e-4 SDs. Nor where places off the nodes show a hump,
    a hole or a ripple that the lattices know nothing of.
    """
    transforms = natural_transforms(density.lower, density.upper)
    mode = unconstrained(transforms, np.asarray(mode, dtype=float))
    support = np.array([density.lower, density.upper], dtype=float)
    alignment = find_alignment(density_of_z(density.log_density, transforms, support), mode)
    lattices, sd, marginals = [], {}, {}
    for parameter, name in enumerate(density.names):
        axes = (axis_between(-REACH, REACH, STEP[mode.size]),) * mode.size
        shear = lower_factor(alignment.factor, first=parameter)
        frame = Frame(tuple(density.names), transforms, alignment.centre, shear, axes, support)
        lattice = evaluate(frame, density.log_density)
        found = _of_parameter(lattice, parameter)
        if found is None:
            return None
        lattices.append(lattice)
        sd[name], marginals[name] = found
    if not look(lattices, density.log_density, GLANCE).clean:
        return None
    return NearNormal(lattices[0], lattices[0].thin(), sd, marginals)


def _of_parameter(lattice: Lattice, parameter: int):
    """Return (SD, marginal) of the parameter of axis 0, or None where they cannot be relied on."""
    frame = lattice.frame
    p, _ = lattice.relative()
    for k in range(p.ndim):
        edges = np.moveaxis(p, k, 0)[[0, -1]]
        if not np.max(edges) < EDGE:
            return None
    p = first_marginal(frame, p)
    if not np.sum(p) > 0:  # the lattice lies where there is no density
        return None
    fine = first_table(frame, parameter, p)
    thin = frame._replace(axes=(frame.axes[0].thin(), *frame.axes[1:]))
    mass = p / np.sum(p)
    theta = frame.values(parameter, frame.axes[0].nodes())
    mean = mass @ theta
    sd = float(np.sqrt(mass @ (theta - mean) ** 2))
    coarse = cdf_from_marginal(first_table(thin, parameter, p[::2]), fine.value)
    inner = fine.density > FAINT * np.max(fine.density)
    if not inner.any():  # the nodes lie closer together than the parameter has digits
        return None
    moved = np.abs(coarse - fine.cdf)[inner] / fine.density[inner]
    return (sd, fine) if np.max(moved) < STILL * sd else None

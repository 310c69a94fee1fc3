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
from laplace_approx.exact.alignment import find_alignment, local_factor
from laplace_approx.exact.bounds import axis_between
from laplace_approx.exact.frame import Frame
from laplace_approx.exact.lattice import Lattice, evaluate
from laplace_approx.exact.marginal import Marginal, cdf_from_marginal
from laplace_approx.exact.marginal_table import first_marginal, first_table
from laplace_approx.exact.off_the_nodes import look
from laplace_approx.exact.unconstrained import density_of_z
from laplace_approx.numerics.precision import lower_factor

# SDs by dimension, along the axis of a parameter and across it, and SDs each way, of the first
# lattice, which is enough for most. A trapezoid rule with steps of 0.6 SDs is off a normal by
# 2 exp(-2 pi^2 / 0.6^2) = 3e-24 (Trefethen and Weideman, theorem 5.1); what it is off here, leaving
# out every other node shows. A normal has 1e-15 of its mass beyond 8 SDs. Doubled, fewer posteriors
# are taken, each with an eighth of the nodes in space; halved, more, each with eight times as many
GLIMPSE = {1: (0.1, 0.1), 2: (0.3, 0.3), 3: (0.3, 0.6)}, 8.0
# the same of the lattice that is laid where that is not enough; a normal has 4e-33 beyond 12 SDs.
# Steps doubled, it takes few that the first does not; halved, eight times the nodes in space
CLOSE = {1: (0.1, 0.1), 2: (0.15, 0.15), 3: (0.3, 0.3)}, 12.0
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


def glimpse(density: Density, mode) -> NearNormal | None:
    """Return what few nodes tell of a density whose only mode is at theta `mode` (d,), laid about
    its curvature there.

    None where its marginals have not faded out at the ends of the lattice, or its quantiles move by
    more than 2e-3 SDs when every other node is left out: as the error falls faster than any power
    of the step, that of all the nodes is then below 1e-4 SDs. Nor where places off the nodes show a
    hump, a hole or a ripple that the lattices know nothing of.
    """
    frame, of_z = _about(density, mode)
    return _laid(density, frame, local_factor(of_z, frame.origin), *GLIMPSE, thinned=False)


def close_look(density: Density, mode) -> NearNormal | None:
    """Return what ten times as many nodes tell, laid about the mean by the covariance, or None
    as for `glimpse`."""
    frame, of_z = _about(density, mode)
    alignment = find_alignment(of_z, frame.origin)
    frame = frame._replace(origin=alignment.centre)
    return _laid(density, frame, alignment.factor, *CLOSE, thinned=True)


def close_evaluations(d: int) -> int:
    """Return the evaluations at the nodes of a close look."""
    steps, reach = CLOSE
    along, across = (axis_between(-reach, reach, step).points for step in steps[d])
    return d * along * across ** (d - 1)


def _about(density: Density, mode):
    """Return a frame without axes whose origin is theta `mode`, and the log density of z."""
    transforms = natural_transforms(density.lower, density.upper)
    origin = unconstrained(transforms, np.asarray(mode, dtype=float))
    support = np.array([density.lower, density.upper], dtype=float)
    frame = Frame(tuple(density.names), transforms, origin, np.eye(origin.size), (), support)
    return frame, density_of_z(density.log_density, transforms, support)


def _laid(density, frame: Frame, factor, steps, reach: float, thinned: bool) -> NearNormal | None:
    """Return what lattices tell that are laid about the origin of a frame, `reach` SDs each way,
    by a factor of the covariance; None where they cannot be relied on. The one for derived
    quantities has every other node, where it is to be `thinned`."""
    d = len(frame.names)
    along, across = (axis_between(-reach, reach, step) for step in steps[d])
    lattices, sd, marginals = [], {}, {}
    for parameter, name in enumerate(frame.names):
        shear = lower_factor(factor, first=parameter)
        axes = (along, *[across] * (d - 1))
        lattice = evaluate(frame._replace(shear=shear, axes=axes), density.log_density)
        found = _of_parameter(lattice, parameter)
        if found is None:
            return None
        lattices.append(lattice)
        sd[name], marginals[name] = found
    if not look(lattices, density.log_density, GLANCE).clean:
        return None
    for_derived = lattices[0].thin() if thinned else lattices[0]
    return NearNormal(lattices[0], for_derived, sd, marginals)


def _of_parameter(lattice: Lattice, parameter: int):
    """Return (SD, marginal) of the parameter of axis 0, or None where they cannot be relied on."""
    frame = lattice.frame
    p, _ = lattice.relative()
    for k in range(p.ndim):
        edges = np.moveaxis(p, k, 0)[[0, -1]]
        if not np.max(edges) < EDGE:
            return None
    thin = frame._replace(axes=tuple(axis.thin() for axis in frame.axes))
    every_other = first_marginal(thin, p[(slice(None, None, 2),) * p.ndim])
    p = first_marginal(frame, p)
    if not (np.sum(p) > 0 and np.sum(every_other) > 0):  # they lie where there is no density
        return None
    fine = first_table(frame, parameter, p)
    mass = p / np.sum(p)
    theta = frame.values(parameter, frame.axes[0].nodes())
    mean = mass @ theta
    sd = float(np.sqrt(mass @ (theta - mean) ** 2))
    coarse = cdf_from_marginal(first_table(thin, parameter, every_other), fine.value)
    inner = fine.density > FAINT * np.max(fine.density)
    if not inner.any():  # the nodes lie closer together than the parameter has digits
        return None
    moved = np.abs(coarse - fine.cdf)[inner] / fine.density[inner]
    return (sd, fine) if np.max(moved) < STILL * sd else None

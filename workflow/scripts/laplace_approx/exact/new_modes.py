"""Modes that nobody knew: climbed to from what stands out above the lattices of a density."""

import math
from itertools import product

import numpy as np

from laplace_approx.density.unbounded import constrained, unconstrained
from laplace_approx.exact import scans
from laplace_approx.exact.alignment import local_factor
from laplace_approx.exact.between_nodes import Between
from laplace_approx.exact.far_humps import peaks_afar
from laplace_approx.exact.lattice import Lattice
from laplace_approx.exact.off_the_nodes import LIMIT, Inspection

# log density by which a node must exceed all modes to be climbed from; a mode that is proven leaves
# less
HIGHER = 1e-6
SAME = 0.3  # SDs between two places that are one mode; halved or doubled, nothing changes
# of the limit: the mass of a mode that no lattice is laid for; doubled, 50 of them instead of 100
# make up the limit
FAINT = 0.01
# of the mass that is missed: less makes no lattice for new modes worth while; doubled, none is laid
# unless they explain all
EXPLAINED = 0.5
# SDs of a mode within which its hump is higher than what is about it; halved or doubled, nothing
# changes but for a ripple of few humps
HUMP = 8.0
MOST_FAR = 8  # peaks beyond the reach that are climbed; doubled, up to 3700 evaluations more
# points of a bracket, which shrinks by half as many; doubled, 1.01 times the evaluations, halved, a
# Student t takes 2.3 times as many
ZOOM = 33
# times: 16^-14 is 1e-17, below the last digit; half of it leaves a width 4e-9 of the first
SHARPENED = 14
# of a simplex, a parameter; halved or doubled, nothing changes: doubled, twice the evaluations of a
# climb that does not settle
STEPS = 200
# SDs from a top at which all must be lower; at a tenth a simplex may not have ended there yet, at
# ten times as many another hump may be higher
AROUND = 0.2
# times as low at twice the distance: 4 of a smooth top and 2 of a kink, where rounding error has 1;
# doubled, kinks are none
ROUNDED = 1.5
# scales of the lattice: the edge of the first simplex; a tenth and a hundredth of it follow
FIRST = 0.02


def new_modes(
    lattices: list[Lattice], seen: Inspection, log_total: float, densities, modes
) -> tuple[np.ndarray, float]:
    """Return the modes (m, d) that hold some mass and that nobody knew, and what share of the mass
    they have of which the lattices know nothing, besides what was seen to be missed.

    `seen` is what was seen off the nodes, `log_total` the log evidence, and `densities` are the log
    density of theta and that of the unconstrained coordinates in which the `modes` (m, d) that are
    known are.
    """
    log_density, of_z = densities
    frame = lattices[0].frame
    factors = [local_factor(of_z, mode) for mode in modes]
    known = list(zip(modes, factors, strict=True))
    tops = [unconstrained(frame.transforms, theta) for theta in (*seen.tops, *seen.thin)]
    higher = _higher(lattices, of_z, known)
    ends = [_climbed(frame, of_z, top) for top in tops + higher]
    if modes.shape[1] == 1:
        afar = far = _far(frame, of_z)
    else:
        afar = _afar(lattices[0], of_z, known)
        far = [z for z in afar if not _within(frame, z)]
    found, beyond, within, explained = [], 0.0, 0.0, 0.0
    for z in sorted(ends + afar, key=lambda z: -float(of_z(z))):
        factor = local_factor(of_z, z)
        if not np.isfinite(factor).all() or any(_same(z, factor, *each) for each in known):
            continue
        known.append((z, factor))
        log_mass = _mass(of_z, z, factor) - log_total
        if log_mass > math.log(FAINT * LIMIT):
            found.append((z, factor))
            mass = math.exp(min(log_mass, 0.0))
            explained += mass
            if any(z is each for each in far):
                beyond += mass
            else:
                within += mass * _untold(lattices, log_density, z)
    counted = _on_humps(frame, seen.missing, found)
    share = beyond + max(within - counted, 0.0)  # of these humps the rest is counted as missed
    explained = max(explained, counted)
    if explained < EXPLAINED * seen.missed:  # a ripple, whose humps are not to be counted
        return modes[:0], share
    return np.array([z for z, _ in found]).reshape(-1, modes.shape[1]), share


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
    from scipy.optimize import minimize  # slow to import

    for size in (FIRST, FIRST / 10, FIRST / 100):
        first = z + np.concatenate([np.zeros((1, z.size)), size * frame.shear.T])
        options = {"initial_simplex": first, "maxfev": STEPS * z.size, "xatol": 0, "fatol": 1e-9}
        z = minimize(
            lambda x: -max(float(of_z(x)), -1e300), z, method="Nelder-Mead", options=options
        ).x
    return z


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
    """Return whether all is lower about z (d,), along the axes of its factor and between them, and
    farther out by as much more as of a top: a climb may end on a ridge, or on rounding error."""
    ways = np.array(list(product((-1, 0, 1), repeat=z.size)))
    ways = ways[np.any(ways != 0, axis=1)] @ factor.T
    near, far = (float(of_z(z)) - of_z(z + times * AROUND * ways) for times in (1, 2))
    return bool(np.min(near) > 0 and np.mean(far) > ROUNDED * np.mean(near))


def _on_humps(frame, missing, found) -> float:
    """Return what places theta (n, d) that lie on the humps of modes (z, factor) have of the mass
    that is missed: of a thin one, a single place stands for far more than the hump has."""
    theta, share = missing
    z, on = unconstrained(frame.transforms, theta), np.zeros(len(share), dtype=bool)
    for mode, factor in found:
        on |= np.linalg.norm(np.linalg.solve(factor, (z - mode).T), axis=0) < HUMP
    return float(np.sum(share[on]))


def _untold(lattices, log_density, z) -> float:
    """Return the share of the density at a top z (d,) within the lattices that the nodes around do
    not tell, of the lattice where it is largest: nearly all of a hump that lies between them."""
    shares = []
    for lattice in lattices:
        u = lattice.frame.locate(constrained(lattice.frame.transforms, z))
        ratio = float(Between(lattice, log_density).log_ratio(u[None])[0])
        shares.append(-math.expm1(-max(ratio, 0.0)))
    return max(shares)


def _within(frame, z) -> bool:
    """Return whether z (d,) lies within the ends of the axes of a lattice."""
    u = frame.locate(constrained(frame.transforms, z))
    return all(axis.lower <= x <= axis.upper for axis, x in zip(frame.axes, u, strict=True))


def _far(frame, of_z) -> list:
    """Return z (1,) at the highest peaks beyond the reach of the lattice of one parameter."""
    z = scans.beyond(frame)
    values = of_z(z[:, None])
    peak = (values[1:-1] > values[:-2]) & (values[1:-1] >= values[2:]) & np.isfinite(values[1:-1])
    rows = 1 + np.flatnonzero(peak)
    rows = rows[np.argsort(-values[rows])][:MOST_FAR]
    return [_zoomed(of_z, z[row - 1], z[row + 1]) for row in rows]


def _zoomed(of_z, low: float, high: float):
    """Return z (1,) at the highest place of a bracket."""
    for _ in range(SHARPENED):
        z = np.linspace(low, high, ZOOM)
        i = int(np.argmax(of_z(z[:, None])))
        low, high = z[max(i - 1, 0)], z[min(i + 1, ZOOM - 1)]
    return np.array([(low + high) / 2])

"""The two sides of a parameter as the outermost nodes of its lattice show them.

Far out a density is below the error of the lattice, and next to an end of the support below the
digits of the parameter; so a side is told from the last nodes that say something.
"""

import math

import numpy as np

from laplace_approx.exact.axis_ends import ORDERS, TINY, End
from laplace_approx.exact.ends import ENDS, Side, find_sides, mass_next_to_end, resolved
from laplace_approx.exact.frame import Frame
from laplace_approx.exact.parameter_numbers import Numbers
from laplace_approx.words.numbers import or_nan

SEEN = (1e-13, 1e-12, 1e-11, 1e-10)  # of the mass on the node where what lies beyond is told


def outermost_sides(frame: Frame, parameter: int, density, near: bool) -> list[Side]:
    """Return the sides of the parameter of axis 0 as they are at the outermost nodes whose marginal
    `density` (points,) rises above the error of the lattice, so that its fall tells what lies
    beyond. `near`: the log density is told how far from an end of its support a node is."""
    axis = frame.axes[0]
    name, found = frame.names[parameter], {}
    values = frame.values(parameter, axis.nodes())
    known = _known(frame, parameter, values, near)
    for share in SEEN:
        seen = np.flatnonzero(known & (density > share * density.sum()))[[0, -1]]
        rows = slice(seen[0], seen[1] + 1)
        for side in find_sides(name, density[rows], values[seen], axis.step):
            if side.end not in found or found[side.end].outside is None:
                side = _before_a_cliff(side, seen, density)
                found[side.end] = _next_to_end(frame, parameter, side, known, density)
    return [found[end] for end in ENDS]


def _known(frame: Frame, parameter: int, values, near: bool):
    """Return at which nodes the density is that of the parameter, and not of an end of its
    support to which it is rounded."""
    if near:
        return np.ones(values.size, dtype=bool)
    return resolved(values, frame.support[:, parameter])


def _before_a_cliff(side: Side, seen, density) -> Side:
    """Return a side beyond which the density falls to nothing at once, with what lies up to
    there at the most: as much as on its last node, from which no tail can be told."""
    at = ENDS.index(side.end)
    beyond = seen[at] + (-1, 1)[at]
    cliff = 0 <= beyond < density.size and density[beyond] == 0 and side.edge > TINY
    return side._replace(outside=side.edge, fault=None) if cliff else side


def _next_to_end(frame: Frame, parameter: int, side: Side, known, density) -> Side:
    """Return a side with what lies between an end of the support and the number next to it,
    where there are nodes with some density that is not known."""
    at = ENDS.index(side.end)
    way = slice(None, None, 1 - 2 * at)
    order = np.arange(density.size)[way]
    order = order[int(np.argmax(known[way])) :]
    lost = density.sum() - density[order].sum()
    if not lost > SEEN[0] * density.sum():
        return side
    u = frame.axes[0].nodes()[order]
    end = frame.support[at, parameter]
    bound = float(np.nextafter(end, math.inf if at == 0 else -math.inf))
    gap = np.abs(frame.values(parameter, u) - end)
    slope = frame.slopes(parameter, u)
    inside = density[known].sum() * frame.axes[0].step
    tail = mass_next_to_end(abs(end - bound), gap, density[order] / inside, slope)
    return side._replace(bound=bound, outside=tail.mass, fault=tail.reason)


def moved_by_tails(pair: tuple[End, End], sides: list[Side], support, numbers: Numbers):
    """Return what the tails beyond the ends of axis 0 move mean, SD and skewness by, at the most:
    by what they add (on a side where the `support` (2,) is bounded, what their mass does at its
    end), and by what they take from the mass inside."""
    lost = sum(or_nan(side.outside) for side in sides)
    shares = np.zeros(len(ORDERS))
    with np.errstate(invalid="ignore"):
        for end, side, bound in zip(pair, sides, support, strict=True):
            if math.isfinite(bound):
                away = abs(bound - numbers.mean) / end.unit
                shares += or_nan(side.outside) * away ** np.array(ORDERS)
            else:
                shares += end.shares
        one, two, three = shares
        two += lost
        three += 3 * (two + lost * abs(numbers.skewness))
        found = np.array([one * pair[0].unit, two * pair[0].unit, three])
    return np.where(np.isnan([numbers.mean, numbers.sd, numbers.skewness]), np.nan, found)

"""The two sides of a parameter as the outermost nodes of its lattice show them.

Far out a density is below the error of the lattice, and next to an end of the support below the
digits of the parameter; so a side is told from the last nodes that say something.
"""

import math

import numpy as np

from laplace_approx.exact.axis import summed_to
from laplace_approx.exact.axis_ends import ORDERS, TINY, End
from laplace_approx.exact.ends import (
    ENDS,
    Side,
    find_sides,
    mass_beyond,
    mass_left_out,
    mass_next_to_end,
    resolved,
)
from laplace_approx.exact.frame import Frame
from laplace_approx.exact.parameter_numbers import Numbers
from laplace_approx.words.numbers import or_nan

SEEN = (1e-13, 1e-12, 1e-11, 1e-10)  # of the mass on the node where what lies beyond is told
# times the density at the last node: so far inward the rule is asked what it would have said;
# doubled, ripples a tenth longer are seen whole
WATCHED = 1e4
RECORDS = 48  # places where it is asked; doubled, ripples of half the length
WAYS = (slice(None), slice(None, None, -1))


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
                outward = density[rows][WAYS[ENDS.index(side.end)]] / (density.sum() * axis.step)
                side = _by_its_record(side, outward, axis.step)
                side = _before_a_cliff(side, seen, density)
                side = _with_faint_nodes(side, seen, np.where(known, density, 0.0))
                found[side.end] = _next_to_end(frame, parameter, side, known, density)
    return [found[end] for end in ENDS]


def _known(frame: Frame, parameter: int, values, near: bool):
    """Return at which nodes the density is that of the parameter, and not of an end of its
    support to which it is rounded."""
    if near:
        return np.ones(values.size, dtype=bool)
    return resolved(values, frame.support[:, parameter])


def _by_its_record(side: Side, outward, step: float) -> Side:
    """Return a side with as many times what is said to lie beyond it as the same rule would have
    said too little on its way there.

    From each of the nodes before the last one, of which `outward` holds the densities, the last
    one first, the rule tells what lies beyond, and the nodes after that how much is there: a tail
    that ripples falls faster than its mean in places, and the last node may be one of these.
    """
    if side.closed or not side.outside:
        return side
    inner = int(np.argmax(outward > WATCHED * outward[0])) or outward.size
    rising = np.append(0.0, np.cumsum((outward[1:inner] + outward[: inner - 1]) / 2) * step)
    asked = np.unique(np.linspace(0, inner - 1, RECORDS).astype(int))[1:]
    told = [mass_beyond(outward[j:], step).mass for j in asked]
    # where the rule tells nothing there is nothing to hold against what came
    known = [(rising[j], x) for j, x in zip(asked, told, strict=True) if x is not None and x > 0]
    short = [(came + side.outside) / x for came, x in known]
    return side._replace(outside=float(side.outside * max([1.0, *short])))


def lost_across(p, frame: Frame, axes) -> float | None:
    """Return what lies beyond the ends of some axes of a lattice with the densities p, as a share:
    for another parameter that may be all on one of its sides. None where there is no telling."""
    total, lost = float(p.sum()), 0.0
    for k in axes:
        step = frame.axes[k].step
        for way in WAYS:
            outward = summed_to(p, k)[way] / (total * step)
            beyond = mass_left_out(outward, step).mass
            if beyond is None and not outward[0] * step < TINY:
                return None
            lost += float(outward[0] * step) if beyond is None else beyond
    return lost


def with_lost(sides: list[Side], lost: float | None) -> list[Side]:
    """Return sides with mass that may lie beyond either."""
    if lost is None:
        fault = "the lattice ends across where the density does not fall"
        return [side._replace(outside=None, fault=side.fault or fault) for side in sides]
    return [
        side if side.closed or side.outside is None else side._replace(outside=side.outside + lost)
        for side in sides
    ]


def _with_faint_nodes(side: Side, seen, density) -> Side:
    """Return a side beyond which there lies no less than on the nodes that say nothing each: where
    a slow tail goes on under a steep one, the fall of that says nothing of it, and there may be
    many such nodes."""
    rows = (slice(None, seen[0]), slice(seen[1] + 1, None))[ENDS.index(side.end)]
    faint = float(density[rows].sum() / density[seen[0] : seen[1] + 1].sum())
    if side.closed or side.outside is None or not faint > side.outside:
        return side
    return side._replace(outside=faint)


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

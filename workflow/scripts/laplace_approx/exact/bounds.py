"""How far a lattice must reach: its axes grow until nothing that counts is left outside.

The distances are those of w, in scales of the alignment. An axis that must reach far is stretched,
w = sinh(c u) / c: a power law becomes an exponential and an exponential falls faster still, so
that a heavy tail costs few nodes more, and the trapezoid rule keeps its convergence (Stenger 1993,
Numerical Methods Based on Sinc and Analytic Functions).
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from laplace_approx.exact.axis import Axis, along_axis, summed_to
from laplace_approx.exact.axis_ends import ORDERS, End, distance_powers, ends_of, log_distances
from laplace_approx.exact.ends import Tail
from laplace_approx.exact.frame import Frame
from laplace_approx.exact.humps import coordinate
from laplace_approx.exact.lattice import evaluate

# scales up to which an axis is not stretched; doubled, the bioassay takes 2.4 times the
# evaluations, halved, 0.6
STRAIGHT = 24.0
# of a stretched axis, each way, that is aimed at; doubled, the bioassay takes 2.4 times the
# evaluations and a banana half, halved, 1.4 times and half
LENGTH = 10.0
# above it nodes lie too far apart next to the centre; doubled, 0.7 to 1.2 times the evaluations,
# but a Student t states an error of 6e-8 for one of 7e-15; halved, 0.7 to 1.5 times, and four times
# the cells of a funnel's lattice
MOST_STRETCH = 1.2
# scales; a growth is one of 1.5 to 20 times, so that twice as far is at most one more
FARTHEST = 1e15
ROUNDS = 100  # growths; from 8 scales to the farthest are fewer than 30
# of a lattice on which growth is judged; doubled, 1.02 times the evaluations of a banana, halved,
# 0.92, and those of no other that was tried
GROWTH_CELLS = 2**18
# times finer at the centre; doubled, 0.9 to 1.0 times the evaluations, halved, 0.8 to 1.6 (a
# funnel)
SHARPENING = 10.0
# of the highest node, moments included: nodes with less are cut off; doubled, a normal's axis ends
# 0.08 SDs of 8.6 earlier
NOTHING = 1e-16
# between the nodes on which growth is judged, by dimension; doubled, 0.95 to 1.25 times the
# evaluations of all, halved, 0.7 to 1.1
STEP = {1: 0.1, 2: 0.4, 3: 0.5}


class Reach(NamedTuple):
    """A frame that reaches far enough, or as far as it goes; `ends[k]` the two ends of axis k."""

    frame: Frame
    ends: tuple[tuple[End, End], ...]


def grow(frame: Frame, log_density: Callable, parameter: int, faint: float = 0.0) -> Reach:
    """Return the frame with its axes grown, and cut back where they reached too far.

    An end grows while it holds more than `TINY` of the mass, and on axis 0, along which
    `parameter` varies alone, while a moment of it up to the third is still in sight; an end with
    no more than a `faint` share is left alone. The nodes keep their distances.
    """
    steps = [axis.step for axis in frame.axes]
    grown = frame.axes
    for _ in range(ROUNDS):  # after the last, what is known is of the frame that was evaluated
        frame = within_limit(frame._replace(axes=grown), GROWTH_CELLS)
        p = _relative(frame, log_density)
        ends = ends_of(frame, p, parameter, faint)
        grown = tuple(
            _grown(axis, pair, step, faint)
            for axis, pair, step in zip(frame.axes, ends, steps, strict=True)
        )
        if grown == frame.axes:
            break
    return Reach(frame._replace(axes=_trimmed(frame, p, parameter, steps)), ends)


def axis_between(low: float, high: float, step: float, centres=()) -> Axis:
    """Return an odd number of nodes at most `step` apart in u, from w = low to w = high, with the
    `centres` of several humps or none."""
    if centres:
        lower, upper = coordinate(np.array([low, high]), centres)
        return Axis(float(lower), float(upper), 2, 0.0, centres).spaced(step)
    stretch = _stretch(max(-low, high))
    u = [math.asinh(stretch * w) / stretch if stretch else w for w in (low, high)]
    return Axis(u[0], u[1], 2, stretch).spaced(step)


def sharper(frame: Frame, k: int) -> Frame:
    """Return the frame with axis k finer by a factor of ten at its centre, and coarser far out.

    The scale of the axis shrinks and its stretch makes up for it, with as many nodes in a unit of
    u. So a density that is far narrower in some places than in others, about the same centre (a
    funnel), needs few nodes more than one of a single scale.
    """
    axis, shear = frame.axes[k], frame.shear.copy()
    if axis.centres:
        centres = tuple((centre, width / SHARPENING) for centre, width in axis.centres)
        ends = (float(axis.stretched(u)) for u in (axis.lower, axis.upper))
        finer = axis_between(*ends, axis.step, centres)
        return frame._replace(axes=(*frame.axes[:k], finer, *frame.axes[k + 1 :]))
    shear[:, k] /= SHARPENING
    ends = (SHARPENING * float(axis.stretched(u)) for u in (axis.lower, axis.upper))
    finer = axis_between(*ends, axis.step)
    axes = tuple(finer if j == k else other for j, other in enumerate(frame.axes))
    ridge = tuple(
        spline.rescaled(j, k, SHARPENING) for j, spline in enumerate(frame.ridge, start=1)
    )
    return frame._replace(shear=shear, axes=axes, ridge=ridge)


def within_limit(frame: Frame, cells: int) -> Frame:
    """Return the frame with its longest axes thinned until it has no more than so many cells."""
    axes = list(frame.axes)
    while math.prod(axis.points for axis in axes) > cells:
        k = max(range(len(axes)), key=lambda k: axes[k].points)
        others = math.prod(axis.points for j, axis in enumerate(axes) if j != k)
        points = max(axes[k].points // 2, min(axes[k].points - 2, cells // others))
        axes[k] = axes[k]._replace(points=(points - 1) | 1)
    return frame._replace(axes=tuple(axes))


def _relative(frame, log_density):
    p, _ = evaluate(frame, log_density).relative()
    return p


def _grown(axis: Axis, pair: tuple[End, End], step: float, faint: float) -> Axis:
    w = [float(axis.stretched(u)) for u in (axis.lower, axis.upper)]
    growing = [i for i in (0, 1) if pair[i].must_grow(faint) and abs(w[i]) < FARTHEST]
    width = w[1] - w[0]
    for i in growing:
        way = (-1, 1)[i]
        if way * w[i] > 0:
            w[i] = way * min(_further(abs(w[i]), pair[i].tail), FARTHEST)
        else:  # the axis was cut back beyond its centre: outward is toward it
            w[i] += way * width
    return axis_between(*w, step, axis.centres) if growing else axis


def _further(reach: float, tail: Tail) -> float:
    if reach < STRAIGHT:
        return 1.5 * reach
    return reach * (4 if tail.mass is not None else 20)


def _stretch(reach: float) -> float:
    """Return c such that sinh(c u) / c reaches that far at u = LENGTH, 0 for a short reach."""
    if reach <= STRAIGHT:
        return 0.0
    low, high = 1e-3, MOST_STRETCH
    for _ in range(50):
        c = (low + high) / 2
        low, high = (c, high) if math.sinh(c * LENGTH) / c < reach else (low, c)
    return high


def _trimmed(frame, p, parameter, steps) -> tuple[Axis, ...]:
    """Cut each axis where what lies beyond counts for nothing, neither in mass nor in moments."""
    density = summed_to(p, 0)
    if not density.sum() > 0:
        return frame.axes
    log_distance, _ = log_distances(frame, parameter, density / density.sum())
    power = distance_powers(max(ORDERS), log_distance, density > 0)
    weighted = p * along_axis(power, 0, p.ndim)
    axes = []
    for k, (axis, step) in enumerate(zip(frame.axes, steps, strict=True)):
        mass, moment = summed_to(p, k), summed_to(weighted, k)
        counts = (mass > NOTHING * np.max(mass)) | (moment > NOTHING * np.max(moment))
        counts = np.flatnonzero(counts)
        u = axis.nodes()
        first, last = max(counts[0] - 1, 0), min(counts[-1] + 1, u.size - 1)
        ends = (float(axis.stretched(u[i])) for i in (first, last))
        axes.append(axis_between(*ends, step, axis.centres))
    return tuple(axes)

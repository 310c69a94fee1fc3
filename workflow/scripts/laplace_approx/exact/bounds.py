"""How far a lattice must reach: its axes grow until nothing that counts is left outside.

The distances are those of w, in scales of the pilot. An axis that must reach far is stretched,
w = sinh(c u) / c: a power law becomes an exponential and an exponential falls faster still, so
that a heavy tail costs few nodes more, and the trapezoid rule keeps its convergence (Stenger 1993,
Numerical Methods Based on Sinc and Analytic Functions).
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from laplace_approx.exact.axis import Axis
from laplace_approx.exact.ends import Tail, mass_beyond
from laplace_approx.exact.frame import Frame
from laplace_approx.exact.humps import coordinate
from laplace_approx.exact.lattice import LARGEST, evaluate

STRAIGHT = 24.0  # scales up to which an axis is not stretched
LENGTH = 10.0  # of a stretched axis, each way, that is aimed at
MOST_STRETCH = 1.2
FARTHEST = 1e15  # scales
ROUNDS = 100
GROWTH_CELLS = 2**18
SHARPENING = 10.0
TINY = 1e-12  # mass beyond the last node, and on it, at which an axis need not grow
NOTHING = 1e-16  # of the highest node, moments included: nodes with less are cut off
TINY_MOMENT = 1e-9  # likewise for the absolute standardised moments
TOLD_MOMENT = 1e-6  # of them, where the tail ends: more beyond is too much for its error to be one
DIGITS = 1e-290  # of the highest node: nodes with less have lost digits, and tell no slope
ORDERS = (1, 2, 3)  # of the moments: mean, SD, skewness
STEP = {1: 0.1, 2: 0.4, 3: 0.5}  # between the nodes on which growth is judged, by dimension


class End(NamedTuple):
    """What a lattice shows at one end of an axis.

    `edge` is the share of the mass on the outermost node that has any, `tail` what lies beyond
    it, and `moments` the orders of the moments whose tail is not negligible. `cliff`: the node is
    not the last, and the density falls from it to nothing. `shares` are the tails of the absolute
    moments about the mean, by order, in powers of the `unit` of theta; NaN where not known.
    `spent`: the nodes beyond have no density, so that there is no more of the tail to be had.
    """

    edge: float
    tail: Tail
    moments: tuple[int, ...]
    cliff: bool
    shares: tuple[float, ...] = (math.nan,) * len(ORDERS)
    spent: bool = False
    unit: float = math.nan

    def holds(self, mass: float, faint: float = 0.0) -> bool:
        """Whether more than a mass is on or beyond the last node, as far as can be told, and the
        node holds more than a `faint` share."""
        empty = self.edge <= faint or (self.edge < mass and _negligible(self.tail.mass, mass))
        return not (self.cliff or empty)

    @property
    def absent(self) -> tuple[int, ...]:
        """The orders of the moments that cannot be told. Where there is no more of the tail to be
        had, a moment can, if next to nothing of it lies beyond."""
        kept = TOLD_MOMENT if self.spent else 0.0
        return tuple(order for order in self.moments if not self.shares[order - 1] < kept)

    def must_grow(self, faint: float) -> bool:
        return self.holds(TINY, faint) or bool(self.moments and not self.spent)


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
    for _ in range(ROUNDS):
        frame = within_limit(frame, GROWTH_CELLS)
        p = _relative(frame, log_density)
        ends = ends_of(frame, p, parameter, faint)
        grown = tuple(
            _grown(axis, pair, step, faint)
            for axis, pair, step in zip(frame.axes, ends, steps, strict=True)
        )
        if grown == frame.axes:
            break
        frame = frame._replace(axes=grown)
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


def ends_of(frame: Frame, p, parameter: int, faint: float = 0.0) -> tuple[tuple[End, End], ...]:
    """Return the ends of every axis. Those of the others are judged under the highest moment of
    the parameter that axis 0 holds: far out, they may have to be far wider. A tail counts only
    where the last node has more than a `faint` share, of the mass or of the moment."""
    density = _marginal(p, 0)
    total = density.sum()
    if not total > 0:
        nothing = End(0.0, Tail(None, "no density"), (), False)
        return ((nothing, nothing),) * p.ndim
    log_distance, unit = _log_distance(frame, parameter, density / total)
    closed = _closed(frame, parameter, density)
    first = _ends(density, frame.axes[0].step, log_distance, faint, closed)
    first = tuple(end._replace(unit=unit) for end in first)
    held = [order for order in ORDERS if not any(order in end.moments for end in first)]
    if held:
        power = _power(max(held), log_distance, density > 0)
        p = p * (1 + power).reshape((-1,) + (1,) * (p.ndim - 1))
    others = (_ends(_marginal(p, k), frame.axes[k].step, None, faint) for k in range(1, p.ndim))
    return (first, *others)


def _marginal(p, k):
    return p.sum(axis=tuple(j for j in range(p.ndim) if j != k))


def _ends(marginal, step, log_distance, faint, closed=(False, False)) -> tuple[End, End]:
    """Return both ends of an axis; `log_distance` is that of the parameter of axis 0 from its
    mean, in SDs, None on the other axes, and `closed` says at which ends its support is bounded:
    there all moments exist."""
    mass = marginal / marginal.sum()
    found = []
    for way, bounded in zip((slice(None), slice(None, None, -1)), closed, strict=True):
        outward = mass[way] / step
        first = int(np.argmax(outward > 0))
        edge = float(outward[first] * step)
        cliff = first > 0 and edge > TINY
        heavy, shares = (), (0.0,) * len(ORDERS)
        tail = mass_beyond(outward[first:], step)
        if log_distance is not None and bounded:
            share = edge if cliff else math.nan if tail.mass is None else tail.mass
            shares = tuple(share * math.exp(order * log_distance[way][first]) for order in ORDERS)
        elif log_distance is not None:
            heavy, shares = _heavy(outward, log_distance[way], step, faint, cliff)
        found.append(End(edge, tail, heavy, cliff, shares, first > 0))
    return tuple(found)


def _closed(frame, parameter, density) -> tuple[bool, ...]:
    """Return at which ends of axis 0 the parameter is bounded: by its support, or since the density
    falls off a cliff at a number."""
    ends = frame.values(parameter, frame.axes[0].nodes()[[0, -1]])
    found = []
    for k, bound in enumerate(frame.support[:, parameter]):
        outward = density if k == 0 else density[::-1]
        first = int(np.argmax(outward > 0))
        cliff = first > 0 and outward[first] > TINY * density.sum()
        found.append(bool(math.isfinite(bound) or (cliff and math.isfinite(ends[k]))))
    return tuple(found)


def _heavy(outward, log_distance, step, faint, cliff):
    """Return the orders of the moments of which more than a negligible part lies beyond the last
    node (all of them beyond a cliff), and that part of each."""
    if cliff:
        return ORDERS, (math.nan,) * len(ORDERS)
    last = int(np.argmax(outward > DIGITS * outward.max()))
    heavy, shares = [], []
    for order in ORDERS:
        with np.errstate(divide="ignore"):
            log_part = np.log(outward) + order * log_distance
        log_part = np.where(outward > 0, log_part, -np.inf)[last:]
        # of the whole moment, or of the SD to its power where that is more
        size = max(0.0, float(np.max(log_part)) + math.log(step))
        part = np.exp(log_part - size)
        share = mass_beyond(part, step).mass
        if part[0] * step > faint * (math.exp(-size) + part.sum() * step) and not _negligible(
            share, TINY_MOMENT
        ):
            heavy.append(order)
        shares.append(math.nan if share is None else share * math.exp(min(size, LARGEST)))
    return tuple(heavy), tuple(shares)


def _log_distance(frame, parameter, mass):
    """Return log(|theta - mean| / SD) at the nodes of axis 0 under their masses, -inf where there
    is no mass, and the SD. Where mean and SD are beyond all numbers, the median and half the
    central 68 % stand in for them."""
    with np.errstate(all="ignore"):
        theta = np.where(mass > 0, frame.values(parameter, frame.axes[0].nodes()), 0.0)
        mean = mass @ theta
        sd = np.sqrt(mass @ np.where(mass > 0, (theta - mean) ** 2, 0.0))
        if not math.isfinite(sd):
            rising = np.searchsorted(np.cumsum(mass), (0.16, 0.5, 0.84))
            low, mean, high = theta[np.minimum(rising, mass.size - 1)]
            sd = (high - low) / 2
        away = np.where(mass > 0, np.log(np.abs(theta - mean)) - np.log(sd), -np.inf)
    return (away if sd > 0 else np.full(mass.shape, -np.inf)), float(sd)


def _power(order: int, log_distance, kept):
    """Return the distances to this power, less than infinite, and 0 where nothing is kept."""
    return np.where(kept, np.exp(np.minimum(order * log_distance, LARGEST)), 0.0)


def _negligible(mass, limit) -> bool:
    return mass is not None and mass < limit


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
    density = _marginal(p, 0)
    if not density.sum() > 0:
        return frame.axes
    log_distance, _ = _log_distance(frame, parameter, density / density.sum())
    power = _power(max(ORDERS), log_distance, density > 0)
    weighted = p * power.reshape((-1,) + (1,) * (p.ndim - 1))
    axes = []
    for k, (axis, step) in enumerate(zip(frame.axes, steps, strict=True)):
        mass, moment = _marginal(p, k), _marginal(weighted, k)
        counts = (mass > NOTHING * np.max(mass)) | (moment > NOTHING * np.max(moment))
        counts = np.flatnonzero(counts)
        u = axis.nodes()
        first, last = max(counts[0] - 1, 0), min(counts[-1] + 1, u.size - 1)
        ends = (float(axis.stretched(u[i])) for i in (first, last))
        axes.append(axis_between(*ends, step, axis.centres))
    return tuple(axes)

"""What a lattice shows at the ends of its axes: what lies there and beyond, of which moments."""

import math
from typing import NamedTuple

import numpy as np

from laplace_approx.exact.axis import along_axis, summed_to
from laplace_approx.exact.ends import Tail, mass_beyond
from laplace_approx.exact.frame import Frame
from laplace_approx.exact.lattice import LARGEST
from laplace_approx.words.numbers import or_nan

# mass beyond the last node, and on it, at which an axis need not grow; doubled, a normal may end
# 0.1 SDs of 7 earlier
TINY = 1e-12
# likewise for the absolute standardised moments; doubled, twice as much of one may lie beyond and
# count for nothing
TINY_MOMENT = 1e-9
# of them, where the tail ends: more beyond is too much for its error to be one; doubled, such an
# error may be twice as large
TOLD_MOMENT = 1e-6
# of the highest node: nodes with less have lost digits, and tell no slope; these are lost from
# 2e-308 on
DIGITS = 1e-290
ORDERS = (1, 2, 3)  # of the moments: mean, SD, skewness


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


def ends_of(frame: Frame, p, parameter: int, faint: float = 0.0) -> tuple[tuple[End, End], ...]:
    """Return the ends of every axis. Those of the others are judged under the highest moment of
    the parameter that axis 0 holds: far out, they may have to be far wider. A tail counts only
    where the last node has more than a `faint` share, of the mass or of the moment."""
    density = summed_to(p, 0)
    total = density.sum()
    if not total > 0:
        nothing = End(0.0, Tail(None, "no density"), (), False)
        return ((nothing, nothing),) * p.ndim
    log_distance, unit = log_distances(frame, parameter, density / total)
    closed = _closed(frame, parameter, density)
    first = _ends(density, frame.axes[0].step, log_distance, faint, closed)
    first = tuple(end._replace(unit=unit) for end in first)
    held = [order for order in ORDERS if not any(order in end.moments for end in first)]
    if held:
        power = distance_powers(max(held), log_distance, density > 0)
        p = p * (1 + along_axis(power, 0, p.ndim))
    others = (_ends(summed_to(p, k), frame.axes[k].step, None, faint) for k in range(1, p.ndim))
    return (first, *others)


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
            share = edge if cliff else or_nan(tail.mass)
            power = [min(order * log_distance[way][first], LARGEST) for order in ORDERS]
            shares = tuple(share * math.exp(each) for each in power)
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


def log_distances(frame, parameter, mass):
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


def distance_powers(order: int, log_distance, kept):
    """Return the distances to this power, less than infinite, and 0 where nothing is kept."""
    return np.where(kept, np.exp(np.minimum(order * log_distance, LARGEST)), 0.0)


def _negligible(mass, limit) -> bool:
    return mass is not None and mass < limit

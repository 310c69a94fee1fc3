"""The moving frame of a parameter: what its ridge is, from a cheap look at the conditional density.

At knots along axis 0 the density along the next axis is looked at on a few nodes, again and again
over a range that closes in on what has mass; its mean and SD are where that axis lies and how wide
it is there. With a third axis, the mass of every place on the second is found by such a look along
the third. Nothing that is found here enters a number: it decides only where the nodes go.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from laplace_approx.exact.axis import Axis
from laplace_approx.exact.bounds import Reach, axis_between, grow
from laplace_approx.exact.frame import Frame
from laplace_approx.exact.ridge import spline_through
from laplace_approx.exact.unconstrained import density_of_z

# between knots along an axis, by dimension; doubled, 0.94 to 1.01 times the evaluations of all,
# halved, 0.9 to 1.1
KNOT = {2: 0.125, 3: 0.5}
# knots beyond either end; doubled or halved, up to 1.3 times the evaluations of a banana, and the
# same of others
BEYOND = 4
# of a look along a line, by dimension; doubled, 0.97 to 1.03 times the evaluations of all, halved,
# 0.8 to 1.0
NODES = {2: 65, 3: 25}
# of the first look; doubled, 1.06 to 1.11 times the evaluations of all, halved, 0.92 to 0.97
FIRST_NODES = {2: 257, 3: 49}
# scales each way; halved or doubled, 0.94 to 1.14 times the evaluations of a banana, and the same
# of others
FIRST_REACH = 16.0
# below its highest place: as far as the density counts for its mean and SD; doubled, 0.8 to 1.0
# times the evaluations, halved, 0.7 to 1.2, with four times the cells of a banana's lattice
LEVEL = 10.0
# of the nodes of a look: it is close enough where so many of them count; doubled, 1.0 to 1.2 times
# the evaluations, halved, 0.94 to 1.0
FEW = 0.3
LOOKS = 40  # of a line, each closer or farther than the last; halved or doubled, nothing changes
# scales; each look reaches twice as far or more, so that twice that is at most one more
FARTHEST = 1e13
REACH = 8.0  # SDs each way that an axis begins with
STEP = {2: 0.2, 3: 0.5}  # between the nodes on which growth is judged
REBUILT = 12  # times that the ridge is followed farther out; halved or doubled, nothing changes


class Seen(NamedTuple):
    """What looks along lines (J,) saw: the log mass, mean and SD of the density along each."""

    log_mass: np.ndarray
    mean: np.ndarray
    sd: np.ndarray


def moving_reach(frame: Frame, log_density: Callable, parameter: int) -> Reach | None:
    """Return the reach of the moving frame about a sheared one, of two or three parameters; None
    where no ridge is seen.

    The ridge is followed as far as axis 0 reaches, and farther where it grows.
    """
    d = len(frame.axes)
    sure = _along(frame, log_density)
    axes = [axis_between(-REACH, REACH, STEP[d])] * (d - 1)
    ends = [float(frame.axes[0].stretched(u)) for u in (frame.axes[0].lower, frame.axes[0].upper)]
    frame = frame._replace(axes=(axis_between(*ends, STEP[d]), *axes))
    for _ in range(REBUILT):
        followed = _followed(frame, sure)
        if followed is None:
            return None
        reach = grow(followed, log_density, parameter)
        if all(_within(new, old) for new, old in zip(reach.frame.axes, frame.axes, strict=True)):
            return reach
        frame = frame._replace(
            axes=tuple(
                _wider(old, new, STEP[d])
                for old, new in zip(frame.axes, reach.frame.axes, strict=True)
            )
        )
    return reach


def _within(new: Axis, old: Axis) -> bool:
    """Whether an axis reaches no farther than a little beyond another."""
    margin = 1.05
    ends = ((float(a.stretched(a.lower)), float(a.stretched(a.upper))) for a in (new, old))
    (low, high), (least, most) = ends
    width = (margin - 1) * (most - least)
    return low >= least - width and high <= most + width


def _wider(old: Axis, new: Axis, step: float) -> Axis:
    low = min(float(axis.stretched(axis.lower)) for axis in (old, new))
    high = max(float(axis.stretched(axis.upper)) for axis in (old, new))
    return axis_between(low, high, step)


def _along(frame: Frame, log_density: Callable) -> Callable:
    """Return the log density of v = shear^-1 (z - origin), up to a constant, for v[k] that
    broadcast."""
    of_z = density_of_z(log_density, frame.transforms, frame.support)

    def of_v(*v):
        return of_z(frame.origin + np.stack(np.broadcast_arrays(*v), axis=-1) @ frame.shear.T)

    return of_v


def _followed(frame: Frame, log_density: Callable) -> Frame | None:
    """Return the frame with the ridge of its density along its axes."""
    d = len(frame.axes)
    first = _knots(frame.axes[0], KNOT[d])
    w = frame.axes[0].stretched(first)
    if d == 2:
        seen = looked_at(lambda v, i: log_density(w[i, None], v), w.size, d)
        ridge = (_spline(frame.axes[:1], (first,), seen),)
        return None if ridge[0] is None else frame._replace(ridge=ridge)

    def mass_at(v, i):
        flat, at = v.ravel(), np.repeat(w[i], v.shape[1])
        inner = looked_at(lambda x, j: log_density(at[j, None], flat[j, None], x), flat.size, d)
        return inner.log_mass.reshape(v.shape)

    middle = _spline(frame.axes[:1], (first,), looked_at(mass_at, w.size, d))
    if middle is None:
        return None
    second = _knots(frame.axes[1], KNOT[d])
    centre, log_scale = middle.at(w)
    along = np.repeat(w, second.size)
    across = centre[:, None] + np.exp(log_scale)[:, None] * frame.axes[1].stretched(second)
    flat = across.ravel()
    seen = looked_at(lambda x, j: log_density(along[j, None], flat[j, None], x), flat.size, d)
    shaped = Seen(*(x.reshape(across.shape) for x in seen))
    last = _spline(frame.axes[:2], (first, second), shaped)
    return None if last is None else frame._replace(ridge=(middle, last))


def _knots(axis: Axis, step: float):
    """Return places in u at most `step` apart over an axis, and a few beyond its ends."""
    count = math.ceil((axis.upper - axis.lower) / step) + 1
    step = (axis.upper - axis.lower) / (count - 1)
    return axis.lower + step * np.arange(-BEYOND, count + BEYOND)


def _spline(axes, knots, seen: Seen):
    """Return the spline of what was seen, where nothing was by what was seen beside it; None where
    nothing was seen at all."""
    known = np.isfinite(seen.log_mass) & (seen.sd > 0)
    if not known.any():
        return None
    mean, log_sd = (_filled(x, known) for x in (seen.mean, np.log(np.where(known, seen.sd, 1.0))))
    lower, step = [float(k[0]) for k in knots], [float(k[1] - k[0]) for k in knots]
    return spline_through(tuple(lower), tuple(step), tuple(a.stretch for a in axes), mean, log_sd)


def _filled(values, known):
    """Return values with those that are not known replaced by the nearest known ones."""
    if known.all():
        return values
    places = np.argwhere(known)
    found = values.copy()
    for place in np.argwhere(~known):
        nearest = places[np.argmin(np.sum(np.abs(places - place), axis=1))]
        found[tuple(place)] = values[tuple(nearest)]
    return found


def looked_at(log_density: Callable, lines: int, d: int) -> Seen:
    """Return what is seen along lines: `log_density(v, which)` is the log density at places v
    (N, n) of the lines `which` (N,).

    Each range grows where the highest places are at its end, and closes in on the places no more
    than `LEVEL` below the highest until enough of its nodes are.
    """
    low, high = np.full(lines, -FIRST_REACH), np.full(lines, FIRST_REACH)
    seen = Seen(np.full(lines, -np.inf), np.zeros(lines), np.zeros(lines))
    active, nodes = np.arange(lines), FIRST_NODES[d]
    for _ in range(LOOKS):
        v = low[active, None] + (high - low)[active, None] * np.linspace(0, 1, nodes)
        with np.errstate(all="ignore"):
            value = log_density(v, active)
        top = value.max(axis=1)
        found = np.isfinite(top)
        counts = value > np.where(found, top, 0.0)[:, None] - LEVEL
        first, last = counts.argmax(axis=1), nodes - 1 - counts[:, ::-1].argmax(axis=1)
        _noted(seen, active, v, value, counts, top)
        width = high[active] - low[active]
        below, above = first == 0, last == nodes - 1
        new_low = np.where(
            below, low[active] - width, v[np.arange(top.size), np.maximum(first - 1, 0)]
        )
        new_high = np.where(
            above, high[active] + width, v[np.arange(top.size), np.minimum(last + 1, nodes - 1)]
        )
        far = np.maximum(np.abs(new_low), np.abs(new_high)) > FARTHEST
        close = ~(below | above) & (last - first > FEW * nodes)
        low[active], high[active] = new_low, new_high
        active = active[found & ~far & ~close]
        nodes = NODES[d]
        if active.size == 0:
            break
    return seen


def _noted(seen: Seen, active, v, value, counts, top) -> None:
    """Write down the log mass, the mean and the SD of the places that count."""
    with np.errstate(all="ignore"):
        weight = np.where(counts, np.exp(value - top[:, None]), 0.0)
        total = weight.sum(axis=1)
        mean = np.sum(weight * v, axis=1) / total
        step = v[:, 1] - v[:, 0]
        variance = np.sum(weight * (v - mean[:, None]) ** 2, axis=1) / total
        # what lies between two nodes has no spread that they can see
        sd = np.sqrt(np.where(total > 1.5, variance, step**2 / 12))
        log_mass = top + np.log(total * step)
    for field, found in zip(seen, (log_mass, mean, sd), strict=True):
        field[active] = found

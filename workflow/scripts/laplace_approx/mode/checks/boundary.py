"""Whether the log density is highest at the edge of its support."""

from typing import NamedTuple

import numpy as np

from laplace_approx.mode.checks.digits import scatter_at

# of the distance to an edge, to 1e-12 of it: each costs a point a side; half as many, to 1e-6
HALVINGS = np.arange(0, 41)
# of the same, to where floating point ends, for mass that may be infinite: only where an edge was
# found
FAR_HALVINGS = np.concatenate([np.arange(0, 48, 4), np.arange(64, 961, 32)])
# of log density + log distance: what is no fall; 1/x has 0, and x^-0.99 0.01: halved or doubled,
# the same are told apart
SLOPE = 1e-6
# of the scale: how far off a maximum at the edge is looked at from; halved or doubled, what was
# tried of tests/mode comes out the same
BACK_OFF = 1e-3
# of the scale: how far aside the mass is looked at; halved or doubled, what was tried of
# tests/mode comes out the same
JITTER = 0.1
# where exp(z), exp(2 z), ... overflow or vanish: an end of the arithmetic, not of the support
ENDS = (np.array([709.78, 745.13, 708.4]) / np.array([[0.5], [1.0], [2.0], [3.0], [4.0]])).ravel()
# relative rounding of the log density that is no rise; halved or doubled, what was tried of
# tests/mode comes out the same
RISE = 1e-9
# times its scatter on the way to the edge is no fall; doubled, what was tried of tests/mode comes
# out the same
SCATTERS = 10
# scales between an end that is found and a declared bound, which are then one; halved or doubled,
# what was tried of tests/mode comes out the same
SAME_EDGE = 1e-6
# doublings of the distance to a bound, over which the slope toward it is told; doubled, more of the
# way is seen on which something else than the bound may count
OUTWARD = 10
FEWEST = 3  # points on the way: of two, any slope looks like a rise
# points on the way, each half as far from the edge, that scatter little: to 1e-3 of the way;
# doubled, 1e-6
CLEAN = 10


def is_end_of_arithmetic(value):
    """Whether exp of value (...) or of a small multiple overflows or vanishes, or its square."""
    size = np.abs(np.asarray(value, dtype=float))[..., None]
    return np.any(np.abs(size / ENDS - 1) < 0.02, axis=-1) | (size[..., 0] > 1e70)


class Edge(NamedTuple):
    """Coordinate `index`, on whose `upper` (or lower) side the log density rises to the edge.

    `bound` is where the edge lies, `declared` whether that is a declared bound, `value` the
    coordinate now, `rise` the gain in log density on the way; `endless` says that it rises so
    steeply, like 1/distance or more, that the mass near the edge is infinite.
    """

    index: int
    upper: bool
    bound: float
    declared: bool
    value: float
    rise: float
    endless: bool


def edge_maximum(evaluator, x, scale):
    """Return the `Edge` towards which the log density rises from x (d,), or None.

    On each axis the distance to the declared bound, or to where the density is found to end
    within `scale` (d,), is halved again and again: the log density must rise and never fall.
    """
    value = float(evaluator.far(x))
    least = RISE * max(1.0, abs(value))
    for i in range(x.size):
        for upper, side in ((False, evaluator.lower), (True, evaluator.upper)):
            for bound, declared in _edges_beside(evaluator, x, i, upper, scale[i], side[i]):
                # an ascent may have come so near that nothing is left to rise: from further off
                distance = max(abs(x[i] - bound), BACK_OFF * scale[i]) * np.exp2(-HALVINGS)
                points = np.repeat(x[None], HALVINGS.size, axis=0)
                points[:, i] = bound - distance if upper else bound + distance
                rise = _rise(evaluator, points, least, scale)
                if rise is not None:
                    endless = _infinite_mass(evaluator, points[0], i, bound, scale)
                    return Edge(i, upper, bound, declared, float(x[i]), rise, endless)
    return None


def log_helps(evaluator, x, i: int, bound: float, scale) -> bool:
    """Return whether the density of the log of the distance to a bound, log p + log distance, falls
    toward it, on the line from x (d,) on which it is held against edges (`edge_maximum`).

    It is told from the highest place on the line outward: nearer to the bound others, which have
    followed so far and no farther, would bring the density down. Where it does not fall, as at the
    end where the scale of a hierarchy is 0 and its n effects give distance^-n, no logarithm moves
    the mode inside.
    """
    if not np.isfinite(bound):  # the support ends where no bound is declared: no one has looked
        return True
    distance = max(abs(x[i] - bound), BACK_OFF * scale[i]) * np.exp2(-HALVINGS)
    points = np.repeat(x[None], distance.size, axis=0)
    points[:, i] = bound + np.copysign(distance, x[i] - bound)
    values = evaluator.far(points)
    top = int(np.argmax(values))
    first = max(top - OUTWARD, 0)
    if not np.isfinite(values[[first, top]]).all() or top - first < FEWEST:
        return True
    log_distance = np.log(np.abs(points[[first, top], i] - bound))
    slope = -(values[top] - values[first]) / (log_distance[1] - log_distance[0])
    return bool(slope < 1 - SLOPE)


def _edges_beside(evaluator, x, i, upper, scale, declared):
    """Return (bound, whether it is declared) of the edges on one side of x (d,) along axis i: the
    declared one, and what is found short of it, where the data end the support."""
    bounds = [(float(declared), True)] if np.isfinite(declared) else []
    hidden = _hidden_edge(evaluator, x, i, upper, scale)
    if hidden is not None and not abs(hidden - declared) < SAME_EDGE * scale:
        bounds.append((hidden, False))
    return [each for each in bounds if not is_end_of_arithmetic(each[0])]


def _rise(evaluator, points, least, scale):
    """Return the gain of log density along points (n, d), None where it falls by more than `least`.

    Where it does, and its scatter is larger: the gain as far as the scatter does not hide it, if
    ten points are left.
    """
    values = evaluator.far(points)
    finite = np.isfinite(values)
    points, values = points[finite], values[finite]
    if values.size <= FEWEST:
        return None
    found = _gain(values, least)
    if found is not None or values.size < CLEAN:
        return found
    slacks = np.maximum.accumulate(SCATTERS * scatter_at(evaluator, points, scale))
    for n in range(values.size, CLEAN - 1, -1):
        found = _gain(values[:n], max(least, float(slacks[n - 1])))
        if found is not None:
            return found
    return None


def _gain(values, slack):
    rise = float(values[-1] - values[0])
    return rise if np.all(np.diff(values) >= -slack) and rise > 10 * slack else None


def _infinite_mass(evaluator, x, i, bound, scale) -> bool:
    """Whether log density + log distance does not fall as coordinate i of x nears the bound.

    Looked at with the other coordinates a little aside of x, either way: on the very ridge of a
    density it may rise where its mass does not.
    """
    aside = JITTER * scale * np.where(np.arange(x.size) % 2, 1.0, -1.0)
    points = np.repeat(np.stack([x - aside, x + aside])[:, None], FAR_HALVINGS.size, axis=1)
    distance = np.abs(x[i] - bound) * np.exp2(-FAR_HALVINGS)
    points[:, :, i] = bound + np.sign(x[i] - bound) * distance
    values = evaluator.far(points)
    resolved = np.abs(points[0, :, i] - bound) > 0
    for row in values:
        usable = np.flatnonzero(np.isfinite(row) & resolved)[-3:]
        if usable.size < 3:
            return False
        log_distance = np.log(np.abs(points[0, usable, i] - bound))
        mass = row[usable] + log_distance
        if not np.all(np.diff(mass) >= -SLOPE * np.abs(np.diff(log_distance))):
            return False
    return True


def _hidden_edge(evaluator, x, i, upper, scale):
    """Return where the density ends along axis i, by bisection, or None if not within a scale."""
    sign = 1.0 if upper else -1.0
    near, far = 0.0, float(scale)
    if np.isfinite(_at(evaluator, x, i, sign * far)):
        return None
    for _ in range(200):
        middle = 0.5 * (near + far)
        if middle in (near, far):
            break
        if np.isfinite(_at(evaluator, x, i, sign * middle)):
            near = middle
        else:
            far = middle
    return float(x[i] + sign * far)


def _at(evaluator, x, i, move):
    point = x.copy()
    point[i] += move
    return evaluator.far(point)

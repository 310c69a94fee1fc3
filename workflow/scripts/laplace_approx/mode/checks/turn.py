"""Angles: a log density that comes back after a turn, on a line or on a circle that is cut."""

import itertools
from typing import NamedTuple

import numpy as np

# relative difference of two log densities that are one; halved or doubled, what was tried of
# tests/mode comes out the same
SAME = 1e-9
# some on, some back, and no two with a common part that a shorter period would hide: six points a
# place
TURNS = np.array([1.0, 2.0, 5.0, 17.0, -1.0, -8.0])
# of the way from one mode to another, which may lie several turns apart; doubled, 0.9 % of a
# search, and only of a periodic one
MOST_PARTS = 12
# scales: the other places at which a period is tried; halved or doubled, what was tried of
# tests/mode comes out the same
ASIDE = 1.0
# least gain towards the cut, of log density, that is a hump: a hundredth of a per cent of density
NOTABLE = 1e-4
# of log density: three SDs; a hump that falls less has no normal to speak of. Doubled, four and a
# quarter: cuts through flatter humps go unsaid
DEEP = 4.5
PLACES = 257  # on the circle: the lowest is then known to 0.4 % of it; each is a point
# of the circle: how near to its two ends the density is held against itself; the slope is followed
# over twice that
BESIDE = 1e-6
# of the circle, for the slopes on both sides of the cut; doubled, the curvature changes them by
# twice as much
SLOPE_AT = 1e-4
# relative difference of these that the curvature may make; halved, circles are not seen as such
# where the slope at the cut bends half as fast
SLOPES = 0.05


def period(evaluator, modes, scale, rng):
    """Return (coordinate, period) in which the log density is periodic, or None.

    `modes` are pairs (x (d,), log density). Two of the same height that differ in one unbounded
    coordinate alone say what the period would be; it is one if the log density is the same after
    1, 2, 5, 17 turns and some back, at the modes and at places aside.
    """
    free = np.isinf(evaluator.lower) & np.isinf(evaluator.upper)
    found = []
    for (x, height), (other, same) in itertools.combinations(modes, 2):
        apart = np.abs(x - other)
        moved = np.flatnonzero(apart > 1e-6 * scale)
        if moved.size == 1 and free[moved[0]] and abs(height - same) < SAME * (1 + abs(height)):
            found.append((float(apart[moved[0]]), int(moved[0])))
    for turn, i in sorted(found):
        base = modes[0][0]
        aside = base + ASIDE * scale * rng.uniform(-1, 1, (5, base.size))
        points = np.concatenate([base[None], aside])
        for part in range(MOST_PARTS, 0, -1):  # the modes found may lie several turns apart
            if _comes_back(evaluator, points, i, turn / part):
                return i, turn / part
    return None


def _comes_back(evaluator, points, i, turn) -> bool:
    values = evaluator.far(points)
    moved = np.repeat(points[:, None], TURNS.size, axis=1)
    moved[..., i] += TURNS * turn
    after = evaluator.far(moved)
    usable = np.isfinite(values)
    slack = 1e3 * SAME * (1 + np.abs(values[usable, None]))  # the turn is known to 1e-6 SD or so
    return bool(usable.any() and np.all(np.abs(after[usable] - values[usable, None]) < slack))


class HumpCut(NamedTuple):
    """A circle that is cut through a hump: coordinate `index`, the `turn`, the gain in log density
    `above` from the lowest place of the circle to the cut, and that place, `lowest`."""

    index: int
    turn: float
    above: float
    lowest: float


def cut_hump(evaluator, x, rng):
    """Return the `HumpCut` of a hump around the mode x (d,) that goes on at the other end, or None.

    A coordinate with two bounds is an angle if the log density and its slope are the same at both
    ends, wherever the others are. The cut goes through the hump of the mode where there is one (the
    density falls by more than three SDs around the circle), where it has not fallen as far at the
    cut, so that a normal has mass beyond it, and where another place of the circle is lower.
    """
    both = np.isfinite(evaluator.lower) & np.isfinite(evaluator.upper)
    for i in np.flatnonzero(both):
        low, high = float(evaluator.lower[i]), float(evaluator.upper[i])
        if not _is_circle(evaluator, x, i, low, high, rng):
            continue
        around = low + (high - low) * (np.arange(PLACES) + 0.5) / PLACES
        line = np.repeat(x[None], PLACES, axis=0)
        line[:, i] = around
        values = evaluator.far(line)
        if not np.isfinite(values).all():
            continue
        bottom, ends = int(np.argmin(values)), 0.5 * (values[0] + values[-1])
        above = float(ends - values[bottom])
        top = values.max()
        if top - values[bottom] > DEEP > top - ends and above > NOTABLE:
            return HumpCut(int(i), high - low, above, float(around[bottom]))
    return None


def _is_circle(evaluator, x, i, low, high, rng) -> bool:
    """Whether the log density goes on smoothly from one end to the other, here and aside of x."""
    points = np.repeat(x[None], 4, axis=0)
    points[1:] += 0.1 * np.maximum(np.abs(x), 1e-3) * rng.uniform(-1, 1, (3, x.size))
    width = high - low
    near, far = BESIDE * width, SLOPE_AT * width
    ends = np.repeat(points[:, None], 4, axis=1)
    ends[..., i] = np.array([low + near, high - near, low + far, high - far])
    values = evaluator.far(ends)
    usable = np.isfinite(values).all(axis=1)
    if not usable[0]:
        return False
    low_end, high_end, after, before = values[usable].T
    rise, fall = after - low_end, high_end - before
    # 2e-6 of the circle lie between the two ends, on which the slope goes on
    gap = np.abs(low_end - high_end - rise * 2 * near / (far - near))
    meets = gap <= 1e-3 * np.abs(rise) + SAME * (1 + np.abs(low_end))
    size = np.maximum(np.abs(rise), np.abs(fall))
    goes_on = np.abs(rise - fall) <= SLOPES * size
    return bool(np.all(meets & goes_on) and np.any(size > SAME * (1 + np.abs(low_end))))

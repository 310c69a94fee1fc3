"""An axis that serves humps of very different width: nodes that lie close wherever one of them is.

u(w) = sum over the humps of asinh((w - centre) / width). It rises, its inverse is smooth, and
equally spaced u lie about `width` apart at each centre and ever wider apart away from it. So the
trapezoid rule in u resolves a hump of any width with as many nodes as the logarithm of the
distances in its widths, and keeps its convergence (as for one such map: Stenger 1993).
"""

import numpy as np

from laplace_approx.remember import remembering

LAST_DIGIT = 4 * np.finfo(float).eps
# Of t in w = centre + width sinh t at the places of a table: its cubics are then good to 1e-7, from
# where one of Newton's steps is enough, and at twice the step two.
STEP = 0.125
# of u, for each hump: sinh of it is 2e260, of a fifth more no number; halved, an axis ends 2e130
# widths out
FARTHEST = 600.0
# of t, that the table of each hump goes on beyond the farthest place; doubled, eight more rows of
# it
BEYOND = 1.0
# of Newton's steps, or halvings of the bracket where one leaves it; 60 halvings leave the last
# digit, so that half as many may end too early
ROUNDS = 100


def coordinate(w, centres):
    """Return u (...) at w (...); `centres` holds (centre, width) of every hump."""
    w = np.asarray(w, dtype=float)
    return sum(np.arcsinh((w - centre) / width) for centre, width in centres)


def slope(w, centres):
    """Return dw/du at w (...)."""
    w = np.asarray(w, dtype=float)
    return 1 / sum(1 / np.hypot(width, w - centre) for centre, width in centres)


def place(u, centres):
    """Return w (...) at u (...), to the last digits of either; infinite where numbers end, and NaN
    at NaN."""
    u = np.asarray(u, dtype=float)
    known = np.abs(u) < FARTHEST * len(centres)
    if known.all():
        return _place(u, centres)
    w = np.where(np.isnan(u), np.nan, np.copysign(np.inf, u))
    w[known] = _place(u[known], centres)
    return w


@remembering(4)  # a lattice asks for the values and then the slopes at the same places
def _place(u, centres):
    flat = u.ravel()
    if flat.size == 0:
        return np.zeros(u.shape)
    table = _table(float(np.min(flat)), float(np.max(flat)), centres)
    w, low, high = _from_table(flat, *table)
    left = np.arange(flat.size)
    for _ in range(ROUNDS):
        over = coordinate(w[left], centres) - flat[left]
        low[left] = np.where(over < 0, w[left], low[left])
        high[left] = np.where(over > 0, w[left], high[left])
        moved = w[left] - over * slope(w[left], centres)
        # in a narrow hump far from 0 the digits of w end before those of u
        still = np.abs(moved - w[left]) <= 4 * np.spacing(np.abs(w[left]))
        still |= np.abs(over) <= LAST_DIGIT * (1 + np.abs(flat[left]))
        inside = (moved > low[left]) & (moved < high[left])
        moved = np.where(inside, moved, (low[left] + high[left]) / 2)
        left, moved = left[~still], moved[~still]
        if left.size == 0:
            break
        w[left] = moved
    w.flags.writeable = False  # it is remembered
    return w.reshape(u.shape)


def _table(lowest: float, highest: float, centres):
    """Return rising w with u and dw/du there, from beyond `lowest` to beyond `highest` of u: dense
    about every hump, on its own scale.

    Of all humps one alone is at most, and another at least, u divided by their number: the root
    lies between the places where each of them is.
    """
    ends = np.array([lowest, highest]) / len(centres)
    alone = np.array([centre + width * np.sinh(ends) for centre, width in centres])
    w_low, w_high = alone[:, 0].min(), alone[:, 1].max()
    places = []
    for centre, width in centres:
        first, last = np.arcsinh((np.array([w_low, w_high]) - centre) / width)
        first, last = first - BEYOND, last + BEYOND
        t = np.linspace(first, last, int((last - first) / STEP) + 2)
        places.append(centre + width * np.sinh(t))
    w = np.unique(np.concatenate(places))
    u = coordinate(w, centres)
    rising = np.concatenate([[True], np.diff(np.maximum.accumulate(u)) > 0])
    w, u = w[rising], u[rising]
    return w, u, slope(w, centres)


def _from_table(u, w_at, u_at, slope_at):
    """Return w by the cubic between two places of a table, and the bracket (low, high)."""
    row = np.clip(np.searchsorted(u_at, u, side="right") - 1, 0, u_at.size - 2)
    low, high = w_at[row], w_at[row + 1]
    width = u_at[row + 1] - u_at[row]
    t = (u - u_at[row]) / width
    first, last, rise = slope_at[row] * width, slope_at[row + 1] * width, high - low
    w = low + t * (first + t * (3 * rise - 2 * first - last + t * (first + last - 2 * rise)))
    return np.clip(w, low, high), low, high

"""An axis that serves humps of very different width: nodes that lie close wherever one of them is.

u(w) = sum over the humps of asinh((w - centre) / width). It rises, its inverse is smooth, and
equally spaced u lie about `width` apart at each centre and ever wider apart away from it. So the
trapezoid rule in u resolves a hump of any width with as many nodes as the logarithm of the
distances in its widths, and keeps its convergence (as for one such map: Stenger 1993).
"""

import numpy as np

LAST_DIGIT = 4 * np.finfo(float).eps
TABLE = 2**11  # places from whose roots those of more begin
ROUNDS = 200  # Newton's steps, halved into the bracket: three to ten are enough


def coordinate(w, centres):
    """Return u (...) at w (...); `centres` holds (centre, width) of every hump."""
    w = np.asarray(w, dtype=float)
    return sum(np.arcsinh((w - centre) / width) for centre, width in centres)


def slope(w, centres):
    """Return dw/du at w (...)."""
    w = np.asarray(w, dtype=float)
    return 1 / sum(1 / np.hypot(width, w - centre) for centre, width in centres)


def place(u, centres):
    """Return w (...) at u (...), to the last digits of either.

    Of all humps one alone is at most, and another at least, u divided by their number: the root
    lies between the places where each of them is.
    """
    u = np.asarray(u, dtype=float)
    alone = [centre + width * np.sinh(u / len(centres)) for centre, width in centres]
    low, high = np.minimum.reduce(alone), np.maximum.reduce(alone)
    w = (low + high) / 2
    if u.size > TABLE:  # begin between the places of a few
        few = np.linspace(np.min(u), np.max(u), TABLE)
        w = np.clip(np.interp(u, few, place(few, centres)), low, high)
    for _ in range(ROUNDS):
        over = coordinate(w, centres) - u
        low, high = np.where(over < 0, w, low), np.where(over > 0, w, high)
        moved = w - over * slope(w, centres)
        # in a narrow hump far from 0 the digits of w end before those of u
        still = np.abs(moved - w) <= 4 * np.spacing(np.abs(w))
        moved = np.where((moved > low) & (moved < high), moved, (low + high) / 2)
        still |= np.abs(over) <= LAST_DIGIT * (1 + np.abs(u))
        w = np.where(still, w, moved)
        if np.all(still):
            break
    return w

"""Breaks along the lines of a lattice: where a quantity begins, ends, jumps or turns back.

They are found beforehand between the places at which it is known, so that no piece of a line hides
between two of them.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from laplace_approx.exact.derived.extremes import extremes

# of an interval: how well a break is known; doubled, nothing changes, halved, 1.02 to 1.04 times
# the evaluations
NARROW = 6e-8
# into which an interval is divided, again and again, in search of a break; doubled, 1.1 to 1.2
# times the evaluations, halved, 0.9 to 0.95
PARTS = 16


class Breaks(NamedTuple):
    """Places inside an interval where the quantity begins, ends, jumps or turns back.

    `fraction` is how far along its interval (`line`, `cell`) each lies; `before` and `after` are
    the quantity on its two sides, NaN where it has no value. There is one at most an interval, and
    the lines are in order.
    """

    line: np.ndarray
    cell: np.ndarray
    fraction: np.ndarray
    before: np.ndarray
    after: np.ndarray


def find_breaks(bundle) -> Breaks:
    """Return the breaks of the lines of a `borders.Bundle`, in the order of the lines."""
    begin, end, middle = bundle.values[:, :-1], bundle.values[:, 1:], bundle.middles
    nan = np.isnan(begin)
    ends = (nan != np.isnan(middle)) | (nan != np.isnan(end))
    beyond = (middle < np.minimum(begin, end)) | (middle > np.maximum(begin, end))
    edges = _narrowed(bundle, *np.nonzero(ends), _begins_or_ends)
    line, cell = np.nonzero(beyond)
    jumps = _narrowed(bundle, line, cell, _change)
    half = middle[line, cell]
    change = np.maximum(_change(begin[line, cell], half), _change(half, end[line, cell]))
    found = _change(jumps.before, jumps.after) > change / 2
    jumps = Breaks(*(x[found] for x in jumps))
    breaks = concatenated([edges, jumps])
    breaks = concatenated([breaks, _turns(bundle, breaks)])
    order = np.argsort(breaks.line, kind="stable")
    return Breaks(*(x[order] for x in breaks))


def _narrowed(bundle, line, cell, change: Callable) -> Breaks:
    """Return where the quantity changes most: what an interval narrows to, divided again and
    again and left with the part over which `change(before, after)` is largest."""
    low, width, each = np.zeros(line.size), 1.0, np.arange(line.size)
    before, after = bundle.values[line, cell], bundle.values[line, cell + 1]
    inner = np.arange(1, PARTS) / PARTS
    while line.size and width > NARROW:
        value = bundle.at(line[:, None], cell[:, None], low[:, None] + width * inner)
        value = np.concatenate([before[:, None], value, after[:, None]], axis=1)
        part = np.argmax(change(value[:, :-1], value[:, 1:]), axis=1)
        before, after = value[each, part], value[each, part + 1]
        width /= PARTS
        low = low + width * part
    return Breaks(line, cell, low + width / 2, before, after)


def _turns(bundle, others: Breaks) -> Breaks:
    """Return the extremes inside intervals that have no other break, one an interval."""
    cells = bundle.middles.shape[1]
    found = extremes(lambda line, place: bundle.at(line, 0, place / 2), bundle.known())
    place = found.place / 2
    cell = np.clip(place.astype(int), 0, cells - 1)
    number, first = np.unique(found.line * cells + cell, return_index=True)
    inside = (place != np.floor(place))[first]  # one at a node is the end of an interval
    first = first[inside & ~np.isin(number, others.line * cells + others.cell)]
    line, cell, place, value = (x[first] for x in (found.line, cell, place, found.value))
    return Breaks(line, cell, place - cell, value, value)


def concatenated(parts: list):
    """Return tuples of arrays as one, each array after those before it."""
    return type(parts[0])(*(np.concatenate(x) for x in zip(*parts, strict=True)))


def _begins_or_ends(a, b):
    return np.isnan(a) != np.isnan(b)


def _change(a, b):
    with np.errstate(invalid="ignore"):
        return np.nan_to_num(np.abs(b - a), nan=0.0)

"""What the rule over lines may be off by on the stretches between them, told by high differences.

The mass of a line is a smooth function of the line as long as the places where it enters and leaves
the region move smoothly; where they do not, high differences betray it. A stretch whose neighbours
on one side are smooth is integrated from these.
"""

import numpy as np

from laplace_approx.numerics.quadrature import ORDER, stencil_errors, stencil_weights, stencils

# Where the differences of the next order are larger than those of half of it, there is a corner or
# a jump, of which the error is so much more than of what is smooth. Halved or doubled, nothing
# changes with two parameters: it is the rule over the rows of three.
AT_CORNERS = 6.0
# of the mass of the first line of a region: what the rule may be off by on the stretch before it,
# at most half where that mass rises from nothing without a turn; doubled, nothing changes, as
# such a stretch is refined
AT_ONSET = 0.5


def stretch_errors(lines, of_all):
    """Return (differences, error): for every window of nodes of the rule the larger difference
    of the next order beside it, and the error that it makes for every stretch of lines (..., n).
    `of_all` are the differences of all that the quantity is defined on."""
    windows = _windows(np.maximum(np.abs(np.diff(lines, ORDER, axis=-1)), of_all))
    first, local = stencils(np.arange(lines.shape[-1] - 1), lines.shape[-1])
    return windows, windows[..., first] * stencil_errors()[local]


def onset_errors(lines):
    """Return what the rule may be off by on every stretch of lines (..., n) on whose one side a
    region begins, 0 on the others.

    Where lines that the region does not meet, of mass 0, are next to the first one that it meets,
    all differences are as small as the mass of that line, and say little of where in between the
    region begins: that mass times the stretch is the most that can be there, and none the least.
    """
    begins = (lines[..., 1:] > 0) != (lines[..., :-1] > 0)
    return np.where(begins, AT_ONSET * np.maximum(lines[..., 1:], lines[..., :-1]), 0.0)


def one_sided(both, windows, place):
    """Return stretches (2, F) and errors (F,) from the smoothest window of nodes that holds
    each of the stretches."""
    *where, stretch = place
    local = np.arange(ORDER - 1)
    start = stretch[:, None] - local
    allowed = (start >= 0) & (start < windows.shape[-1])
    rough = windows[where[0][:, None], where[1][:, None], np.where(allowed, start, 0)]
    errors = np.where(allowed, rough * stencil_errors()[local], np.inf)
    best = np.argmin(errors, axis=1)
    nodes = (stretch - best)[:, None] + np.arange(ORDER)
    values = both[:, where[0][:, None], where[1][:, None], nodes]
    values = np.einsum("bfo,fo->bf", values, stencil_weights()[best])
    return values, errors[np.arange(best.size), best]


def row_errors(rows, of_all):
    """Return what the rule over the rows may be off by on every stretch between two of them,
    (C, rows - 1), from their masses (C, rows): what its next order makes of it. `of_all` are the
    differences of that order of all that the quantity is defined on."""
    n = rows.shape[1]
    found = np.abs(np.diff(rows, ORDER))
    halves = np.abs(np.diff(rows, ORDER // 2))
    halves = np.lib.stride_tricks.sliding_window_view(halves, ORDER // 2 + 1, axis=-1)
    found = np.where(found > halves.max(axis=-1), AT_CORNERS * found, found)
    windows = _windows(np.maximum(found, of_all))
    first, local = stencils(np.arange(n - 1), n)
    return windows[:, first] * stencil_errors()[local]


def _windows(differences):
    """Return the larger difference beside each window of nodes, (..., n - ORDER + 1), from those of
    the next order, (..., n - ORDER)."""
    windows = np.zeros((*differences.shape[:-1], differences.shape[-1] + 1))
    windows[..., 1:] = differences
    np.maximum(windows[..., :-1], differences, out=windows[..., :-1])
    return windows

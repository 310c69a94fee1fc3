"""Whether a log density is level along a line, both ways: a combination that nothing determines."""

import numpy as np

from laplace_approx.words import places

# of the length over which the log density changes by 1: to 64 of them, in steps of 1.4 times
STEPS = np.exp2(np.arange(-2.0, 6.5, 0.5))
# relative change that is none; halved or doubled, what was tried of tests/mode comes out the same
LEVEL = 1e-9
# curvature that is none either, beside the one found across: differences leave as much; the same
BENT = 1e-8


def is_level(evaluator, points, direction) -> bool:
    """Whether the log density is the same along the line in a direction (d,), both ways, through
    each of the points (p, d)."""
    if not (np.isfinite(direction).all() and np.any(direction)):
        return False
    moves = STEPS[:, None] * direction
    values = evaluator.far(points)[:, None]
    ahead = evaluator.far(points[:, None] + moves)
    behind = evaluator.far(points[:, None] - moves)
    slack = LEVEL * (1 + np.abs(values)) + BENT * STEPS**2
    with np.errstate(invalid="ignore"):
        change = np.maximum(np.abs(ahead - values), np.abs(behind - values))
    return bool(np.isfinite(values).all() and np.all(change <= slack))


def why(names, direction, scale) -> str:
    """Return in words what makes such a line, of a direction (d,) in units of `scale` (d,)."""
    size = np.abs(direction / scale)
    moved = np.flatnonzero(size > places.SMALL * size.max())
    if moved.size == 1:
        return "the parameter enters nowhere, as with a column of zeros"
    if moved.size > 2:
        return "as with a column of data that is a sum of multiples of others"
    i, j = moved
    ratio = -direction[i] / direction[j]
    if abs(ratio - 1) < 1e-6:
        return f"the columns of {names[i]} and {names[j]} are equal, or enter as if they were"
    return (
        f"the column of {names[j]} is {ratio:.6g} times that of {names[i]}, or enters as if it was"
    )

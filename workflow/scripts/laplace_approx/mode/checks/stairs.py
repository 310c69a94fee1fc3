"""Whether a log density goes in steps: level, then a jump, then level again."""

from typing import NamedTuple

import numpy as np

# of the length of a direction, tried one after another: steps from 1e-6 to 1e9 of it are found;
# twice as dense, at twice the price
REACH = np.exp2(np.arange(-20, 31, 2.0))
# relative change that is none; halved or doubled, what was tried of tests/mode comes out the same
LEVEL = 1e-10
# least change of log density at an end of the step: a tenth of a per cent of density; a step of
# half of it does no harm to a normal
JUMP = 1e-3
HALVINGS = 60  # of the place of a jump, which is then its last digit; more cannot be made


class Stair(NamedTuple):
    """The step that a point stands on: its two `ends` (d,), and the larger `jump` there."""

    ends: tuple[np.ndarray, np.ndarray]
    jump: float


def stair(evaluator, x, direction):
    """Return the `Stair` of the point x (d,) along a direction (d,), or None.

    It is one if the log density is level around x and ends in a jump each way (or at the edge of
    the support), as large however closely one looks, where a slope would have become small.
    """
    length = np.linalg.norm(direction)
    if not 0 < length < np.inf:
        return None
    unit = direction / length * max(1.0, float(np.abs(x).max()))
    value = float(evaluator.far(x))
    slack = LEVEL * max(1.0, abs(value))
    found = [_end(evaluator, x, sign * unit, value, slack) for sign in (-1.0, 1.0)]
    if None in found:
        return None
    ends, jumps = zip(*found, strict=True)
    finite = [jump for jump in jumps if np.isfinite(jump)]
    if not finite or not max(finite) > JUMP:
        return None
    return Stair(ends, float(max(finite)))


def _end(evaluator, x, unit, value, slack):
    """Return where the level around x ends in this direction and the size of the jump; None where
    it does not end, or ends in a slope."""
    places = x + REACH[:, None] * unit
    level = np.abs(evaluator.far(places) - value) <= slack
    if level.all() or not level[0]:
        return None
    last = int(np.argmin(level))
    near, far = REACH[last - 1], REACH[last]
    for _ in range(HALVINGS):
        middle = 0.5 * (near + far)
        if middle in (near, far):
            break
        if abs(float(evaluator.far(x + middle * unit)) - value) <= slack:
            near = middle
        else:
            far = middle
    jump = abs(float(evaluator.far(x + far * unit)) - value)
    return (x + far * unit, jump) if jump > JUMP else None

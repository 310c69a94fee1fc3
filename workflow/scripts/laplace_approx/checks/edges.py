"""Whether the log density is highest at the edge of its support."""

from typing import NamedTuple

import numpy as np

HALVINGS = np.arange(0, 41)
BACK_OFF = 1e-3  # of the scale
# where exp(z), exp(2 z), ... overflow or vanish: an end of the arithmetic, not of the support
ENDS = (np.array([709.78, 745.13, 708.4]) / np.array([[0.5], [1.0], [2.0], [3.0], [4.0]])).ravel()
RISE = 1e-9  # relative rounding of the log density that is no rise


def is_end_of_arithmetic(value):
    """Whether exp of value (...) or of a small multiple overflows or vanishes, or its square."""
    size = np.abs(np.asarray(value, dtype=float))[..., None]
    return np.any(np.abs(size / ENDS - 1) < 0.02, axis=-1) | (size[..., 0] > 1e70)


class Edge(NamedTuple):
    """Coordinate `index`, on whose `upper` (or lower) side the log density rises to the edge.

    `bound` is where the edge lies, `declared` whether that is a declared bound, `value` the
    coordinate now, `rise` the gain in log density on the way.
    """

    index: int
    upper: bool
    bound: float
    declared: bool
    value: float
    rise: float


def edge_maximum(evaluator, x, scale):
    """Return the `Edge` towards which the log density rises from x (d,), or None.

    On each axis the distance to the declared bound, or to where the density is found to end
    within `scale` (d,), is halved again and again: the log density must rise and never fall.
    """
    value = float(evaluator.far(x))
    for i in range(x.size):
        for upper, side in ((False, evaluator.lower), (True, evaluator.upper)):
            declared = bool(np.isfinite(side[i]))
            bound = float(side[i]) if declared else _hidden_edge(evaluator, x, i, upper, scale[i])
            if bound is None or is_end_of_arithmetic(bound):
                continue
            # an ascent may have come so near that nothing is left to rise: look from further off
            distance = max(abs(x[i] - bound), BACK_OFF * scale[i]) * np.exp2(-HALVINGS)
            points = np.repeat(x[None], HALVINGS.size, axis=0)
            points[:, i] = bound - distance if upper else bound + distance
            values = evaluator.far(points)
            values = values[np.isfinite(values)]
            if values.size == 0:
                continue
            slack = RISE * max(1.0, abs(value))
            rise = float(values[-1] - values[0])
            if values.size > 3 and np.all(np.diff(values) >= -slack) and rise > 10 * slack:
                return Edge(i, upper, bound, declared, float(x[i]), rise)
    return None


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

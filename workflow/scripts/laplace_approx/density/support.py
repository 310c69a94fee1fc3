"""The open box that a density lives on: which points lie inside, and whether all of them do."""

import math

import numpy as np


class Support:
    """The points x (..., d) with lower < x < upper, coordinate by coordinate; (d,) bounds.

    A NaN lies outside, and so does an infinity.
    """

    def __init__(self, lower, upper):
        self.lower = np.asarray(lower, dtype=float)
        self.upper = np.asarray(upper, dtype=float)
        self.unbounded = bool(np.all(np.isneginf(self.lower) & np.isposinf(self.upper)))

    def inside(self, x):
        """Return whether each point lies inside, (...)."""
        return np.all((x > self.lower) & (x < self.upper), axis=-1)

    def holds(self, x) -> bool:
        """Return whether every point is sure to lie inside: the cheap question to ask first.

        Without bounds it is one sum, which no infinity and no NaN leaves finite. Where the sum of
        finite numbers overflows the answer is False, and `inside` says which points are in.
        """
        if self.unbounded:
            return math.isfinite(total(x))
        return bool(((x > self.lower) & (x < self.upper)).all())


def total(values) -> float:
    """Return the sum of all values, which no NaN and no infinity leaves finite.

    Numbers near the largest one, such as the -1e308 by which a model may say that there is no
    density, can add up to an infinity, in silence.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        return np.add.reduce(values, axis=None)

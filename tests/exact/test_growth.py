"""Bounds that grow: what is told of a frame is told of the one that was evaluated."""

import math

import numpy as np
import pytest

from laplace_approx.density.transforms import Identity
from laplace_approx.exact import bounds
from laplace_approx.exact.bounds import axis_between, grow
from laplace_approx.exact.frame import Frame
from laplace_approx.exact.lattice import evaluate


def narrow_frame(d):
    axes = tuple(axis_between(-0.5, 0.5, 0.1) for _ in range(d))
    support = np.array([[-math.inf] * d, [math.inf] * d])
    return Frame(tuple("xy"[:d]), (Identity(),) * d, np.zeros(d), np.eye(d), axes, support)


def cauchy(theta):
    return -np.sum(np.log1p(theta**2), axis=-1)


@pytest.mark.parametrize("d", [1, 2])
@pytest.mark.parametrize("rounds", [1, 2, 3, 5, 8])
def test_growth_that_ends_too_early_leaves_a_frame_that_was_evaluated(rounds, d, monkeypatch):
    """Tails that never stop asking for more, and so few rounds that they do not get it."""
    monkeypatch.setattr(bounds, "ROUNDS", rounds)
    evaluated = []

    def watched(theta):
        evaluated.append(np.abs(theta).max())
        return cauchy(theta)

    reach = grow(narrow_frame(d), watched, 0)
    widest = max(abs(float(axis.stretched(u))) for axis in reach.frame.axes for u in axis[:2])
    assert widest <= max(evaluated) * (1 + 1e-9)
    assert evaluate(reach.frame, cauchy).mass().sum() == pytest.approx(1, abs=1e-12)

"""Ascents by BFGS in rows: they arrive, and none depends on those beside it."""

import numpy as np
import pytest

from laplace_approx.numerics.quasi_newton import AT_REST, DONE, STUCK, bfgs_rows


def bent(x):
    """A bent ridge (Rosenbrock 1960), with its top at (1, 1)."""
    return -10 * (x[..., 1] - x[..., 0] ** 2) ** 2 - (1 - x[..., 0]) ** 2


def bent_slope(x):
    off = x[..., 1] - x[..., 0] ** 2
    return np.stack([40 * off * x[..., 0] + 2 * (1 - x[..., 0]), -20 * off], axis=-1)


def tail(x):
    """A Student t with 3 degrees of freedom: its slope falls along every step from far out."""
    return -2 * np.log1p(np.sum(x * x, axis=-1) / 3)


def tail_slope(x):
    return -4 / 3 * x / (1 + np.sum(x * x, axis=-1, keepdims=True) / 3)


RIDGES = {"bent": (bent, bent_slope, [1.0, 1.0]), "tail": (tail, tail_slope, [0.0, 0.0])}
STARTS = np.random.default_rng(1).standard_normal((12, 2)) * 10 ** np.linspace(0, 2, 12)[:, None]


def climbed(name, starts, done=lambda x, values: np.zeros(len(x), dtype=bool)):
    function, slope, _ = RIDGES[name]
    return bfgs_rows(function, lambda x, lengths, values: slope(x), starts, done, 1)


@pytest.mark.parametrize("name", RIDGES)
def test_what_comes_to_rest_is_at_the_top(name):
    found, top = climbed(name, STARTS), RIDGES[name][2]
    rest = found.state == AT_REST
    assert rest.sum() >= 10  # of twelve: from 100 away the bent ridge is long
    # the decrement 1e-3 of a curvature that is known to a tenth or so
    assert np.max(np.abs(found.x[rest] - top)) < 0.05


@pytest.mark.parametrize("name", RIDGES)
def test_a_row_is_the_same_alone_and_in_company(name):
    together = climbed(name, STARTS)
    for i, start in enumerate(STARTS):
        alone = climbed(name, start[None])
        for both, own in zip(together, alone, strict=True):
            np.testing.assert_array_equal(both[i], own[0])


def test_evaluations_are_those_that_were_made():
    made = [0]

    def function(x):
        made[0] += len(x)
        return bent(x)

    def slope(x, lengths, values):
        made[0] += len(x)
        return bent_slope(x)

    found = bfgs_rows(function, slope, STARTS, lambda x, v: v > -0.1, 1)
    assert np.sum(found.evaluations) == made[0]
    assert set(found.state) == {DONE}
    assert np.all(found.value > -0.1)


def test_a_start_without_a_value_stays_where_it_is():
    found = bfgs_rows(
        lambda x: np.where(x[:, 0] > 0, -(x[:, 0] ** 2), -np.inf),
        lambda x, lengths, values: -2 * x,
        np.array([[-1.0], [1.0]]),
        lambda x, values: np.zeros(len(x), dtype=bool),
        1,
    )
    assert found.state[0] == STUCK and found.x[0, 0] == -1
    assert found.value[1] > -1

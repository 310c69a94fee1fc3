"""The cheap question about a support never says yes where one point is outside."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from laplace_approx.density.support import Support

NUMBERS = st.floats(allow_nan=True, allow_infinity=True)
SUPPORTS = [
    ([-np.inf, -np.inf], [np.inf, np.inf]),
    ([0.0, -np.inf], [np.inf, np.inf]),
    ([0.0, -1.0], [1.0, 1.0]),
]


@pytest.mark.parametrize("bounds", SUPPORTS)
@given(rows=st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=5))
def test_all_are_held_only_if_each_is_inside(bounds, rows):
    support, x = Support(*bounds), np.array(rows)
    each = [all(low < v < high for v, low, high in zip(row, *bounds, strict=True)) for row in rows]
    assert support.inside(x).tolist() == each
    with np.errstate(over="ignore", invalid="ignore"):
        held = support.holds(x)
        far = not np.isfinite(np.sum(x))
    assert held == all(each) or (far and not held)


def test_one_point_is_a_support_question_too():
    support = Support([0.0, 0.0], [1.0, np.inf])
    assert support.holds(np.array([0.5, 7.0])) and support.inside(np.array([0.5, 7.0]))
    assert not support.holds(np.array([0.5, np.nan]))

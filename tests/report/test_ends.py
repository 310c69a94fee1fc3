"""Ends of intervals in a row of text: none of the digits that an error does not leave, or hides."""

import math

import pytest

from laplace_approx.report.comparison import _ends
from laplace_approx.words.numbers import ABSENT, known_pair

ENDS = (1.23456789, 25.3456789)


@pytest.mark.parametrize("unknown", [math.nan, None, math.inf])
def test_an_error_or_a_scale_that_is_not_known_hides_what_it_may_reach(unknown):
    assert _ends(ENDS, 4.0, (unknown, unknown)) == known_pair(ENDS, (unknown, unknown))
    assert _ends(ENDS, unknown, (0.02, 0.3)) == known_pair(ENDS, (0.02, 0.3))
    one = _ends(ENDS, 4.0, (1e-9, unknown)).split(" to ")
    assert one[0] == _ends(ENDS, 4.0, (1e-9, 1e-9)).split(" to ")[0]
    assert one[1] == known_pair(ENDS, (unknown, unknown)).split(" to ")[1]


def test_ends_that_are_not_there_are_a_dash():
    assert _ends((math.nan, None), 1.0, (math.nan, None)) == ABSENT

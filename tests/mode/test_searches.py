"""A search that is remembered is the search that would be made again."""

import numpy as np
import pytest

from known_posteriors import BIOASSAY
from laplace_approx.errors import Declined
from laplace_approx.mode.remembered import remembered_search
from laplace_approx.mode.search import find_mode
from laplace_approx.remember import remembering
from shapes_of_posteriors import values


def test_a_search_of_the_same_density_is_made_once_and_gives_the_same():
    first, again = (
        remembered_search(BIOASSAY, np.zeros(2), 0),
        remembered_search(BIOASSAY, np.zeros(2), 0),
    )
    assert first is again
    mode = find_mode(BIOASSAY, np.zeros(2), 0)
    np.testing.assert_array_equal(first.mode.x, mode.x)
    assert first.mode.report.n_evaluations == mode.report.n_evaluations == first.evaluations
    assert remembered_search(BIOASSAY, np.ones(2), 0) is not first
    assert remembered_search(BIOASSAY, np.zeros(2), 1) is not first


def test_what_is_declined_is_declined_again():
    endless = values(lambda x: x[..., 0], 1)
    reasons = set()
    for _ in range(2):
        with pytest.raises(Declined) as declined:
            _ = remembered_search(endless, np.zeros(1), 0).mode
        reasons.add(declined.value.message)
    assert len(reasons) == 1


def test_only_the_same_objects_are_remembered():
    calls = []

    @remembering(2)
    def length(x):
        calls.append(x)
        return len(x)

    one, other, third = [1], [1], [1, 2]
    assert [length(x) for x in (one, one, other, one, third, one)] == [1, 1, 1, 1, 2, 1]
    assert [id(x) for x in calls] == [id(x) for x in (one, other, third, one)]

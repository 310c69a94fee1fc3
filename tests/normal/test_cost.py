"""What answers cost: nothing is lost between what is needed and what proves it."""

import math

import pytest

from laplace_approx.normal.cost import cost_of_modes, cost_of_normal, total

MODE = {"n_evaluations": 1000, "evaluations_of_ascent": 30, "evaluations_of_search": 970}
CURVATURE = {"status": "ok", "n_evaluations": 50}
ALONE, TWO = ({**MODE, "modes": [{}] * n} for n in (1, 2))


@pytest.mark.parametrize("cost", [cost_of_normal, cost_of_modes])
@pytest.mark.parametrize("mode", [ALONE, TWO])
def test_both_parts_together_are_all_that_was_evaluated(cost, mode):
    found = cost(mode, CURVATURE)
    assert sum(found) == MODE["n_evaluations"] + CURVATURE["n_evaluations"]
    assert found.with_further(7).alone == found.alone + 7
    assert found.with_further(7).proof == found.proof


def test_who_draws_about_several_modes_needs_the_search_that_found_them():
    assert cost_of_normal(TWO, CURVATURE).alone == cost_of_modes(ALONE, CURVATURE).alone == 30
    assert cost_of_modes(TWO, CURVATURE).alone == 1000


def test_what_is_declined_has_no_cost_and_neither_has_what_builds_on_it():
    declined = cost_of_normal({}, {"status": "declined"})
    assert all(math.isnan(x) for x in (*declined, *declined.with_further(1)[:1]))
    assert all(math.isnan(x) for x in total([declined, cost_of_normal(ALONE, CURVATURE)]))

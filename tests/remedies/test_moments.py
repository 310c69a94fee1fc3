"""Moments of remedies: their errors are true, or there are none."""

import pytest

from laplace_approx.remedies.moments import moments_of
from laplace_approx.remedies.result import Answer, Remedy

GRID = {
    "status": "ok",
    "kind": "certified",
    "mean": {"x": 1.0, "y": None},
    "mean_error": {"x": 1e-6, "y": None},
    "sd": {"x": 2.0, "y": None},
    "sd_error": {"x": 1e-6, "y": None},
}
ALONE = ({"share": 1.0},)
TWO = ({"share": 0.5}, {"share": 0.5})


def told(answers, grid=GRID, modes=ALONE, z=None):
    return moments_of(Remedy("m", answers, 0, z=z), grid, modes)


@pytest.mark.parametrize(("z", "most"), [(None, 1.0), ("draws", 3.0)])
def test_an_error_that_the_grid_contradicts_is_the_difference(z, most):
    for times in (0.5, 0.99 * most, 1.01 * most, 1000.0):
        answer = Answer(mean=1.0 + 0.01 * times, mean_error=0.01, sd=2.0, sd_error=0.01)
        found = told({"x": answer}, z=z)["x"]
        contradicted = times > most
        due = 0.01 * times + 1e-6 if contradicted else 0.01
        assert found["mean_error"] == pytest.approx(due)
        assert bool(found["reason"]) == contradicted
        assert found["sd_error"] == 0.01 and found["mean"] == answer.mean


def test_a_moment_that_does_not_exist_is_not_stated():
    found = told({"x": Answer(), "y": Answer(mean=3.0, mean_error=0.1, sd=1.0, sd_error=0.1)})["y"]
    assert found["mean"] is None and found["mean_error"] is None and found["sd"] is None
    assert "the grid finds none" in found["reason"]
    named = told({"y": Answer(mean=3.0, mean_error=0.1)}, GRID | {"kind": "named"})["y"]
    assert named["mean"] == 3.0 and named["mean_error"] is None


def test_what_nobody_measured_has_no_error_where_other_modes_may_hold_mass():
    derived, true = Answer(mean=3.0, mean_error=0.1), Answer(mean=1.0, mean_error=0.1)
    assert told({"x": true, "q": derived})["q"]["mean_error"] == 0.1
    found = told({"x": true, "q": derived}, modes=TWO)["q"]
    assert found["mean_error"] is None and "not measured" in found["reason"]
    false = Answer(mean=9.0, mean_error=0.1)
    assert told({"x": false, "q": derived})["q"]["mean_error"] is None


@pytest.mark.parametrize("modes", [ALONE, TWO])
def test_without_an_exact_side_no_error_claims_to_know_the_bias_of_a_method(modes):
    absent = {"status": "absent", "kind": None, "mean": None, "sd": None}
    answer = Answer(mean=3.0, mean_error=0.1, sd=2.0, sd_error=0.01)
    found = told({"x": answer}, absent, modes)["x"]
    assert (found["mean"], found["sd"]) == (3.0, 2.0)
    assert found["mean_error"] is None and found["sd_error"] is None
    assert "not measured" in found["reason"]


def test_a_rule_is_off_by_no_less_than_the_grid_tells():
    """A grid that knows a mean to 1e-6 cannot vouch for 1e-16; one that is off by SDs, for none."""
    rule = {"x": Answer(mean=1.0 + 5e-7, mean_error=1e-16, sd=2.0, sd_error=1e-16)}
    found = told(rule)["x"]
    assert found["mean_error"] == pytest.approx(1.5e-6) and found["reason"] is None
    absurd = {"mean_error": {"x": 1e16, "y": None}, "sd_error": {"x": 1e17, "y": None}}
    found = told(rule, GRID | absurd)["x"]
    assert found["mean_error"] is None and "not measured" in found["reason"]

"""The starts from which Newton's method finds the mode."""

import pytest

from cases_in_memory import MODELS, laplace_of, posterior_of
from laplace_approx.mode.basin import POINTS, basin_table, box_of

CHAPTER = {"alpha": [-4.0, 8.0], "beta": [-10.0, 40.0]}


@pytest.fixture(scope="module")
def bioassay():
    return posterior_of(MODELS / "bioassay.py", "bioassay.csv")


def test_newton_without_damping_fails_from_most_of_the_box(bioassay):
    """Measured independently: 12 % of the starts in the chapter's own box."""
    columns, reason = basin_table(laplace_of(bioassay).fit(), CHAPTER)
    assert reason is None
    assert columns["undamped"].size == POINTS[0] * POINTS[1]
    assert columns["undamped"].mean() == pytest.approx(0.12, abs=0.005)
    assert columns["damped"].mean() == 1.0


def test_a_start_outside_the_space_finds_nothing(bioassay):
    columns, _ = basin_table(laplace_of(bioassay, {"beta": "log"}, "log_beta").fit(), CHAPTER)
    outside = columns["beta"] <= 0
    assert outside.any() and not columns["damped"][outside].any()
    assert columns["damped"][~outside].mean() > 0.9


def test_without_two_parameters_or_a_box_there_is_no_map(bioassay):
    fit = laplace_of(bioassay).fit()
    for bounds in (None, {"alpha": [None, 1.0], "beta": [0.0, 1.0]}):
        columns, reason = basin_table(fit, bounds)
        assert "bounds" in reason and columns["undamped"].size == 0
    assert "declined" in basin_table(None, CHAPTER)[1]


def test_the_box_of_a_certified_grid_stops_five_sds_from_the_mean():
    record = {"kind": "certified", "bounds": {"a": [-100.0, 1.0]}, "mean": {"a": 0.0}}
    assert box_of(record | {"sd": {"a": 2.0}}) == {"a": [-10.0, 1.0]}
    assert box_of(record | {"sd": {"a": None}}) is None
    assert box_of(record | {"kind": "named", "sd": {"a": 2.0}}) == record["bounds"]

"""The budget of the exact side: how many nodes are tried, and what takes too long."""

import numpy as np
import pytest

from configured_posterior import posterior
from known_posteriors import unbounded
from laplace_approx.exact.budget import Budget, OutOfBudget
from laplace_approx.exact.certified import certified_grid
from laplace_approx.exact.step import grid_tables

NORMAL = unbounded(("x", "y"), lambda t: -0.5 * np.sum(t**2, axis=-1))


def test_evaluations_count_times_the_rows_of_data():
    few, many = Budget(1e6, rows=1), Budget(1e6, rows=100)
    for budget in (few, many):
        budget.watch(NORMAL.log_density)(np.zeros((50, 2)))
    assert few.left == 10**6 - 50
    assert many.left == 10**4 - 50


def test_a_small_budget_gives_fewer_nodes_and_the_same_numbers_each_time():
    records = [
        certified_grid(NORMAL, [0.0, 0.0], budget=Budget(evaluations)).record()
        for evaluations in (3e5, 3e5, 1e8)  # 6e4 of them look off the nodes, and 5e4 for far humps
    ]
    assert records[0] == records[1]
    assert np.prod(records[0]["points"]) <= np.prod(records[2]["points"])


@pytest.mark.parametrize("limits", [{"evaluations": 2e3}, {"seconds": 0.0}])
def test_what_is_spent_is_no_grid_and_says_how_far_it_got(limits):
    model, density, _ = posterior("bioassay", "normal_sd", "natural")
    tables = grid_tables(model, lambda: density, {}, limits)
    assert tables.record["status"] == "absent"
    assert tables.record["log_evidence"] is None
    (reason,) = tables.record["reasons"]
    assert f"exact.{next(iter(limits))}" in reason
    assert "as far as it got" in reason


def test_time_ends_a_grid_between_two_evaluations():
    budget = Budget(seconds=0.0)
    with pytest.raises(OutOfBudget, match="search for the mode"):
        budget.watch(NORMAL.log_density)(np.zeros((2, 2)))

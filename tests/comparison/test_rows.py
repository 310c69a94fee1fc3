"""Laws of the rows of a table: each is found by its own keys, and by no others."""

import itertools
import math

import numpy as np
import pytest

from laplace_approx.comparison.rows import Rows, rows_of

QUANTITIES, PROBABILITIES = ("a", "b"), (0.025, 0.5, 0.975)
METHODS = ("laplace", "grid", "skew")


def table(methods, seed=3):
    """Return a table with a row for every key, in an order by chance, its own place as value."""
    keys = list(itertools.product(QUANTITIES, methods, PROBABILITIES))
    np.random.default_rng(seed).shuffle(keys)
    quantity, method, p = zip(*keys, strict=True)
    columns = {"quantity": list(quantity), "probability": np.array(p, dtype=float)}
    named = {} if methods == (None,) else {"method": list(method)}
    return columns | named | {"value": np.arange(len(keys), dtype=float)}


@pytest.mark.parametrize("methods", [(None,), METHODS], ids=["plain", "by-method"])
def test_every_row_is_found_by_its_own_keys(methods):
    columns = table(methods)
    rows, said = Rows(columns), columns.get("method", [None] * 6)
    for row, keys in enumerate(zip(columns["quantity"], columns["probability"], said, strict=True)):
        quantity, p, method = keys
        assert rows.at(*keys) == row
        assert rows.places(quantity, [p], method) == [row]
        assert row in rows.of(quantity, method)
    for quantity in QUANTITIES:
        assert set(rows.methods(quantity)) == set(methods)
        of_all = [row for method in methods for row in rows.of(quantity, method)]
        assert sorted(of_all) == [i for i, q in enumerate(columns["quantity"]) if q == quantity]


def test_places_are_in_the_order_that_is_asked_for():
    columns = table((None,))
    for asked in itertools.permutations(PROBABILITIES):
        places = Rows(columns).places("a", asked)
        assert tuple(columns["probability"][places]) == asked


def test_a_row_that_is_not_there_is_said():
    columns = table(METHODS)
    rows = Rows(columns)
    assert rows.at("a", 0.1, "grid") is None and rows.of("c") == [] and rows.methods("c") == []
    assert math.isnan(rows.value("value", "a", 0.5))  # no row is without a method
    for asked in (("a", [0.5, 0.1], "grid"), ("a", [0.5], "none"), ("c", [0.5], "grid")):
        with pytest.raises(KeyError, match=f"no row of {asked[0]}"):
            rows.places(*asked)


def test_two_probabilities_that_differ_in_rounding_are_one():
    columns = table((None,))
    assert Rows(columns).at("a", 1 - 0.025) == Rows(columns).at("a", 0.975) is not None


def test_each_table_has_rows_of_its_own():
    one, other = table(METHODS, 1), table(METHODS, 2)
    assert rows_of(one) is rows_of(one)
    for each in (one, other):
        assert rows_of(each).table is each

"""The law of the audit about what the ascent to a mode cost, wherever the start was."""

import numpy as np
import pytest

from laplace_approx.density.density import Density
from laplace_approx.mode.search import find_mode
from laplace_audit.laws.mode import _counts
from laplace_audit.ledger import Ledger

STARTS = {"on the hump": 9.0, "on a lower hump": 0.0}


def two_humps(x):
    low, high = -0.5 * np.sum(x**2, axis=-1), 3 - 0.5 * np.sum((x - 9) ** 2, axis=-1)
    return np.logaddexp(low, high)


def record_of(start: float) -> dict:
    edge = np.full(2, np.inf)
    density = Density(("a", "b"), two_humps, None, None, -edge, edge)
    report = find_mode(density, np.full(2, start), seed=0).report
    keys = ("n_evaluations", "evaluations_of_ascent", "evaluations_of_search", "attempts", "method")
    return {key: getattr(report, key) for key in keys} | {"path": report.path.tolist()}


def broken(record: dict) -> set[str]:
    ledger = Ledger()
    _counts(ledger.page("mode.json"), record)
    return {check.law for check in ledger.checks if not check.ok}


@pytest.mark.parametrize("start", STARTS.values(), ids=STARTS)
def test_what_a_search_counts_breaks_no_law_and_a_false_count_does(start):
    record = record_of(start)
    assert broken(record) == set()
    if record["evaluations_of_search"]:  # an ascent as cheap as the climb, without the derivatives
        less = record["attempts"][0]["evaluations"]
        rest = record["n_evaluations"] - less
        moved = {"evaluations_of_ascent": less, "evaluations_of_search": rest}
        assert broken(record | moved)
    assert broken(record | {"evaluations_of_search": record["evaluations_of_search"] + 1})

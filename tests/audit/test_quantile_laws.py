"""The laws of the audit about quantiles of derived quantities: where one is due, none may miss."""

import math
from typing import NamedTuple

import numpy as np
import pytest

from laplace_audit.laws.quantiles import _region_law
from laplace_audit.ledger import Ledger

P = np.array([0.025, 0.25, 0.5, 0.75, 0.975])
LAW = "quantiles of the grid"


class Uniform(NamedTuple):
    """What the audit measures of a quantity that is uniform on [0, 1] where it is looked at."""

    excluded: float

    def cdf(self, levels):
        return np.clip(np.asarray(levels, dtype=float), 0, 1)


def held(region, value, error=0.0):
    ledger = Ledger()
    _region_law(ledger.page("x"), LAW, region, P, value, np.full(P.shape, error))
    return all(check.ok for check in ledger.checks)


@pytest.mark.parametrize("excluded", [0.0, 0.5, 0.99])
def test_quantiles_are_due_where_the_quantity_has_values(excluded):
    region = Uniform(excluded)
    assert held(region, P)
    assert not held(region, np.full(P.shape, math.nan))
    for k in range(P.size):
        assert not held(region, np.where(np.arange(P.size) == k, math.nan, P))


@pytest.mark.parametrize("excluded", [1.0, 1 - 1e-6])
def test_none_is_due_where_next_to_nothing_has_a_value(excluded):
    assert held(Uniform(excluded), np.full(P.shape, math.nan))


def test_a_share_that_is_not_known_excuses_nothing():
    assert not held(Uniform(math.nan), np.full(P.shape, math.nan))


def test_nothing_is_measured_above_three_dimensions():
    assert held(None, np.full(P.shape, math.nan))

"""The lattice of all parameters: held against the lattices of the single ones before anything is
summed over it, and what it is off by counted where it is used."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import stats

from known_posteriors import unbounded
from laplace_approx.comparison.distances import Nodes, compare
from laplace_approx.comparison.joint import judged_by, not_judged
from laplace_approx.comparison.sides import ExactSide
from laplace_approx.density.model import Model
from laplace_approx.exact.certified import certified_grid
from laplace_approx.exact.derived.quantiles import DerivedQuantity
from laplace_approx.exact.known_modes import Known
from laplace_approx.exact.shared import UNRESOLVED, missed

HALF_LOG = 0.5 * math.log(2 * math.pi)
P = np.array([0.025, 0.25, 0.5, 0.75, 0.975])


def normal(x, mean=0.0, sd=1.0):
    return -0.5 * ((x - mean) / sd) ** 2 - math.log(sd) - HALF_LOG


def far_spike(distance, share, sd):
    """(1 - share) N(0, 1) + share N(distance, sd)."""
    parts = ((1 - share, 0.0, 1.0), (share, distance, sd))
    return unbounded(
        ("x",),
        lambda t: np.logaddexp(
            *(math.log(each) + normal(t[..., 0], mean, s) for each, mean, s in parts)
        ),
    )


def banana(bend):
    return unbounded(
        ("x", "y"),
        lambda t: normal(t[..., 0]) + normal(t[..., 1] - bend * (t[..., 0] ** 2 - 1)),
    )


def distances(grid, log_q):
    """Return the distances from an approximation of the parameters, as the comparison does."""
    fine = grid.lattice.odd()
    nodes = (
        Nodes(each.log_density, log_q(each.nodes()), each.log_weights())
        for each in (fine, fine.thin())
    )
    return compare(*nodes, grid.outside_mass["total"] + missed(grid.record()))


@pytest.mark.parametrize(
    ("distance", "share", "sd"), [(1000, 0.001, 0.2), (300, 0.01, 0.05), (50, 0.2, 0.02)]
)
def test_a_narrow_mode_far_away_is_in_the_joint_measures(distance, share, sd):
    known = Known(np.array([[0.0], [float(distance)]]), 0, 0)
    grid = certified_grid(far_spike(distance, share, sd), [0.0], known=known)
    found = distances(grid, lambda theta: normal(theta[..., 0]))
    entropy = -0.5 - math.log(sd) - HALF_LOG
    due = (1 - share) * math.log(1 - share) + share * (math.log(share) + entropy)
    due += share * (0.5 * (distance**2 + sd**2) + HALF_LOG)
    for name, truth in (("kl_exact_laplace", due), ("total_variation", share)):
        measure = found[name]
        assert abs(measure.value - truth) < 2 * measure.error + 1e-9, (name, measure, truth)
        assert measure.error < 1e-3 * max(truth, 1e-3), (name, measure)


@pytest.mark.parametrize("bend", [5, 10])
def test_a_derived_quantity_of_a_banana_is_as_good_as_it_says(bend):
    grid = certified_grid(banana(bend), [0.0, 0.0])
    share = missed(grid.record())
    derived = DerivedQuantity(
        grid.lattice, lambda t: t[..., 1] - bend * (t[..., 0] ** 2 - 1), None, share, P
    )
    found = derived.quantiles(P)
    off = np.abs(found.value - stats.norm.ppf(P))
    assert np.all(off < 2 * found.error + 1e-12), off
    assert np.max(found.error) < 1e-3


def test_every_lattice_says_what_it_is_off_by():
    for density, start in ((far_spike(1000, 0.001, 0.2), [0.0]), (banana(5), [0.0, 0.0])):
        record = certified_grid(density, start).record()
        assert 0 <= record["lattice_error"]["log_evidence"] < 1e-6
        assert 0 <= record["lattice_error"]["probability"] < 1e-6


def test_a_lattice_that_resolves_too_little_serves_no_sum():
    grid = certified_grid(banana(2), [0.0, 0.0])
    record = grid.record() | {"status": "ok"}
    record["lattice_error"] = record["lattice_error"] | {"probability": 2 * UNRESOLVED}
    assert math.isnan(missed(record))
    assert judged_by(SimpleNamespace(record=record)) is None
    assert "too coarse" in not_judged(record)
    nothing = dict.fromkeys(Model._fields[:11])
    quantities = {"quantities": {"sum": lambda x, y: x + y}, "conditions": {}}
    model = Model(**nothing | {"parameters": ("x", "y")} | quantities)
    side = ExactSide(model, record, grid.lattice, grid.marginals)
    assert np.all(np.isnan(side.quantiles("sum", P)))
    assert np.all(np.isfinite(side.quantiles("x", P).value))

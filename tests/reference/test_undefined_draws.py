"""Draws of a posterior whose log likelihood is NaN: refused where the mass is, or next to it."""

import numpy as np
import pytest

from cases_in_memory import laplace_of, posterior_of, reference_of
from laplace_approx.density.density import Density
from laplace_approx.reference.coordinates import Unbounded
from laplace_approx.reference.defined import undefined_among
from laplace_approx.reference.frozen_draws import frozen_draws
from laplace_approx.reference.student import StudentMixture

# four correlated parameters with a tail to one side, and a hole in which there is no value
HOLED = """
import numpy as np

PARAMETERS = ("a", "b", "c", "d")


def log_likelihood(theta, data):
    a, b, c, d = (theta[..., i] for i in range(4))
    value = -0.5 * (a**2 + (b - 0.5 * a) ** 2 + (c - 0.3 * b) ** 2) + d - np.exp(d)
    return np.where({hole}, {instead}, value)
"""
NO_GRID = {"status": "absent", "reasons": ["a grid of 4 parameters is out of reach"]}


def reference(tmp_path, hole, instead="np.nan"):
    """Return the normal and the record of the draws about it."""
    file = tmp_path / "holed.py"
    file.write_text(HOLED.format(hole=hole, instead=instead))
    normal = laplace_of(posterior_of(file))
    return normal, reference_of([normal], [NO_GRID], evaluations=24_000).record


@pytest.fixture
def blind_search(monkeypatch):
    """A search for the mode that has met no NaN: the draws are on their own."""
    monkeypatch.setattr("laplace_approx.mode.search.require_defined", lambda *found: None)


@pytest.mark.parametrize("hole", ["(a > 0.8) & (b > 0.8) & (c > 0.8)", "d < -5", "a < -0.2"])
def test_where_draws_meet_a_nan_in_the_mass_they_do_not_serve(tmp_path, blind_search, hole):
    """A corner with 4 % of the mass, a thin tail with 0.7 % of it, and nearly half of the space."""
    normal, record = reference(tmp_path, hole)
    assert normal.mode["status"] == "ok"
    assert not record["serves"]
    for words in ("is NaN at a = ", "draws of the proposal", "are NaN", "SUPPORT"):
        assert words in record["reason"]


def test_where_only_far_places_are_nan_they_serve(tmp_path):
    normal, record = reference(tmp_path, "(np.abs(a) > 9) | (d < -40) | (d > 6)")
    assert normal.mode["status"] == "ok"
    assert record["serves"], record["reason"]


def test_a_density_of_0_is_not_taken_for_a_nan(tmp_path):
    """The same corner, said to be empty: whatever comes of it, no NaN is told of."""
    normal, record = reference(tmp_path, "(a > 0.8) & (b > 0.8) & (c > 0.8)", "-np.inf")
    assert "NaN" not in (normal.mode["message"] or "") + (record["reason"] or "")


@pytest.mark.parametrize(("border", "refused"), [(1.0, True), (7.0, False), (1e9, False)])
def test_the_look_for_a_nan_counts_what_it_asks_and_asks_no_draw_again(border, refused):
    asked = []

    def value(theta):
        asked.append(theta.shape[0])
        return np.where(theta[:, 0] > border, np.nan, -0.5 * np.sum(theta**2, axis=-1))

    def log_density(theta):
        found = value(theta)
        return np.where(np.isnan(found), -np.inf, found)

    ends = np.full(2, np.inf)
    names, nan = ("a", "b"), lambda theta: np.isnan(value(theta))
    density = Density(names, log_density, None, None, -ends, ends, undefined=nan)
    proposal = StudentMixture(np.ones(1), np.zeros((1, 2)), 1.5 * np.eye(2)[None], np.array([3.0]))
    rng = np.random.default_rng(3)
    drawn = frozen_draws(Unbounded(density).log_density, proposal, 2**16, rng)
    asked.clear()
    look = undefined_among(density, proposal, drawn)
    assert look.evaluations == sum(asked) and max(asked, default=0) < 2**13
    assert (look.declined is not None) == refused
    assert (look.evaluations > 0) == (border < 1e9)

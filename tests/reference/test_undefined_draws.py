"""Draws of a posterior whose log likelihood is NaN: refused where the mass is, or next to it."""

import pytest

from cases_in_memory import laplace_of, posterior_of, reference_of

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

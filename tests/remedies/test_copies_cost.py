"""What a search for copies of the data may cost, and what it says where that does not suffice."""

import math

import pytest

from cases_in_memory import MODELS, laplace_of, posterior_of
from laplace_approx.errors import Declined
from laplace_approx.remedies import repeated_data
from laplace_approx.remedies.repeated_data import Once, Repeated, copies_needed

TOLERANCE = 0.1


@pytest.fixture(scope="module")
def fit():
    return laplace_of(posterior_of(MODELS / "bioassay.py", "bioassay.csv")).fit()


def test_what_is_known_of_the_data_as_they_are_is_not_sought_again(fit, monkeypatch):
    """The errors of one copy are those that were handed in, and nobody looks for its mass."""
    known = Repeated(dict.fromkeys(fit.names, 3.25), 0.75)
    monkeypatch.setattr(repeated_data, "certified_grid", None)  # to call it is an error
    found = copies_needed(fit, TOLERANCE, True, Once(known, repeated_data.MOST_SEARCHED + 1))
    first = found["tried"][0]
    assert (first["copies"], first["errors"], first["total_variation"]) == (1, *known)


def test_fewer_copies_whose_error_was_not_sought_leave_the_number_open(fit, monkeypatch):
    """No number is called the fewest where the error next below it would have cost too much."""
    glimpse = repeated_data.glimpse
    at = iter(range(10**6))

    def seldom(density, mode):  # not for the first numbers: 1, 2, 4, 8, 16, 32
        return glimpse(density, mode) if next(at) >= 6 else None

    monkeypatch.setattr(repeated_data, "glimpse", seldom)
    monkeypatch.setattr(repeated_data, "MOST_SEARCHED", 0)
    found = copies_needed(fit, TOLERANCE, True, Once(None, 1))
    tried = {each["copies"]: each["errors"] for each in found["tried"]}
    assert all(math.isnan(tried[n]["beta"]) for n in (1, 2, 4, 8, 16, 32))
    assert found["quantities"]["ld50"]["copies"] is None  # 64 are enough, and 32 are not known
    assert "not known with" in found["quantities"]["ld50"]["reason"]
    assert 224 < found["quantities"]["beta"]["copies"] <= 256  # its neighbour, 240 or 248, is known


@pytest.mark.parametrize("ends", ["in numbers", "in a decline"])
def test_searches_for_the_mass_take_no_more_than_they_may_whatever_they_end_in(
    fit, monkeypatch, ends
):
    """A batch of points is evaluated whole, so the last one may go beyond; it is a lattice of the
    search, of a tenth of what all may take here."""
    counters, counted, certified = [], repeated_data.counted, repeated_data.certified_grid

    def counting(density):
        density, counter = counted(density)
        counters.append(counter)
        return density, counter

    def declining(density, mode, **more):
        certified(density, mode, **more)
        raise Declined("improper", "as one that was found to be none in the end")

    monkeypatch.setattr(repeated_data, "glimpse", lambda *_: None)
    monkeypatch.setattr(repeated_data, "close_look", lambda *_: None)
    monkeypatch.setattr(repeated_data, "counted", counting)
    monkeypatch.setattr(repeated_data, "MOST_SEARCHED", 2**20)
    if ends == "in a decline":
        monkeypatch.setattr(repeated_data, "certified_grid", declining)
    found = copies_needed(fit, TOLERANCE, True)
    spent = sum(counter.evaluations for counter in counters)
    assert 0.2 * 2**20 < spent < 1.1 * 2**20
    assert found["quantities"]["beta"]["copies"] is None

"""What was false or withheld of one parameter once, of every kind one: held against its truth."""

import sys

import numpy as np
import pytest
from scipy import stats

from project_copy import PROJECT

sys.path.append(str(PROJECT / "benchmarks"))

from known import line
from known.holding import _about, hold
from known.joint import joint
from known.kinds import make
from known.laws import Closed, Mixture
from known.quantities import OF_X, Pushed
from known.steps import stated
from known.truth import PROBABILITIES, peak

HELD = {
    "a hole that the polar rule and the reflected nodes missed": "hole:1",
    "a spike between the places where the mode was sought": "spike:2",
    "a second hump on the coarse end of a stretched axis": "far_hump:5",
    "a hump that ended long before its circle was cut": "von_mises:1",
    "ripples that equal steps of the curvature missed": "ripples:7",
    "a constant": "asked_of_a_line:1",
    "mostly one number": "asked_of_a_line:8",
}


@pytest.mark.parametrize("name", HELD)
def test_nothing_is_false_and_all_is_judged(name):
    kind, seed = HELD[name].split(":")
    known = make(kind, int(seed))
    found = hold(known, stated(known, PROBABILITIES, 0.1, remedies=False))
    assert not [each for each in found.held if each.lie]
    assert not found.wrong and not found.unjudged


def test_a_quantity_of_one_number_is_judged():
    said = stated(make("asked_of_a_line", 1), PROBABILITIES, 0.1, remedies=False)
    for name in ("constant", "above_one"):
        judged = said.verdict["quantities"][name]
        assert judged["verdict"] == "fine" and judged["scale_sd"] > 0
        assert judged["endpoint_error_sd"]["95"] == {"value": 0.0, "error": 0.0, "reason": None}


REMEDIED = ("humps:0", "far_hump:0", "f_ratio:0", "student:20")


@pytest.mark.parametrize("name", REMEDIED)
def test_no_error_of_a_moment_by_a_remedy_is_false(name):
    kind, seed = name.split(":")
    known = make(kind, int(seed))
    found = hold(known, stated(known, PROBABILITIES, 0.1))
    moments = [each for each in found.held if each.what.startswith("remedy_")]
    assert len(moments) > 4 and not [each for each in moments if each.lie]


def test_a_density_of_many_steps_does_not_take_long():
    """Forty of them are as many humps of one axis."""
    known = make("change_point", 1)
    said = stated(known, PROBABILITIES, 0.1, remedies=False)
    assert not [each for each in hold(known, said).held if each.lie]


@pytest.mark.parametrize("width", [1.0, 1e-2, 1e-4])
def test_divergences_of_a_mixture_know_its_narrow_part(width):
    """Far apart, p = w N1 + (1 - w) N2 has the divergence log w from N1 to itself."""
    law = Mixture([0.3, 0.7], [Closed(stats.norm(0, 1)), Closed(stats.norm(50.0, width))])
    known = line.on_a_line("mixture", 0, law, line.FREE, law.logpdf, 0.0, 0.0)
    found = joint(known, [0.0], [[1.0]])
    value, accuracy = found["kl_laplace_exact"]
    assert abs(value + np.log(0.3)) <= accuracy
    value, accuracy = found["hellinger"]
    assert abs(value - np.sqrt(1 - np.sqrt(0.3))) <= accuracy


def test_both_ends_of_an_interval_are_parts_of_it():
    law = Pushed(Closed(stats.norm(0.5, 1.0)), OF_X["positive_part"])
    below, until = _about(law, law, 0.0)
    assert below == (0.0, 0.0)
    assert until == pytest.approx([stats.norm.cdf(-0.5)] * 2)
    below, until = _about(law, law, 1.0)  # where there is no atom, both are one
    assert below == until and below[0] == pytest.approx(stats.norm.cdf(0.5), abs=1e-10)


def test_a_curvature_by_differences_knows_its_last_digits():
    """The second derivative of a narrow normal far from 0 is known in closed form."""
    for centre in (0.0, 5.9, 1e3):
        law = Closed(stats.norm(centre, 1e-4))
        known = line.on_a_line("normal", 0, law, line.FREE, law.logpdf, 0.0, centre)
        found = peak(known)
        assert abs(float(found.hessian[0, 0]) / -1e8 - 1) <= found.hessian_error

"""A mode that the grid found and the search had not: the verdict says whether it is higher."""

import numpy as np
import pytest

from cases_in_memory import MODELS, exact_of, judged, laplace_of, posterior_of
from laplace_approx.verdict.higher_mode import higher_modes

SPACES = {"natural": {}, "log": {"beta": "log"}}


@pytest.fixture(scope="module")
def bioassay():
    posterior = posterior_of(MODELS / "bioassay.py", "bioassay.csv")
    return posterior, exact_of(posterior)


def found_at(*places) -> dict:
    return {"off_the_nodes": {"new_modes": [list(place) for place in places]}}


@pytest.mark.parametrize("space", SPACES)
def test_what_is_higher_in_the_space_is_named_and_nothing_else(bioassay, space):
    laplace = laplace_of(bioassay[0], SPACES[space], space)
    top = laplace.space.constrain(np.array(laplace.mode["z"]))
    beside = top * np.array([1.2, 0.9])
    below = laplace.fit().density.log_density(laplace.space.unconstrain(beside))
    drop = laplace.mode["log_density"] - float(below)
    assert drop > 0 and higher_modes(laplace, found_at(beside, top)) == []
    # the same posterior with the normal at a mode that is lower than that by a tenth
    mode = laplace.mode | {"log_density": float(below) - 0.1}
    (said,) = higher_modes(laplace._replace(mode=mode), found_at(beside))
    assert f"alpha = {beside[0]:.4g}" in said and "higher by 0.1." in said
    (said,) = higher_modes(laplace._replace(mode=mode), found_at(beside, top))
    assert f"alpha = {top[0]:.4g}" in said


def test_a_mode_that_the_space_does_not_reach_is_none_of_it(bioassay):
    laplace = laplace_of(bioassay[0], {"beta": "log"}, "log")
    mode = laplace.mode | {"log_density": -1e9}
    assert higher_modes(laplace._replace(mode=mode), found_at([0.5, -1.0])) == []


def test_nothing_new_needs_no_word(bioassay):
    laplace = laplace_of(bioassay[0])
    assert higher_modes(laplace, {"off_the_nodes": None}) == []
    assert higher_modes(laplace, found_at()) == []


def test_the_sentence_says_down_to_which_width_the_grid_sees(bioassay):
    posterior, exact = bioassay
    width = max(exact.record["off_the_nodes"]["seen_width"].values())
    verdict = judged(laplace_of(posterior), exact, extent="none").verdict
    for said in verdict["quantities"].values():
        before = said["sentence"].split(" posterior SDs wide or more")[0]
        assert width <= float(before.split()[-1]) <= 1.1 * width  # never better than it is

"""Modes that chains went past, although they lie within the box of their draws."""

import numpy as np
import pytest

from laplace_approx.chains.reached import unreached
from laplace_approx.comparison.unseen import unseen_mass
from laplace_approx.density.density import Density

NAMES, N, PLACE, WIDTH = ("a", "b", "c"), 4000, 2.0, 0.05


def spike_beside_a_slab(share: float) -> Density:
    """N(0, 1) in three parameters, and a narrow normal with this share of the mass."""

    def log_density(x):
        slab = np.log(1 - share) - 0.5 * np.sum(x**2, axis=-1)
        spike = -0.5 * np.sum((x - PLACE) ** 2, axis=-1) / WIDTH**2 - 3 * np.log(WIDTH)
        return np.logaddexp(slab, np.log(share) + spike)

    ends = np.full(3, np.inf)
    return Density(NAMES, log_density, None, None, -ends, ends)


def modes(share: float) -> list[dict]:
    """Return the record of a search that found both."""
    places = ([0.0] * 3, 1 - share), ([PLACE] * 3, share)
    found = [{"theta": theta, "share": each} for theta, each in places]
    return [{"parameters": list(NAMES), "modes": found}]


def draws(share: float, seed: int):
    """Return independent draws with so many of them about the spike."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((N, 3))
    there = rng.random(N) < share
    x[there] = PLACE + WIDTH * x[there]
    return x


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("share", [0.02, 0.3])
def test_a_spike_that_chains_went_past_is_counted(share, seed):
    density, x = spike_beside_a_slab(share), draws(0.0, seed)
    assert np.all((x.min(axis=0) < PLACE) & (x.max(axis=0) > PLACE))  # within their box
    found, where = unreached(density, x, modes(share), N)
    assert found == unseen_mass(modes(share)[0]["modes"], (0,)) > 0.5
    assert where == [("a", PLACE)]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("share", [0.02, 0.3])
def test_a_spike_that_chains_have_been_to_is_not(share, seed):
    density = spike_beside_a_slab(share)
    assert unreached(density, draws(share, seed), modes(share), N) == (0.0, [])
    # and a Laplace share that is ten times too large raises no alarm
    assert unreached(density, draws(share / 10, seed), modes(share), N) == (0.0, [])


def test_a_mode_about_which_few_draws_are_due_is_let_be():
    share = 9 / N
    density, x = spike_beside_a_slab(share), draws(0.0, 1)
    assert unreached(density, x, modes(share), N) == (0.0, [])


def test_a_lone_mode_that_no_draw_is_as_high_as_is_no_fault_of_the_draws():
    """The mode of a skewed posterior may be far above all of its draws."""
    share = 0.5
    record = modes(share)
    record[0]["modes"] = [record[0]["modes"][1] | {"share": 1.0}]
    assert unreached(spike_beside_a_slab(share), draws(0.0, 2), record, N) == (0.0, [])


def test_a_mode_beyond_the_box_is_still_counted():
    record = modes(0.1)
    record[0]["modes"][1]["theta"] = [9.0, 0.0, 0.0]
    found, where = unreached(spike_beside_a_slab(0.1), draws(0.0, 3), record, N)
    assert found == unseen_mass(record[0]["modes"], (0,)) and where == [("a", 9.0)]

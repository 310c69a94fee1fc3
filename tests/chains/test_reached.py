"""Modes that chains went past, although they lie within the box of their draws."""

from types import SimpleNamespace

import numpy as np
import pytest

from laplace_approx.chains.reached import unreached
from laplace_approx.comparison.unseen import unseen_mass
from laplace_approx.density.density import Density
from laplace_audit.laws.brought import _unreached

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


def spike_within(share: float, d: int) -> Density:
    """N(0, I), and about the same place a normal a twentieth as wide with this share."""

    def log_density(x):
        r = -0.5 * np.sum(np.asarray(x) ** 2, axis=-1)
        return np.logaddexp(np.log(1 - share) + r, np.log(share) + r / WIDTH**2 - d * np.log(WIDTH))

    ends = np.full(d, np.inf)
    return Density(tuple(f"x{i}" for i in range(d)), log_density, None, None, -ends, ends)


def lone(density: Density, place, deviations) -> list[dict]:
    """Return the record of a search that found one mode, of these SDs."""
    top = float(density.log_density(np.array(place)))
    mass = top + np.sum(np.log(deviations)) + len(place) / 2 * np.log(2 * np.pi)
    each = {"theta": list(place), "share": 1.0, "log_mass": float(mass)}
    return [{"parameters": list(density.names), "modes": [each]}]


@pytest.mark.parametrize("d", [3, 20])
def test_a_lone_spike_that_chains_went_past_leaves_all_unknown(d):
    """A tenth or more of the mass, and no draw of it. (In one dimension draws of the slab fall on
    it: 7 % of them are within 1.64 of its SDs, and what is missing is what a shift would show.)"""
    for share in (0.1, 0.5, 0.9):
        density = spike_within(share, d)
        x = np.random.default_rng(d).standard_normal((N, d))
        record = lone(density, [0.0] * d, [WIDTH] * d)
        assert unreached(density, x, record, N) == (1.0, [("x0", 0.0)])
        there = np.random.default_rng([d, 1]).random(N) < share
        x[there] *= WIDTH
        assert unreached(density, x, record, N) == (0.0, [])


def independent(log_density, d: int) -> Density:
    ends = np.full(d, np.inf)
    names = tuple(f"x{i}" for i in range(d))
    return Density(names, lambda x: np.sum(log_density(x), axis=-1), None, None, -ends, ends)


def neck(d: int) -> Density:
    """A funnel: v ~ N(0, 3^2), and d - 1 others N(0, e^v) given v; its mode is deep in the neck."""

    def log_density(x):
        v, rest = x[..., 0], x[..., 1:]
        of_rest = -0.5 * np.sum(rest**2, axis=-1) * np.exp(-v) - 0.5 * (d - 1) * v
        return -0.5 * v**2 / 9 + of_rest

    ends = np.full(d, np.inf)
    return Density(tuple(f"x{i}" for i in range(d)), log_density, None, None, -ends, ends)


@pytest.mark.parametrize("seed", range(3))
def test_a_lone_mode_that_no_draw_is_as_high_as_is_no_fault_of_the_draws(seed):
    """In 20 dimensions: a normal, a skewed one (log of a gamma), and a funnel."""
    d, rng = 20, np.random.default_rng(seed)
    normal = independent(lambda x: -0.5 * x**2, d)
    record = lone(normal, [0.0] * d, [1.0] * d)
    assert unreached(normal, rng.standard_normal((N, d)), record, N) == (0.0, [])
    k = 0.05
    skewed = independent(lambda x: k * x - np.exp(x), d)
    x = np.log(rng.gamma(k + 1, size=(N, d))) + np.log(rng.random((N, d))) / k
    record = lone(skewed, [np.log(k)] * d, [k**-0.5] * d)
    assert unreached(skewed, x, record, N) == (0.0, [])
    funnel = neck(d)
    v = 3 * rng.standard_normal(N)
    at = -9 * (d - 1) / 2
    v[0] = 2 * at  # within the box, as chains that went there once
    x = np.column_stack([v, np.exp(v / 2)[:, None] * rng.standard_normal((N, d - 1))])
    record = lone(funnel, [at] + [0.0] * (d - 1), [3.0] + [np.exp(at / 2)] * (d - 1))
    assert (
        funnel.log_density(x).max()
        < funnel.log_density(np.array(record[0]["modes"][0]["theta"])) - 14.3
    )
    assert unreached(funnel, x, record, N) == (0.0, [])


@pytest.mark.parametrize("share", [np.nan, None])
def test_a_share_that_is_not_known_is_not_seen(share):
    density, x = spike_beside_a_slab(0.3), draws(0.3, 1)
    for i in range(2):
        record = modes(0.3)
        record[0]["modes"][i]["share"] = share
        found, where = unreached(density, x, record, N)
        assert found == 1.0 and where
        del record[0]["modes"][1 - i]
        assert unreached(density, x, record, N)[0] == 1.0
    assert unreached(density, x, modes(0.3), np.nan)[0] == 1.0


def test_a_lone_mode_of_unknown_mass_that_draws_went_past_is_not_seen():
    density = spike_within(0.5, 3)
    record = lone(density, [0.0] * 3, [WIDTH] * 3)
    x = draws(0.0, 2)
    for mass in (None, np.nan):
        record[0]["modes"][0]["log_mass"] = mass
        assert unreached(density, x, record, N)[0] == 1.0


def test_a_mode_beyond_the_box_is_still_counted():
    record = modes(0.1)
    record[0]["modes"][1]["theta"] = [9.0, 0.0, 0.0]
    found, where = unreached(spike_beside_a_slab(0.1), draws(0.0, 3), record, N)
    assert found == unseen_mass(record[0]["modes"], (0,)) and where == [("a", 9.0)]


def test_the_audit_finds_the_same_mass():
    rng = np.random.default_rng(4)
    beside = spike_beside_a_slab(0.02)
    cases = [(beside, draws(share, 5), modes(0.02)[0]) for share in (0.0, 0.02)]
    for d in (3, 20):
        spike, x = spike_within(0.5, d), rng.standard_normal((N, d))
        cases += [(spike, x, *lone(spike, [0.0] * d, [sd] * d)) for sd in (WIDTH, 1e-4)]
        cases += [(spike, x, *lone(spike, [9.0] * d, [WIDTH] * d))]
    cases += [(beside, draws(0.0, 5), {"parameters": list(NAMES), "modes": []})]
    found = []
    for density, x, mode in cases:
        told = x, density.log_density(x), float(N)
        found.append(unreached(density, x, [mode], float(N))[0])
        audited = SimpleNamespace(parameters=density.names, log_density=density.log_density)
        assert _unreached(told, audited, mode) == pytest.approx(found[-1], rel=1e-9)
    assert {0.0, 1.0} < set(found)

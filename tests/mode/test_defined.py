"""A NaN of the model is no density of 0: it is refused where the mass lies, and only there."""

import math
import re

import numpy as np
import pytest

from laplace_approx.density.density import density_in
from laplace_approx.density.model import Model
from laplace_approx.density.posterior import natural_density
from laplace_approx.density.priors import build_prior
from laplace_approx.density.space import build_space
from laplace_approx.density.undefined import MOST_ASKED
from laplace_approx.errors import Declined
from laplace_approx.exact.box import named_grid
from laplace_approx.exact.defined import require_defined
from laplace_approx.exact.frame import Frame
from laplace_approx.exact.step import grid_tables
from laplace_approx.mode.search import find_mode


def holed(d, hole, instead=np.nan, log_p=None, lower=-math.inf):
    """Return a model, by default a standard normal of d parameters, with `instead` where a hole
    theta (..., d) -> (...) is true."""

    def normal(theta):
        return -0.5 * np.sum(theta**2, axis=-1)

    value = log_p or normal
    names = tuple("abcdefgh"[:d])
    return Model(
        name="holed",
        parameters=names,
        log_likelihood=lambda theta: np.where(hole(theta), instead, value(theta)),
        gradient=None,
        hessian=None,
        lower=np.full(d, lower),
        upper=np.full(d, math.inf),
        start=np.full(d, 0.1 if lower == -math.inf else 1.0),
        quantities={},
        conditions={},
        monotone=None,
    )


def density_of(model):
    return natural_density(model, build_prior({}, model.parameters))


def refused(model):
    with pytest.raises(Declined) as caught:
        find_mode(density_of(model), model.start, seed=0)
    return caught.value


# where the density is not negligible at the border of the hole
NEAR = {
    "half of the space": lambda theta: theta[..., 0] < -0.7,
    "the side of the mode": lambda theta: theta[..., 0] < 0.05,
    "a tail": lambda theta: theta[..., 0] > 2.5,
    "the last tail that counts": lambda theta: theta[..., -1] > 4.5,
    "a slab, with density beyond": lambda theta: np.abs(theta[..., 0] - 1.5) < 0.4,
}
FAR = {
    "an overflow at 40 SDs": lambda theta: np.sum(theta**2, axis=-1) > 1600,
    "beyond 8 SDs": lambda theta: np.abs(theta[..., 0]) > 8,
}


@pytest.mark.parametrize("d", [1, 2, 3, 5])
@pytest.mark.parametrize("hole", NEAR)
def test_nan_where_the_mass_is_is_refused_with_place_share_and_cure(hole, d):
    declined = refused(holed(d, NEAR[hole]))
    assert declined.reason == "model_contract_violation"
    place = np.array(declined.details["point"])
    assert NEAR[hole](place), "the place named has no NaN"
    assert np.linalg.norm(place) < 7, "the place named is far from the mass"
    for words in ("is NaN at a = ", "are NaN", "-inf where the density is 0", "SUPPORT"):
        assert words in declined.message


# no mass: a point, a plane along an axis and one across all of them, met exactly by some starts
OF_NO_MASS = {
    "a point": lambda theta: np.all(theta == 0, axis=-1),
    "a plane along an axis": lambda theta: theta[..., 0] == 0,
    "a plane across": lambda theta: np.sum(theta, axis=-1) == 0,
}


@pytest.mark.parametrize("d", [1, 2, 4])
@pytest.mark.parametrize("hole", OF_NO_MASS)
def test_what_holds_no_mass_is_accepted_from_every_start(hole, d):
    def beside(theta):
        return -0.5 * np.sum((theta - np.arange(1, d + 1)) ** 2, axis=-1)

    for start in (-1.0, 0.0, 0.1, 1.0):
        model = holed(d, OF_NO_MASS[hole], log_p=beside)._replace(start=np.full(d, start))
        found = find_mode(density_of(model), model.start, seed=0)
        np.testing.assert_allclose(found.x, np.arange(1, d + 1), atol=1e-5)


@pytest.mark.parametrize("width", [1e-3, 1e-5, 1e-7])
def test_a_thin_slab_is_no_plane_of_no_mass(width):
    """It holds 0.5 of its width, which is told from nothing down to 1e-8 SD."""

    def beside(theta):
        return -0.5 * np.sum((theta - 1) ** 2, axis=-1)

    model = holed(2, lambda theta: np.abs(theta[..., 0]) <= width, log_p=beside)
    assert refused(model._replace(start=np.zeros(2))).reason == "model_contract_violation"


@pytest.mark.parametrize("hole", ["half of the space", "a tail"])
def test_the_share_told_is_that_of_the_normal(hole):
    share = refused(holed(2, NEAR[hole])).message.split(" are NaN")[0].split()[-1]
    true = {"half of the space": 0.2420, "a tail": 0.0062}[hole]
    # four standard errors of 1000 draws, and its last digit
    assert abs(float(share[:-1]) / 100 - true) < 4 * math.sqrt(true / 1000) + 0.0005


@pytest.mark.parametrize("d", [1, 2, 3, 5])
@pytest.mark.parametrize("hole", FAR)
def test_nan_far_outside_the_bulk_changes_nothing(hole, d):
    model, whole = (holed(d, each) for each in (FAR[hole], lambda theta: theta[..., 0] > math.inf))
    found, true = (find_mode(density_of(each), each.start, seed=0) for each in (model, whole))
    np.testing.assert_allclose(found.x, true.x, atol=1e-6)


@pytest.mark.parametrize("hole", NEAR)
def test_a_density_of_0_is_not_taken_for_a_nan(hole):
    model = holed(2, NEAR[hole], instead=-math.inf)
    try:
        find_mode(density_of(model), model.start, seed=0)
    except Declined as declined:
        assert declined.reason != "model_contract_violation"


def test_a_nan_where_the_density_falls_to_0_is_far_and_one_at_a_cliff_is_not():
    """Gamma densities without their support: of shape 3 that falls to 0 at the end, of shape 1 it
    is highest there."""

    def gamma(shape):
        return lambda theta: (shape - 1) * np.log(theta[..., 0]) - theta[..., 0]

    def beyond(theta):
        return theta[..., 0] <= 0

    with np.errstate(all="ignore"):
        model = holed(1, beyond, log_p=gamma(3))._replace(start=np.ones(1))
        assert find_mode(density_of(model), model.start, seed=0).x == pytest.approx(2, abs=1e-5)
        model = holed(1, beyond, log_p=gamma(1))._replace(start=np.ones(1))
        assert refused(model).reason == "model_contract_violation"


def test_it_is_the_same_in_every_space():
    """LogNormal, NaN above its median."""

    def log_normal(theta):
        return -0.5 * np.log(theta[..., 0]) ** 2 - np.log(theta[..., 0])

    model = holed(1, lambda theta: theta[..., 0] > 1, log_p=log_normal, lower=0.0)
    model = model._replace(start=np.full(1, 0.4))
    for definition in ({}, {"a": "log"}):
        density = density_of(model)
        space = build_space(definition, density.names, density.lower, density.upper)
        start = space.unconstrain(model.start)
        with pytest.raises(Declined) as caught:
            find_mode(density_in(density, space), start, seed=0)
        assert caught.value.reason == "model_contract_violation", definition


@pytest.mark.parametrize("d", [1, 2])
@pytest.mark.parametrize("hole", NEAR)
@pytest.mark.parametrize("definition", ["certified", "named"])
def test_no_grid_is_laid_over_a_nan_in_the_mass(hole, d, definition):
    model = holed(d, NEAR[hole])
    box = {name: {"lower": -6.0, "upper": 6.0, "points": 61} for name in model.parameters}
    asked = {} if definition == "certified" else box
    record = grid_tables(model, lambda: density_of(model), asked).record
    assert record["status"] == "absent"
    (reason,) = record["reasons"]
    assert "is NaN at a = " in reason
    assert "are NaN" in reason


@pytest.mark.parametrize("definition", ["certified", "named"])
def test_a_grid_is_laid_where_only_far_places_are_nan(definition):
    model = holed(1, FAR["an overflow at 40 SDs"])
    box = {"a": {"lower": -50.0, "upper": 50.0, "points": 2001}}
    record = grid_tables(
        model, lambda: density_of(model), {} if definition == "certified" else box
    ).record
    assert record["status"] == "ok"
    assert record["log_evidence"] == pytest.approx(0.5 * math.log(2 * math.pi), abs=1e-9)


def test_where_many_nodes_are_nan_a_part_of_them_is_listed_and_asked(monkeypatch):
    """Half of a plane of 601 x 601 nodes: no more than 4096 of them at once, and no node twice."""
    listed = []
    place = Frame.place
    monkeypatch.setattr(Frame, "place", lambda self, z: listed.append(len(z)) or place(self, z))
    model = holed(2, NEAR["half of the space"])
    density = density_of(model)
    grid = named_grid(density, [-6.0, -6.0], [6.0, 6.0], [601, 601])
    listed.clear()
    with pytest.raises(Declined) as caught:
        require_defined(density, grid)
    share = float(re.search(r"nodes of the grid \(([.\d]+)%\)", caught.value.message)[1])
    assert share == pytest.approx(100 * np.mean(np.linspace(-6, 6, 601) < -0.7), abs=2)
    assert 0 < max(listed) <= MOST_ASKED


def test_a_single_node_that_is_nan_is_not_left_out():
    """0 / 0 at one node of a box: the sum over the others would lack its mass."""
    model = holed(1, lambda theta: theta[..., 0] == 0)
    box = {"a": {"lower": -6.0, "upper": 6.0, "points": 61}}
    record = grid_tables(model, lambda: density_of(model), box).record
    assert record["status"] == "absent"
    assert "1 of 61 nodes" in record["reasons"][0]

"""The two sides of a comparison: density, CDF and quantiles of each belong together."""

import numpy as np
import pytest

from configured_posterior import posterior
from laplace_approx.comparison.sides import ExactSide, LaplaceSide
from laplace_approx.density.model import Model
from laplace_approx.density.space import build_space
from laplace_approx.exact.certified import certified_grid
from laplace_approx.normal.normal import Normal

SPACES = [{}, {"sigma": "log"}, {"sigma": "square"}, {"sigma": {"power": -1}}]
SUPPORT = np.array([-np.inf, 0.0]), np.array([np.inf, np.inf])
MODEL = Model(
    *("pair", ("mu", "sigma"), None, None, None, *SUPPORT, np.array([0.0, 1.0]), {}, {}, None)
)


def laplace(definition):
    space = build_space(definition, MODEL.parameters, *SUPPORT)
    mean = space.unconstrain(np.array([1.0, 2.0]))
    return LaplaceSide(MODEL, space, Normal(mean, np.array([[0.5, 0.0], [0.1, 0.2]])))


@pytest.mark.parametrize("definition", SPACES, ids=str)
@pytest.mark.parametrize("name", MODEL.parameters)
def test_the_density_of_the_normal_is_the_slope_of_its_cdf(definition, name):
    side, x, step = laplace(definition), np.linspace(0.4, 3.5, 40), 1e-5
    ends = [side.cdf(name, x + move).value for move in (step, -step)]
    # central differences: rounding of 1e-16 over the step, and its square
    np.testing.assert_allclose(side.density(name, x), (ends[0] - ends[1]) / (2 * step), atol=1e-8)


@pytest.mark.parametrize("definition", SPACES, ids=str)
@pytest.mark.parametrize("name", MODEL.parameters)
def test_the_quantile_of_the_normal_inverts_its_cdf(definition, name):
    side, p = laplace(definition), np.array([0.01, 0.3, 0.5, 0.9])
    value = side.quantiles(name, p).value
    np.testing.assert_allclose(side.cdf(name, value).value, p, rtol=1e-12)


@pytest.mark.parametrize("definition", SPACES[1:3], ids=str)
def test_outside_the_support_the_normal_has_no_density(definition):
    assert np.all(laplace(definition).density("sigma", np.array([-1.0, 0.0])) == 0)


def test_the_density_of_a_grid_is_the_slope_of_its_cdf():
    model, density, _ = posterior("windshieldy1", "reciprocal", "natural")
    grid = certified_grid(density, model.start)
    exact = ExactSide(model, grid.record(), grid.lattice, grid.marginals)
    x, step = np.linspace(0.9, 3.5, 40), 1e-4
    ends = [exact.cdf("sigma", x + move).value for move in (step, -step)]
    slope = (ends[0] - ends[1]) / (2 * step)
    # linear interpolation between 80 rows an SD: an eighth of their squared distance
    np.testing.assert_allclose(exact.density("sigma", x), slope, rtol=1e-3)
    assert exact.density("sigma", np.array([-1.0, 1e9])).tolist() == [0, 0]


@pytest.fixture(scope="module")
def windshield():
    model, density, _ = posterior("windshieldy1", "reciprocal", "natural")
    return model, certified_grid(density, model.start)


def side_of(windshield, **changed):
    model, grid = windshield
    return ExactSide(model, grid.record() | changed, grid.lattice, grid.marginals)


def test_mass_that_is_seen_off_the_nodes_is_in_the_errors(windshield):
    seen, x = windshield[1].record()["off_the_nodes"], np.array([1.5, 2.5])
    for key, share in (("missed", 1e-3), ("invented", 1e-4), ("roughness", 1e-2)):
        found = side_of(windshield, off_the_nodes=seen | {key: share}).cdf("sigma", x)
        assert np.all(found.error >= share * np.maximum(found.value, 1 - found.value))
    assert np.all(side_of(windshield).cdf("sigma", x).error < 1e-6)


def test_an_sd_of_which_no_error_is_known_is_no_scale(windshield):
    record = windshield[1].record()
    sd, unknown = record["sd"]["sigma"], {"mu": None, "sigma": None}
    half = side_of(windshield).half_interval("sigma")
    assert side_of(windshield).scale("sigma") == sd != half
    assert side_of(windshield, sd_error=unknown).scale("sigma") == pytest.approx(half)
    assert side_of(windshield, sd_error=unknown, kind="named").scale("sigma") == sd

"""The mode: right on posteriors of every scale and shape, by values alone and by derivatives."""

import numpy as np
import pytest

from known_posteriors import BIOASSAY, BIOASSAY_NORMAL
from laplace_approx.curvature.measure import measure_curvature
from laplace_approx.mode.search import find_mode
from shapes_of_posteriors import dose_response, normal, values

CORRELATED = np.array([[1.0, 0.8, -0.3], [0.8, 2.0, 0.1], [-0.3, 0.1, 0.5]])


def in_sd(found, true, sd):
    return np.max(np.abs((np.asarray(found) - true) / sd))


@pytest.mark.parametrize("offset", [0.0, 1e6, -1e6])
@pytest.mark.parametrize("scale", [1.0, 1e-8, 1e8])
@pytest.mark.parametrize("derivatives", [True, False], ids=["derivatives", "values"])
def test_a_normal_is_found_on_any_scale_and_height(scale, offset, derivatives):
    mean = scale * np.array([1.0, -2.0, 3.0])
    density = normal(mean, scale**2 * CORRELATED, offset, derivatives)
    mode = find_mode(density, np.zeros(3), seed=1)
    curvature = measure_curvature(density, mode.x)
    sd = scale * np.sqrt(np.diag(CORRELATED))
    assert in_sd(mode.x, mean, sd) < 1e-6  # what is promised of every mode
    assert mode.report.shift_sd <= mode.report.shift_limit
    # with values alone and 1e6 above, the rounding 1e-10 of a value is all there is
    limit = 1e-10 if derivatives else 1e-6
    assert np.allclose(curvature.sd, sd, rtol=limit, atol=0)
    assert np.allclose(curvature.correlation, _correlation(), atol=limit)


def _correlation():
    sd = np.sqrt(np.diag(CORRELATED))
    return CORRELATED / np.outer(sd, sd)


def test_parameters_of_very_different_scales_and_a_correlation_next_to_one():
    scale = np.array([1e-8, 1e8])
    covariance = np.array([[1, 0.999999], [0.999999, 1]]) * np.outer(scale, scale)
    density = normal(3 * scale, covariance)
    mode = find_mode(density, np.zeros(2), seed=1)
    curvature = measure_curvature(density, mode.x)
    assert in_sd(mode.x, 3 * scale, scale) < 1e-6
    assert np.allclose(curvature.sd, scale, rtol=1e-5, atol=0)  # condition 2e6 of values alone


@pytest.mark.parametrize("start", [(0, 0), (-4, -10), (8, 40), (-50, 300)])
def test_the_bioassay_has_one_mode_from_wherever_one_starts(start):
    mode = find_mode(BIOASSAY, np.array(start, dtype=float), seed=3)
    sd = np.sqrt(np.sum(BIOASSAY_NORMAL.cholesky**2, axis=1))
    assert in_sd(mode.x, BIOASSAY_NORMAL.mean, sd) < 1e-9
    assert len(mode.modes) == 1
    assert mode.report.n_starts >= 20
    assert mode.modes[0]["log_mass"] == pytest.approx(-2.810589742531285, abs=1e-9)


def test_values_alone_serve_as_well():
    mode = find_mode(values(BIOASSAY.log_density, 2), np.zeros(2), seed=3)
    sd = np.sqrt(np.sum(BIOASSAY_NORMAL.cholesky**2, axis=1))
    assert in_sd(mode.x, BIOASSAY_NORMAL.mean, sd) < 1e-6


def test_the_seed_does_not_matter():
    found = [find_mode(BIOASSAY, np.zeros(2), seed=seed).x for seed in range(3)]
    assert np.allclose(found, found[0], rtol=0, atol=1e-12)


def test_closed_forms():
    """Gamma(5, 2): mode 2; its log: log 2.5; Beta(8, 4): 0.7; Student t about 3 with scale 2."""
    gamma = values(lambda x: 4 * np.log(x[..., 0]) - 2 * x[..., 0], 1, [0], None)
    log_gamma = values(lambda x: 5 * x[..., 0] - 2 * np.exp(x[..., 0]), 1)
    beta = values(lambda x: 7 * np.log(x[..., 0]) + 3 * np.log1p(-x[..., 0]), 1, [0], [1])
    student = values(lambda x: -2.5 * np.log1p(((x[..., 0] - 3) / 2) ** 2 / 4), 1)
    for density, start, mode, sd in (
        (gamma, 1.0, 2.0, 1.0),  # curvature 4 / 2^2
        (log_gamma, 0.0, np.log(2.5), 5**-0.5),
        (beta, 0.5, 0.7, (7 / 0.49 + 3 / 0.09) ** -0.5),
        (student, 0.0, 3.0, (5 / 4 / 4) ** -0.5),
    ):
        found = find_mode(density, np.array([start]), seed=0)
        curvature = measure_curvature(density, found.x)
        assert abs(found.x[0] - mode) < 1e-6 * sd
        assert curvature.sd[0] == pytest.approx(sd, rel=1e-6)


def test_two_modes_are_both_listed_with_their_masses():
    """0.3 N(-5, 1) + 0.7 N(5, 0.5^2): the shares are the weights, as the modes do not overlap."""

    def value(x):
        x = x[..., 0]
        return np.logaddexp(
            np.log(0.3) - 0.5 * (x + 5) ** 2, np.log(1.4) - 0.5 * ((x - 5) / 0.5) ** 2
        )

    mode = find_mode(values(value, 1), np.array([-4.0]), seed=2)
    assert mode.x[0] == pytest.approx(5, abs=1e-6)
    shares = sorted(item["share"] for item in mode.modes)
    assert shares == pytest.approx([0.3, 0.7], abs=1e-6)
    assert any("2 modes" in warning for warning in mode.report.warnings)


def test_a_banana_is_followed_to_its_end():
    density = values(
        lambda x: -0.5 * (10 * (x[..., 1] - x[..., 0] ** 2)) ** 2 - 0.5 * (1 - x[..., 0]) ** 2, 2
    )
    mode = find_mode(density, np.array([-1.2, 1.0]), seed=0)
    assert np.allclose(mode.x, [1, 1], atol=1e-6)


def test_regions_without_density_are_counted():
    density = values(lambda x: np.where(x[..., 0] > 3, np.nan, -0.5 * x[..., 0] ** 2), 1)
    mode = find_mode(density, np.zeros(1), seed=0)
    assert abs(mode.x[0]) < 1e-6
    assert mode.report.n_without_density > 0


def test_the_path_leads_from_the_start_to_the_mode_and_the_attempts_are_kept():
    mode = find_mode(BIOASSAY, np.zeros(2), seed=0)
    assert np.array_equal(mode.report.path[0], [0, 0])
    assert np.array_equal(mode.report.path[-1], mode.x)
    assert len(mode.report.attempts) > 20
    assert {"start", "method", "end", "log_density", "decrement"} <= set(mode.report.attempts[0])


def test_a_rescaled_parameter_gives_the_rescaled_answer():
    """Doses in other units: alpha stays, beta is rescaled."""
    plain = find_mode(values(dose_response([0, 1, 3, 5]), 2), np.zeros(2), seed=0)
    scaled = find_mode(
        values(lambda t: dose_response([0, 1, 3, 5])(t * np.array([1, 1e6])), 2),
        np.zeros(2),
        seed=0,
    )
    assert np.allclose(plain.x, scaled.x * [1, 1e6], rtol=1e-6)

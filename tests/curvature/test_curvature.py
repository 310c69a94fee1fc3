"""The curvature: the covariance has the right sign, the right factor, and an honest error."""

import numpy as np
import pytest

from known_posteriors import BIOASSAY, BIOASSAY_NORMAL
from laplace_approx.curvature.measure import measure_curvature
from laplace_approx.errors import Declined
from laplace_approx.mode.search import find_mode
from shapes_of_posteriors import normal, values

# Newton's method in 40 digits
HESSIAN = np.array(
    [[-1.9647686918994611, 0.2934250116381535], [0.2934250116381535, -0.08593719757090876]]
)
LOG_EVIDENCE = -2.810589742531285


@pytest.fixture(scope="module")
def curvature():
    return measure_curvature(BIOASSAY, BIOASSAY_NORMAL.mean)


def test_hessian_and_covariance_of_the_bioassay(curvature):
    covariance = BIOASSAY_NORMAL.cholesky @ BIOASSAY_NORMAL.cholesky.T
    assert np.allclose(curvature.hessian, HESSIAN, rtol=1e-12)
    assert np.allclose(curvature.covariance, covariance, rtol=1e-12)
    assert curvature.log_evidence == pytest.approx(LOG_EVIDENCE, abs=1e-12)


def test_the_factor_is_lower_and_belongs_to_the_covariance(curvature):
    """Used transposed, or taken of the precision, it would give other draws."""
    assert np.array_equal(curvature.cholesky, np.tril(curvature.cholesky))
    assert np.allclose(curvature.cholesky @ curvature.cholesky.T, curvature.covariance, rtol=1e-13)
    assert not np.allclose(curvature.cholesky.T @ curvature.cholesky, curvature.covariance)


def test_precision_times_covariance_is_the_identity(curvature):
    assert np.allclose(-curvature.hessian @ curvature.covariance, np.eye(2), atol=1e-12)
    assert np.all(np.diag(curvature.covariance) > 0)
    assert np.all(np.linalg.eigvalsh(curvature.hessian) < 0)


def test_the_hessian_is_triangulated(curvature):
    methods = [check["method"] for check in curvature.hessian_check]
    assert curvature.hessian_method == "analytic"
    assert methods.count("gradient_differences") >= 2
    assert methods.count("value_differences") >= 2
    assert curvature.hessian_error < 1e-9


def test_without_derivatives_the_error_is_stated_and_true():
    density = values(BIOASSAY.log_density, 2)
    mode = find_mode(density, np.zeros(2), seed=0)
    found = measure_curvature(density, mode.x)
    true = np.sqrt(np.sum(BIOASSAY_NORMAL.cholesky**2, axis=1))
    assert found.hessian_method == "value_differences"
    assert np.max(np.abs(found.sd / true - 1)) < max(1e-9, found.hessian_error) < 1e-6


def test_a_flat_direction_is_put_into_words():
    covariance = np.array([[1, 0.9999], [0.9999, 1]])
    density = normal([0, 0], covariance, derivatives=True)
    found = measure_curvature(density, np.zeros(2))
    assert len(found.flat_directions) == 1
    assert "a" in found.flat_directions[0]
    assert "b" in found.flat_directions[0]


def test_a_point_that_is_not_the_mode_gives_no_covariance():
    """A mode rounded to six digits of a parameter known to nine is not the mode."""
    density = normal([1 / 3], [[1e-18]], derivatives=True)
    with pytest.raises(Declined) as caught:
        measure_curvature(density, np.array([0.333333]))
    assert caught.value.reason == "not_converged"


@pytest.mark.parametrize("d", [1, 2, 5, 10])
def test_any_normal_is_reproduced(d):
    rng = np.random.default_rng(d)
    root = rng.standard_normal((d, d)) + 2 * np.eye(d)
    covariance = root @ root.T
    density = normal(np.zeros(d), covariance)
    found = measure_curvature(density, find_mode(density, np.ones(d), seed=0).x)
    assert np.allclose(found.covariance, covariance, rtol=1e-6, atol=1e-6 * covariance.max())
    sign, log_determinant = np.linalg.slogdet(covariance)
    assert sign == 1
    assert found.log_determinant == pytest.approx(log_determinant, abs=1e-5)

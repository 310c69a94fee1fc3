"""True coverage of nominal intervals and ellipses, against quadrature in 40 digits."""

import math

import numpy as np
import pytest

from known_posteriors import (
    BIOASSAY,
    BIOASSAY_LOG_EVIDENCE,
    BIOASSAY_NORMAL,
    gaussian,
    whitened_nodes,
)
from laplace_approx.comparison.coverage import (
    LEVELS,
    chi_square_quantile,
    ellipse_coverage,
    interval_coverage,
)


@pytest.mark.parametrize("d", [1, 2, 3])
def test_a_normal_is_exact(d):
    density, normal = gaussian(d, seed=d)
    log_evidence = 0.5 * d * math.log(2 * math.pi) + np.sum(np.log(np.diag(normal.cholesky)))
    for measure, level in zip(ellipse_coverage(density, normal, log_evidence), LEVELS, strict=True):
        assert measure.value == pytest.approx(level, abs=1e-10)


def test_high_dimensions_have_a_reason():
    density, normal = gaussian(8)
    assert ellipse_coverage(density, normal, 0.0)[0].value is None


def test_an_evidence_that_is_no_number_is_an_error():
    density, normal = gaussian(2)
    with pytest.raises(ValueError, match="evidence"):
        ellipse_coverage(density, normal, math.nan)


def test_ellipses():
    found = ellipse_coverage(BIOASSAY, BIOASSAY_NORMAL, BIOASSAY_LOG_EVIDENCE, (0.5, 0.95))
    for measure, truth in zip(found, (0.4426982017037865, 0.8352746864812336), strict=True):
        assert measure.value == pytest.approx(truth, abs=1e-9)
        assert abs(measure.value - truth) <= measure.error + 1e-12


def test_ellipses_hold_the_mass_of_the_nodes_that_lie_in_them():
    z, log_weights = whitened_nodes(BIOASSAY_NORMAL, 24, 1001)
    mass = np.exp(BIOASSAY.log_density(z) + log_weights - BIOASSAY_LOG_EVIDENCE)
    square = np.sum(BIOASSAY_NORMAL.standardise(z) ** 2, axis=-1)
    levels = (0.5, 0.8, 0.95)
    found = ellipse_coverage(BIOASSAY, BIOASSAY_NORMAL, BIOASSAY_LOG_EVIDENCE, levels)
    for measure, limit in zip(found, chi_square_quantile(2, levels), strict=True):
        # The ellipse cuts about 2 pi r / h = 150 cells, each wrong by a random part of its mass.
        assert measure.value == pytest.approx(mass[square <= limit].sum(), abs=1e-3)


def test_chi_square_quantile_in_two_dimensions():
    assert chi_square_quantile(2, [0.5, 0.95]) == pytest.approx(
        [-2 * math.log(0.5), -2 * math.log(0.05)]
    )


def test_interval_coverage():
    # An exponential of rate one, and intervals that are right, too low, and too short.
    def cdf(x):
        return -np.expm1(-np.maximum(x, 0.0))

    found = interval_coverage(cdf, [0.0, -1.0, 1.0], [np.inf, 1.0, 2.0], (0.5, 0.9, 0.95))
    assert found.below == pytest.approx([0, 0, 1 - math.exp(-1)])
    assert found.above == pytest.approx([0, math.exp(-1), math.exp(-2)])
    assert found.coverage == pytest.approx([1, 1 - math.exp(-1), math.exp(-1) - math.exp(-2)])


def test_coverage_of_beta():
    """The Laplace intervals of beta, with the exact CDF from a lattice; truth in 40 digits."""
    alpha, beta = np.linspace(-10, 25, 351), np.linspace(-5, 150, 3101)
    theta = np.stack(np.meshgrid(alpha, beta, indexing="ij"), axis=-1)
    density = np.exp(BIOASSAY.log_density(theta) - BIOASSAY_LOG_EVIDENCE).sum(axis=0) * 0.1
    cdf = np.concatenate([[0], np.cumsum(0.5 * (density[1:] + density[:-1])) * 0.05])
    half = 4.8727677014870245 * np.array(
        [0.6744897501960817, 1.959963984540054, 2.5758293035489004]
    )
    found = interval_coverage(
        lambda q: np.interp(q, beta, cdf),
        BIOASSAY_NORMAL.mean[1] - half,
        BIOASSAY_NORMAL.mean[1] + half,
        (0.5, 0.95, 0.99),
    )
    # The trapezoid rule and linear interpolation at a step of .05 = .01 SD: 1e-5 of the mass.
    assert found.coverage == pytest.approx([0.46395, 0.84578, 0.91872], abs=2e-5)
    assert found.above[1] == pytest.approx(0.15422, abs=2e-5)

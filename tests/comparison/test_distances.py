"""Joint measures against quadrature in 40 digits, and the laws between them."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from known_posteriors import (
    BIOASSAY,
    BIOASSAY_LOG_EVIDENCE,
    BIOASSAY_NORMAL,
    gaussian,
    whitened_nodes,
)
from laplace_approx.comparison.distances import (
    Nodes,
    compare,
    hellinger,
    kl_exact_laplace,
    kl_laplace_exact,
    kl_laplace_exact_by_hermite,
    total_variation,
)


def lattice_of(density, normal, reach, points):
    z, log_weights = whitened_nodes(normal, reach, points)
    return Nodes(density.log_density(z), normal.log_density(z), log_weights)


@pytest.fixture(scope="module")
def bioassay():
    # 24 standard deviations hold all but 1e-12 of the exact mass; the steps are .048 and .096.
    return (
        lattice_of(BIOASSAY, BIOASSAY_NORMAL, 24, 1001),
        lattice_of(BIOASSAY, BIOASSAY_NORMAL, 24, 501),
    )


TRUTH = {
    "total_variation": 0.23252574447980162,
    "hellinger": 0.32602209803338117,
    "kl_exact_laplace": 0.5456167141382386,
}


def test_bioassay(bioassay):
    found = compare(*bioassay)
    for name, truth in TRUTH.items():
        measure = found[name]
        # Each error is meant to bound: 3e-8 is what the truth's own quadrature of a kink, and the
        # mass beyond 24 standard deviations times its log ratio, leave open.
        assert abs(measure.value - truth) <= measure.error + 3e-8, name
        assert measure.error < 1e-4, name
    assert kl_laplace_exact(bioassay[0]) == pytest.approx(1.407032831936916, abs=1e-9)


def test_kl_from_the_normal_by_hermite():
    found = kl_laplace_exact_by_hermite(BIOASSAY, BIOASSAY_NORMAL, BIOASSAY_LOG_EVIDENCE)
    assert abs(found.value - 1.407032831936916) <= found.error
    assert found.error < 2e-3


@pytest.mark.parametrize("d", [1, 2, 3])
def test_a_normal_is_exact(d):
    density, normal = gaussian(d, seed=d)
    log_evidence = 0.5 * d * math.log(2 * math.pi) + np.sum(np.log(np.diag(normal.cholesky)))
    points = {1: 401, 2: 201, 3: 61}[d]
    fine, coarse = (
        lattice_of(density, normal, 9, points),
        lattice_of(density, normal, 9, points // 2),
    )
    # The trapezoid rule on a normal is exact to rounding at these steps; H is a root of 1e-16.
    for name, measure in compare(fine, coarse).items():
        assert measure.value == pytest.approx(0, abs=1e-6 if name == "hellinger" else 1e-12)
    assert kl_laplace_exact(fine) == pytest.approx(0, abs=1e-12)
    by_hermite = kl_laplace_exact_by_hermite(density, normal, log_evidence)
    assert by_hermite.value == pytest.approx(0, abs=1e-12)


@settings(max_examples=60, deadline=None)
@given(
    shift=st.floats(-3, 3),
    log_sd=st.floats(-1.2, 1.2),
    skew=st.floats(-3, 3),
)
def test_laws(shift, log_sd, skew):
    """TV is symmetric; H^2 <= TV <= sqrt(2) H; Pinsker: TV^2 <= KL/2 either way."""
    x = np.linspace(-40, 40, 8001)
    log_step = np.full(x.size, math.log(x[1] - x[0]))

    def normalised(log_density):
        return log_density - np.log(np.sum(np.exp(log_density + log_step)))

    p = normalised(-0.5 * x**2 - np.logaddexp(0, -skew * x))
    q = normalised(-0.5 * ((x - shift) / math.exp(log_sd)) ** 2)
    ahead, back = Nodes(p, q, log_step), Nodes(q, p, log_step)
    distance, h = total_variation(ahead), hellinger(ahead)
    slack = 1e-9  # both densities are normalised on the lattice: only rounding is left
    assert distance == pytest.approx(total_variation(back), abs=slack)
    assert h == pytest.approx(hellinger(back), abs=1e-6)
    assert 0 <= distance <= 1 and 0 <= h <= 1
    assert h**2 <= distance + slack
    assert distance <= math.sqrt(2) * h + 1e-7  # H is the root of a difference of order 1e-16
    assert distance**2 <= 0.5 * kl_exact_laplace(ahead) + slack
    assert distance**2 <= 0.5 * kl_laplace_exact(ahead) + slack
    assert kl_laplace_exact(ahead) == pytest.approx(kl_exact_laplace(back), rel=1e-9, abs=slack)


def test_two_normals_in_closed_form():
    x = np.linspace(-30, 31, 6101)
    log_step = np.full(x.size, math.log(x[1] - x[0]))
    p, q = -0.5 * x**2, -0.5 * (x - 1) ** 2 - 0.5 * math.log(2 * math.pi)
    lattice = Nodes(p, q, log_step)
    # Equal variances, means one apart: TV = erf(1/sqrt 8), H^2 = 1 - exp(-1/8), KL = 1/2. The
    # kink of |p - q| costs the trapezoid rule of step .01 about 1e-6.
    assert total_variation(lattice) == pytest.approx(math.erf(1 / math.sqrt(8)), abs=1e-5)
    assert hellinger(lattice) ** 2 == pytest.approx(1 - math.exp(-1 / 8), abs=1e-12)
    assert kl_exact_laplace(lattice) == pytest.approx(0.5, abs=1e-12)


def test_a_support_that_the_normal_leaves():
    """Half a normal: the normal leaves half its mass outside, so KL(normal || half) is infinite."""
    x = np.linspace(-10, 10, 20001)
    log_p = np.where(x > 0, -0.5 * x**2, -np.inf)
    lattice = Nodes(
        log_p, -0.5 * x**2 - 0.5 * math.log(2 * math.pi), np.full(x.size, math.log(1e-3))
    )
    assert total_variation(lattice) == pytest.approx(0.5, abs=1e-3)  # half a node at the edge
    assert kl_exact_laplace(lattice) == pytest.approx(math.log(2), abs=1e-3)
    assert kl_laplace_exact(lattice) == np.inf
    density, normal = gaussian(1)
    half = density._replace(lower=normal.mean)
    found = kl_laplace_exact_by_hermite(half, normal, 0.0)
    assert found.value == np.inf and "support" in found.reason


def test_the_error_counts_the_mass_outside(bioassay):
    inside, outside = compare(*bioassay), compare(*bioassay, outside_mass=1e-3)
    for name in inside:
        assert outside[name].error > inside[name].error
    with pytest.raises(ValueError, match="outside"):
        compare(*bioassay, outside_mass=np.nan)


def test_nan_is_refused():
    with pytest.raises(ValueError, match="NaN"):
        total_variation(Nodes(np.zeros(3), np.array([0, np.nan, 0]), np.zeros(3)))
    with pytest.raises(ValueError, match="finite"):
        total_variation(Nodes(np.array([np.nan, 0.0]), np.zeros(2), np.zeros(2)))


def test_high_dimensions_have_a_reason():
    density, normal = gaussian(8)
    with pytest.raises(ValueError, match="evidence"):
        kl_laplace_exact_by_hermite(density, normal, math.nan)
    assert "nodes" in kl_laplace_exact_by_hermite(density, normal, 0.0).reason

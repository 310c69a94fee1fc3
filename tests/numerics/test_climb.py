"""Batches of maximisations, and the derivatives that they climb by."""

import numpy as np
import pytest

from known_posteriors import BIOASSAY, BIOASSAY_NORMAL, KINDS, gaussian, unbounded
from laplace_approx.derivatives.central import slope_and_curvature
from laplace_approx.numerics.climb import climb


def climb_density(density, start):
    basis = np.eye(start.shape[1])
    return climb(
        lambda rows, v: density.log_density(v),
        lambda rows, v, scale: slope_and_curvature(density, v, basis, scale),
        start,
    )


@pytest.mark.parametrize("kind", KINDS)
def test_the_mode_of_the_bioassay_from_many_starts(kind):
    start = np.array([[0, 0], [0.8, 7.7], [-3, 30], [6, -5], [-4, 40], [8, -10]], dtype=float)
    found = climb_density(KINDS[kind], start)
    assert found.converged.all()
    # A row arrives at a squared Newton step of 1e-12: within 1e-6 SD of the mode.
    assert np.abs(BIOASSAY_NORMAL.standardise(found.v)).max() < 1.5e-6
    truth = -2 * np.sum(np.log(np.diag(BIOASSAY_NORMAL.cholesky)))
    assert found.log_determinant == pytest.approx(np.full(6, truth), abs=1e-4)
    assert found.value == pytest.approx(np.full(6, -5.894441638958408), abs=1e-10)


def test_a_normal_takes_one_step():
    density, normal = gaussian(4, seed=1)
    calls = []

    def value(rows, v):
        calls.append(rows.size)
        return density.log_density(v)

    def derivatives(rows, v, scale):
        return slope_and_curvature(density, v, np.eye(4), scale)

    found = climb(value, derivatives, np.random.default_rng(1).standard_normal((5, 4)))
    assert found.v == pytest.approx(np.tile(normal.mean, (5, 1)), abs=1e-9)
    assert calls == [5, 5]


def test_rows_that_cannot_arrive():
    def value(rows, v):
        x = v[:, 0]
        with np.errstate(over="ignore"):
            curves = np.stack([x**2, -np.abs(x), x, -((x - 1) ** 2), np.full(x.size, -np.inf)])
        return curves[rows, np.arange(rows.size)]

    def derivatives(rows, v, scale):
        x = v[:, 0]
        zero = np.zeros(x.size)
        slope = np.stack([2 * x, -np.sign(x), zero + 1, -2 * (x - 1), zero])
        bend = np.stack([zero + 2, zero, zero, zero - 2, zero])
        pick = np.arange(rows.size)
        return slope[rows, pick][:, None], bend[rows, pick][:, None, None]

    found = climb(value, derivatives, np.full((5, 1), 0.3))
    # A valley, a kink, a slope and an empty function have no maximum to find; the parabola has.
    assert found.converged.tolist() == [False, False, False, True, False]
    assert found.v[3, 0] == pytest.approx(1)
    assert np.isnan(found.value[[0, 1, 2, 4]]).all()


@pytest.mark.parametrize("power", range(-9, 10))
def test_a_maximum_is_found_whatever_the_unit_of_length(power):
    """Differences are taken over lengths that follow from what is found, and from nothing else."""
    unit = 10.0**power

    def log_density(v):
        u = v / unit - 1
        with np.errstate(over="ignore", invalid="ignore"):
            return -np.sum(np.cosh(u) + 0.5 * u**2 - 1, axis=-1)

    density, basis = unbounded(("a", "b", "c"), log_density), np.eye(3)
    found = climb(
        lambda rows, v: log_density(v),
        lambda rows, v, scale: slope_and_curvature(density, v, basis, scale),
        np.tile([[0.0], [0.5 * unit]], 3),
    )
    there = found.converged
    # below 1e-4 the first differences reach to where the density has no number: no answer
    assert there.all() or power < -4
    assert found.v[there] == pytest.approx(np.full_like(found.v[there], unit), rel=1e-6)
    due = 3 * np.log(2) - 6 * np.log(unit)
    assert found.log_determinant[there] == pytest.approx(due, abs=1e-4)


def test_nothing_to_maximise():
    found = climb(lambda rows, v: np.array([1.0, -np.inf]), None, np.zeros((2, 0)))
    assert found.converged.tolist() == [True, False]
    assert found.log_determinant.tolist() == [0.0, 0.0]


@pytest.mark.parametrize("kind", KINDS)
def test_derivatives_along_directions(kind):
    rng = np.random.default_rng(2)
    z = BIOASSAY_NORMAL.draw(rng, 20)
    basis = rng.standard_normal((2, 2)) * np.array([0.1, 2.0])
    slope, curvature = slope_and_curvature(KINDS[kind], z, basis, np.ones((20, 2)))
    # Truncation of the differences: step^2 times the third and fourth derivatives, which the
    # steeper direction magnifies to order one.
    assert slope == pytest.approx(BIOASSAY.gradient(z) @ basis, abs=1e-4)
    assert curvature == pytest.approx(basis.T @ BIOASSAY.hessian(z) @ basis, abs=1e-2)

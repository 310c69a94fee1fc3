"""Posteriors that no normal can serve: each is declined for its own reason, none in silence."""

import numpy as np
import pytest

from known_posteriors import BIOASSAY, unbounded, without
from laplace_approx.curvature.measure import measure_curvature
from laplace_approx.density.density import Density, density_in
from laplace_approx.density.posterior import natural_density
from laplace_approx.density.priors import build_prior
from laplace_approx.density.space import build_space
from laplace_approx.errors import REASONS, Declined
from laplace_approx.mode.search import find_mode
from laplace_files.models.data import read_data
from laplace_files.models.modelfile import load_model
from project_copy import PROJECT
from shapes_of_posteriors import centred_schools, dose_response, normal, values


def declined(density, start, **options):
    """Return the Declined that mode or curvature raise."""
    with pytest.raises(Declined) as caught:
        mode = find_mode(density, np.asarray(start, dtype=float), seed=0, **options)
        measure_curvature(density, mode.x)
    return caught.value


def reciprocal(theta):
    with np.errstate(invalid="ignore", divide="ignore"):
        return -np.log(theta[..., 1])


def in_log_beta(theta_density):
    """Return the density of (alpha, log beta) without the Jacobian of beta: flat on log beta."""
    return lambda z: theta_density(np.stack([z[..., 0], np.exp(z[..., 1])], axis=-1))


BAD = {
    "improper-in-log": (values(in_log_beta(dose_response([0, 1, 3, 5])), 2), [0, 1], {"improper"}),
    "improper-at-bound": (
        values(dose_response([0, 1, 3, 5], reciprocal), 2, [-np.inf, 0]),
        [0, 5],
        {"improper", "mode_on_boundary"},  # 1/beta near 0: both are true of it
    ),
    "complete-separation": (values(dose_response([0, 0, 5, 5]), 2), [0, 0], {"separation"}),
    "no-deaths": (values(dose_response([0, 0, 0, 0]), 2), [0, 0], {"separation"}),
    "ridge": (
        values(lambda x: -0.5 * (x[..., 0] + x[..., 1]) ** 2, 2),
        [1, 1],
        {"singular_hessian", "improper"},
    ),
    "quartic": (values(lambda x: -(x[..., 0] ** 4), 1), [1], {"singular_hessian"}),
    "quartic-at-the-mode": (values(lambda x: -(x[..., 0] ** 4), 1), [0], {"singular_hessian"}),
    "uniform": (
        values(lambda x: 0.0 * x[..., 0], 1, [0], [1]),
        [0.3],
        {"singular_hessian", "mode_on_boundary"},
    ),
    "kink": (values(lambda x: -np.abs(x[..., 0]), 1), [1], {"non_smooth_mode"}),
    "kink-at-the-mode": (values(lambda x: -np.abs(x[..., 0]), 1), [0], {"non_smooth_mode"}),
    "kink-of-one-of-two": (
        values(lambda x: -np.abs(x[..., 0]) - 0.5 * x[..., 1] ** 2, 2),
        [1, 1],
        {"non_smooth_mode"},
    ),
    "half-normal": (
        values(lambda x: -0.5 * x[..., 0] ** 2, 1, [0], None),
        [1],
        {"mode_on_boundary"},
    ),
    "exponential": (values(lambda x: -x[..., 0], 1, [0], None), [1], {"mode_on_boundary"}),
    "no-mode": (values(centred_schools, 10), np.zeros(10), {"not_converged"}),
    "rises-for-ever": (values(lambda x: x[..., 0], 1), [0], {"not_converged", "improper"}),
    "constant": (values(lambda x: 0.0 * x[..., 0], 1), [0], {"singular_hessian", "improper"}),
}


@pytest.mark.parametrize("name", BAD)
def test_it_is_declined_for_its_reason(name):
    density, start, reasons = BAD[name]
    found = declined(density, start)
    assert found.reason in reasons
    assert len(found.message) > 40


def test_the_direction_without_a_mode_is_named():
    """The centred eight schools in (theta, mu, log tau): no mode, as log tau falls."""
    folder = PROJECT / "workflow/scripts/laplace_approx/models"
    data = read_data(PROJECT / "data/eight_schools.csv")
    model = load_model(folder / "eight_schools_centred.py", data)
    natural = natural_density(model, build_prior({}, model.parameters))
    space = build_space({"tau": "log"}, model.parameters, natural.lower, natural.upper)
    found = declined(density_in(natural, space), space.unconstrain(model.start))
    assert found.reason == "not_converged"
    assert "-log(tau)" in found.message
    assert "without bound" in found.message


def test_a_certificate_of_separation_names_its_direction():
    rows = np.array([[-1, 0.86], [-1, 0.30], [1, -0.05], [1, 0.73]])  # lived, lived, died, died
    found = declined(values(dose_response([0, 0, 5, 5]), 2), [0, 0], monotone=rows)
    assert found.reason == "separation"
    assert "b" in found.message


def test_a_random_density_is_found_out():
    rng = np.random.default_rng(0)
    noisy = values(lambda x: -0.5 * x[..., 0] ** 2 + 1e-3 * rng.standard_normal(x.shape[:-1]), 1)
    assert declined(noisy, [1]).reason == "nondeterministic_density"


def test_a_wrong_gradient_is_found_out():
    wrong = BIOASSAY._replace(gradient=lambda x: 1.01 * BIOASSAY.gradient(x))
    assert declined(wrong, [0, 0]).reason == "gradient_check_failed"


def test_a_wrong_hessian_is_found_out():
    """Right at no point by more than one part in a hundred, as a dropped factor would be."""
    wrong = BIOASSAY._replace(hessian=lambda x: 1.01 * BIOASSAY.hessian(x))
    assert declined(wrong, [0, 0]).reason == "gradient_check_failed"


def test_a_hessian_of_the_wrong_sign_is_found_out():
    wrong = BIOASSAY._replace(hessian=lambda x: -BIOASSAY.hessian(x))
    assert declined(wrong, [0, 0]).reason == "gradient_check_failed"


def test_a_density_without_values_breaks_the_contract():
    nothing = values(lambda x: np.full(x.shape[:-1], np.nan), 1)
    assert declined(nothing, [0]).reason == "model_contract_violation"


def test_a_density_that_is_infinite_breaks_the_contract():
    infinite = Density(
        ("a",),
        lambda x: np.where(np.abs(x[..., 0]) < 1e-3, np.inf, -0.5 * x[..., 0] ** 2),
        None,
        None,
        np.array([-np.inf]),
        np.array([np.inf]),
    )
    assert declined(infinite, [0]).reason in REASONS


GOOD = {
    "cauchy": (values(lambda x: -np.log1p(x[..., 0] ** 2), 1), [1]),
    "student-2": (values(lambda x: -1.5 * np.log1p(x[..., 0] ** 2 / 2), 1), [1]),
    "falls-far-away": (
        values(lambda x: -0.5 * x[..., 0] ** 2 / (1 + x[..., 0] ** 2 / 50), 1, [-1e3], [1e3]),
        [1],
    ),
    "funnel-in-log": (
        values(
            lambda x: -0.5 * x[..., 0] ** 2 - 0.5 * (x[..., 1] * np.exp(-x[..., 0] / 2)) ** 2,
            2,
        ),
        [1, 1],
    ),
    "normal-far-from-the-start": (normal([1e4], [[1.0]]), [0]),
    "one-school-kept": (values(dose_response([0, 1, 4, 5]), 2), [0, 0]),
}


@pytest.mark.parametrize("name", GOOD)
def test_what_is_odd_but_proper_is_not_declined(name):
    density, start = GOOD[name]
    mode = find_mode(density, np.asarray(start, dtype=float), seed=0)
    assert np.all(np.isfinite(measure_curvature(density, mode.x).covariance))


def test_a_saddle_at_the_start_is_left():
    density = values(lambda x: 0.5 * x[..., 0] ** 2 - 0.25 * x[..., 0] ** 4 - x[..., 1] ** 2, 2)
    mode = find_mode(density, np.zeros(2), seed=0)
    assert abs(abs(mode.x[0]) - 1) < 1e-6


def test_derivatives_are_optional():
    assert unbounded and without(BIOASSAY, "hessian").hessian is None

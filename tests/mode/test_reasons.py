"""The reason that is given is the true one, for whole kinds of posteriors without a normal."""

import numpy as np
import pytest
from scipy.special import gammaln

from laplace_approx.curvature.measure import measure_curvature
from laplace_approx.derivatives.noise import scatter
from laplace_approx.errors import Declined
from laplace_approx.mode.search import find_mode
from shapes_of_posteriors import dose_response, values

RNG = np.random.default_rng(7)
ROWS = RNG.standard_normal((30, 3))
ANSWERS = ROWS[:, 0] - 2 * ROWS[:, 1] + RNG.laplace(size=30)
TIMES = np.arange(1, 41)
COUNTS = RNG.poisson(np.where(TIMES < 22, 3.0, 1.0))


def declined(density, start) -> Declined:
    with pytest.raises(Declined) as caught:
        mode = find_mode(density, np.asarray(start, dtype=float), seed=0)
        measure_curvature(density, mode.x)
    return caught.value


# ------------------------------------------------------------------ kinks


def absolute_line(d):
    """Return the log likelihood of d coefficients with double-exponential errors."""
    return lambda x: -np.sum(np.abs(ANSWERS - x @ ROWS[:, :d].T), axis=-1)


def lasso(x):
    bend = (x[..., 0] - 1) ** 2 + (x[..., 1] - 0.3) ** 2 + 1.6 * (x[..., 0] - 1) * (x[..., 1] - 0.3)
    return -0.5 * bend - 2 * np.abs(x[..., 1]) - 2 * np.abs(x[..., 0] + x[..., 1])


def roof(x):
    return -np.maximum(np.abs(x[..., 0] + x[..., 1]), np.abs(x[..., 0] - 2 * x[..., 1]))


KINKS = {
    "one": (absolute_line(1), 1),
    "two": (absolute_line(2), 2),
    "three": (absolute_line(3), 3),
    "lasso": (lasso, 2),
    "roof": (roof, 2),
    "cusp": (lambda x: -np.sqrt(np.abs(x[..., 0] - 0.3)) - 0.5 * x[..., 0] ** 2, 1),
}


@pytest.mark.parametrize("name", KINKS)
def test_a_kink_is_a_kink_in_any_number_of_parameters(name):
    function, d = KINKS[name]
    found = declined(values(function, d), np.full(d, 0.7))
    assert found.reason == "non_smooth_mode"
    assert "kink" in found.message and "without bound" not in found.message
    assert "digits" not in found.message


# ------------------------------------------------------------------ steps


def changed_at(x):
    mean = np.where(x[..., 0, None] > TIMES, 3.0, 1.0)
    return np.sum(COUNTS * np.log(mean) - mean, axis=-1)


def levels_changed_at(x):
    before, after, when = (x[..., k, None] for k in range(3))
    log_mean = np.where(when > TIMES, before, after)
    return np.sum(COUNTS * log_mean - np.exp(log_mean), axis=-1)


STEPS = {
    "change-point": (values(changed_at, 1, [1], [40]), [20.0]),
    "change-point-and-levels": (
        values(levels_changed_at, 3, [-np.inf, -np.inf, 1], [np.inf, np.inf, 40]),
        [0.0, 0.0, 20.0],
    ),
    "rounded": (values(lambda x: -0.5 * np.round(x[..., 0]) ** 2, 1), [0.3]),
}


@pytest.mark.parametrize("name", STEPS)
def test_a_log_density_in_steps_is_said_to_go_in_steps(name):
    density, start = STEPS[name]
    found = declined(density, start)
    assert found.reason == "non_smooth_mode"
    assert "goes in steps" in found.message and "say nothing" not in found.message
    low, high = (density.log_density(np.array(end)) for end in found.details["ends"])
    middle = density.log_density(np.mean(found.details["ends"], axis=0))
    assert max(middle - low, middle - high) == pytest.approx(found.details["jump"])


# ------------------------------------------------------------------ ridges


def equal_doses(dose):
    def value(theta):
        eta = theta[..., 0, None] + theta[..., 1, None] * np.full(4, dose)
        deaths = np.array([0, 1, 3, 5])
        return np.sum(deaths * eta - 5 * np.logaddexp(0, eta), axis=-1)

    return value


@pytest.mark.parametrize("dose", [0.3, -0.86, 1.0, 100.0, 1e-3])
def test_equal_doses_leave_one_combination_open_and_it_is_named(dose):
    found = declined(values(equal_doses(dose), 2), [0, 0])
    assert found.reason == "singular_hessian"
    along = np.array(found.details["direction"])
    assert along[0] / along[1] == pytest.approx(-dose, rel=1e-4)
    equal = "a and b are equal" if dose == 1 else f"the column of b is {dose:g} times that of a"
    assert equal in found.message


# ------------------------------------------------------------------ digits


def negative_binomial(x):
    """Return counts by 1/size, whose gamma functions cancel as it goes to 0; less than Poisson."""
    y, size = np.array([2.0, 3, 3, 4, 2, 3]), np.exp(-x[..., 0, None])
    counted = gammaln(y + size) - gammaln(size) - (y + size) * np.log1p(3 / size) - y * np.log(size)
    return np.sum(counted, axis=-1)


def student(x):
    nu, data = np.exp(x[..., 0, None]), np.linspace(-1.5, 1.5, 20)
    constant = gammaln((nu + 1) / 2) - gammaln(nu / 2) - 0.5 * np.log(nu)
    return np.sum(constant - (nu + 1) / 2 * np.log1p(data**2 / nu), axis=-1)


CANCELS = {
    "negative-binomial": (negative_binomial, 1, [1.0], "a"),
    "student": (student, 1, [1.0], "a"),
    "student-beside-another": (
        lambda x: student(x) - 0.5 * (x[..., 1] - 3) ** 2,
        *(2, [1.0, 0.0], "a"),
    ),
}


@pytest.mark.parametrize("name", CANCELS)
def test_a_formula_that_cancels_is_said_to_lose_its_digits(name):
    function, d, start, guilty = CANCELS[name]
    found = declined(values(function, d), start)
    assert found.details["digits_lost"] and found.details["parameters"] == [guilty]
    assert f"loses its digits near {guilty} = " in found.message
    assert "log1p" in found.message and "another start" not in found.message
    # the digits end where neighbours differ by more than a thousandth
    # (beside one place, where they may be the same by chance)
    beside = np.linspace(0.98, 1.02, 5)[:, None] * np.array(found.details["border"])
    noise = scatter(values(function, d).log_density, beside, np.ones((5, d)))
    assert 1e-5 < np.max(noise) < 0.1


def with_prior(function, fall, middle):
    """Return a log density with a proper prior on a: a rise, then a fall by `fall` per unit."""
    return lambda x: function(x) + x[..., 0] - (1 + fall) * np.logaddexp(0, x[..., 0] - middle)


def stable_student(x):
    """Return `student` with the expansion of its constant in 1 / nu where that is below 1e-6."""
    nu, data = np.exp(x[..., 0, None]), np.linspace(-1.5, 1.5, 20)
    near = np.minimum(nu, 1e6)
    constant = gammaln((near + 1) / 2) - gammaln(near / 2) - 0.5 * np.log(near)
    constant = np.where(nu < 1e6, constant, -0.5 * np.log(2) - 0.25 / nu)
    return np.sum(constant - (nu + 1) / 2 * np.log1p(data**2 / nu), axis=-1)


@pytest.mark.parametrize("middle", [0.0, 1.0, 2.0, 3.0])
@pytest.mark.parametrize("fall", [0.5, 1.0, 1.5, 2.0])
def test_rounding_above_a_mode_is_seen_wherever_the_rays_step(fall, middle):
    """The widths of these modes differ, and so do the places at which rays look; all terms are
    absorbed, and nothing scatters, soon beyond where rounding is highest."""
    found = declined(values(with_prior(student, fall, middle), 1), [1.0])
    assert found.details["digits_lost"]
    assert found.details["log_density"] > 0
    find_mode(values(with_prior(stable_student, fall, middle), 1), [1.0], seed=1)


# ------------------------------------------------------------------ edges that data make

LARGEST, SMALLEST, N = 7.3, 1.2, 12


def uniform(top, bottom=0.0):
    width = np.maximum(top - bottom, 1e-300)
    inside = (top >= LARGEST) & (bottom <= SMALLEST)
    return np.where(inside, -N * np.log(width), -np.inf)


MADE_BY_DATA = {
    "uniform": (lambda x: uniform(x[..., 0]), 1, [9.0], None, LARGEST),
    "uniform, above zero": (lambda x: uniform(x[..., 0]), 1, [9.0], [0.0], LARGEST),
    "its log": (lambda x: uniform(np.exp(x[..., 0])) + x[..., 0], 1, [2.2], None, np.log(LARGEST)),
    "uniform, both ends": (
        lambda x: uniform(x[..., 1], x[..., 0]),
        *(2, [0.0, 9.0], None, SMALLEST),
    ),
    "uniform beside another": (
        lambda x: uniform(x[..., 0]) - 0.5 * (x[..., 1] - 1) ** 2,
        *(2, [9.0, 0.0], None, LARGEST),
    ),
    "shifted exponential": (
        lambda x: np.where(x[..., 0] <= LARGEST, N * x[..., 0] - 0.005 * x[..., 0] ** 2, -np.inf),
        *(1, [1.0], None, LARGEST),
    ),
    "shifted exponential, above zero": (
        lambda x: np.where(x[..., 0] <= LARGEST, N * x[..., 0], -np.inf),
        *(1, [1.0], [0.0], LARGEST),
    ),
}


@pytest.mark.parametrize("name", MADE_BY_DATA)
def test_an_edge_that_data_make_is_named_where_it_is(name):
    function, d, start, lower, edge = MADE_BY_DATA[name]
    found = declined(values(function, d, lower), start)
    assert found.reason == "mode_on_boundary" and not found.details["declared"]
    # where floating point ends it: nothing else is known of it
    assert found.details["bound"] == pytest.approx(edge, rel=1e-12)
    assert "Name that edge in SUPPORT" in found.message


CLEAN = {
    "normal": lambda x: -0.5 * x[..., 0] ** 2,
    "kink": lambda x: -1e3 * np.abs(x[..., 0] - 0.3),
    "step": lambda x: -1e3 * (x[..., 0] > 0.3),
    "steep": lambda x: -1e30 * (x[..., 0] - 0.3) ** 2,
    "far": lambda x: -0.5 * (x[..., 0] * 1e9) ** 2,
    "wave": lambda x: 50 * np.cos(x[..., 0]),
}


@pytest.mark.parametrize("name", CLEAN)
@pytest.mark.parametrize("at", [0.3, 0.0, -700.0, 1e6])
def test_what_is_not_noise_does_not_scatter(name, at):
    assert scatter(CLEAN[name], np.array([[at]]), np.ones((1, 1)))[0] < 1e-3


@pytest.mark.parametrize("size", [1e-3, 1.0, 1e6])
def test_noise_scatters_by_its_standard_deviation(size):
    rng = np.random.default_rng(1)

    def noisy(x):
        return -0.5 * x[..., 0] ** 2 + size * rng.standard_normal(x.shape[:-1])

    found = scatter(noisy, np.full((200, 1), 0.3), np.ones((200, 1)))
    assert np.median(found) == pytest.approx(size, rel=0.5)


# ------------------------------------------------------------------ without end


def spike(power):
    """Return (log scale, mean): density scale^-power over means within a scale of 0, and no more
    than a scale of 1: without a mode; the mass goes on for power >= 1."""

    def value(x):
        log_scale, mean = x[..., 0], x[..., 1]
        scale = np.exp(log_scale)
        return -power * log_scale - 0.5 * (mean / scale) ** 2 - 0.5 * np.maximum(log_scale, 0) ** 2

    return value


@pytest.mark.parametrize(
    ("power", "reason"), [(0.5, "not_converged"), (1.0, "improper"), (2.0, "improper")]
)
def test_growth_without_bound_is_improper_where_the_mass_goes_on(power, reason):
    found = declined(values(spike(power), 2), [0.1, 0.2])
    assert found.reason == reason
    assert ("no sampler helps" in found.message) == (reason == "improper")


@pytest.mark.parametrize("turn", [2 * np.pi, 360.0, 1.0])
def test_an_angle_on_a_line_is_periodic_and_not_without_bound(turn):
    def value(x):
        return 20 * np.cos(2 * np.pi * x[..., 0] / turn) - 0.5 * x[..., 1] ** 2

    found = declined(values(value, 2), [0.1 * turn, 0.5])
    assert found.reason == "improper" and "periodic in a" in found.message
    assert found.details["period"] == pytest.approx(turn, rel=1e-6)


def test_a_dose_response_that_rises_for_ever_is_still_separated():
    found = declined(values(dose_response([0, 0, 5, 5]), 2), [0, 0])
    assert found.reason == "separation"


def test_what_has_a_bound_is_not_called_separated():
    """1 - exp(-x) on x > 0 under a flat prior: a plateau, and no predictor."""
    found = declined(values(lambda x: -np.exp(-x[..., 0]), 1, [0]), [1])
    assert found.reason == "improper" and "predictor" not in found.message

"""Laws of the model files: derivatives are slopes, published fits return, bad rows are named."""

import csv
import importlib
import math
from pathlib import Path

import numpy as np
import pytest

from laplace_approx.density.density import density_in
from laplace_approx.density.model import Model
from laplace_approx.density.posterior import natural_density
from laplace_approx.density.priors import build_prior
from laplace_approx.density.space import build_space

DATA = Path(__file__).parents[2] / "data"
INF = math.inf


def read(name):
    with open(DATA / f"{name}.csv", newline="") as file:
        rows = list(csv.reader(file))
    columns = np.array(rows[1:], dtype=float).T
    return dict(zip(rows[0], columns, strict=True))


def bind(name, data):
    """Return the model of one file with its data: what reading the model file comes to."""
    module = importlib.import_module(f"laplace_approx.models.{name}")

    def given(attribute, default=None):
        value = getattr(module, attribute, default)
        return value(data) if callable(value) else value

    parameters = given("PARAMETERS")
    transform = getattr(module, "transformed_data", lambda data: data)
    seen = transform(data)
    support = [given("SUPPORT", {}).get(p, (None, None)) for p in parameters]
    return Model(
        name=name,
        parameters=parameters,
        log_likelihood=lambda theta: module.log_likelihood(theta, seen),
        gradient=lambda theta: module.gradient(theta, seen),
        hessian=lambda theta: module.hessian(theta, seen),
        lower=np.array([-INF if low is None else low for low, _ in support]),
        upper=np.array([INF if high is None else high for _, high in support]),
        start=np.array(given("START"), dtype=float),
        quantities=getattr(module, "QUANTITIES", {}),
        conditions={},
        monotone=given("monotone"),
    )


def posterior(name, data, prior=None, space=None):
    model = bind(name, data)
    density = natural_density(model, build_prior(prior, model.parameters))
    return density_in(density, build_space(space, density.names, density.lower, density.upper))


def newton(density, z, steps=40):
    """Return the mode from a start in its basin."""
    for _ in range(steps):
        z = z - np.linalg.solve(density.hessian(z), density.gradient(z))
    return z


COUNTS = {
    "y": np.array([0.0, 1, 3, 5]),
    "n": np.full(4, 5.0),
    "dose": np.array([-0.86, -0.3, -0.05, 0.73]),
}
EVERY = [
    ("normal", "windshieldy1"),
    ("normal", "windshieldy2"),
    ("normal", "hardness"),
    ("linear_known_variance", "anscombe1"),
    ("linear", "anscombe1_xy"),
    ("eight_schools", "eight_schools"),
    ("eight_schools_centred", "eight_schools"),
    ("logistic_regression", "challenger"),
    ("poisson_regression", "airline_accidents"),
]


def slope(function, x):
    """Return derivatives along the last axis: error h^4 with one Richardson step."""
    columns = []
    for i in range(x.size):
        h = 1e-3 * (abs(x[i]) or 1.0) * np.eye(x.size)[i]
        size = h[i]
        coarse = (function(x + h) - function(x - h)) / (2 * size)
        fine = (function(x + h / 2) - function(x - h / 2)) / size
        columns.append((4 * fine - coarse) / 3)
    return np.stack(columns, axis=-1)


@pytest.mark.parametrize(("name", "file"), EVERY, ids=lambda v: v)
def test_derivatives_are_the_numerical_slopes(name, file):
    model = bind(name, read(file))
    away = np.linspace(0.9, 1.2, model.start.size)
    for theta in (model.start, model.start * away + 0.01 * away):
        scale = np.max(np.abs(model.hessian(theta)))
        close = {"rtol": 1e-6, "atol": 1e-8 * scale}
        np.testing.assert_allclose(
            model.gradient(theta), slope(model.log_likelihood, theta), **close
        )
        hessian = model.hessian(theta)
        np.testing.assert_allclose(hessian, slope(model.gradient, theta), **close)
        np.testing.assert_allclose(hessian, hessian.T, rtol=1e-14, atol=1e-14 * scale)


@pytest.mark.parametrize(("name", "file"), EVERY, ids=lambda v: v)
def test_a_batch_gives_what_each_point_gives(name, file):
    model = bind(name, read(file))
    points = model.start * np.array([[0.9], [1.0], [1.1]]) + 0.02
    batch = np.stack([points, points[::-1]])
    d = model.start.size
    for function, tail in (
        (model.log_likelihood, ()),
        (model.gradient, (d,)),
        (model.hessian, (d, d)),
    ):
        together = function(batch)
        assert together.shape == (2, 3, *tail)
        alone = np.array([[function(point) for point in row] for row in batch])
        np.testing.assert_allclose(together, alone, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize(("name", "file"), EVERY, ids=lambda v: v)
def test_the_shipped_data_pass_the_model_and_keep_its_columns(name, file):
    module = importlib.import_module(f"laplace_approx.models.{name}")
    data = read(file)
    for column, bad, requirement in module.check(data):
        assert bad.shape == data[column].shape
        assert not np.any(bad), requirement
    if hasattr(module, "COLUMNS"):
        assert set(module.COLUMNS) == set(data)


class TestNormal:
    """windshieldy1 with the prior 1/sigma: computed independently by 40-digit quadrature."""

    prior = {"sigma": {"family": "reciprocal"}}  # noqa: RUF012

    @pytest.mark.parametrize(
        ("space", "mode", "diagonal", "height"),
        [
            (
                {"sigma": "log"},
                (14.611222222222223, 0.32919802357339906),
                (-4.659129043762912, -18.0),
                -15.733229011002646,
            ),
            (
                {},
                (14.611222222222223, 1.3185303771834593),
                (-5.176810048625457, -11.504022330278794),
                -16.035624456286914,
            ),
            (
                {"sigma": "square"},
                (14.611222222222223, 1.5804748686868686),
                (-5.694491053488003, -2.2018488391407653),
                -16.98108341366756,
            ),
        ],
        ids=["log sigma", "sigma", "sigma^2"],
    )
    def test_mode_and_hessian_in_three_spaces(self, space, mode, diagonal, height):
        density = posterior("normal", read("windshieldy1"), self.prior, space)
        mode = np.array(mode)
        # 16-digit literals; the gradient is the Hessian (< 20) times an error of 1e-15
        np.testing.assert_allclose(density.gradient(mode), 0, atol=1e-12)
        np.testing.assert_allclose(density.hessian(mode), np.diag(diagonal), rtol=1e-12, atol=1e-12)
        assert density.log_density(mode) == pytest.approx(height, abs=1e-12)

    def test_the_likelihood_is_the_product_of_normal_densities(self):
        data = read("hardness")
        mu, sigma = 110.0, 17.0
        terms = -0.5 * np.log(2 * np.pi) - np.log(sigma) - 0.5 * ((data["y"] - mu) / sigma) ** 2
        value = bind("normal", data).log_likelihood(np.array([mu, sigma]))
        assert value == pytest.approx(np.sum(terms), rel=1e-13)

    def test_equal_values_are_named(self):
        module = importlib.import_module("laplace_approx.models.normal")
        (_, bad, _), *_ = module.check({"y": np.array([2.0, 2.0])})
        assert np.all(bad)


def test_the_conjugate_line_is_the_normal_that_quadrature_finds():
    prior = {
        "b0": {"family": "normal", "mean": 0, "sd": 10},
        "b1": {"family": "normal", "mean": 0, "sd": 1},
    }
    density = posterior("linear_known_variance", read("anscombe1"), prior)
    mode = np.array([3.02451960860577, 0.4968992544086067])
    # computed independently by 40-digit quadrature; the Hessian is 640 times an error of 1e-15
    np.testing.assert_allclose(density.gradient(mode), 0, atol=1e-10)
    np.testing.assert_allclose(
        density.hessian(mode), [[-7.05, -63.36], [-63.36, -641.64]], rtol=1e-13
    )
    assert density.log_density(mode) == pytest.approx(-21.277042457953723, abs=1e-12)
    log_evidence = density.log_density(mode) + math.log(2 * math.pi)
    log_evidence -= 0.5 * np.linalg.slogdet(-density.hessian(mode))[1]
    assert log_evidence == pytest.approx(-22.555460514604917, abs=1e-11)


def test_the_line_of_unknown_error_has_the_published_fit():
    # Anscombe (1973), The American Statistician 27, table: y = 3.0 + 0.5 x, s.e. of b1 0.118
    data = read("anscombe1_xy")
    prior = {"sigma": {"family": "reciprocal"}}
    density = posterior("linear", data, prior, {"sigma": "log"})
    mode = newton(density, np.array([3.0, 0.5, 0.2]))
    np.testing.assert_allclose(mode[:2], [3.0, 0.5], atol=2e-3)
    residual = data["y"] - mode[0] - mode[1] * data["x"]
    # flat in (b0, b1, log sigma): sigma^2 is the mean square, and log sigma has -2 n
    assert math.exp(2 * mode[2]) == pytest.approx(np.mean(residual**2), rel=1e-12)
    assert density.hessian(mode)[2, 2] == pytest.approx(-22, rel=1e-12)
    b1_sd = math.sqrt(-np.linalg.inv(density.hessian(mode))[1, 1])
    assert b1_sd * math.sqrt(11 / 9) == pytest.approx(0.118, abs=5e-4)


def test_the_two_lines_agree_where_the_error_is_known():
    known, unknown = read("anscombe1"), read("anscombe1_xy")
    theta = np.array([[2.0, 0.7], [3.0, 0.5]])
    one = bind("linear_known_variance", known).log_likelihood(theta)
    both = np.concatenate([theta, np.full((2, 1), 1.25)], axis=1)
    np.testing.assert_allclose(one, bind("linear", unknown).log_likelihood(both), rtol=1e-13)


class TestSchools:
    def test_the_mode_in_mu_and_log_tau(self):
        # flat on (mu, tau), fitted in (mu, log tau); computed independently, four figures
        density = posterior("eight_schools", read("eight_schools"), None, {"tau": "log"})
        mode = newton(density, np.array([8.0, 1.8]))
        np.testing.assert_allclose(mode, [7.924, 1.841], atol=5e-4)
        sd = np.sqrt(np.diag(np.linalg.inv(-density.hessian(mode))))
        np.testing.assert_allclose(sd, [4.725, 0.732], atol=5e-4)

    def test_pooled_and_separate_limits(self):
        data = read("eight_schools")
        model = bind("eight_schools", data)
        s, y = data["standard_error"], data["effect"]
        pooled = np.sum(y / s**2) / np.sum(1 / s**2)
        # BDA3, section 5.5: the pooled estimate is 7.7 with standard error 4.1
        assert pooled == pytest.approx(7.7, abs=0.05)
        assert np.sum(1 / s**2) ** -0.5 == pytest.approx(4.1, abs=0.05)
        near_zero = model.gradient(np.array([pooled, 1e-200]))
        assert abs(near_zero[0]) < 1e-12
        far = model.log_likelihood(np.array([0.0, 1e200]))
        # all terms but the scale vanish: -8 log(1e200) - 4 log(2 pi)
        assert far == pytest.approx(-8 * 200 * math.log(10) - 4 * math.log(2 * math.pi), rel=1e-14)

    def test_integrating_the_effects_out_of_the_joint_density_gives_the_marginal(self):
        data = read("eight_schools")
        joint, marginal = bind("eight_schools_centred", data), bind("eight_schools", data)
        mu, tau = 6.0, 5.0
        s, y = data["standard_error"], data["effect"]
        # given (mu, tau) the joint density is normal in the effects: Laplace there is exact
        effects = (y / s**2 + mu / tau**2) / (1 / s**2 + 1 / tau**2)
        theta = np.array([*effects, mu, tau])
        precision = -joint.hessian(theta)[:8, :8]
        integral = joint.log_likelihood(theta) + 4 * math.log(2 * math.pi)
        integral -= 0.5 * np.linalg.slogdet(precision)[1]
        expected = marginal.log_likelihood(np.array([mu, tau]))
        assert integral == pytest.approx(expected, rel=1e-13)

    def test_the_joint_density_grows_without_bound_as_tau_falls(self):
        data = read("eight_schools")
        density = posterior("eight_schools_centred", data, None, {"tau": "log"})
        at = [density.log_density(np.array([*[7.0] * 9, -k])) for k in (5.0, 50.0, 500.0)]
        # -8 log tau + log tau: seven for each unit that log tau falls
        np.testing.assert_allclose(np.diff(at), [7 * 45, 7 * 450], rtol=1e-12)


class TestLogistic:
    def test_the_challenger_fit_is_the_published_one(self):
        # Dalal, Fowlkes and Hoadley (1989), JASA 84, 945-957: 15.0429 (7.3786), -0.2322 (0.1082)
        data = read("challenger")
        assert data["y"].size == 23
        assert np.sum(data["y"]) == 7
        density = posterior("logistic_regression", data)
        mode = newton(density, np.array([5.0, -0.08]))
        np.testing.assert_allclose(mode, [15.0429, -0.2322], atol=5e-5)
        sd = np.sqrt(np.diag(np.linalg.inv(-density.hessian(mode))))
        np.testing.assert_allclose(sd, [7.3786, 0.1082], atol=5e-5)

    def test_counts_are_the_bioassay(self):
        # BDA3, section 3.7; mode and curvature computed independently with 40 digits
        density = posterior("logistic_regression", COUNTS)
        assert density.names == ("intercept", "dose")
        mode = newton(density, np.zeros(2))
        np.testing.assert_allclose(mode, [0.8466, 7.7488], atol=5e-5)
        sd = np.sqrt(np.diag(np.linalg.inv(-density.hessian(mode))))
        np.testing.assert_allclose(sd, [1.019, 4.873], atol=5e-4)

    @pytest.mark.filterwarnings("error")
    def test_nothing_cancels_far_out(self):
        data = {"y": np.array([1.0, 0.0]), "x": np.array([1.0, -1.0])}
        model = bind("logistic_regression", data)
        # both outcomes as predicted: log likelihood -2 exp(-eta) to first order
        value = model.log_likelihood(np.array([0.0, 300.0]))
        assert value == pytest.approx(-2 * math.exp(-300), rel=1e-12)
        slope_there = model.gradient(np.array([0.0, 300.0]))[1]
        assert slope_there == pytest.approx(2 * math.exp(-300), rel=1e-12)

    def test_separating_directions_are_those_that_never_lower_the_likelihood(self):
        data = {"y": np.array([0.0, 0.0, 1.0, 1.0]), "x": np.array([1.0, 2.0, 3.0, 4.0])}
        model = bind("logistic_regression", data)
        v = np.array([-2.5, 1.0])
        assert np.all(model.monotone @ v > 0)
        along = model.log_likelihood(np.linspace(0, 40, 30)[:, None] * v)
        assert np.all(np.diff(along) > 0)
        mixed = bind("logistic_regression", {**COUNTS, "y": np.array([0.0, 1, 3, 5])})
        assert mixed.monotone.shape == (6, 2)  # the two middle doses have both outcomes

    def test_names_are_identifiers_and_never_repeat(self):
        y = np.zeros(2)
        data = {
            "y": y,
            "log dose (mg)": y,
            "2nd": y,
            "lambda": y,
            "intercept": y,
            "log-dose [mg]": y,
        }
        names = bind("logistic_regression", data).parameters
        assert names == (
            "intercept", "log_dose__mg_", "_2nd", "lambda_", "intercept_", "log_dose__mg__"
        )  # fmt: skip
        assert all(name.isidentifier() for name in names)

    def test_a_missing_response_is_named(self):
        module = importlib.import_module("laplace_approx.models.logistic_regression")
        with pytest.raises(ValueError, match="no column y"):
            list(module.check({"x": np.ones(2)}))

    @pytest.mark.parametrize(
        ("change", "rows"),
        [
            ({"y": [0, 1, 3, 6]}, {"y": [3]}),
            ({"y": [0, -1, 3, 5]}, {"y": [1]}),
            ({"y": [0, 1.5, 3, 5]}, {"y": [1]}),
            ({"n": [5, 5, 0, 5], "y": [0, 1, 0, 5]}, {"n": [2]}),
            ({"n": [5, 5.5, 5, 5]}, {"n": [1]}),
            ({"y": [0, np.nan, 3, 5]}, {"y": [1]}),
        ],
    )
    def test_bad_rows_are_found(self, change, rows):
        module = importlib.import_module("laplace_approx.models.logistic_regression")
        data = {**COUNTS, **{key: np.array(value, dtype=float) for key, value in change.items()}}
        found = {c: np.flatnonzero(bad).tolist() for c, bad, _ in module.check(data) if bad.any()}
        assert found == rows


class TestPoisson:
    def test_without_covariates_it_is_closed_form(self):
        y = np.array([2.0, 0.0, 5.0, 1.0])
        density = posterior("poisson_regression", {"y": y})
        mode = np.array([math.log(2.0)])
        np.testing.assert_allclose(density.gradient(mode), 0, atol=1e-14)
        np.testing.assert_allclose(density.hessian(mode), [[-8.0]])

    def test_the_accidents_fall_and_the_score_equations_hold(self):
        data = read("airline_accidents")
        density = posterior("poisson_regression", data)
        mode = newton(density, bind("poisson_regression", data).start)
        fitted = np.exp(mode[0] + mode[1] * data["year_centred"])
        # the score equations: fitted and observed totals agree, and so do the weighted ones
        assert np.sum(fitted) == pytest.approx(238, rel=1e-12)
        assert fitted @ data["year_centred"] == pytest.approx(
            data["y"] @ data["year_centred"], rel=1e-10
        )
        assert -0.06 < mode[1] < -0.02

    def test_directions_without_a_maximum(self):
        data = {"y": np.array([0.0, 0.0, 3.0]), "x": np.array([1.0, 1.0, 0.0])}
        model = bind("poisson_regression", data)
        v = np.array([0.0, -1.0])
        assert np.all(model.monotone @ v >= 0)
        assert np.any(model.monotone @ v > 0)
        along = model.log_likelihood(np.array([1.0, 0.0]) + np.linspace(0, 20, 9)[:, None] * v)
        assert np.all(np.diff(along) > 0)
        assert np.any(model.monotone @ np.array([1.0, 0.0]) < 0)


def test_hundreds_of_coefficients():
    rng = np.random.default_rng(3)
    n, d = 600, 500
    columns = {f"x{j}": x for j, x in enumerate(rng.standard_normal((d - 1, n)) / math.sqrt(d))}
    data = {"y": (rng.random(n) < 0.5).astype(float), **columns}
    joint = {"family": "multivariate_normal", "mean": 0, "sd": 1, "correlation": 0}
    density = posterior("logistic_regression", data, {"joint": joint})
    mode = newton(density, np.zeros(d), steps=3)
    # quadratic convergence: the third step ends at rounding
    assert np.max(np.abs(density.gradient(mode))) < 1e-6
    np.linalg.cholesky(-density.hessian(mode))

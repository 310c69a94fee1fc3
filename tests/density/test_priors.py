"""Laws of the priors: they integrate to one, with the derivatives and moments that they should."""

import math
import re

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import multivariate_normal

from laplace_approx.density.priors import build_prior
from laplace_approx.density.priors.values import quoted
from laplace_approx.errors import InputError

INF = math.inf
PROPER = {
    "normal sd": {"family": "normal", "mean": 1.0, "sd": 4.0},
    "normal variance": {"family": "normal", "mean": -2.0, "variance": 4.0},
    "normal precision": {"family": "normal", "mean": 0.0, "precision": 0.25},
    "student_t": {"family": "student_t", "df": 3, "location": 1.0, "scale": 2.0},
    "cauchy": {"family": "cauchy", "location": -1.0, "scale": 0.5},
    "laplace": {"family": "laplace", "location": 1.0, "scale": 2.0},
    "logistic": {"family": "logistic", "location": 1.0, "scale": 2.0},
    "uniform": {"family": "uniform", "lower": -3, "upper": 7},
    "lognormal": {"family": "lognormal", "log_mean": 0.3, "log_sd": 0.8},
    "half_normal": {"family": "half_normal", "scale": 2.0},
    "half_cauchy": {"family": "half_cauchy", "scale": 2.0},
    "half_student_t": {"family": "half_student_t", "df": 4, "scale": 2.0},
    "exponential rate": {"family": "exponential", "rate": 2.0},
    "exponential scale": {"family": "exponential", "scale": 2.0},
    "gamma rate": {"family": "gamma", "shape": 2.5, "rate": 0.5},
    "gamma scale": {"family": "gamma", "shape": 2.5, "scale": 0.5},
    "inverse_gamma": {"family": "inverse_gamma", "shape": 3.0, "scale": 2.0},
    "scaled_inverse_chi_squared": {"family": "scaled_inverse_chi_squared", "df": 6, "scale": 1.5},
    "beta": {"family": "beta", "a": 2.5, "b": 1.5},
    "weibull": {"family": "weibull", "shape": 1.7, "scale": 2.0},
    "normal on log": {"family": "normal", "mean": 0.3, "sd": 0.8, "on": "log"},
    "normal on shifted log": {"family": "normal", "mean": 0, "sd": 1, "on": {"log": {"shift": -2}}},
    "normal on logit": {
        "family": "normal",
        "mean": 0.4,
        "sd": 1.3,
        "on": {"logit": {"lower": -1, "upper": 3}},
    },
    "variance": {"family": "inverse_gamma", "shape": 3, "scale": 2, "on": "square"},
    "precision": {"family": "gamma", "shape": 3, "rate": 2, "on": {"power": -2}},
    "gamma on sqrt": {"family": "gamma", "shape": 3, "rate": 2, "on": "sqrt"},
    "uniform on log": {"family": "uniform", "lower": -1, "upper": 2, "on": "log"},
}
UNIT_LOGIT = {"logit": {"lower": 0, "upper": 1}}
IMPROPER = {
    "flat": {"family": "flat"},
    "reciprocal": {"family": "reciprocal"},
    "flat on log": {"family": "flat", "on": "log"},
    "flat on square": {"family": "flat", "on": "square"},
}


def prior_of(settings):
    return build_prior({"x": settings}, ("x",))


def points(prior):
    """Return a few points well inside the support."""
    low, high = prior.lower[0], prior.upper[0]
    share = np.array([0.03, 0.2, 0.45, 0.7, 0.93])
    if math.isfinite(low) and math.isfinite(high):
        return low + share * (high - low)
    if math.isfinite(low):
        return low + share / (1 - share)
    return 4 * np.tan((share - 0.5) * 2)


@pytest.mark.parametrize("settings", PROPER.values(), ids=PROPER)
def test_a_proper_density_integrates_to_one(settings):
    prior = prior_of(settings)
    assert prior.proper == (True,)
    low, high = prior.lower[0], prior.upper[0]
    middle = float(np.median(points(prior)))

    def density(x):
        return math.exp(prior.log_density(np.array([x])))

    # split in the middle, where the Laplace density has its kink or nearby
    total = sum(
        quad(density, *ends, epsabs=1e-10, epsrel=1e-10, limit=400)[0]
        for ends in [(low, middle), (middle, 1.0 + middle), (1.0 + middle, high)]
        if ends[0] < ends[1]
    )
    # quad's own tolerance on three pieces, and its error at a kink
    assert total == pytest.approx(1, abs=1e-7)


@pytest.mark.parametrize(
    "settings", [*PROPER.values(), *IMPROPER.values()], ids=[*PROPER, *IMPROPER]
)
def test_derivatives_are_the_numerical_slopes(settings):
    prior = prior_of(settings)
    x = points(prior)[:, None]
    h = 1e-3 * np.minimum(1, np.minimum(x - prior.lower, prior.upper - x))

    def slope(function):
        """Return the central difference with one Richardson step: error h^4, rounding eps / h."""
        coarse = (function(x + h) - function(x - h)) / (2 * h)
        fine = (function(x + h / 2) - function(x - h / 2)) / h
        return (4 * fine - coarse) / 3

    numerical = slope(lambda at: prior.log_density(at)[:, None])
    np.testing.assert_allclose(prior.gradient(x), numerical, rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(prior.hessian(x)[:, 0], slope(prior.gradient), rtol=1e-8, atol=1e-9)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "settings", [*PROPER.values(), *IMPROPER.values()], ids=[*PROPER, *IMPROPER]
)
def test_outside_is_minus_infinity_and_never_nan(settings):
    prior = prior_of(settings)
    low, high = prior.lower[0], prior.upper[0]
    x = np.array([-1e300, -1e10, -5.0, -1.0, 0.0, 1.0, 8.0, 1e10, 1e300, low, high, np.nan])
    value = prior.log_density(x[:, None])
    assert not np.any(np.isnan(value))
    inside = (x > low) & (x < high)
    assert np.all(value[~inside] == -INF)
    assert np.all(np.isnan(prior.gradient(x[:, None])[~inside]))


# means and variances in closed form: BDA3, appendix A
@pytest.mark.parametrize(
    ("name", "mean", "variance"),
    [
        ("normal variance", -2.0, 4.0),
        ("normal precision", 0.0, 4.0),
        ("logistic", 1.0, (2 * math.pi) ** 2 / 3),
        ("laplace", 1.0, 8.0),
        ("uniform", 2.0, 100 / 12),
        ("exponential rate", 0.5, 0.25),
        ("exponential scale", 2.0, 4.0),
        ("gamma rate", 5.0, 10.0),
        ("gamma scale", 1.25, 0.625),
        ("inverse_gamma", 1.0, 1.0),
        ("scaled_inverse_chi_squared", 6 / 4 * 2.25, 2 * 36 / (16 * 2) * 2.25**2),
        ("beta", 2.5 / 4, 2.5 * 1.5 / (16 * 5)),
        ("weibull", 2 * math.gamma(1 + 1 / 1.7), None),
        ("half_normal", 2 * math.sqrt(2 / math.pi), 4 * (1 - 2 / math.pi)),
        ("lognormal", math.exp(0.3 + 0.32), None),
        ("normal on log", math.exp(0.3 + 0.32), None),
    ],
)
def test_moments_are_those_of_the_named_distribution(name, mean, variance):
    prior = prior_of(PROPER[name])

    def moment(power):
        def integrand(x):
            return x**power * math.exp(prior.log_density(np.array([x])))

        pieces = [(prior.lower[0], 1.0), (1.0, 60.0), (60.0, prior.upper[0])]
        if math.isfinite(prior.upper[0]):
            pieces = [(prior.lower[0], prior.upper[0])]
        return sum(quad(integrand, *ends, limit=400)[0] for ends in pieces)

    # quad's default tolerance, 1.5e-8 a piece, times the size of the moments
    assert moment(1) == pytest.approx(mean, rel=1e-6, abs=1e-6)
    if variance is not None:
        assert moment(2) - moment(1) ** 2 == pytest.approx(variance, rel=1e-5)


def test_a_normal_on_the_log_is_the_lognormal():
    x = np.array([[0.01], [0.8], [30.0]])
    one, other = prior_of(PROPER["normal on log"]), prior_of(PROPER["lognormal"])
    np.testing.assert_allclose(one.log_density(x), other.log_density(x), rtol=1e-13)
    np.testing.assert_allclose(one.hessian(x), other.hessian(x), rtol=1e-12)


def test_flat_on_the_log_is_the_reciprocal():
    x = np.array([[0.01], [0.8], [30.0]])
    one, other = prior_of(IMPROPER["flat on log"]), prior_of(IMPROPER["reciprocal"])
    np.testing.assert_allclose(one.log_density(x), other.log_density(x), rtol=1e-13)
    assert one.proper == other.proper == (False,)


def test_the_logistic_on_the_logit_is_uniform():
    x = np.array([[1e-9], [0.3], [0.999]])
    prior = prior_of({"family": "logistic", "location": 0, "scale": 1, "on": UNIT_LOGIT})
    np.testing.assert_allclose(prior.log_density(x), 0, atol=1e-13)


def test_student_t_tends_to_the_normal():
    x = np.array([[-3.0], [0.5], [6.0]])
    t = prior_of({"family": "student_t", "df": 1e12, "location": 0, "scale": 2})
    normal = prior_of({"family": "normal", "mean": 0, "sd": 2})
    # the difference is u^4 / (4 df) = 2e-11, and the rounding of log1p(u^2/df) df/2
    np.testing.assert_allclose(t.log_density(x), normal.log_density(x), atol=1e-9)


def test_yaml_reads_the_bare_word_on_as_true():
    settings = {"family": "normal", "mean": 0.3, "sd": 0.8, True: "log"}
    assert prior_of(settings).text == "x ~ normal(mean 0.3, sd 0.8) on log(x)"


def test_the_text_is_one_line_that_keeps_the_words_of_the_definition():
    names = ("alpha", "beta")
    normal = {"alpha": {"family": "normal", "mean": 0, "variance": 16}}
    assert build_prior(normal, names).text == "alpha ~ normal(mean 0, variance 16); beta flat"
    assert build_prior({}, names).text == "alpha flat; beta flat"
    assert build_prior(None, tuple("abcdefghij")).text == "all 10 parameters flat"


class TestJoint:
    names = ("alpha", "beta", "gamma")
    mean = (0.0, 10.0)
    covariance = ((4.0, 10.0), (10.0, 100.0))

    def prior(self, **more):
        joint = {"family": "multivariate_normal", "mean": list(self.mean), **more}
        return build_prior({"joint": joint}, self.names[:2])

    @pytest.mark.parametrize(
        "spread",
        [
            {"covariance": [[4, 10], [10, 100]]},
            {"sd": [2, 10], "correlation": 0.5},
            {"sd": [2, 10], "correlation": [[1, 0.5], [0.5, 1]]},
        ],
    )
    def test_it_is_the_multivariate_normal(self, spread):
        prior = self.prior(**spread)
        x = np.array([[[0.5, 3.0], [-4.0, 30.0]], [[0.0, 10.0], [9.0, 9.0]]])
        truth = multivariate_normal(self.mean, self.covariance).logpdf(x)
        np.testing.assert_allclose(prior.log_density(x), truth, rtol=1e-12)
        np.testing.assert_allclose(
            prior.hessian(x)[1, 1] @ np.array(self.covariance), -np.eye(2), atol=1e-13
        )
        toward = np.array(self.mean) - x
        np.testing.assert_allclose(
            prior.gradient(x) @ np.array(self.covariance), toward, rtol=1e-12, atol=1e-12
        )
        assert prior.proper == (True, True)

    def test_a_list_orders_the_parameters_and_the_others_stay_free(self):
        joint = {
            "family": "multivariate_normal",
            "parameters": ["gamma", "alpha"],
            "mean": [0, 10],
            "covariance": [[4, 10], [10, 100]],
        }
        own = {"family": "exponential", "rate": 2}
        prior = build_prior({"joint": joint, "beta": own}, self.names)
        theta = np.array([3.0, 0.7, 0.5])
        truth = multivariate_normal(self.mean, self.covariance).logpdf([0.5, 3.0])
        assert prior.log_density(theta) == pytest.approx(truth + math.log(2) - 1.4, rel=1e-13)
        slopes = [
            (prior.log_density(theta + e) - prior.log_density(theta - e)) / 2e-5
            for e in 1e-5 * np.eye(3)
        ]
        # rounding eps f / h = 1e-10
        np.testing.assert_allclose(prior.gradient(theta), slopes, atol=1e-8)
        assert np.all(prior.hessian(theta)[1, [0, 2]] == 0)

    def test_one_number_serves_all(self):
        names = tuple(f"b{i}" for i in range(500))
        joint = {"family": "multivariate_normal", "mean": 0, "sd": 2.5, "correlation": 0}
        prior = build_prior({"joint": joint}, names)
        x = np.linspace(-1, 1, 500)
        truth = -0.5 * x @ x / 6.25 - 500 * (math.log(2.5) + 0.5 * math.log(2 * math.pi))
        assert prior.log_density(x) == pytest.approx(truth, rel=1e-12)
        assert prior.text == "500 parameters ~ multivariate_normal"

    @pytest.mark.parametrize(
        ("more", "said"),
        [
            ({}, "by nothing"),
            ({"sd": [2, 10]}, "correlation: 0 for independent"),
            ({"sd": 1, "correlation": 0, "covariance": [[1, 0], [0, 1]]}, "covariance alone"),
            ({"covariance": [[4, 10], [11, 100]]}, "not symmetric.*10.*11"),
            ({"covariance": [[1e10, 0.1], [0.2, 1e-10]]}, "not symmetric"),
            ({"covariance": [[4, 21], [21, 100]]}, "smallest eigenvalue.*-0.39"),
            ({"covariance": [[4, 20], [20, 100]]}, "smallest eigenvalue"),
            ({"covariance": [[-4, 0], [0, 100]]}, "variance of alpha is -4"),
            ({"covariance": [[4]]}, r"shape \(1, 1\)"),
            ({"covariance": [4, 100]}, r"shape \(2,\)"),
            ({"covariance": [[4, 1], [1]]}, "differ in length"),
            ({"covariance": [[4, 1], [1, math.inf]]}, r"covariance\[1\]\[1\].*not finite"),
            ({"covariance": [[4, "1"], [1, 2]]}, r"covariance\[0\]\[1\].*text"),
            ({"sd": [2, "1e-400"], "correlation": 0}, r"sd\[1\].*below the range of numbers"),
            ({"sd": [2, 10], "correlation": 1}, "between -1 and 1"),
            ({"sd": [2, 10], "correlation": [[1, 0.2], [0.2, 2]]}, "diagonal"),
            ({"sd": [2, 0], "correlation": 0}, "0 for beta must be above 0"),
            ({"sd": [2, 1, 3], "correlation": 0}, r"shape \(3,\)"),
            ({"covarience": [[4, 10], [10, 100]]}, "Did you mean 'covariance'"),
            ({"sd": 1, "correlation": 0, "parameters": ["alpha", "bta"]}, "Did you mean 'beta'"),
            ({"sd": 1, "correlation": 0, "parameters": ["alpha", "alpha"]}, "twice"),
            ({"sd": 1, "correlation": 0, "parameters": "alpha"}, "not a list"),
            ({"sd": 1, "correlation": 0, "family": "normal"}, "multivariate_normal"),
        ],
    )
    def test_refusals_name_the_key(self, more, said):
        with pytest.raises(InputError, match=f"(?s)joint.*{said}"):
            self.prior(**more)

    @pytest.mark.filterwarnings("error")
    @pytest.mark.parametrize("unit", [1e-150, 1.0, 1e150, 1.3e154])
    @pytest.mark.parametrize("correlation", [0.0, 0.5, -0.999, 1.0])
    def test_variances_near_the_largest_number_are_those_of_another_unit(self, unit, correlation):
        covariance = (np.array([[1.0, correlation], [correlation, 1.0]]) * unit * unit).tolist()
        if correlation == 1:
            with pytest.raises(InputError, match=r"smallest eigenvalue of the covariance is \S*\d"):
                self.prior(covariance=covariance)
            return
        given = self.prior(covariance=covariance, mean=0)
        plain = self.prior(covariance=[[1.0, correlation], [correlation, 1.0]], mean=0)
        x = np.array([[0.3, -1.2], [2.0, 0.5]])
        shifted = plain.log_density(x) - 2 * math.log(unit)
        assert given.log_density(x * unit) == pytest.approx(shifted, rel=1e-9)
        assert given.gradient(x * unit) * unit == pytest.approx(plain.gradient(x), rel=1e-9)

    @pytest.mark.filterwarnings("error")
    @pytest.mark.parametrize("sd", [1e200, 1e-200])
    def test_an_sd_whose_square_is_no_number_is_refused(self, sd):
        with pytest.raises(
            InputError, match=rf"{re.escape(quoted(sd))} for beta has a square beyond the range"
        ):
            self.prior(sd=[1, sd], correlation=0.5)

    def test_three_equal_correlations_need_room(self):
        joint = {"family": "multivariate_normal", "mean": 0, "sd": 1, "correlation": -0.6}
        with pytest.raises(InputError, match=r"smallest eigenvalue of the covariance is -0\.2"):
            build_prior({"joint": joint}, self.names)

    def test_units_do_not_decide_what_is_positive_definite(self):
        prior = self.prior(covariance=[[1e-24, 1e-1], [1e-1, 1e24]])
        assert math.isfinite(prior.log_density(np.array([0.0, 10.0])))

    def test_a_parameter_has_one_prior(self):
        joint = {"family": "multivariate_normal", "mean": 0, "sd": 1, "correlation": 0}
        own = {"family": "normal", "mean": 0, "sd": 1}
        with pytest.raises(InputError, match=r"prior\.alpha.*joint too"):
            build_prior({"joint": joint, "alpha": own}, self.names)
        with pytest.raises(InputError, match="Rename the parameter"):
            build_prior({"joint": joint}, ("joint", "alpha"))


NORMAL = {"family": "normal", "mean": 0}


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({**NORMAL, "sd": 0}, r"prior\.alpha\.sd: 0 must be above 0"),
        ({**NORMAL, "sd": -1}, r"prior\.alpha\.sd: -1"),
        ({**NORMAL, "sd": math.nan}, "not finite"),
        ({**NORMAL, "sd": math.inf}, "not finite"),
        ({**NORMAL, "sd": True}, "not a number"),
        ({**NORMAL, "sd": None}, "not a number"),
        ({**NORMAL, "sd": [1]}, "not a number"),
        ({**NORMAL, "sd": "1e-3"}, "YAML needs a point"),
        ({**NORMAL, "sd": 1, "variance": 1}, "sd and variance are given"),
        (NORMAL, "two readings of N"),
        ({"family": "normal", "sd": 1}, r"prior\.alpha\.mean: missing"),
        ({**NORMAL, "sdd": 1}, "Did you mean 'sd'"),
        ({**NORMAL, "sd": 1, 3: 2}, r"prior\.alpha\.3"),
        ({"family": "norml"}, "Did you mean 'normal'.*student_t"),
        ({"family": "multivariate_normal"}, "under the key joint"),
        ({"family": ["normal"]}, "unknown family"),
        ({"mean": 0}, r"prior\.alpha\.family: missing"),
        ({"family": "gamma", "shape": 1, "rate": 1, "scale": 1}, "exactly one of rate and scale"),
        ({"family": "uniform", "lower": 2, "upper": 2}, "2 must be below upper, 2"),
        ({"family": "flat", "mean": 2}, "no settings"),
        ([0, 4], r"two readings.*sd: 4"),
        ((0, 4), "two readings"),
        ("flat", "not a map"),
        (4, "not a map"),
        ({**NORMAL, "sd": 1, "on": "square"}, "always above 0"),
        ({**NORMAL, "sd": 1, "on": "logit"}, "two finite ends"),
        ({**NORMAL, "sd": 1, "on": "lgo"}, r"prior\.alpha\.on.*Did you mean 'log'"),
    ],
)
def test_refusals_name_the_key_and_what_to_write(settings, said):
    with pytest.raises(InputError, match=f"(?s){said}"):
        build_prior({"alpha": settings}, ("alpha", "beta"))


@pytest.mark.parametrize("definition", [[], "flat", {"alhpa": NORMAL}])
def test_the_whole_definition_is_checked(definition):
    with pytest.raises(InputError, match="prior"):
        build_prior(definition, ("alpha", "beta"))

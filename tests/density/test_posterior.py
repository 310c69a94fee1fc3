"""Laws of the posterior: the chain rule, the same mass in every space, the contract of a model."""

import math

import numpy as np
import pytest
from scipy.integrate import quad

from laplace_approx.density.density import Density, density_in
from laplace_approx.density.model import Model
from laplace_approx.density.posterior import (
    FEWEST_POINTS,
    MOST_NUMBERS,
    natural_density,
)
from laplace_approx.density.priors import build_prior
from laplace_approx.density.space import build_space
from laplace_approx.errors import Declined, InputError

INF = math.inf


def model(log_likelihood, lower=(-INF, 0.0), upper=(INF, INF), gradient=None, hessian=None):
    d = len(lower)
    lower, upper = np.array(lower), np.array(upper)
    return Model(
        name="toy",
        parameters=("mu", "sigma", "p")[:d],
        log_likelihood=log_likelihood,
        gradient=gradient,
        hessian=hessian,
        lower=lower,
        upper=upper,
        start=np.array([0.2, 1.0, 0.5])[:d],
        quantities={},
        conditions={},
        monotone=None,
    )


def toy(theta):
    mu, sigma = theta[..., 0], theta[..., 1]
    return -0.5 * (mu / sigma) ** 2 - 3 * np.log(sigma) - sigma + 0.1 * mu * sigma


def toy_gradient(theta):
    mu, sigma = theta[..., 0], theta[..., 1]
    d_sigma = mu**2 / sigma**3 - 3 / sigma - 1 + 0.1 * mu
    return np.stack([-mu / sigma**2 + 0.1 * sigma, d_sigma], axis=-1)


def toy_hessian(theta):
    mu, sigma = theta[..., 0], theta[..., 1]
    mixed = 2 * mu / sigma**3 + 0.1
    corner = -3 * mu**2 / sigma**4 + 3 / sigma**2
    rows = [np.stack([-1 / sigma**2, mixed], -1), np.stack([mixed, corner], -1)]
    return np.stack(rows, axis=-2)


TOY = model(toy, gradient=toy_gradient, hessian=toy_hessian)
PRIOR = build_prior(
    {
        "mu": {"family": "normal", "mean": 1, "sd": 2},
        "sigma": {"family": "half_cauchy", "scale": 3},
    },
    ("mu", "sigma"),
)


def numerical(function, x):
    """Return the derivatives of `function` along the last axis, by one Richardson step."""
    columns = []
    for i in range(x.shape[-1]):
        h = 1e-3 * np.eye(x.shape[-1])[i]
        coarse = (function(x + h) - function(x - h)) / 2e-3
        fine = (function(x + h / 2) - function(x - h / 2)) / 1e-3
        columns.append((4 * fine - coarse) / 3)
    return np.stack(columns, axis=-1)


def test_natural_density_is_likelihood_plus_prior():
    density = natural_density(TOY, PRIOR)
    theta = np.array([[[0.3, 1.2], [-2.0, 0.4]], [[5.0, 7.0], [0.0, 1.0]]])
    np.testing.assert_allclose(density.log_density(theta), toy(theta) + PRIOR.log_density(theta))
    np.testing.assert_allclose(density.gradient(theta), toy_gradient(theta) + PRIOR.gradient(theta))
    assert density.hessian(theta).shape == (2, 2, 2, 2)
    assert density.log_density(theta[0, 0]).shape == ()
    assert density.names == ("mu", "sigma")


@pytest.mark.parametrize(
    "definition",
    [
        {},
        {"sigma": "log"},
        {"sigma": "square"},
        {"sigma": {"power": -2}, "mu": {"logit": {"lower": -9, "upper": 9}}},
        {"mu": {"log": {"shift": -4}}, "sigma": "sqrt"},
    ],
)
def test_the_chain_rule_gives_the_numerical_derivatives(definition):
    density = natural_density(TOY, PRIOR)
    space = build_space(definition, density.names, density.lower, density.upper)
    inside = density_in(density, space)
    theta = np.array([[0.3, 1.2], [-2.0, 0.7], [2.5, 3.0]])
    z = space.unconstrain(theta)
    # Richardson's h^4 error with h = 1e-3, and rounding eps f / h = 1e-12
    close = {"rtol": 1e-6, "atol": 1e-7}
    np.testing.assert_allclose(inside.gradient(z), numerical(inside.log_density, z), **close)
    np.testing.assert_allclose(inside.hessian(z), numerical(inside.gradient, z), **close)
    np.testing.assert_allclose(
        inside.log_density(z), density.log_density(theta) + space.log_jacobian(z), rtol=1e-12
    )


@pytest.mark.parametrize(
    "transform", ["identity", "log", "square", "sqrt", {"power": -1}, {"logit": {"upper": 200}}]
)
def test_a_proper_density_keeps_its_mass_in_every_space(transform):
    definition = {"sigma": {"family": "gamma", "shape": 3.0, "rate": 1.5}}
    prior = build_prior(definition, ("sigma",))
    density = Density(
        ("sigma",), prior.log_density, prior.gradient, prior.hessian, prior.lower, prior.upper
    )
    space = build_space({"sigma": transform}, density.names, density.lower, density.upper)
    inside = density_in(density, space)
    middle = float(space.unconstrain(np.array([2.0]))[0])
    total = sum(
        quad(lambda z: math.exp(inside.log_density(np.array([z]))), *ends, limit=300)[0]
        for ends in [(inside.lower[0], middle), (middle, inside.upper[0])]
    )
    # the mass above 200 is exp(-300); the rest is quad's tolerance
    assert total == pytest.approx(1, abs=1e-7)


@pytest.mark.filterwarnings("error")
def test_outside_the_support_the_model_is_never_asked():
    asked = []

    def recorded(theta):
        asked.append(theta.reshape(-1, 2))
        return toy(theta)

    density = natural_density(model(recorded), PRIOR)
    theta = np.array([[0.0, -1.0], [0.0, 0.0], [np.nan, 1.0], [0.0, INF], [0.0, 1.0]])
    value = density.log_density(theta)
    np.testing.assert_array_equal(value[:4], -INF)
    assert np.isfinite(value[4])
    assert density.log_density(theta[:2]).tolist() == [-INF, -INF]
    space = build_space({"sigma": "log"}, density.names, density.lower, density.upper)
    inside = density_in(density, space)
    far = np.array([[0.0, -1e4], [0.0, 1e4], [np.nan, 0.0], [0.0, 0.0]])
    assert inside.log_density(far)[:3].tolist() == [-INF] * 3
    everything = np.concatenate(asked)
    assert np.all(np.isfinite(everything))
    assert np.all(everything[:, 1] > 0)


@pytest.mark.filterwarnings("error")
def test_derivatives_outside_are_nan():
    density = natural_density(TOY, PRIOR)
    theta = np.array([[0.0, -1.0], [0.3, 1.0]])
    assert np.all(np.isnan(density.gradient(theta)[0]))
    assert np.all(np.isfinite(density.hessian(theta)[1]))
    space = build_space({"sigma": "log"}, density.names, density.lower, density.upper)
    inside = density_in(density, space)
    far = np.array([[0.0, 1e4], [0.3, 0.0]])
    assert np.all(np.isnan(inside.gradient(far)[0]))
    assert np.all(np.isnan(inside.hessian(far)[0]))
    assert np.all(np.isfinite(inside.hessian(far)[1]))


def test_nan_of_the_model_is_minus_infinity():
    holes = model(lambda theta: np.where(theta[..., 0] > 1, np.nan, toy(theta)))
    density = natural_density(holes, PRIOR)
    assert density.log_density(np.array([[2.0, 1.0], [0.0, 1.0]]))[0] == -INF


def test_derivatives_exist_only_where_the_model_gives_them():
    density = natural_density(model(toy), PRIOR)
    assert density.gradient is None
    assert density.hessian is None
    only_hessian = natural_density(model(toy, hessian=toy_hessian), PRIOR)
    space = build_space({"sigma": "log"}, density.names, density.lower, density.upper)
    # the Hessian in z needs the gradient in theta
    assert density_in(only_hessian, space).hessian is None


def test_the_support_is_what_model_and_prior_have_in_common():
    prior = build_prior({"sigma": {"family": "uniform", "lower": -1, "upper": 4}}, ("mu", "sigma"))
    density = natural_density(TOY, prior)
    assert density.lower.tolist() == [-INF, 0.0]
    assert density.upper.tolist() == [INF, 4.0]
    nowhere = build_prior(
        {"sigma": {"family": "uniform", "lower": -2, "upper": 0}}, ("mu", "sigma")
    )
    with pytest.raises(InputError, match=r"prior\.sigma.*nothing in common"):
        natural_density(TOY, nowhere)


def loop_only(theta):
    mu, sigma = theta
    return -0.5 * (mu / sigma) ** 2 - math.log(sigma)


X = np.array([1.0, 2.0, 4.0])


def raises_inside(theta):
    return np.linalg.cholesky(np.ones((2, 3)))


@pytest.mark.parametrize(
    ("log_likelihood", "said"),
    [
        (loop_only, r"works for one theta.*theta\[\.\.\., 0\].*axis=-1"),
        (lambda theta: np.sum((X - theta[..., 0]) ** 2), "ValueError.*axis=-1"),
        (lambda theta: -((X - theta[..., 0, None]) ** 2), r"shape .*returned \(2, 3\)"),
        (lambda theta: toy(theta)[..., None], r"returned \(2, 1\)"),
        (lambda theta: toy(theta) + 0j, "complex128, not real"),
        (lambda theta: None, "NoneType, not real"),
        (lambda theta: "high", "str, not real"),
        (lambda theta: [toy(theta), [1]], "list, not real"),
        (lambda theta: toy(theta) > 0, "bool, not real"),
        (raises_inside, r"LinAlgError.*line \d+ of test_posterior.py: return np.linalg"),
        (lambda theta: theta[..., 7], "IndexError"),
        (lambda theta: -(theta[0] ** 2) - theta[1] ** 2, "inside a batch"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_model_that_breaks_the_contract_is_declined(log_likelihood, said):
    with pytest.raises(Declined, match=f"(?s){said}") as caught:
        natural_density(model(log_likelihood), PRIOR)
    assert caught.value.reason == "model_contract_violation"
    assert caught.value.details["function"] == "log_likelihood"


def test_a_wrong_derivative_shape_is_declined_when_it_is_asked():
    density = natural_density(model(toy, gradient=toy), PRIOR)
    with pytest.raises(Declined, match=r"gradient.*shape \(5, 2\).*returned \(5,\)"):
        density.gradient(np.ones((5, 2)))


def test_a_model_may_not_change_the_points_that_it_is_given():
    def greedy(theta):
        value = toy(theta)
        theta[...] = 0
        return value

    density = natural_density(model(greedy), PRIOR)
    theta = np.ones((3, 2))
    density.log_density(theta)
    assert np.all(theta == 1)


def test_a_random_model_is_left_to_the_check_that_names_it():
    rng = np.random.default_rng(1)
    noisy = model(lambda theta: toy(theta) + rng.standard_normal(theta.shape[:-1]))
    assert np.isfinite(natural_density(noisy, PRIOR).log_density(np.ones(2)))


def test_a_model_with_many_data_gets_a_few_points_at_a_time():
    given = []

    def counted(theta):
        given.append(math.prod(theta.shape[:-1]))
        return toy(theta)

    few = model(counted, gradient=toy_gradient, hessian=toy_hessian)._replace(n_data=MOST_NUMBERS)
    prior = build_prior({}, few.parameters)
    theta = np.random.default_rng(0).uniform(0.5, 2, (7, 11, 2))
    by_few = natural_density(few, prior)
    given.clear()
    values = by_few.log_density(theta)
    # besides them one is asked for again alone, and three together, of a batch that is looked at
    assert sum(n for n in given if n not in (1, 3)) == 77 and max(given) <= FEWEST_POINTS
    at_once = natural_density(few._replace(n_data=1), prior)
    assert values == pytest.approx(at_once.log_density(theta), rel=1e-14)
    assert by_few.gradient(theta) == pytest.approx(at_once.gradient(theta), rel=1e-14)
    assert by_few.hessian(theta) == pytest.approx(at_once.hessian(theta), rel=1e-14)


def test_a_prior_is_added_into_memory_of_its_own():
    """What a model returns may be an array that it keeps."""
    kept = np.zeros(5)
    held = model(
        lambda theta: kept[: theta.shape[0]] if theta.ndim == 2 else np.zeros(theta.shape[:-1])
    )
    prior = build_prior({"mu": {"family": "normal", "mean": 0, "sd": 1}}, held.parameters)
    first = natural_density(held, prior).log_density(np.ones((5, 2)))
    assert np.all(first == first[0]) and first[0] < -1
    assert not kept.any()

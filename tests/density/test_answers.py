"""What a model answers: of every kind of array, the value that was meant or a clear decline."""

import json
import math

import numpy as np
import pytest

from laplace_approx.density.answers import as_floats
from laplace_approx.density.model import Model, condition_holds, evaluate_quantity
from laplace_approx.density.posterior import natural_density
from laplace_approx.density.priors import build_prior
from laplace_approx.errors import Declined
from laplace_approx.words.raised import MOST_LETTERS, asked_to_stop, said
from laplace_files.artifacts.artifacts import plain

INF = math.inf
PARAMETERS = ("a", "b")
PRIOR = build_prior({}, PARAMETERS)
THETA = np.column_stack([np.linspace(-2, 3, 40), np.linspace(1, -1, 40)])
BUFFER = np.zeros(10**6)


def normal(theta):
    return -0.5 * (theta[..., 0] - 1) ** 2 - 0.5 * (theta[..., 1] / 2) ** 2


def model(log_likelihood=normal, **others):
    fields = {
        "gradient": None,
        "hessian": None,
        "lower": np.full(2, -INF),
        "upper": np.full(2, INF),
        "start": np.zeros(2),
        "quantities": {},
        "conditions": {},
        "monotone": None,
    }
    return Model("m", PARAMETERS, log_likelihood, **(fields | others))


def where_masked(theta):
    return np.ma.masked_where(theta[..., 0] > 1.2, normal(theta))


def in_one_buffer(theta):
    value = normal(theta)
    answer = BUFFER[: value.size].reshape(value.shape)
    answer[...] = value
    return answer


def read_only(theta):
    value = np.array(normal(theta))
    value.flags.writeable = False
    return value


def in_place(theta):
    value = normal(theta)
    theta[...] = 7.0
    return value


class Series:
    """What a library gives that is no array, and can be made one."""

    def __init__(self, values):
        self.values = values

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self.values, dtype)


class Unwilling:
    def __array__(self, dtype=None, copy=None):
        raise RuntimeError("cannot be an array")


GOOD = {
    "single": (lambda theta: normal(theta).astype(np.float32), 1e-6),
    "half": (lambda theta: normal(theta).astype(np.float16), 1e-2),
    "long": (lambda theta: normal(theta).astype(np.longdouble), 0),
    "buffer": (in_one_buffer, 0),
    "read-only": (read_only, 0),
    "in-place": (in_place, 0),
    "list": (lambda theta: normal(theta).tolist(), 0),
    "series": (lambda theta: Series(normal(theta)), 0),
    "reversed-strides": (
        lambda theta: normal(theta[..., ::-1, :])[..., ::-1] if theta.ndim > 1 else normal(theta),
        0,
    ),
    "mask-of-nothing": (lambda theta: np.ma.array(normal(theta), mask=False), 0),
    "integers": (lambda theta: np.round(normal(theta)).astype(int), None),
}


@pytest.mark.parametrize("kind", GOOD)
def test_the_value_is_the_one_that_was_meant(kind):
    function, tolerance = GOOD[kind]
    expected = normal(THETA) if tolerance is not None else np.round(normal(THETA))
    density = natural_density(model(function), PRIOR)
    first = density.log_density(THETA)
    density.log_density(THETA + 1)
    assert first == pytest.approx(expected, rel=tolerance or 0, abs=tolerance or 0)
    many = np.tile(THETA, (7000, 1))  # more than a model is given at once
    assert np.array_equal(density.log_density(many), np.tile(first, 7000))


MASKED = {
    "array": where_masked,
    "of-integers": lambda theta: np.ma.masked_where(theta[..., 0] > 1.2, theta[..., 0].astype(int)),
}


@pytest.mark.parametrize("kind", MASKED)
def test_where_it_is_masked_there_is_no_density(kind):
    values = natural_density(model(MASKED[kind]), PRIOR).log_density(THETA)
    assert np.array_equal(values == -INF, THETA[:, 0] > 1.2)
    alone = natural_density(model(MASKED[kind]), PRIOR).log_density(np.array([2.0, 0.0]))
    assert alone == -INF


def test_a_list_of_masked_rows_keeps_their_masks():
    rows = [np.ma.array([1.0, 2.0], mask=[False, True]), np.ma.array([3.0, 4.0])]
    assert np.array_equal(as_floats(rows), [[1.0, np.nan], [3.0, 4.0]], equal_nan=True)


def test_masked_derivatives_are_nan():
    slopes = lambda theta: np.ma.masked_greater(-theta, 1.5)  # noqa: E731
    gradient = natural_density(model(gradient=slopes), PRIOR).gradient(THETA)
    assert np.array_equal(np.isnan(gradient), -THETA > 1.5)


def test_a_masked_quantity_has_no_value_and_a_masked_condition_is_refused():
    asked = model(
        quantities={"q": lambda a: np.ma.masked_less(a, 0)},
        conditions={"q": lambda a: np.ma.masked_less(a, 0) > 1},
    )
    values = evaluate_quantity(asked, "q", THETA)
    assert type(values) is np.ndarray
    assert np.array_equal(np.isnan(values), THETA[:, 0] < 0)
    with pytest.raises(Declined, match="masked values, neither True nor False"):
        condition_holds(asked, "q", THETA)


def test_a_quantity_may_not_change_the_points_that_it_is_given():
    def greedy(a):
        a *= 0
        return a

    theta = THETA.copy()
    evaluate_quantity(model(quantities={"q": greedy}), "q", theta)
    assert np.array_equal(theta, THETA)


NO_NUMBERS = {
    "objects": lambda theta: normal(theta).astype(object),
    "structured": lambda theta: normal(theta).view([("x", float)]),
    "complex": lambda theta: normal(theta) + 0j,
    "matrix": lambda theta: np.zeros((2, 2)).view(np.matrix) + normal(theta).max(),
    "unwilling": lambda theta: Unwilling(),
    "masked-booleans": lambda theta: np.ma.masked_equal(theta[..., 0] > 0, False),
}


@pytest.mark.parametrize("kind", NO_NUMBERS)
def test_what_are_no_numbers_is_declined(kind):
    with pytest.raises(Declined) as caught:
        natural_density(model(NO_NUMBERS[kind]), PRIOR).log_density(THETA)
    assert caught.value.reason == "model_contract_violation"


def many(theta):
    return theta.ndim > 1 and theta.shape[0] > 100


NOTICING = {
    "less-the-maximum": lambda theta: normal(theta) - (normal(theta).max() if many(theta) else 0),
    "backwards": lambda theta: normal(theta)[::-1] if many(theta) else normal(theta),
    "the-mean": lambda theta: normal(theta) * (1 + 1e-4 * many(theta)),
    "the-first": lambda theta: normal(theta) + (1e-3 * theta[0, 0] if many(theta) else 0),
    "gone": lambda theta: np.where(many(theta) & (theta[..., 0] > -INF), np.nan, normal(theta)),
}


@pytest.mark.parametrize("kind", NOTICING)
def test_a_point_that_notices_its_company_is_found_in_use(kind):
    density = natural_density(model(NOTICING[kind]), PRIOR)
    with pytest.raises(Declined, match=r"a = .*, b = .*in a batch of \d+ points, and .*") as caught:
        density.log_density(np.tile(THETA, (4, 1)))
    assert caught.value.reason == "model_contract_violation"
    assert caught.value.details["batches"][0] == 160
    assert len(caught.value.details["values"]) == 2


def test_derivatives_are_held_to_it_too():
    def slopes(theta):
        value = -(theta - [1, 0]) / [1, 4]
        return value * 1.01 if many(theta) else value

    density = natural_density(model(gradient=slopes), PRIOR)
    with pytest.raises(Declined, match=r"^gradient .* in a batch of 160 points"):
        density.gradient(np.tile(THETA, (4, 1)))


def test_what_changes_from_call_to_call_is_called_so():
    calls = []

    def counting(theta):
        calls.append(1)
        return normal(theta) + 1e-3 * (len(calls) > 20)

    density = natural_density(model(counting), PRIOR)
    with pytest.raises(Declined) as caught:
        for size in range(10, 40):
            density.log_density(THETA[:size])
    assert caught.value.reason == "nondeterministic_density"


def test_the_rounding_of_honest_models_passes():
    rng = np.random.default_rng(3)
    x, y = rng.standard_normal((5000, 2)), rng.poisson(3.0, 5000)

    def poisson(theta):
        rate = theta @ x.T
        return rate @ y - np.sum(np.exp(rate), axis=-1)

    density = natural_density(model(poisson)._replace(n_data=5000), PRIOR)
    for size in (1, 9, 100, 1000, 5000):
        assert np.all(np.isfinite(density.log_density(rng.standard_normal((size, 2)))))


def test_the_rounding_of_large_numbers_that_cancel_passes_and_an_error_beside_it_does_not():
    """Doses around 1e6: the intercept is -1e7, and the slope in them a sum of what is left."""
    x = 1e6 + np.linspace(-1, 1, 40)

    def slopes(theta, error=0.0):
        rate = theta[..., 0, None] + theta[..., 1, None] * x
        if many(theta):  # the same sum in another order
            rate = theta[..., 0, None] + (
                theta[..., 1, None] * (x - 1e6) + theta[..., 1, None] * 1e6
            )
        left = 1 / (1 + np.exp(rate))
        value = np.stack([np.sum(left, -1), np.sum(left * x, -1)], -1)
        return value * (1 + error * many(theta))

    theta = np.column_stack([np.full(160, -8.977e6), 8.977 + 1e-9 * np.arange(160)])
    natural_density(model(gradient=slopes), PRIOR).gradient(theta)
    with pytest.raises(Declined, match="in a batch of 160 points"):
        natural_density(model(gradient=lambda t: slopes(t, 1e-4)), PRIOR).gradient(theta)


class Mute(Exception):
    def __str__(self):
        raise RuntimeError("no words")


RAISED = {
    "exit": SystemExit(0),
    "interrupt": KeyboardInterrupt(),
    "generator": GeneratorExit(),
    "base": BaseException("x"),
    "surrogate": ValueError("\x00\x1b[31m\ud800 x"),
    "long": ValueError("y" * 10**7),
    "mute": Mute(),
    "markup": ValueError("<script>alert(9)</script>"),
}


def raising(error):
    def function(*arguments, **named):
        raise error

    return function


@pytest.mark.parametrize("kind", RAISED)
def test_whatever_is_raised_is_declined_in_words_that_a_file_can_hold(kind):
    error = RAISED[kind]
    with pytest.raises(Declined) as caught:
        natural_density(model(raising(error)), PRIOR)
    with pytest.raises(Declined) as of_quantity:
        evaluate_quantity(model(quantities={"q": lambda a: raising(error)()}), "q", THETA)
    for declined in (caught.value, of_quantity.value):
        assert declined.reason == "model_contract_violation"
        assert type(error).__name__ in declined.message
        assert len(declined.message) < MOST_LETTERS + 400
        json.dumps(plain(declined.details)).encode()
        declined.message.encode()
        assert all(letter.isprintable() for letter in declined.message)


def test_a_real_interrupt_is_no_answer_of_the_model():
    def interrupted(theta):
        return sum(1 for _ in iter(lambda: signal_now(), None))

    def signal_now():
        import signal

        signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        natural_density(model(interrupted), PRIOR)


def test_words_of_an_error():
    assert said(KeyError("y")) == "KeyError: 'y'"
    assert said(KeyboardInterrupt()) == "KeyboardInterrupt"
    assert said(ValueError("a\n  b\ud800")) == r"ValueError: a b\ud800"
    assert not asked_to_stop(ValueError())

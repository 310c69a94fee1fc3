"""The bioassay against independent arithmetic, its own slopes, and its symmetries."""

import math

import numpy as np
import pytest

from laplace_approx.density.model import condition_holds, evaluate_quantity
from laplace_approx.errors import Declined, InputError
from laplace_approx.models import bioassay
from laplace_files.models.data import read_data
from laplace_files.models.modelfile import load_model
from project_copy import PROJECT

MODE = np.array([0.8465802280905509, 7.748817150587726])
DATA = {
    "dose": np.array([-0.86, -0.30, -0.05, 0.73]),
    "animals": np.array([5.0, 5.0, 5.0, 5.0]),
    "deaths": np.array([0.0, 1.0, 3.0, 5.0]),
}
OTHER = {
    "dose": np.array([-2.0, 0.1, 0.4, 3.0, 1.0]),
    "animals": np.array([1.0, 7.0, 30.0, 2.0, 4.0]),
    "deaths": np.array([1.0, 0.0, 11.0, 2.0, 3.0]),
}
BOTH = pytest.mark.parametrize("data", [DATA, OTHER], ids=["book", "other"])


@pytest.fixture
def model():
    return load_model(PROJECT / "workflow/scripts/laplace_approx/models/bioassay.py", DATA)


def points(n=50, scale=4.0):
    return np.random.default_rng(1).normal(scale=scale, size=(n, 2))


def slow_log_likelihood(theta, data):
    """The sum as the book writes it, in Python's own arithmetic, where that is accurate."""
    total = 0.0
    for x, n, y in zip(data["dose"], data["animals"], data["deaths"], strict=True):
        p = 1 / (1 + math.exp(-(theta[0] + theta[1] * x)))
        total += y * math.log(p) + (n - y) * math.log(1 - p)
    return total


def test_shipped_data_are_those_of_the_book():
    read = read_data(PROJECT / "data/bioassay.csv")
    assert list(read) == ["dose", "animals", "deaths"]
    for name, values in DATA.items():
        np.testing.assert_array_equal(read[name], values)


def test_log_likelihood_at_the_mode():
    # Computed independently by 40-digit arithmetic; a few units in the last place of the sum.
    assert bioassay.log_likelihood(MODE, DATA) == pytest.approx(-5.894441638958408, abs=1e-14)


@BOTH
def test_log_likelihood_is_the_sum_of_the_book(data):
    # log(1 - p) in plain arithmetic loses digits as p nears 1: moderate points, 1e-9 relative.
    for theta in points(scale=1.0):
        expected = slow_log_likelihood(theta, data)
        assert bioassay.log_likelihood(theta, data) == pytest.approx(expected, rel=1e-9)


@BOTH
def test_gradient_is_the_slope_of_the_log_likelihood(data):
    step = 1e-5  # central differences: error of order step^2 (1e-10) and eps |f| / step (1e-9)
    theta = points()
    slopes = [
        (bioassay.log_likelihood(theta + e, data) - bioassay.log_likelihood(theta - e, data))
        / (2 * step)
        for e in step * np.eye(2)
    ]
    np.testing.assert_allclose(
        bioassay.gradient(theta, data), np.stack(slopes, axis=-1), rtol=1e-6, atol=1e-7
    )


@BOTH
def test_hessian_is_the_slope_of_the_gradient(data):
    step = 1e-5
    theta = points()
    slopes = [
        (bioassay.gradient(theta + e, data) - bioassay.gradient(theta - e, data)) / (2 * step)
        for e in step * np.eye(2)
    ]
    hessian = bioassay.hessian(theta, data)
    np.testing.assert_allclose(hessian, np.stack(slopes, axis=-1), rtol=1e-6, atol=1e-8)
    np.testing.assert_array_equal(hessian, np.swapaxes(hessian, -1, -2))


def test_gradient_vanishes_and_hessian_is_negative_definite_at_the_mode():
    np.testing.assert_allclose(bioassay.gradient(MODE, DATA), 0, atol=1e-14)
    assert np.all(np.linalg.eigvalsh(bioassay.hessian(MODE, DATA)) < 0)


@pytest.mark.parametrize(
    ("function", "inner"),
    [(bioassay.log_likelihood, ()), (bioassay.gradient, (2,)), (bioassay.hessian, (2, 2))],
    ids=["log_likelihood", "gradient", "hessian"],
)
@pytest.mark.parametrize("shape", [(), (1,), (7,), (3, 4), (0,)], ids=str)
def test_every_leading_shape_gives_the_same_numbers(function, inner, shape):
    theta = np.random.default_rng(2).normal(size=(*shape, 2))
    result = function(theta, OTHER)
    assert np.shape(result) == (*shape, *inner)
    for index in np.ndindex(shape):
        # Matrix products of another shape may round the last place otherwise.
        np.testing.assert_allclose(result[index], function(theta[index], OTHER), rtol=1e-13)


@pytest.mark.filterwarnings("error")
@BOTH
@pytest.mark.parametrize("size", [1e2, 1e3, 1e8, 1e150, 1e300])
@pytest.mark.parametrize("sign", [(1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, 1)], ids=str)
def test_extreme_arguments_neither_overflow_nor_warn(data, size, sign):
    theta = size * np.array(sign, dtype=float)
    value = bioassay.log_likelihood(theta, data)
    assert np.isfinite(value)
    assert value <= 0
    assert np.all(np.isfinite(bioassay.gradient(theta, data)))
    assert np.all(np.isfinite(bioassay.hessian(theta, data)))


def test_the_tail_of_a_dose_at_which_all_died_is_exact():
    # Where p is nearly 1: -n log(1 + exp(-eta)) = -n exp(-eta) to the last digit, not 0.
    all_died = {"dose": np.zeros(1), "animals": np.full(1, 5.0), "deaths": np.full(1, 5.0)}
    value = bioassay.log_likelihood(np.array([60.0, 0.0]), all_died)
    assert value == pytest.approx(-5 * math.exp(-60), rel=1e-15)


def test_exchanging_deaths_and_survivors_is_a_change_of_sign():
    survivors = OTHER | {"deaths": OTHER["animals"] - OTHER["deaths"]}
    np.testing.assert_allclose(
        bioassay.log_likelihood(points(), OTHER),
        bioassay.log_likelihood(-points(), survivors),
        rtol=1e-13,
    )


def test_a_direction_that_lowers_no_form_never_lowers_the_likelihood():
    separated = {
        "dose": np.array([-2.0, -1.0, 0.5, 2.0]),
        "animals": np.full(4, 5.0),
        "deaths": np.array([0.0, 0.0, 5.0, 5.0]),
    }
    directions = points(400)
    directions = directions[np.all(directions @ bioassay.monotone(separated).T >= 0, axis=-1)]
    assert len(directions) > 20
    theta = points(len(directions))
    gain = bioassay.log_likelihood(theta + directions, separated)
    assert np.all(gain >= bioassay.log_likelihood(theta, separated))


def test_monotone_rows_are_signed_doses():
    expected = {(1, -0.3), (1, -0.05), (1, 0.73), (-1, 0.86), (-1, 0.3), (-1, 0.05)}
    assert {tuple(row) for row in bioassay.monotone(DATA)} == expected


@pytest.mark.parametrize(
    ("column", "value", "row"),
    [
        pytest.param("deaths", 6, 3, id="F28-more-deaths-than-animals"),
        pytest.param("deaths", -1, 3, id="F28-negative-deaths"),
        pytest.param("deaths", 1.5, 3, id="F29-fractional-deaths"),
        pytest.param("animals", 0, 3, id="F28-no-animals"),
        pytest.param("animals", -5, 3, id="F28-negative-animals"),
        pytest.param("animals", 4.5, 3, id="F29-fractional-animals"),
    ],
)
def test_counts_that_cannot_be_are_refused(column, value, row):
    data = {name: values.copy() for name, values in DATA.items()}
    data[column][row - 2] = value
    with pytest.raises(InputError) as caught:
        load_model(PROJECT / "workflow/scripts/laplace_approx/models/bioassay.py", data)
    assert f"column {column}" in str(caught.value)
    assert f"{value} in row {row}" in str(caught.value)


@pytest.mark.parametrize("deaths", [[0, 0, 0, 0], [5, 5, 5, 5]], ids=["F32-none", "F32-all"])
def test_separated_data_are_no_error_of_the_data(deaths):
    data = DATA | {"deaths": np.array(deaths, dtype=float)}
    model = load_model(PROJECT / "workflow/scripts/laplace_approx/models/bioassay.py", data)
    assert model.monotone.shape == (4, 2)
    assert np.isfinite(model.log_likelihood(np.zeros(2)))


@pytest.mark.parametrize("factor", [1e-6, 1e6])
def test_the_scale_of_the_doses_is_the_scale_of_beta(factor):
    # F36: the same likelihood after an affine map of the doses.
    scaled = DATA | {"dose": DATA["dose"] * factor}
    theta = points()
    np.testing.assert_allclose(
        bioassay.log_likelihood(theta, DATA),
        bioassay.log_likelihood(theta / [1, factor], scaled),
        rtol=1e-12,
    )


def test_model_of_the_file(model):
    assert model.parameters == ("alpha", "beta")
    np.testing.assert_array_equal(model.start, [0, 0])
    assert np.all(np.isneginf(model.lower))
    assert np.all(np.isposinf(model.upper))
    assert model.log_likelihood(MODE) == bioassay.log_likelihood(MODE, DATA)
    assert model.units["ld50"] == "log g/ml"


def test_quantities_are_parameters_and_ld50(model):
    theta = np.array([[[1.0, 2.0], [3.0, -4.0]], [[0.0, 5.0], [1.0, 0.0]]])
    np.testing.assert_array_equal(evaluate_quantity(model, "alpha", theta), theta[..., 0])
    np.testing.assert_array_equal(evaluate_quantity(model, "beta", theta), theta[..., 1])
    np.testing.assert_array_equal(
        evaluate_quantity(model, "ld50", theta), [[-0.5, 0.75], [0, -np.inf]]
    )
    np.testing.assert_array_equal(
        condition_holds(model, "ld50", theta), [[True, False], [True, False]]
    )
    assert np.all(condition_holds(model, "beta", theta))


@pytest.mark.parametrize("ask", [evaluate_quantity, condition_holds])
def test_an_unknown_quantity_names_those_there_are(model, ask):
    with pytest.raises(InputError, match="alpha, beta, ld50"):
        ask(model, "ld05", np.zeros(2))


def fails(alpha):
    return 1 if alpha > 0 else 2


@pytest.mark.parametrize(
    "function",
    [
        pytest.param(fails, id="F51-branches-on-a-value"),
        pytest.param(lambda alpha: np.zeros((3, 7)), id="F51-wrong-shape"),
        pytest.param(lambda alpha: alpha + 1j, id="F51-complex"),
        pytest.param(lambda alpha: "text", id="F51-text"),
    ],
)
def test_a_quantity_that_gives_no_real_number_a_point_is_a_violation(model, function):
    broken = model._replace(quantities={"q": function}, conditions={"q": function})
    for ask in (evaluate_quantity, condition_holds):
        with pytest.raises(Declined) as caught:
            ask(broken, "q", points())
        assert caught.value.reason == "model_contract_violation"
        assert "'q'" in caught.value.message


def test_a_constant_quantity_takes_the_shape_of_theta(model):
    constant = model._replace(quantities={"q": lambda alpha: 2})
    np.testing.assert_array_equal(evaluate_quantity(constant, "q", points(5)), np.full(5, 2.0))

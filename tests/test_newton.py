"""Newton's method: damped it arrives from everywhere, undamped it does not."""

import numpy as np
import pytest

from known_posteriors import BIOASSAY, BIOASSAY_NORMAL
from laplace_approx.newton import newton, newton_many

SD = np.sqrt(np.sum(BIOASSAY_NORMAL.cholesky**2, axis=1))
LATTICE = np.stack(
    np.meshgrid(np.linspace(-4, 8, 25), np.linspace(-10, 40, 51), indexing="ij"), axis=-1
).reshape(-1, 2)


def arrived(results):
    """Return where an ascent says that it has converged, and has: to a billionth of an SD."""
    return [
        result.converged and np.all(np.abs(result.x - BIOASSAY_NORMAL.mean) < 1e-9 * SD)
        for result in results
    ]


def ascend(starts, damped=True):
    with np.errstate(all="ignore"):  # the undamped method leaves the range of numbers
        return newton_many(
            BIOASSAY.log_density, BIOASSAY.gradient, BIOASSAY.hessian, starts, damped=damped
        )


def test_damped_it_converges_from_every_point_of_the_box_of_the_chapter():
    results = ascend(LATTICE)
    assert all(arrived(results))
    assert max(len(result.path) for result in results) < 20


def test_undamped_it_converges_from_an_eighth_of_the_box():
    share = np.mean(arrived(ascend(LATTICE, damped=False)))
    assert share == pytest.approx(0.12, abs=0.005)  # 154 of 1275; the figure has two digits


def test_every_accepted_step_climbs():
    for result in ascend(LATTICE[::50]):
        values = BIOASSAY.log_density(result.path)
        assert np.all(np.diff(values) > -1e-14 * np.abs(values[1:]))  # up to rounding
        assert np.array_equal(result.path[-1], result.x)


def test_one_start_gives_what_it_gives_among_many():
    alone = newton(BIOASSAY.log_density, BIOASSAY.gradient, BIOASSAY.hessian, LATTICE[7])
    among = ascend(LATTICE)[7]
    assert np.allclose(alone.x, among.x, rtol=0, atol=1e-12)


def test_a_normal_takes_one_step():
    precision = np.array([[2.0, 0.9], [0.9, 0.5]])
    centre = np.array([3.0, -1.0])
    result = newton(
        lambda x: -0.5 * np.einsum("...i,ij,...j", x - centre, precision, x - centre),
        lambda x: -(x - centre) @ precision,
        lambda x: np.broadcast_to(-precision, (*x.shape, 2)),
        [100.0, 1e4],
    )
    assert result.converged
    assert np.allclose(result.path[1], centre, rtol=0, atol=1e-9)  # 1e4 times rounding


def test_it_leaves_a_saddle():
    """x^4/4 - x^2/2 turned over: stationary at 0, with maxima at -1 and 1."""
    result = newton(
        lambda x: np.sum(x**2 / 2 - x**4 / 4, axis=-1) - x[..., 0] * 0,
        lambda x: x - x**3,
        lambda x: (1 - 3 * x**2)[..., None],
        [0.0],
    )
    assert result.converged
    assert abs(abs(result.x[0]) - 1) < 1e-9


def test_it_does_not_say_that_it_converged_where_there_is_no_mode():
    """A complete separation: log logistic(x) rises for ever, and its gradient falls below 1e-9."""
    result = newton(
        lambda x: -np.logaddexp(0, -x[..., 0]),
        lambda x: 1 / (1 + np.exp(x)),
        lambda x: -(1 / (2 + 2 * np.cosh(x)))[..., None],
        [0.0],
    )
    assert not result.converged or result.x[0] > 30

"""Newton's method: damped it arrives from everywhere, undamped it does not."""

import numpy as np
import pytest

from known_posteriors import BIOASSAY, BIOASSAY_NORMAL
from laplace_approx.numerics.batched import solved_by_cholesky
from laplace_approx.numerics.newton import MESSAGES, newton, newton_many, newton_rows

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


class Rows:
    """Logistic regressions of d coefficients, each row with data and a prior of its own.

    Elementwise arithmetic and sums over a contiguous last axis alone: what a row is worth does not
    depend on its company.
    """

    def __init__(self, k, d, n=12, seed=0):
        rng = np.random.default_rng(seed)
        self.design = rng.standard_normal((k, d, n))
        self.deaths = rng.integers(0, 6, (k, n)).astype(float)
        self.sd = rng.uniform(1, 6, (k, 1))
        self.start = 4 * rng.standard_normal((k, d))

    def eta(self, rows, x):
        return sum(x[:, i, None] * self.design[rows, i] for i in range(x.shape[1]))

    def log_density(self, rows, x):
        eta = self.eta(rows, x)
        terms = self.deaths[rows] * eta - 5 * np.logaddexp(0, eta)
        return terms.sum(axis=1) - 0.5 * ((x / self.sd[rows]) ** 2).sum(axis=1)

    def gradient(self, rows, x):
        left = self.deaths[rows] - 5 / (1 + np.exp(-self.eta(rows, x)))
        slopes = [(left * self.design[rows, i]).sum(axis=1) for i in range(x.shape[1])]
        return np.stack(slopes, axis=1) - x / self.sd[rows] ** 2

    def hessian(self, rows, x):
        weight = 1.25 / np.cosh(self.eta(rows, x) / 2) ** 2
        d = x.shape[1]
        matrix = np.empty((len(x), d, d))
        for i in range(d):
            for j in range(d):
                product = weight * self.design[rows, i] * self.design[rows, j]
                matrix[:, i, j] = -product.sum(axis=1)
        matrix[:, range(d), range(d)] -= self.sd[rows] ** -2
        return matrix

    def solved(self, rows, **settings):
        """Solve the given rows together, as a batch of their own."""
        return newton_rows(
            lambda r, x: self.log_density(rows[r], x),
            lambda r, x: self.gradient(rows[r], x),
            lambda r, x: self.hessian(rows[r], x),
            self.start[rows],
            paths=True,
            **settings,
        )


@pytest.mark.parametrize("damped", [True, False])
@pytest.mark.parametrize("d", [1, 2, 3, 9])
def test_a_row_comes_to_the_same_bits_alone_and_in_any_company(d, damped):
    every = Rows(40, d)
    together = every.solved(np.arange(40), damped=damped)
    some = every.solved(np.arange(39, 10, -3), damped=damped)
    assert together.converged.all() or not damped
    for place, row in enumerate(np.arange(39, 10, -3)):
        alone = every.solved(np.array([row]), damped=damped)
        for field in ("x", "log_density", "gradient", "decrement", "n_evaluations", "message"):
            expected = getattr(alone, field)[0]
            assert np.array_equal(getattr(together, field)[row], expected, equal_nan=True)
            assert np.array_equal(getattr(some, field)[place], expected, equal_nan=True)
        assert np.array_equal(together.paths[row], alone.paths[0])


def test_rows_of_another_shape_arrive_where_their_gradient_vanishes():
    """Saddles, long halvings and rows without a start, side by side."""
    scale = np.array([1.0, 1e-3, 1e4, 1.0])

    def value(rows, x):
        u = x / scale[rows, None]
        return np.sum(u**2 / 2 - u**4 / 4, axis=1)

    def gradient(rows, x):
        u = x / scale[rows, None]
        return (u - u**3) / scale[rows, None]

    def hessian(rows, x):
        u = x / scale[rows, None]
        return ((1 - 3 * u**2) / scale[rows, None] ** 2)[..., None] * np.eye(2)

    start = np.array([[0.0, 0.0], [0.2e-3, 30e-3], [1e4, -5e4], [np.nan, 0.0]])
    found = newton_rows(value, gradient, hessian, start)
    assert found.converged.tolist() == [True, True, True, False]
    assert MESSAGES[found.message[3]] == "the log density is not finite at the start"
    assert np.abs(found.x[:3] / scale[:3, None]) == pytest.approx(np.ones((3, 2)), abs=1e-9)
    assert found.paths is None


@pytest.mark.parametrize("d", [1, 2, 5, 9])
def test_small_systems_are_solved_as_lapack_solves_them(d):
    rng = np.random.default_rng(d)
    root = rng.standard_normal((30, d, d))
    matrices = root @ np.swapaxes(root, 1, 2) + 0.1 * np.eye(d)
    matrices[7] -= 100 * np.eye(d)
    right = rng.standard_normal((30, d))
    with np.errstate(invalid="ignore"):
        x, definite = solved_by_cholesky(np.moveaxis(matrices, 0, -1), right.T)
    assert definite.tolist() == [row != 7 for row in range(30)]
    expected = np.linalg.solve(matrices, right[..., None])[..., 0]
    assert x.T[definite] == pytest.approx(expected[definite], rel=1e-9)

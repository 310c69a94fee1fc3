"""Draws of a normal are the generator's own normals, moved and mixed."""

import numpy as np
import pytest

from laplace_approx.density.space import build_space
from laplace_approx.normal.draws import laplace_draws
from laplace_approx.normal.normal import BLOCK, Normal


@pytest.mark.parametrize("d", [1, 2, 8, 9])
@pytest.mark.parametrize("n", [0, 3, BLOCK + 7])
def test_draws_are_the_normals_of_the_generator_mixed(d, n):
    rng = np.random.default_rng(d)
    normal = Normal(rng.standard_normal(d), np.tril(rng.standard_normal((d, d))) + 3 * np.eye(d))
    draws = normal.draw(np.random.default_rng(7), n)
    u = np.random.default_rng(7).standard_normal((n, d))
    assert draws.shape == (n, d)
    assert draws == pytest.approx(normal.mean + u @ normal.cholesky.T, abs=1e-13)


def test_a_draw_outside_the_support_has_no_theta_in_the_natural_space_either():
    normal = Normal(np.array([0.0, 0.5]), np.eye(2))
    space = build_space({}, ("a", "b"), [-np.inf, 0.0], [np.inf, np.inf])
    z, theta = laplace_draws(normal, space, np.random.default_rng(0), 200)
    outside = z[:, 1] <= 0
    assert 0 < outside.sum() < 200
    assert np.isnan(theta[outside, 1]).all()
    assert np.array_equal(theta[~outside], z[~outside])

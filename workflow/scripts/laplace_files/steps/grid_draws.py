"""The step that draws from the grid."""

import numpy as np

from laplace_approx.draws import draw_columns, no_draws
from laplace_approx.grid_draws import grid_draws


def grid_draws_step(posterior, cells, seed: int, n_draws: int) -> dict:
    """Return the columns of draws from the cells of a grid, of which None has none."""
    if cells is None:
        return no_draws(posterior.model)
    theta, log_approximation = grid_draws(cells, np.random.default_rng(seed), n_draws)
    return draw_columns(posterior.model, posterior.density(), theta, log_approximation)

"""The step that draws from the normal."""

import numpy as np

from laplace_approx.draws import approximation_log_density, draw_columns, laplace_draws, no_draws


def draws_step(laplace, seed: int, n_draws: int) -> dict:
    """Return the columns of draws from a normal, of which a declined posterior has none."""
    if laplace.normal is None:
        return no_draws(laplace.model)
    rng = np.random.default_rng(seed)
    z, theta = laplace_draws(laplace.normal, laplace.space, rng, n_draws)
    log_approximation = approximation_log_density(laplace.normal, laplace.space, z)
    return draw_columns(laplace.model, laplace.posterior.density(), theta, log_approximation)

"""Independent draws from the normal approximation, on the natural scale."""

import numpy as np

from laplace_approx.density.model import evaluate_quantity
from laplace_approx.density.support import Support

BLOCK = 8192  # draws whose density is asked for at once


def laplace_draws(normal, space, rng: np.random.Generator, n: int):
    """Return n draws (z, theta), (n, d) each: z = mode + L u, u standard normal.

    theta = constrain(z) is NaN in a coordinate that falls outside the support (Gelman et al.
    2013, BDA3, section 4.1); in the natural space it is z itself.
    """
    z = normal.draw(rng, n)
    with np.errstate(over="ignore", invalid="ignore"):
        same = space.natural and Support(space.lower, space.upper).holds(z)
    return z, z if same else space.constrain(z)


def approximation_log_density(normal, space, z):
    """Return the normalised log density that the normal gives to theta = constrain(z), (...).

    log q(theta) = log N(z) - log |d theta / d z|; NaN where z has no theta.
    """
    return normal.log_density(z) - space.log_jacobian(z)


def draw_columns(model, density, theta, log_approximation) -> dict[str, np.ndarray]:
    """Return draws theta (n, d) as columns: parameters, derived quantities and two log densities.

    `log_density` is the unnormalised posterior of the parameters (-inf outside its support),
    `log_approximation` the normalised density that the draws come from.
    """
    columns = {name: theta[:, i] for i, name in enumerate(model.parameters)}
    for name in model.quantities:
        columns[name] = evaluate_quantity(model, name, theta)
    blocks = np.array_split(theta, max(1, theta.shape[0] // BLOCK))
    columns["log_density"] = np.concatenate([density.log_density(block) for block in blocks])
    columns["log_approximation"] = log_approximation
    return columns


def no_draws(model) -> dict[str, np.ndarray]:
    """Return the columns of draws without a row, for a posterior that is declined."""
    names = (*model.parameters, *model.quantities, "log_density", "log_approximation")
    return {name: np.empty(0) for name in names}


def draws_step(laplace, seed: int, n_draws: int) -> dict:
    """Return the columns of draws from a normal, of which a declined posterior has none."""
    if laplace.normal is None:
        return no_draws(laplace.model)
    rng = np.random.default_rng(seed)
    z, theta = laplace_draws(laplace.normal, laplace.space, rng, n_draws)
    log_approximation = approximation_log_density(laplace.normal, laplace.space, z)
    return draw_columns(laplace.model, laplace.posterior.density(), theta, log_approximation)

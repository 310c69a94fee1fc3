"""The share of a normal in which a condition on one parameter alone fails: its marginal tells."""

import numpy as np
from scipy.special import ndtr

from laplace_approx.density.model import Model, argument_names, condition_holds
from laplace_approx.density.quantities import natural_quantity
from laplace_approx.density.space import Space

REACH = 9.0  # SDs each way: beyond lies 1e-19 of a normal
# places in which the condition is asked for, 0.004 SD apart: a stretch as wide as that is met;
# doubled, one half as wide
PLACES = 4097
HALVINGS = 60  # of the stretch in which it changes: as often as a float can be halved
LOOKS = 4096  # draws that see whether the quantity has a value; doubled, half as rare a lack is met
SEED = 0  # of these draws: any other shows the same


def condition_share(model: Model, space: Space, normal, name: str) -> float | None:
    """Return the mass of a normal N(mean, C C^T) of z where the condition of a quantity fails.

    Where the condition names one parameter, that is sum_k Phi(b_k) - Phi(a_k) over the stretches
    of its standardised coordinate in which it fails, whose ends are bisected for. None where it
    names none or several, or where a draw of the normal shows that the quantity lacks a value
    though it holds: that share no single marginal tells.
    """
    condition = model.conditions.get(name)
    named = [] if condition is None else argument_names(condition) & set(model.parameters)
    if len(named) != 1 or _lacks_values(model, space, normal, name):
        return None
    i = model.parameters.index(*named)
    sd = float(np.linalg.norm(normal.cholesky[i]))

    def holds(u):
        z = np.tile(normal.mean, (u.size, 1))
        z[:, i] += sd * u
        return condition_holds(model, name, space.constrain(z))

    return _mass_where_false(holds)


def _lacks_values(model: Model, space: Space, normal, name: str) -> bool:
    rng = np.random.default_rng(SEED)
    u = rng.standard_normal((LOOKS, normal.mean.size))
    theta = space.constrain(normal.mean + u @ normal.cholesky.T)
    held = theta[condition_holds(model, name, theta)]
    return bool(np.any(np.isnan(natural_quantity(model, name)(held))))


def _mass_where_false(holds) -> float:
    """Return the mass of a standard normal where a function of u (n,) -> booleans is False."""
    u = np.linspace(-REACH, REACH, PLACES)
    kept = holds(u)
    changes = np.flatnonzero(kept[1:] != kept[:-1])
    low, high, first = u[changes], u[changes + 1], kept[changes]
    for _ in range(HALVINGS if changes.size else 0):
        middle = (low + high) / 2
        same = holds(middle) == first
        low, high = np.where(same, middle, low), np.where(same, high, middle)
    ends = np.concatenate([[-np.inf], high, [np.inf]])
    fails = ~np.concatenate([[kept[0]], ~first])
    # on the side where the CDF is small, so that no digits are lost
    signs = np.where(ends[:-1] > 0, -1.0, 1.0)
    masses = np.abs(ndtr(signs * ends[1:]) - ndtr(signs * ends[:-1]))
    return float(np.sum(masses[fails]))

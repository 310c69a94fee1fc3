"""The step of the quantiles: both sides of a case and the draws of both, side by side."""

from laplace_approx.comparison.quantiles import compared_sides, with_draws
from laplace_approx.comparison.sides import laplace_side


def sides_step(laplace, exact, probabilities) -> dict[str, dict]:
    """Return the columns of both sides for each quantity: all that no draw has a part in."""
    normal = laplace_side(laplace.model, laplace.space, laplace.normal)
    return compared_sides(laplace.model, normal, exact.side, probabilities)


def quantiles_step(laplace, exact, draws, grid_draws, probabilities, sides=None) -> dict:
    """Return the comparison as tidy columns, one row a quantity and probability.

    `laplace` and `exact` are the two sides as opened from disk; the draws are columns by name, the
    parameters on the natural scale and the derived quantities, all seeds together. `difference` is
    laplace - grid, and `difference_sd` that in exact posterior SDs (`scale_sd`). Quantiles are
    given the quantity's condition; the `excluded` columns say which share fails it. `sides` are
    those of `sides_step`, where they are known already.
    """
    sides = sides_step(laplace, exact, probabilities) if sides is None else sides
    return with_draws(laplace.model, sides, draws, grid_draws, probabilities)

"""The step of the quantiles: both sides of a case and the draws of both, side by side."""

from laplace_approx.comparison.quantiles import compared_sides, with_draws
from laplace_approx.comparison.sides import laplace_side


def sides_step(laplace, exact, judge, probabilities) -> dict[str, dict]:
    """Return the columns of both sides for each quantity: all that no draw has a part in.

    `laplace` and `exact` are the two sides as opened from disk; `judge` is what the verdict rests
    on, with its `kind` and `side`, be it a grid or not.
    """
    normal = laplace_side(laplace.model, laplace.space, laplace.normal)
    return compared_sides(laplace.model, normal, exact.side, judge, probabilities)


def quantiles_step(laplace, sides: dict, draws, grid_draws, probabilities) -> dict:
    """Return the comparison as tidy columns, one row a quantity and probability.

    `sides` are those of `sides_step`; the draws are columns by name, the parameters on the natural
    scale and the derived quantities, all seeds together. `difference` is laplace - grid, and
    `difference_sd` that in exact posterior SDs (`scale_sd`); `exact` and `exact_error` are of what
    the verdict rests on (`rests_on`). Quantiles are given the quantity's condition; the `excluded`
    columns say which share fails it.
    """
    return with_draws(laplace.model, sides, draws, grid_draws, probabilities)

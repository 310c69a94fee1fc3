"""The quantiles of every quantity, side by side: Laplace, grid, and the draws of both."""

import numpy as np

from laplace_approx.model import condition_holds
from laplace_approx.quantiles import draw_quantiles


def quantile_table(model, laplace, exact, laplace_draws, grid_draws, probabilities) -> dict:
    """Return the comparison as tidy columns, one row a quantity and probability.

    `laplace` and `exact` are sides (`sides.py`); the draws are columns by name, the parameters on
    the natural scale and the derived quantities, all seeds together. `difference` is
    laplace - grid, and `difference_sd` that in exact posterior SDs (`scale_sd`). Quantiles are
    given the quantity's condition; the `excluded` columns say which share fails it.
    """
    p = np.asarray(probabilities, dtype=float)
    blocks = [
        _block(model, laplace, exact, laplace_draws, grid_draws, name, p)
        for name in (*model.parameters, *model.quantities)
    ]
    names = [block.pop("quantity") for block in blocks]
    columns = {key: np.concatenate([block[key] for block in blocks]) for key in blocks[0]}
    return {"quantity": [name for name in names for _ in p], **columns}


def _block(model, laplace, exact, laplace_draws, grid_draws, name, p) -> dict:
    normal, grid = laplace.quantiles(name, p), exact.quantiles(name, p)
    from_normal, normal_left_out = _of_draws(model, laplace_draws, name, p)
    from_grid, grid_left_out = _of_draws(model, grid_draws, name, p)
    scale = exact.scale(name)
    difference = normal.value - grid.value
    constant = {
        "scale_sd": scale,
        "laplace_excluded": laplace.excluded(name),
        "grid_excluded": exact.excluded(name),
        "laplace_draws_excluded": normal_left_out,
        "grid_draws_excluded": grid_left_out,
    }
    return {
        "quantity": name,
        "probability": p,
        "laplace": normal.value,
        "laplace_error": normal.error,
        "grid": grid.value,
        "grid_error": grid.error,
        "laplace_draws": from_normal.value,
        "laplace_draws_mcse": from_normal.error,
        "grid_draws": from_grid.value,
        "grid_draws_mcse": from_grid.error,
        "difference": difference,
        "difference_sd": difference / scale,
        **{key: np.full(p.shape, value, dtype=float) for key, value in constant.items()},
    }


def _of_draws(model, draws, name, p):
    """Return the quantiles of the draws that meet the condition, and the share of the others."""
    kept = ~np.isnan(draws[name])
    if name in model.conditions:
        theta = np.stack([draws[parameter] for parameter in model.parameters], axis=-1)
        kept &= condition_holds(model, name, theta)
    share = 1 - np.mean(kept) if kept.size else np.nan
    return draw_quantiles(draws[name][kept], p), share

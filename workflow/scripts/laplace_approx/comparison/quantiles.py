"""The quantiles of every quantity, side by side: Laplace, grid, and the draws of both."""

import numpy as np

from laplace_approx.density.model import condition_holds
from laplace_approx.exact.draw_quantiles import draw_quantiles
from laplace_approx.normal.fit import quantity_names


def compared_sides(model, laplace, exact, judge, probabilities) -> dict[str, dict]:
    """Return the columns of both sides for each quantity: all that no draw has a part in."""
    p = np.asarray(probabilities, dtype=float)
    return {
        name: _sides(laplace, exact, name, p) | _rest(judge, name, p)
        for name in quantity_names(model)
    }


def with_draws(model, sides: dict[str, dict], laplace_draws, grid_draws, probabilities) -> dict:
    """Return the table of both sides with the quantiles of their draws in their places."""
    p = np.asarray(probabilities, dtype=float)
    blocks = [
        _block(side, _drawn(model, laplace_draws, grid_draws, name, p))
        for name, side in sides.items()
    ]
    columns = {key: np.concatenate([block[key] for block in blocks]) for key in blocks[0]}
    rests_on = [kind for side in sides.values() for kind in side[RESTS_ON]]
    return {"quantity": [name for name in sides for _ in p], **columns, RESTS_ON: rests_on}


def _rest(judge, name: str, p) -> dict:
    found = judge.side.quantiles(name, p)
    return {"exact": found.value, "exact_error": found.error, RESTS_ON: [judge.kind] * p.size}


def _sides(laplace, exact, name: str, p) -> dict:
    normal, grid = laplace.quantiles(name, p), exact.quantiles(name, p)
    scale = exact.scale(name)
    difference = normal.value - grid.value
    return {
        "probability": p,
        "laplace": normal.value,
        "laplace_error": normal.error,
        "grid": grid.value,
        "grid_error": grid.error,
        "difference": difference,
        "difference_sd": difference / scale,
        **{
            key: np.full(p.shape, value, dtype=float)
            for key, value in (
                ("scale_sd", scale),
                ("laplace_excluded", laplace.excluded(name)),
                ("grid_excluded", exact.excluded(name)),
            )
        },
    }


def _drawn(model, laplace_draws, grid_draws, name: str, p) -> dict:
    columns = {}
    for side, draws in (("laplace", laplace_draws), ("grid", grid_draws)):
        found, left_out = _of_draws(model, draws, name, p)
        columns[f"{side}_draws"] = found.value
        columns[f"{side}_draws_mcse"] = found.error
        columns[f"{side}_draws_excluded"] = np.full(p.shape, left_out, dtype=float)
    return columns


def _block(side: dict, drawn: dict) -> dict:
    both = side | drawn
    return {name: both[name] for name in COLUMNS}


RESTS_ON = "rests_on"
COLUMNS = (
    *("probability", "laplace", "laplace_error", "grid", "grid_error"),
    *("laplace_draws", "laplace_draws_mcse", "grid_draws", "grid_draws_mcse"),
    *("difference", "difference_sd", "scale_sd", "laplace_excluded", "grid_excluded"),
    *("laplace_draws_excluded", "grid_draws_excluded", "exact", "exact_error"),
)


def _of_draws(model, draws, name, p):
    """Return the quantiles of the draws that meet the condition, and the share of the others."""
    kept = ~np.isnan(draws[name])
    if name in model.conditions:
        theta = np.stack([draws[parameter] for parameter in model.parameters], axis=-1)
        kept &= condition_holds(model, name, theta)
    share = 1 - np.mean(kept) if kept.size else np.nan
    return draw_quantiles(draws[name][kept], p), share

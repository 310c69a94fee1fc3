"""The pictures of a sweep: the error against the strongest settings, and the ranked effects."""

import numpy as np

from laplace_approx.figures.sweep import effect_bars, error_lines, error_maps
from laplace_approx.words.numbers import or_nan
from laplace_approx.words.units import unit_of_axis

VERDICT_COLUMNS = (
    *("quantity", "endpoint_error_sd.50", "endpoint_error_sd.95", "tolerance"),
    "scale_is",
)
LEVELS = ("50", "95")
MOST_BARS = 15
MOST_QUANTITIES = 6  # panels of one picture


def sweep_figures(
    verdicts: dict, effects: dict, settings: list[str], sweep: str, together: bool = False
) -> dict:
    """Return {name: figure} for what a sweep has: bars, lines, and maps where two settings vary.

    `together`: the settings move together (`zip`), which the pictures then say.
    """
    unit = unit_of_axis(verdicts["scale_is"])
    of = {"sweep": sweep, "together": together, "unit": unit}
    share = _shares(effects, settings)
    ranked = sorted(settings, key=lambda setting: -share[setting])
    moving = [setting for setting in ranked if share[setting] > 0]
    quantities = _quantities(verdicts)
    if not quantities:
        return {}
    figures = {"effects": effect_bars(_bars(effects), **of)} if effects["measure"] else {}
    tolerance = _only(verdicts["tolerance"])
    lines = {q: _line(verdicts, q, ranked[0]) for q in quantities}
    figures["error_lines"] = error_lines(lines, ranked[0], tolerance=tolerance, **of)
    if len(moving) > 1:
        maps = {q: _map(verdicts, q, moving[:2]) for q in quantities}
        figures["error_maps"] = error_maps(maps, moving[:2], tolerance=tolerance, **of)
    return figures


def _shares(effects: dict, settings: list[str]) -> dict[str, float]:
    """Return how much of the variance of the normal's errors each setting explains, summed."""
    share = dict.fromkeys(settings, 0.0)
    for measure, setting, value in zip(
        effects["measure"], effects["setting"], effects["variance_share"], strict=True
    ):
        if measure == "difference_sd":
            share[setting] += value
    return share


def _quantities(verdicts: dict) -> list[str]:
    return [name for name in dict.fromkeys(verdicts["quantity"]) if name][:MOST_QUANTITIES]


def _only(values: list):
    """Return the one value that there is, or None where there are several."""
    known = {value for value in values if value is not None}
    return known.pop() if len(known) == 1 else None


def _bars(effects: dict) -> list[tuple]:
    """Return (setting, quantity, probability, share, effect) of the normal's largest errors."""
    rows = zip(
        *(effects[key] for key in ("measure", "setting", "quantity", "probability")),
        *(effects[key] for key in ("variance_share", "effect")),
        strict=True,
    )
    own = [row[1:] for row in rows if row[0] == "difference_sd"]
    return sorted(own, key=lambda row: -row[4])[:MOST_BARS]


def _line(verdicts: dict, quantity: str, setting: str) -> dict:
    """Return by level (values of the setting, mean, least and largest error over the rest)."""
    rows = [i for i, name in enumerate(verdicts["quantity"]) if name == quantity]
    x = [verdicts[setting][i] for i in rows]
    values = _levels(x)
    found = {}
    for level in LEVELS:
        error = _numbers(verdicts[f"endpoint_error_sd.{level}"], rows)
        found[level] = (values, *_summary(_index(x, values), error, len(values)))
    return found


def _summary(index, error, n: int):
    """Return the mean, the least and the largest error of each of n groups, NaN where none is."""
    known = np.isfinite(error)
    index, error = index[known], error[known]
    least, largest = np.full(n, np.inf), np.full(n, -np.inf)
    np.minimum.at(least, index, error)
    np.maximum.at(largest, index, error)
    count = np.bincount(index, minlength=n)
    with np.errstate(invalid="ignore"):
        mean = np.bincount(index, weights=error, minlength=n) / count
    return mean, np.where(count, least, np.nan), np.where(count, largest, np.nan)


def _index(values: list, levels: list):
    """Return the place of each value among the levels."""
    place = {level: i for i, level in enumerate(levels)}
    return np.array([place[value] for value in values], dtype=int)


def _map(verdicts: dict, quantity: str, settings: list[str]) -> tuple:
    """Return (values of both settings, mean 95 % error, (nx, ny), NaN where there is none)."""
    rows = [i for i, name in enumerate(verdicts["quantity"]) if name == quantity]
    first, second = ([verdicts[setting][i] for i in rows] for setting in settings)
    xs, ys = _levels(first), _levels(second)
    error = _numbers(verdicts["endpoint_error_sd.95"], rows)
    known = np.isfinite(error)
    i, j = _index(first, xs)[known], _index(second, ys)[known]
    total, count = np.zeros((len(xs), len(ys))), np.zeros((len(xs), len(ys)))
    np.add.at(total, (i, j), error[known])
    np.add.at(count, (i, j), 1)
    with np.errstate(invalid="ignore"):
        return xs, ys, np.where(count > 0, total / count, np.nan)


def _levels(values: list) -> list:
    """Return the distinct values: numbers rising, anything else as it comes."""
    found = list(dict.fromkeys(values))
    return sorted(found) if all(isinstance(v, int | float) for v in found) else found


def _numbers(values: list, rows: list[int]):
    return np.array([or_nan(values[i]) for i in rows], dtype=float)

"""Three sides of one posterior: the grid, the normal, and draws of NUTS with their errors."""

import numpy as np

from laplace_approx.comparison.rows import rows_of
from laplace_approx.density.model import condition_holds
from laplace_approx.exact.draw_quantiles import draw_quantiles
from laplace_approx.figures.intervals import PROBABILITIES, Row, intervals, row_from
from laplace_approx.figures.overlay import overlay
from laplace_approx.figures.text import axis_texts
from laplace_approx.normal.fit import quantity_names
from laplace_approx.numerics.monte_carlo import quantile_errors

# side: the column of its error
ERRORS = {"grid": "grid_error", "nuts": "nuts_mcse", "laplace": "laplace_error"}


class NutsSide:
    """The draws of NUTS: `columns` with a column `chain`, all chains of one length."""

    def __init__(self, model, columns: dict):
        self.model, self.columns = model, columns
        self.n_chains = int(columns["chain"].max()) + 1 if columns["chain"].size else 0

    def quantiles(self, name: str, probabilities):
        """Return the quantiles given the quantity's condition, and their standard errors.

        A condition that drops draws makes the chains unequal; their draws are then one sequence.
        """
        p = np.asarray(probabilities, dtype=float)
        values, held = self.columns[name], self._held(name)
        if not held.any():
            nothing = np.full(p.shape, np.nan)
            return nothing, nothing
        shape = (self.n_chains, -1) if held.all() else (1, -1)
        error = quantile_errors(values[held].reshape(shape), p)
        return draw_quantiles(values[held], p).value, error

    def excluded(self, name: str) -> float:
        return float(np.mean(~self._held(name)))

    def _held(self, name: str):
        values = self.columns[name]
        if name in self.model.parameters:
            return np.isfinite(values)
        theta = np.stack([self.columns[each] for each in self.model.parameters], axis=-1)
        return np.isfinite(values) & condition_holds(self.model, name, theta)


def comparison_table(model, normal_side, exact_side, nuts: NutsSide | None, probabilities) -> dict:
    """Return one row a quantity and probability: the three quantiles and their errors.

    Differences are in SDs of the exact posterior (`scale_sd`, as everywhere); NaN where a side
    is not there.
    """
    p = np.asarray(probabilities, dtype=float)
    names = quantity_names(model)
    columns = {
        "quantity": [name for name in names for _ in p],
        "probability": np.tile(p, len(names)),
    }
    parts: dict[str, list] = {}
    for name in names:
        scale = exact_side.scale(name)
        grid, normal = exact_side.quantiles(name, p), normal_side.quantiles(name, p)
        value, mcse = (np.full(p.shape, np.nan),) * 2 if nuts is None else nuts.quantiles(name, p)
        found = {
            "grid": grid.value,
            "grid_error": grid.error,
            "laplace": normal.value,
            "laplace_error": normal.error,
            "nuts": value,
            "nuts_mcse": mcse,
            "scale_sd": np.full(p.shape, scale),
            "nuts_difference_sd": (value - grid.value) / scale,
            "nuts_difference_sd_mcse": mcse / scale,
            "laplace_difference_sd": (normal.value - grid.value) / scale,
        }
        for key, values in found.items():
            parts.setdefault(key, []).append(values)
    return columns | {key: np.concatenate(values) for key, values in parts.items()}


def interval_rows(table: dict) -> list[Row]:
    """Return the rows of the picture: each side's intervals in SDs from the grid's median."""
    rows = []
    for name in dict.fromkeys(table["quantity"]):
        places = rows_of(table).places(name, PROBABILITIES)
        known = {
            side: error for side, error in ERRORS.items() if np.isfinite(table[side][places]).any()
        }
        if "grid" in known:
            rows.append(row_from(table, name, table["scale_sd"][places], known))
    return rows


def interval_figure(table: dict, tolerance: float, units, case: str):
    """Return the picture of the three sides' intervals; None where there is no exact side."""
    rows = interval_rows(table)
    title = "The same intervals from the grid, from NUTS and from the normal"
    return intervals(rows, tolerance, title, units=units, case=case) if rows else None


def pictures(laplace, table: dict, draws: dict, tolerance: float, case: str) -> dict:
    """Return {name: figure}: the draws of the sides over each other, and their intervals.

    `draws` maps "grid", "laplace" and "nuts", those that there are, to columns. Of many draws
    every so manyth is shown, so that no side hides the others.
    """
    names, units = laplace.model.parameters, axis_texts(laplace.posterior.record)
    mode = None if laplace.normal is None else np.array(laplace.mode["theta"])
    found = {"intervals": interval_figure(table, tolerance, units, case)}
    if draws:
        theta = {
            side: np.stack([columns[name] for name in names], axis=-1)
            for side, columns in draws.items()
        }
        fewest = min(map(len, theta.values()))
        steps = {side: max(1, len(each) // fewest) for side, each in theta.items()}
        shown = {side: each[:: steps[side]] for side, each in theta.items()}
        thinned = "".join(f"; {s}: one draw in {step}" for s, step in steps.items() if step > 1)
        found["overlay"] = overlay(shown, names, mode=mode, units=units, case=case + thinned)
    return {name: figure for name, figure in found.items() if figure is not None}

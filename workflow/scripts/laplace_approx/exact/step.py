"""The grid as a record, a table of cells and a table of marginals; and these read back."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from laplace_approx.density.density import point_inside
from laplace_approx.density.evaluation import tallied
from laplace_approx.errors import Declined
from laplace_approx.exact.box import named_grid
from laplace_approx.exact.budget import Budget, OutOfBudget
from laplace_approx.exact.defined import require_defined
from laplace_approx.exact.grid import Grid
from laplace_approx.exact.marginal import Marginal

MOST_PARAMETERS = 3  # at sixty points an axis, each more takes sixty times the cells
_UNKNOWN = dict.fromkeys(
    (
        *("kind", "bounds", "points", "log_evidence", "mean", "sd", "skewness", "correlation"),
        *("mean_error", "sd_error", "skewness_error", "correlation_error"),
        *("edge_mass", "outside_mass", "discretisation_error", "lattice_error", "off_the_nodes"),
        *("lattice", "n_evaluations", "evaluations_alone", "evaluations_of_proof"),
    )
)


class GridTables(NamedTuple):
    """What a grid leaves on disk: its record, and its cells and marginals as columns.

    `record["status"]` is "ok"; "empty" where no node has density; "absent" where there is no grid
    for this posterior at all. The last two say why in `reasons`, and their numbers are None.
    """

    record: dict
    cells: dict
    marginals: dict


def grid_tables(
    model, density: Callable, definition: dict, limits: dict | None = None
) -> GridTables:
    """Make the grid of `density()` that a definition of the configuration asks for.

    A definition with bounds is that box; an empty one finds its bounds and certifies them. There
    is no grid above three parameters, nor of a density that the model does not deliver, nor where
    the `limits` of its evaluations or seconds are reached.
    """
    d = len(model.parameters)
    if d > MOST_PARAMETERS:
        return _absent(
            model,
            f"grids are laid for up to {MOST_PARAMETERS} parameters, and this posterior has {d} "
            "parameters: at sixty points an axis each more takes sixty times as long.",
        )
    try:
        if definition:
            grid, counts = _named(density(), definition)
        else:
            grid, counts = _certified(model, density(), limits or {})
    except Declined as declined:
        return _absent(model, declined.message)
    except OutOfBudget as spent:
        return _absent(model, str(spent))
    status = "ok" if grid.marginals else "empty"
    record = {"status": status, **grid.record(), **counts}
    return GridTables(record, grid.columns(), _marginal_columns(grid.marginals))


def _named(density, definition: dict) -> tuple[Grid, dict]:
    """Return the grid of a box, and the counts of its evaluations: a box proves nothing, but
    that its mass lies where the model has a value."""
    axes = [definition[name] for name in density.names]
    lower, upper, points = ([axis[key] for axis in axes] for key in ("lower", "upper", "points"))
    watched, tally = tallied(density)
    grid = named_grid(watched, lower, upper, points)
    alone = tally.evaluations
    require_defined(watched, grid)
    return grid, _counts(alone, tally.evaluations - alone)


def _counts(alone: int, proof: int) -> dict:
    """Return the counts of a record: what the nodes take, with the ascent to the mode that they are
    laid about, and what the search for other modes, the looks off the nodes and those for lost
    digits and for a NaN take."""
    return {
        "n_evaluations": alone + proof,
        "evaluations_alone": alone,
        "evaluations_of_proof": proof,
    }


def _certified(model, density, limits: dict) -> tuple[Grid, dict]:
    from laplace_approx.exact.certified import certified_grid
    from laplace_approx.exact.digits import require_digits
    from laplace_approx.exact.known_modes import known_modes

    # a prior may leave the model's own start on the edge of the support, or beyond
    start = point_inside(model.start, density.lower, density.upper)
    known = known_modes(density, start, monotone=model.monotone)
    budget = Budget(**limits, rows=model.n_data)
    grid = certified_grid(density, start, known=known, budget=budget)
    watched, tally = tallied(density)
    require_digits(watched, grid, start)
    require_defined(watched, grid)
    looks = budget.looking.evaluations
    alone = known.needed + budget.tally.evaluations - looks
    return grid, _counts(alone, known.evaluations - known.needed + looks + tally.evaluations)


def _absent(model, reason: str) -> GridTables:
    record = {
        **_UNKNOWN,
        "status": "absent",
        "certified": False,
        "reasons": [reason],
        "withheld": [],
    }
    names = (*model.parameters, "log_density", "mass")
    return GridTables(record, {name: np.empty(0) for name in names}, _marginal_columns({}))


def _marginal_columns(marginals: dict[str, Marginal]) -> dict:
    tables = list(marginals.values())
    columns = {
        field: np.concatenate([getattr(table, field) for table in tables] or [np.empty(0)])
        for field in Marginal._fields
    }
    return {"parameter": [name for name, table in marginals.items() for _ in table.value]} | columns


def marginals_from(columns: dict) -> dict[str, Marginal]:
    """Return the marginal tables by parameter from the columns of `GridTables.marginals`."""
    names = np.array(columns["parameter"], dtype=object)
    return {
        name: Marginal(*(columns[field][names == name] for field in Marginal._fields))
        for name in dict.fromkeys(columns["parameter"])
    }


def grid_step(posterior, name: str, definition: dict, limits: dict | None = None) -> GridTables:
    """Return the record, the cells and the marginals of a grid of a posterior; `limits` are those
    of a certified one's evaluations and seconds, where they are not the usual ones."""
    tables = grid_tables(posterior.model, posterior.density, definition, limits)
    described = {
        "case": {**posterior.record["case"], "grid": name},
        "parameters": list(posterior.model.parameters),
        "definition": definition,
    }
    return tables._replace(record=described | tables.record)

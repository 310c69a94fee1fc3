"""The draws of NUTS on disk, and the cases that they are compared in."""

import numpy as np

from laplace_approx.exercises.nuts import ThreeWay
from laplace_approx.nuts.comparison import NutsSide
from laplace_files.artifacts.artifacts import read_json, read_table, read_tables


def open_nuts(inputs, model) -> NutsSide | None:
    """Open `inputs.nuts_draws`, one file a seed; the chains of a later seed come after.

    None where a seed is declined: what the others say alone is not what was asked for.
    """
    tables = [read_table(path)[0] for path in inputs.nuts_draws]
    if not all(table["chain"].size for table in tables):
        return None
    columns, first = {}, 0
    for table in tables:
        table["chain"] = table["chain"] + first
        first = int(table["chain"].max()) + 1
        for name, values in table.items():
            columns.setdefault(name, []).append(values)
    return NutsSide(model, {name: np.concatenate(values) for name, values in columns.items()})


def three_draws(inputs, nuts: NutsSide | None) -> dict:
    """Return the columns of the draws of each side that has any."""
    draws = {
        "grid": read_tables(inputs.grid_draws),
        "laplace": read_tables(inputs.laplace_draws),
        "nuts": nuts.columns if nuts else {},
    }
    return {side: columns for side, columns in draws.items() if len(columns.get("log_density", ()))}


def open_three_way(cases, inputs) -> list[ThreeWay]:
    """Open `cases`, each (model, prior, space, grid), from lists of artifacts in that order.

    `inputs.records` holds the runs of all seeds of the first case, then of the second, ...
    """
    seeds = len(inputs.records) // max(len(cases), 1)
    return [
        ThreeWay(
            "/".join(case),
            read_json(inputs.posterior[i]),
            [read_json(path) for path in inputs.records[i * seeds : (i + 1) * seeds]],
            read_table(inputs.tables[i])[0],
        )
        for i, case in enumerate(cases)
    ]

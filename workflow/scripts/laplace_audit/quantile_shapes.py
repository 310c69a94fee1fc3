"""The quantiles of all scenarios of a sweep against each other, a row group at a time."""

import numpy as np

from laplace_audit.ledger import Page
from laplace_audit.quantile_laws import arithmetic_laws
from laplace_audit.reading import parquet

RISING = ("laplace", "grid", "laplace_draws", "grid_draws")
NUMBERS = (
    *("probability", *RISING, "scale_sd"),
    *("difference", "difference_sd", "laplace_error", "grid_error"),
)


def shape_laws(page: Page, path) -> None:
    """Hold every row against itself and against the row before it, where both are of one quantity.

    A table lacks a column for which no scenario has a value. Raises Unreadable.
    """
    with parquet(path) as file:
        there = set(file.schema_arrow.names)
        wanted = [name for name in ("scenario", "quantity", *NUMBERS) if name in there]
        for group in range(file.num_row_groups):
            table = file.read_row_group(group, columns=wanted)
            if table.num_rows:
                _hold(page, table, there)


def _hold(page: Page, table, there: set[str]) -> None:
    nothing = np.full(table.num_rows, np.nan)
    rows = {
        name: np.asarray(table[name].to_numpy()) if name in there else nothing for name in NUMBERS
    }
    next_of_one = _same(table["scenario"]) & _same(table["quantity"])
    page.true("quantiles increase", np.diff(rows["probability"])[next_of_one] > 0)
    for name in RISING:
        rise = np.diff(rows[name])[next_of_one]
        page.true("quantiles increase", ~(rise < 0))
    arithmetic_laws(page, rows)


def _same(column) -> np.ndarray:
    """Return whether each row has the value of the row before it, from the second row on."""
    codes = column.combine_chunks().dictionary_encode().indices
    return np.diff(codes.to_numpy(zero_copy_only=False)) == 0

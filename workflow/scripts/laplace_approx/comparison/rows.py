"""The rows of a table, found by quantity and probability, and by method where it has several."""

import math
from collections.abc import Iterable

from laplace_approx.remember import remembering

SAME = 1e-9  # probabilities that are one: doubled or halved, no two of a configuration meet


class Rows:
    """The rows of a table of columns: `quantity`, `probability`, and perhaps `method`."""

    def __init__(self, table: dict):
        self.table = table
        self._of: dict[str, dict[str | None, list[int]]] = {}
        methods = table.get("method", [None] * len(table["quantity"]))
        for row, (quantity, method) in enumerate(zip(table["quantity"], methods, strict=True)):
            self._of.setdefault(quantity, {}).setdefault(method, []).append(row)

    def methods(self, quantity: str) -> list[str | None]:
        """Return the methods that have rows for a quantity, in the order of the table."""
        return list(self._of.get(quantity, {}))

    def of(self, quantity: str, method: str | None = None) -> list[int]:
        """Return the places of all rows of a quantity, in their order."""
        return self._of.get(quantity, {}).get(method, [])

    def at(self, quantity: str, probability: float, method: str | None = None) -> int | None:
        """Return the place of a row; None where there is none."""
        for row in self.of(quantity, method):
            if abs(self.table["probability"][row] - probability) < SAME:
                return row
        return None

    def places(self, quantity: str, probabilities: Iterable, method: str | None = None):
        """Return the places of the rows of a quantity at probabilities that the table has, in their
        order; raises KeyError where it has not."""
        places = [self.at(quantity, p, method) for p in probabilities]
        if None in places:
            of = f" by {method}" if method else ""
            raise KeyError(f"the table has no row of {quantity}{of} at {list(probabilities)}")
        return places

    def value(self, column: str, quantity: str, probability: float) -> float:
        """Return what a column has for a quantity at a probability; NaN where there is no row."""
        row = self.at(quantity, probability)
        return math.nan if row is None else float(self.table[column][row])


@remembering(16)
def rows_of(table: dict) -> Rows:
    """Return the rows of a table, found in one pass for all who ask for them in turn."""
    return Rows(table)

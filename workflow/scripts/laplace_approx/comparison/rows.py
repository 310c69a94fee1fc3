"""The rows of a table, found by quantity and probability, and by method where it has several."""

import math

SAME = 1e-9  # probabilities that are one


class Rows:
    """The rows of a table of columns: `quantity`, `probability`, and perhaps `method`."""

    def __init__(self, table: dict):
        self.table = table
        self._of: dict[tuple, list[int]] = {}
        methods = table.get("method", [None] * len(table["quantity"]))
        for row, key in enumerate(zip(table["quantity"], methods, strict=True)):
            self._of.setdefault(key, []).append(row)

    def of(self, quantity: str, method: str | None = None) -> list[int]:
        """Return the places of all rows of a quantity, in their order."""
        return self._of.get((quantity, method), [])

    def at(self, quantity: str, probability: float, method: str | None = None) -> int | None:
        """Return the place of a row; None where there is none."""
        for row in self.of(quantity, method):
            if abs(self.table["probability"][row] - probability) < SAME:
                return row
        return None

    def value(self, column: str, quantity: str, probability: float) -> float:
        """Return what a column has for a quantity at a probability; NaN where there is no row."""
        row = self.at(quantity, probability)
        return math.nan if row is None else float(self.table[column][row])

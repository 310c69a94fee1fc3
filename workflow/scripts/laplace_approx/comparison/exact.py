"""The exact side of a comparison: a grid's record, its cells, and the side that it gives."""

from typing import NamedTuple

from laplace_approx.comparison.sides import ExactSide, NoSide
from laplace_approx.exact.cells import Cells


class Exact(NamedTuple):
    """A grid read back: its record, its cells (None where it has none) and the side it gives."""

    record: dict
    cells: Cells | None
    side: ExactSide | NoSide

    def shown(self, kind: str) -> "Exact":
        """Return what pictures may call exact where a verdict rests on that kind: no grid beside
        draws that judge because it cannot."""
        return self if kind in ("grid", "none") else self._replace(cells=None)

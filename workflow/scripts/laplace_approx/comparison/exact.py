"""The exact side of a comparison: a grid's record, its cells, and the side that it gives."""

from typing import NamedTuple

from laplace_approx.comparison.sides import ExactSide, NoSide
from laplace_approx.exact.cells import Cells


class Exact(NamedTuple):
    """A grid read back: its record, its cells (None where it has none) and the side it gives."""

    record: dict
    cells: Cells | None
    side: ExactSide | NoSide

"""The exact side on disk: a grid's record, cells and marginals, opened together."""

from typing import NamedTuple

from laplace_approx.grid import lattice_from
from laplace_approx.grid_draws import Cells
from laplace_approx.grid_record import marginals_from
from laplace_approx.sides import ExactSide, NoSide
from laplace_files.artifacts import read_json, read_table


class Exact(NamedTuple):
    """A grid read back: its record, its cells (None where it has none) and the side it gives."""

    record: dict
    cells: Cells | None
    side: ExactSide | NoSide


def open_exact(inputs, model) -> Exact:
    """Open the artifacts `inputs.grid`, `inputs.mass` and `inputs.marginals`."""
    record = read_json(inputs.grid)
    if record["status"] != "ok":
        return Exact(record, None, NoSide())
    cells = open_cells(record, inputs.mass)
    marginals = marginals_from(read_table(inputs.marginals)[0])
    return Exact(record, cells, ExactSide(model, record, cells.lattice, marginals))


def open_cells(record: dict, path) -> Cells:
    """Open the cells of a grid whose record is known."""
    columns, _ = read_table(path)
    lattice = lattice_from(record, columns["log_density"])
    return Cells(lattice, columns["mass"].reshape(lattice.frame.shape))

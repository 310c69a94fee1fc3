"""The exact side on disk: a grid's record, cells and marginals, opened together."""

from laplace_approx.comparison.exact import Exact
from laplace_approx.comparison.sides import ExactSide, NoSide
from laplace_approx.exact.cells import Cells
from laplace_approx.exact.grid import lattice_from
from laplace_approx.exact.step import marginals_from
from laplace_files.artifacts.artifacts import read_json, read_table


def open_exact(inputs, model) -> Exact:
    """Open the artifacts `inputs.grid`, `inputs.mass` and `inputs.marginals`."""
    record = read_json(inputs.grid)
    if record["status"] != "ok":
        return Exact(record, None, NoSide())
    cells, marginals = read_table(inputs.mass)[0], read_table(inputs.marginals)[0]
    return assemble_exact(model, record, cells, marginals)


def assemble_exact(model, record: dict, cells: dict, marginals: dict) -> Exact:
    """Return the exact side that a grid's record and the columns of its tables describe."""
    if record["status"] != "ok":
        return Exact(record, None, NoSide())
    found = assemble_cells(record, cells)
    side = ExactSide(model, record, found.lattice, marginals_from(marginals))
    return Exact(record, found, side)


def open_cells(record: dict, path) -> Cells:
    """Open the cells of a grid whose record is known."""
    return assemble_cells(record, read_table(path)[0])


def assemble_cells(record: dict, columns: dict) -> Cells:
    """Return the cells of a grid from its record and the columns of its table."""
    lattice = lattice_from(record, columns["log_density"])
    return Cells(lattice, columns["mass"].reshape(lattice.frame.shape))

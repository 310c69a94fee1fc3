"""The reference of a posterior on disk: its draws and their record, opened together."""

from laplace_approx.reference.step import ReferenceTables
from laplace_files.artifacts.artifacts import read_json, read_table


def open_reference(inputs) -> ReferenceTables:
    """Open the artifacts `inputs.reference` and `inputs.reference_draws`."""
    return ReferenceTables(read_table(inputs.reference_draws)[0], read_json(inputs.reference))

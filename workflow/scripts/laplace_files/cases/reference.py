"""The reference of a posterior on disk: its draws and their record, opened together."""

from laplace_approx.chains.step import ChainTables
from laplace_approx.reference.step import ReferenceTables
from laplace_files.artifacts.artifacts import read_json, read_table


def open_reference(inputs) -> ReferenceTables:
    """Open the artifacts `inputs.reference` and `inputs.reference_draws`, and beside them what
    there is in `inputs.chains`: the record and the draws of each kind, one after the other."""
    draws, record = read_table(inputs.reference_draws)[0], read_json(inputs.reference)
    files = list(inputs.chains)
    chains = tuple(
        ChainTables(read_table(table)[0], read_json(said))
        for said, table in zip(files[::2], files[1::2], strict=True)
    )
    return ReferenceTables(draws, record, chains)

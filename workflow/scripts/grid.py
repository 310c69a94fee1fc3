"""Evaluate the posterior on a grid."""

from laplace_approx.grid_record import grid_tables
from laplace_files import job
from laplace_files.artifacts import write_json, write_table
from laplace_files.posterior import open_posterior

job.start(snakemake)
posterior = open_posterior(snakemake.input.posterior)
tables = grid_tables(posterior.model, posterior.density, snakemake.params.grid)
case = {**posterior.record["case"], "grid": snakemake.wildcards.grid}
metadata = case | {"core": snakemake.params.code}
described = {
    "case": case,
    "parameters": list(posterior.model.parameters),
    "definition": snakemake.params.grid,
    "core": snakemake.params.code,
}
write_table(snakemake.output.mass, tables.cells, metadata)
write_table(snakemake.output.marginals, tables.marginals, metadata)
write_json(snakemake.output.record, described | tables.record)

"""Evaluate the posterior on a grid."""

from laplace_approx.exact.step import grid_step
from laplace_files.artifacts.artifacts import write_json, write_table
from laplace_files.cases.posterior import open_posterior
from laplace_files.run import job

job.start(snakemake)
posterior = open_posterior(snakemake.input.posterior)
limits = snakemake.params.limits
tables = grid_step(posterior, snakemake.wildcards.grid, snakemake.params.grid, limits)
metadata = tables.record["case"] | {"core": snakemake.params.code}
write_table(snakemake.output.mass, tables.cells, metadata)
write_table(snakemake.output.marginals, tables.marginals, metadata)
write_json(snakemake.output.record, tables.record | {"core": snakemake.params.code})

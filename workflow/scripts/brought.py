"""Read draws that a user brings, and hold them against their gates and the posterior."""

from laplace_approx.chains.step import chains_step
from laplace_files.artifacts.artifacts import read_json, write_json, write_table
from laplace_files.cases.brought import open_brought
from laplace_files.cases.posterior import open_posterior
from laplace_files.run import job

job.start(snakemake)
posterior = open_posterior(snakemake.input.posterior)
tables = chains_step(
    posterior,
    [read_json(path) for path in snakemake.input.modes],
    open_brought(posterior, snakemake.params.definition),
    snakemake.params.evaluations,
)
metadata = tables.record["case"] | {"core": snakemake.params.code}
write_table(snakemake.output.draws, tables.draws, metadata)
write_json(snakemake.output.record, tables.record | {"core": snakemake.params.code})

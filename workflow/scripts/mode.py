"""Find the mode of a posterior in a space."""

from laplace_approx.mode.step import mode_step
from laplace_files.artifacts.artifacts import write_json
from laplace_files.cases.posterior import open_posterior
from laplace_files.run import job

job.start(snakemake)
posterior = open_posterior(snakemake.input.posterior)
record = mode_step(posterior, snakemake.wildcards.space, snakemake.params.space)
write_json(snakemake.output[0], record | {"core": snakemake.params.code})

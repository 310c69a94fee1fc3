"""Find the mode of a posterior in a space."""

from laplace_files import job
from laplace_files.artifacts import write_json
from laplace_files.posterior import open_posterior
from laplace_files.steps.mode import mode_step

job.start(snakemake)
posterior = open_posterior(snakemake.input.posterior)
record = mode_step(posterior, snakemake.wildcards.space, snakemake.params.space)
write_json(snakemake.output[0], record | {"core": snakemake.params.code})

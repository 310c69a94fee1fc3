"""Measure the curvature at the mode."""

from laplace_files import job
from laplace_files.artifacts import read_json, write_json
from laplace_files.posterior import open_posterior
from laplace_files.steps.curvature import curvature_step

job.start(snakemake.log)
posterior = open_posterior(snakemake.input.posterior)
record = curvature_step(posterior, read_json(snakemake.input.mode))
write_json(snakemake.output[0], record | {"core": snakemake.params.code})

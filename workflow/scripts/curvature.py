"""Measure the curvature at the mode."""

from laplace_approx.matrices import split
from laplace_files import job
from laplace_files.artifacts import read_json, write_json, write_table
from laplace_files.posterior import open_posterior
from laplace_files.steps.curvature import curvature_step

job.start(snakemake)
posterior = open_posterior(snakemake.input.posterior)
mode = read_json(snakemake.input.mode)
measured = curvature_step(posterior, mode)
record, matrices = split(measured, len(measured["coordinates"]))
case = mode["case"] | {"status": measured["status"], "core": snakemake.params.code}
write_table(snakemake.output.matrices, matrices, case)
write_json(snakemake.output.record, record | {"core": snakemake.params.code})

"""Measure the curvature at the mode."""

from laplace_approx.curvature.matrices import split
from laplace_approx.curvature.step import curvature_step
from laplace_files.artifacts.artifacts import read_json, write_json, write_table
from laplace_files.cases.posterior import open_posterior
from laplace_files.run import job

job.start(snakemake)
posterior = open_posterior(snakemake.input.posterior)
mode = read_json(snakemake.input.mode)
measured = curvature_step(posterior, mode)
record, matrices = split(measured, len(measured["coordinates"]))
case = mode["case"] | {"status": measured["status"], "core": snakemake.params.code}
write_table(snakemake.output.matrices, matrices, case)
write_json(snakemake.output.record, record | {"core": snakemake.params.code})

"""Measure the curvature at the mode."""

from laplace_approx.curvature_record import curvature_record
from laplace_approx.matrices import split
from laplace_approx.outcome import attempt
from laplace_files import job
from laplace_files.artifacts import read_json, write_json, write_table
from laplace_files.posterior import open_posterior

job.start(snakemake.log)
posterior = open_posterior(snakemake.input.posterior)
mode = read_json(snakemake.input.mode)
space = posterior.space(mode["space_definition"])
measured = attempt(
    "curvature", lambda: curvature_record(posterior.density(), space, mode["z"]), mode
)
described = {name: mode[name] for name in ("case", "parameters", "space", "coordinates")}
record, matrices = split(described | measured, len(space.names))
case = mode["case"] | {"status": measured["status"], "core": snakemake.params.code}
write_table(snakemake.output.matrices, matrices, case)
write_json(snakemake.output.record, record | {"core": snakemake.params.code})

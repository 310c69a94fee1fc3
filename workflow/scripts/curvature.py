"""Measure the curvature at the mode."""

from laplace_approx.curvature_record import curvature_record
from laplace_approx.outcome import attempt
from laplace_files import job
from laplace_files.artifacts import read_json, write_json
from laplace_files.posterior import open_posterior

job.start(snakemake)
posterior = open_posterior(snakemake.input.posterior)
mode = read_json(snakemake.input.mode)
space = posterior.space(mode["space_definition"])
measured = attempt(
    "curvature", lambda: curvature_record(posterior.density(), space, mode["z"]), mode
)
described = {name: mode[name] for name in ("case", "parameters", "space", "coordinates")}
write_json(snakemake.output[0], {**described, **measured, "core": snakemake.params.code})

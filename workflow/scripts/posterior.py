"""Freeze what is approximated."""

from laplace_files.artifacts.artifacts import write_json
from laplace_files.cases.posterior import freeze
from laplace_files.run import job

job.start(snakemake)
case = {"model": snakemake.wildcards.model, "prior": snakemake.wildcards.prior}
data_file = snakemake.input.get("data") or None
params = snakemake.params
record = freeze(case, snakemake.input.model, data_file, params.prior, params.replicate)
write_json(snakemake.output[0], record | {"core": snakemake.params.code})

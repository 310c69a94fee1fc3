"""Freeze what is approximated."""

from laplace_files import job
from laplace_files.artifacts import write_json
from laplace_files.posterior import freeze

job.start(snakemake)
case = {"model": snakemake.wildcards.model, "prior": snakemake.wildcards.prior}
data_file = snakemake.input.get("data") or None
params = snakemake.params
record = freeze(case, snakemake.input.model, data_file, params.prior, params.replicate)
write_json(snakemake.output[0], record | {"core": snakemake.params.code})

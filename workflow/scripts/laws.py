"""Hold every artifact against its laws, and write down what was found."""

from laplace_audit.run import audited
from laplace_files.artifacts.artifacts import write_json
from laplace_files.run import job

job.start(snakemake)
write_json(snakemake.output[0], audited(snakemake.params.asked, snakemake.params.code))

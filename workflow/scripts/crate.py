"""Describe the results as a Workflow Run RO-Crate."""

from laplace_files.artifacts.artifacts import read_json, write_json
from laplace_files.export.crate import crate_document
from laplace_files.run import job

job.start(snakemake)
document = crate_document(read_json(snakemake.input.manifest), snakemake.params.description)
write_json(snakemake.output[0], document)

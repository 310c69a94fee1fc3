"""Fail if a case is declined."""

from laplace_approx.verdict.summary import require_none_declined
from laplace_files.artifacts.artifacts import read_table, write_json
from laplace_files.run import job

job.start(snakemake)
summary, _ = read_table(snakemake.input.summary)
write_json(snakemake.output[0], {"declined": require_none_declined(summary)})

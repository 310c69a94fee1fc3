"""Fail if a case is declined."""

from laplace_approx.strict import require_none_declined
from laplace_files import job
from laplace_files.artifacts import read_table, write_json

job.start(snakemake)
summary, _ = read_table(snakemake.input.summary)
write_json(snakemake.output[0], {"declined": require_none_declined(summary)})

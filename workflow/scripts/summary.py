"""Gather the intervals and verdicts of every case in one table."""

from laplace_approx.verdict.summary import summary_step
from laplace_files.artifacts.artifacts import read_json, read_table, write_table
from laplace_files.run import job

job.start(snakemake)
inputs = zip(
    snakemake.params.cases,
    map(read_json, snakemake.input.modes),
    map(read_json, snakemake.input.curvatures),
    map(read_json, snakemake.input.grids),
    (read_table(path)[0] for path in snakemake.input.quantiles),
    map(read_json, snakemake.input.verdicts),
    strict=True,
)
write_table(snakemake.output[0], summary_step(inputs), {"core": snakemake.params.code})

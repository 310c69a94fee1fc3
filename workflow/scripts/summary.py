"""Gather the intervals and verdicts of every case in one table."""

from laplace_approx.verdict.summary import case_rows, stack
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
rows = [row for case in inputs for row in case_rows(*case)]
write_table(snakemake.output[0], stack(rows), {"core": snakemake.params.code})

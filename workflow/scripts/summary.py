"""Gather the intervals of every case in one table."""

from laplace_approx.summary import case_rows, stack
from laplace_files import job
from laplace_files.artifacts import read_json, read_table, write_table

job.start(snakemake.log)
inputs = zip(
    snakemake.params.cases,
    snakemake.input.curvatures,
    snakemake.input.modes,
    snakemake.input.grids,
    snakemake.input.quantiles,
    strict=True,
)
rows = [
    row
    for case, curvature, mode, grid, quantiles in inputs
    for row in case_rows(
        case, read_json(mode), read_json(curvature), read_json(grid), read_table(quantiles)[0]
    )
]
write_table(snakemake.output[0], stack(rows), {"core": snakemake.params.code})

"""Find the starts from which Newton's method finds the mode."""

from laplace_approx.mode.basin import basin_step
from laplace_files.artifacts.artifacts import read_json, write_table
from laplace_files.cases.laplace import open_laplace
from laplace_files.run import job

job.start(snakemake)
laplace = open_laplace(snakemake.input)
columns, reason = basin_step(laplace, read_json(snakemake.input.grid))
metadata = laplace.metadata | {"grid": snakemake.wildcards.grid, "core": snakemake.params.code}
write_table(snakemake.output[0], columns, metadata | {"reason": reason or ""})

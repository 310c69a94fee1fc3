"""Say for each quantity whether the normal is good enough, and what is if it is not."""

from laplace_approx.verdict.step import verdict_step
from laplace_files.artifacts.artifacts import read_json, read_table, write_json
from laplace_files.cases.grid import open_exact
from laplace_files.cases.laplace import open_laplace
from laplace_files.cases.reference import open_reference
from laplace_files.run import job

job.start(snakemake)
laplace = open_laplace(snakemake.input)
record = verdict_step(
    laplace,
    open_exact(snakemake.input, laplace.model),
    open_reference(snakemake.input),
    read_table(snakemake.input.remedies)[0],
    read_json(snakemake.input.found),
    snakemake.params.tolerance,
)
write_json(snakemake.output[0], record | {"core": snakemake.params.code})

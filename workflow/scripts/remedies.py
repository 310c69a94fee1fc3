"""Run every remedy on a case, with the signals that need no exact answer."""

from laplace_approx.remedies.step import Trial, remedies_step
from laplace_files.artifacts.artifacts import write_json, write_table
from laplace_files.cases.grid import open_exact
from laplace_files.cases.laplace import open_laplace, open_spaces
from laplace_files.cases.reference import open_reference
from laplace_files.run import job

job.start(snakemake)
laplace = open_laplace(snakemake.input)
tables = remedies_step(
    laplace,
    open_exact(snakemake.input, laplace.model),
    open_reference(snakemake.input),
    open_spaces(snakemake.input, laplace),
    Trial(snakemake.params.seed, snakemake.params.tolerance, snakemake.params.extent),
)
metadata = laplace.metadata | {"grid": snakemake.wildcards.grid, "core": snakemake.params.code}
metadata |= {"seed": snakemake.params.seed, "bit_generator": "PCG64"}
write_table(snakemake.output.table, tables.remedies, metadata)
write_json(snakemake.output.record, tables.record | {"core": snakemake.params.code})

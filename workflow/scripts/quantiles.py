"""Compare the quantiles of the normal with those of the exact posterior."""

from laplace_approx.comparison.step import quantiles_step, sides_step
from laplace_approx.remedies.judge import find_judge
from laplace_files.artifacts.artifacts import read_tables, write_table
from laplace_files.cases.grid import open_exact
from laplace_files.cases.laplace import open_laplace
from laplace_files.cases.reference import open_reference
from laplace_files.run import job

job.start(snakemake)
laplace = open_laplace(snakemake.input)
exact = open_exact(snakemake.input, laplace.model)
judge = find_judge(exact, open_reference(snakemake.input), laplace.mode, snakemake.params.tolerance)
columns = quantiles_step(
    laplace,
    sides_step(laplace, exact, judge, snakemake.params.probabilities),
    read_tables(snakemake.input.laplace_draws),
    read_tables(snakemake.input.grid_draws),
    snakemake.params.probabilities,
)
metadata = laplace.metadata | {"grid": snakemake.wildcards.grid, "core": snakemake.params.code}
write_table(snakemake.output[0], columns, metadata)

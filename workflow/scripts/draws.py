"""Draw from the normal approximation."""

from laplace_approx.normal.draws import draws_step
from laplace_files.artifacts.artifacts import write_table
from laplace_files.cases.laplace import open_laplace
from laplace_files.run import job

job.start(snakemake)
laplace = open_laplace(snakemake.input)
seed = int(snakemake.wildcards.seed)
columns = draws_step(laplace, seed, snakemake.params.n_draws)
metadata = {"seed": seed, "bit_generator": "PCG64", "core": snakemake.params.code}
write_table(snakemake.output[0], columns, laplace.metadata | metadata)

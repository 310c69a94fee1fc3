"""Draw from the normal approximation."""

from laplace_files import job
from laplace_files.artifacts import write_table
from laplace_files.laplace import open_laplace
from laplace_files.steps.draws import draws_step

job.start(snakemake)
laplace = open_laplace(snakemake.input)
seed = int(snakemake.wildcards.seed)
columns = draws_step(laplace, seed, snakemake.params.n_draws)
metadata = {"seed": seed, "bit_generator": "PCG64", "core": snakemake.params.code}
write_table(snakemake.output[0], columns, laplace.metadata | metadata)

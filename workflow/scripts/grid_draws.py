"""Draw cells of the grid by their mass."""

from laplace_approx.exact.cells import grid_draws_step
from laplace_files.artifacts.artifacts import read_json, write_table
from laplace_files.cases.grid import open_cells
from laplace_files.cases.posterior import open_posterior
from laplace_files.run import job

job.start(snakemake)
posterior = open_posterior(snakemake.input.posterior)
record = read_json(snakemake.input.grid)
cells = open_cells(record, snakemake.input.mass) if record["status"] == "ok" else None
seed = int(snakemake.wildcards.seed)
columns = grid_draws_step(posterior, cells, seed, snakemake.params.n_draws)
metadata = {"seed": seed, "bit_generator": "PCG64", "core": snakemake.params.code}
write_table(
    snakemake.output[0], columns, {**record["case"], "status": record["status"], **metadata}
)

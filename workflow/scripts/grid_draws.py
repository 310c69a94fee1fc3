"""Draw cells of the grid by their mass."""

from laplace_files import job
from laplace_files.artifacts import read_json, write_table
from laplace_files.exact import open_cells
from laplace_files.posterior import open_posterior
from laplace_files.steps.grid_draws import grid_draws_step

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

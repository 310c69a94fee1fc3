"""Draw cells of the grid by their mass."""

import numpy as np

from laplace_approx.draws import draw_columns, no_draws
from laplace_approx.grid_draws import grid_draws
from laplace_files import job
from laplace_files.artifacts import read_json, write_table
from laplace_files.exact import open_cells
from laplace_files.posterior import open_posterior

job.start(snakemake)
posterior = open_posterior(snakemake.input.posterior)
record = read_json(snakemake.input.grid)
seed, n_draws = int(snakemake.wildcards.seed), snakemake.params.n_draws
columns = no_draws(posterior.model)
if record["status"] == "ok":
    cells = open_cells(record, snakemake.input.mass)
    theta, log_approximation = grid_draws(cells, np.random.default_rng(seed), n_draws)
    columns = draw_columns(posterior.model, posterior.density(), theta, log_approximation)
metadata = {"seed": seed, "bit_generator": "PCG64", "core": snakemake.params.code}
write_table(
    snakemake.output[0], columns, {**record["case"], "status": record["status"], **metadata}
)

"""Draw from the normal approximation."""

import numpy as np

from laplace_approx.draws import approximation_log_density, draw_columns, laplace_draws, no_draws
from laplace_files import job
from laplace_files.artifacts import write_table
from laplace_files.laplace import open_laplace

job.start(snakemake)
laplace = open_laplace(snakemake.input)
seed, n_draws = int(snakemake.wildcards.seed), snakemake.params.n_draws
columns = no_draws(laplace.model)
if laplace.normal:
    rng = np.random.default_rng(seed)
    z, theta = laplace_draws(laplace.normal, laplace.space, rng, n_draws)
    log_approximation = approximation_log_density(laplace.normal, laplace.space, z)
    density = laplace.posterior.density()
    columns = draw_columns(laplace.model, density, theta, log_approximation)
metadata = {"seed": seed, "bit_generator": "PCG64", "core": snakemake.params.code}
write_table(snakemake.output[0], columns, laplace.metadata | metadata)

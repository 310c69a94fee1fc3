"""Put the exact and the Laplace draws of a case in one file that ArviZ opens."""

from laplace_files.artifacts.artifacts import read_draws, read_json
from laplace_files.cases.posterior import open_posterior
from laplace_files.export.inference_data import data_tree, write_tree
from laplace_files.run import job

job.start(snakemake)
posterior = open_posterior(snakemake.input.posterior)
verdict = read_json(snakemake.input.verdict)
draws = {
    "grid": read_draws(snakemake.input.grid_draws),
    "laplace": read_draws(snakemake.input.laplace_draws),
}
write_tree(snakemake.output[0], data_tree(posterior, verdict, draws, snakemake.params.code))

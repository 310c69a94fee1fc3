"""Sample a posterior by NUTS as its exact side, where nothing cheaper can certify."""

import sys

from laplace_approx.nuts.reference import Cheaper, Sampling, nuts_step
from laplace_approx.nuts.sampler import Settings
from laplace_files.artifacts.artifacts import read_json, write_json, write_table
from laplace_files.cases.posterior import open_posterior
from laplace_files.run import extras, job

job.start(snakemake)
posterior, params = open_posterior(snakemake.input.posterior), snakemake.params
brought = [read_json(path) for path in snakemake.input.brought]
tables = nuts_step(
    posterior,
    [read_json(path) for path in snakemake.input.modes],
    Cheaper(
        [read_json(path) for path in snakemake.input.grids],
        read_json(snakemake.input.reference),
        brought[0] if brought else None,
    ),
    Sampling(
        Settings(**params.settings, seed=params.seed),
        params.evaluations,
        params.tolerance,
        extras.missing("nuts"),
    ),
    say=lambda text: print(text, file=sys.stderr),
)
metadata = tables.record["case"] | {"core": params.code}
write_table(snakemake.output.draws, tables.draws, metadata)
write_json(snakemake.output.record, tables.record | {"core": params.code})

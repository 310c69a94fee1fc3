"""Draw from a posterior by an adapted proposal, where no grid is its exact side."""

import sys

from laplace_approx.reference.step import Allowance, reference_step
from laplace_files.artifacts.artifacts import read_json, write_json, write_table
from laplace_files.cases.laplace import open_every_space
from laplace_files.run import job

job.start(snakemake)
tables = reference_step(
    open_every_space(snakemake.input),
    [read_json(path) for path in snakemake.input.grids],
    Allowance(snakemake.params.evaluations, snakemake.params.seed, snakemake.params.at_most),
    say=lambda text: print(text, file=sys.stderr),
)
metadata = tables.record["case"] | {"core": snakemake.params.code}
metadata |= {"seed": snakemake.params.seed, "bit_generator": "PCG64"}
write_table(snakemake.output.draws, tables.draws, metadata)
write_json(snakemake.output.record, tables.record | {"core": snakemake.params.code})

"""Rank the settings of a sweep by how much they move each quantile."""

from laplace_files.artifacts.artifacts import read_table, write_table
from laplace_files.run import job
from laplace_sweep.effects import effects_table
from laplace_sweep.tables import column_of

job.start(snakemake)
rows, _ = read_table(snakemake.input[0])
settings = {name: rows[column_of(name, rows)] for name in snakemake.params.settings}
metadata = {"sweep": snakemake.wildcards.sweep, "core": snakemake.params.code}
write_table(snakemake.output[0], effects_table(rows, settings), metadata)

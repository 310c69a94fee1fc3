"""Gather one step of a sweep in one table."""

from laplace_files.run import job
from laplace_sweep.gather import chunk_files, gather
from laplace_sweep.plan import scenarios_of_part

job.start(snakemake)
sweep = snakemake.params.sweep
scenarios = [(each.key, each.settings) for each in scenarios_of_part(sweep)]
files = chunk_files(list(snakemake.input), [key for key, _ in scenarios])
metadata = {"sweep": snakemake.wildcards.sweep, "core": snakemake.params.code}
gather(files, scenarios, list(sweep["values"]), snakemake.output[0], metadata)

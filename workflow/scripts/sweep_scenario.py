"""Write a scenario of a sweep as a configuration of its own."""

from laplace_files.artifacts.artifacts import write_text
from laplace_files.run import job
from laplace_sweep.replay import overlay_text

job.start(snakemake)
text = overlay_text(snakemake.wildcards.scenario, snakemake.params.definition, snakemake.output[0])
write_text(snakemake.output[0], text)

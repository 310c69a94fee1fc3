"""Run some scenarios of a sweep through every step."""

from pathlib import Path

from laplace_files.run import job
from laplace_sweep.chunk import run_chunk
from laplace_sweep.plan import scenarios_of_part

job.start(snakemake)
part = snakemake.params.part
metadata = {
    "sweep": snakemake.wildcards.sweep,
    "bit_generator": "PCG64",
    "core": snakemake.params.code,
}
folder = Path(snakemake.output[0]).parent
print(run_chunk(scenarios_of_part(part), folder, part["keep"], metadata))

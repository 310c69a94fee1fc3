"""Record what code and which libraries each step runs."""

from pathlib import Path

from laplace_files.artifacts.artifacts import write_json
from laplace_files.run import job
from laplace_files.run.code import describe_steps

job.start(snakemake)
write_json(snakemake.output[0], {"steps": describe_steps(Path(__file__).parent)})

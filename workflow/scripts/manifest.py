"""List every artifact that the configuration asks for, with its bytes and its origin."""

from pathlib import Path

from laplace_files.artifacts.artifacts import write_json, write_text
from laplace_files.artifacts.findings import checksum_lines, manifest
from laplace_files.run import job
from laplace_files.run.code import describe_steps

job.start(snakemake)
listed = manifest(snakemake.params.targets)
rules = {record["rule"] for record in listed["artifacts"]}
steps = describe_steps(Path(__file__).parent)
used = {name: step for name, step in steps.items() if name in rules}
write_json(snakemake.output.record, {**listed, "steps": used})
write_text(snakemake.output.lines, checksum_lines(listed))

"""Measure the claims, and say which of them hold."""

from pathlib import Path

from laplace_files.artifacts.artifacts import write_json
from laplace_files.config.claims import judge_claims
from laplace_files.run import job

job.start(snakemake)
artifacts, results = snakemake.input.get("artifacts", []), Path(snakemake.output[0]).parent
write_json(snakemake.output[0], judge_claims(snakemake.input.claims, artifacts, results))

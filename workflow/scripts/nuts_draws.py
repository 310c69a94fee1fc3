"""Sample a posterior by NUTS, and hold the draws against the gates."""

from laplace_approx.nuts.sampler import Settings
from laplace_approx.nuts.step import sampled
from laplace_files.artifacts.artifacts import write_json, write_table
from laplace_files.cases.posterior import open_posterior
from laplace_files.run import extras, job

job.start(snakemake)
extras.require("nuts")
posterior = open_posterior(snakemake.input.posterior)
seed, code = int(snakemake.wildcards.seed), snakemake.params.code
settings = Settings(**snakemake.params.settings, seed=seed)
found = sampled(posterior.model, posterior.prior, posterior.density(), settings)
case = {**posterior.record["case"], "seed": seed}
write_json(snakemake.output.record, {"case": case, **found.record, "core": code})
metadata = {**case, "status": found.record["status"], "core": code}
write_table(snakemake.output.draws, found.columns, metadata)

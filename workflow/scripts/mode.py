"""Find the mode of a posterior in a space."""

from laplace_approx.mode_record import mode_record
from laplace_approx.outcome import attempt
from laplace_files import job
from laplace_files.artifacts import write_json
from laplace_files.posterior import open_posterior

job.start(snakemake)
posterior = open_posterior(snakemake.input.posterior)
space = posterior.space(snakemake.params.space)
found = attempt("mode", lambda: mode_record(posterior.model, posterior.density(), space))
described = {
    "case": {**posterior.record["case"], "space": snakemake.wildcards.space},
    "parameters": list(posterior.model.parameters),
    "space": snakemake.wildcards.space,
    "space_definition": snakemake.params.space,
    "coordinates": list(space.names),
    "density": space.text,
    "restricts": list(space.restricts),
}
write_json(snakemake.output[0], {**described, **found, "core": snakemake.params.code})

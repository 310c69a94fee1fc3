"""Hold what is on disk now against its laws, and fail if one of them is broken."""

from laplace_audit.findings import require_lawful
from laplace_audit.run import audited, write_if_other
from laplace_files import job

job.start(snakemake)
params = snakemake.params
record = audited(params.asked, params.code, params.disk)
write_if_other(snakemake.params.record, record)
require_lawful(record)

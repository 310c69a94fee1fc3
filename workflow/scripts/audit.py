"""Hold what is on disk now against its laws, and fail if one of them is broken."""

from laplace_audit.findings import FOLDER, require_lawful
from laplace_audit.run import audited, audited_sweep, write_if_other
from laplace_files.run import job

job.start(snakemake)
params = snakemake.params
records = {params.record: audited(params.asked, params.code, params.disk)}
write_if_other(params.record, records[params.record])
for sweep in params.sweeps:
    path = f"{FOLDER}/sweeps/{sweep['name']}/audit.json"
    records[path] = audited_sweep(sweep, params.steps, params.code)
    write_if_other(path, records[path])
require_lawful(records, params.overlays)

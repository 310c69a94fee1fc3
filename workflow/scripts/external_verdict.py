"""Judge draws that another tool made from its normal."""

from pathlib import Path

from laplace_approx.external.figure import external_figure
from laplace_approx.external.judge import judge
from laplace_approx.figures.style import save
from laplace_files.artifacts.artifacts import replacing_folder, write_json, write_table
from laplace_files.cases.external import open_external
from laplace_files.run import job

job.start(snakemake)
name, code = snakemake.wildcards.name, snakemake.params.code
case = open_external(name, snakemake.params.definition)
found = judge(case.draws, snakemake.params.tolerance, snakemake.params.seed)
described = {"case": {"external": name}, "sources": case.sources, "core": code}
write_json(snakemake.output.verdict, described | found.record)
write_table(snakemake.output.quantiles, found.table, {"external": name, "core": code})
with replacing_folder(snakemake.output.figures) as folder:
    if figure := external_figure(found.record, found.table, name):
        save(figure, Path(folder) / "intervals.svg")

"""Set the page: verdicts, pictures, numbers and where each comes from, in one HTML file."""

from laplace_files import job
from laplace_files.artifacts import write_text
from laplace_files.report import Page

job.start(snakemake)
page = Page(snakemake.output[0], snakemake.params.cases, snakemake.input)
write_text(snakemake.output[0], page.html())

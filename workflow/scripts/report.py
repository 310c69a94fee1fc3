"""Set the page: verdicts, pictures, numbers and where each comes from, in one HTML file."""

from laplace_files.artifacts.artifacts import write_text
from laplace_files.export.page import Page
from laplace_files.run import job

job.start(snakemake)
page = Page(snakemake.output[0], snakemake.params.cases, snakemake.input)
write_text(snakemake.output[0], page.html())

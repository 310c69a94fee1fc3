"""Remove what earlier configurations left below results/, and list the files that it was."""

from laplace_files.artifacts.artifacts import write_text
from laplace_files.artifacts.left_over import remove_left_over
from laplace_files.run import job

job.start(snakemake)
removed = remove_left_over(snakemake.params.paths)
write_text(snakemake.output[0], "".join(f"{file}\n" for file in removed))

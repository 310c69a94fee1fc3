"""Draw the pictures of a case."""

from pathlib import Path

from laplace_approx.case_figures import CaseFigures
from laplace_approx.figures.style import save
from laplace_approx.sides import laplace_side
from laplace_files import job
from laplace_files.artifacts import read_tables, replacing_folder
from laplace_files.exact import open_exact
from laplace_files.laplace import open_laplace

job.start(snakemake.log)
laplace = open_laplace(snakemake.input)
record = laplace.posterior.record
pictures = CaseFigures(
    laplace,
    laplace_side(laplace.model, laplace.space, laplace.normal),
    open_exact(snakemake.input, laplace.model),
    {
        "grid": read_tables(snakemake.input.grid_draws),
        "laplace": read_tables(snakemake.input.laplace_draws),
    },
    "/".join(snakemake.wildcards),
)
with replacing_folder(snakemake.output[0]) as folder:
    for name, figure in pictures.all().items():
        save(figure, Path(folder) / f"{name}.svg")

"""Draw the pictures of a case."""

from pathlib import Path

from laplace_approx.comparison.sides import laplace_side
from laplace_approx.figures.of_case import CaseFigures
from laplace_approx.figures.of_verdict import VerdictFigures
from laplace_approx.figures.style import save
from laplace_files.artifacts.artifacts import (
    read_json,
    read_table,
    read_tables,
    replacing_folder,
)
from laplace_files.cases.grid import open_exact
from laplace_files.cases.laplace import open_laplace
from laplace_files.run import job

job.start(snakemake)
laplace = open_laplace(snakemake.input)
side = laplace_side(laplace.model, laplace.space, laplace.normal)
exact = open_exact(snakemake.input, laplace.model)
case = "/".join(snakemake.wildcards)
draws = {
    "grid": read_tables(snakemake.input.grid_draws),
    "laplace": read_tables(snakemake.input.laplace_draws),
}
verdict = read_json(snakemake.input.verdict)
exact = exact.shown(verdict["exact"]["kind"])
tables = {name: read_table(snakemake.input[name])[0] for name in ("remedies", "basin")}
pictures = CaseFigures(laplace, side, exact, draws, verdict, case).all()
pictures |= VerdictFigures(laplace, side, exact, verdict, tables, case).all()
with replacing_folder(snakemake.output[0]) as folder:
    for name, figure in pictures.items():
        save(figure, Path(folder) / f"{name}.svg")

"""Compare the grid, the normal and the draws of NUTS."""

from pathlib import Path

from laplace_approx.comparison.sides import laplace_side
from laplace_approx.figures.style import save
from laplace_approx.nuts.comparison import comparison_table, pictures
from laplace_files.artifacts.artifacts import replacing_folder, write_table
from laplace_files.cases.grid import open_exact
from laplace_files.cases.laplace import open_laplace
from laplace_files.cases.nuts import open_nuts, three_draws
from laplace_files.run import job

job.start(snakemake)
laplace = open_laplace(snakemake.input)
normal = laplace_side(laplace.model, laplace.space, laplace.normal)
exact, nuts = open_exact(snakemake.input, laplace.model), open_nuts(snakemake.input, laplace.model)
table = comparison_table(laplace.model, normal, exact.side, nuts, snakemake.params.probabilities)
metadata = laplace.metadata | {"grid": snakemake.wildcards.grid, "core": snakemake.params.code}
write_table(snakemake.output.table, table, metadata)
drawn = pictures(
    laplace,
    table,
    three_draws(snakemake.input, nuts),
    snakemake.params.tolerance,
    "/".join(snakemake.wildcards),
)
with replacing_folder(snakemake.output.figures) as folder:
    for name, figure in drawn.items():
        save(figure, Path(folder) / f"{name}.svg")

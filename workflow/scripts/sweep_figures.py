"""Draw the error of the normal against the settings of a sweep."""

from pathlib import Path

from laplace_approx.figures.style import save
from laplace_files.artifacts.artifacts import read_table, replacing_folder
from laplace_files.run import job
from laplace_sweep.figures import VERDICT_COLUMNS, sweep_figures
from laplace_sweep.gather import read_columns

job.start(snakemake)
settings = snakemake.params.settings
verdicts = read_columns(snakemake.input.verdicts, [*VERDICT_COLUMNS, *settings])
effects = read_table(snakemake.input.effects)[0]
together = snakemake.params.combine == "zip"
pictures = sweep_figures(verdicts, effects, settings, snakemake.wildcards.sweep, together)
with replacing_folder(snakemake.output[0]) as folder:
    for picture, figure in pictures.items():
        save(figure, Path(folder) / f"{picture}.svg")

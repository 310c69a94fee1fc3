"""Answer exercise 5 of the chapter: the grid, the normal and NUTS."""

from laplace_approx.exercises.nuts import answer
from laplace_approx.figures.style import save
from laplace_files.artifacts.artifacts import replacing_folder, write_json, write_text
from laplace_files.cases.nuts import open_three_way
from laplace_files.run import job

job.start(snakemake)
cases = open_three_way(snakemake.params.cases, snakemake.input)
outcome = answer(cases, snakemake.params.tolerance)
write_json(snakemake.output.record, outcome.record | {"core": snakemake.params.code})
write_text(snakemake.output.text, outcome.text)
with replacing_folder(snakemake.output.figures) as folder:
    if outcome.figure:
        save(outcome.figure, folder / "exercise-5.svg")

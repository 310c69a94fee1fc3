"""Answer exercises 1 to 4 of the chapter."""

from pathlib import Path

from laplace_approx.exercises.answers import answer_all
from laplace_approx.figures.style import save
from laplace_files.artifacts.artifacts import replacing_folder, write_json, write_text
from laplace_files.cases.studied import open_cases
from laplace_files.run import job

job.start(snakemake)
outcomes = answer_all(open_cases(snakemake.params.cases, snakemake.input))
for outcome, record, text in zip(
    outcomes.values(), snakemake.output.records, snakemake.output.texts, strict=True
):
    write_json(record, outcome.record | {"core": snakemake.params.code})
    write_text(text, outcome.text)
with replacing_folder(snakemake.output.figures) as folder:
    for number, outcome in outcomes.items():
        if outcome.figure:
            save(outcome.figure, Path(folder) / f"exercise-{number}.svg")

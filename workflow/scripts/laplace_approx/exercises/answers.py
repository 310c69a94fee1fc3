"""The answers to all exercises; one that cannot be answered says why and stops no other."""

from typing import Any, NamedTuple

from laplace_approx.exercises import factored, ld50, log_beta, priors, wording
from laplace_approx.exercises.study import Skipped, Study

EXERCISES = {1: ld50, 2: log_beta, 3: priors, 4: factored}


class ExerciseOutcome(NamedTuple):
    """What an exercise leaves on disk: a record, a text in Markdown, and a picture or None."""

    record: dict
    text: str
    figure: Any


def answer_all(studied) -> dict[int, ExerciseOutcome]:
    """Return the outcome of every exercise from the cases that were opened."""
    study = Study(studied)
    return {number: _outcome(number, exercise, study) for number, exercise in EXERCISES.items()}


def _outcome(number: int, exercise, study: Study) -> ExerciseOutcome:
    described = {"exercise": number, "title": exercise.TITLE}
    try:
        numbers, text, figure = exercise.answer(study)
    except Skipped as skipped:
        reason = str(skipped)
        text = wording.document(number, exercise.TITLE, f"Skipped. {reason}")
        return ExerciseOutcome({**described, "status": "skipped", "reason": reason}, text, None)
    return ExerciseOutcome({**described, "status": "ok", "reason": None, **numbers}, text, figure)

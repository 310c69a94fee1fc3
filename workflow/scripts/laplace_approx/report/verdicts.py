"""The verdicts in rows: the table that opens the page, and the sentences of a case."""

from laplace_approx.report.case import CasePart
from laplace_approx.verdict.classes import VERDICTS
from laplace_approx.verdict.sentences import method_in_words
from laplace_approx.verdict.short import RESTS_ON, short_reason
from laplace_approx.words.numbers import count, error_sd, listed, share

MEANINGS = {
    "fine": "the ends of the 50 and 95 % intervals are within the tolerance",
    "fine_for_50": "only those of the 50 % interval are",
    "remedy": "neither, but the method that is named is good enough",
    "sample": "nothing tried here is known to be good enough: use Markov chain Monte Carlo",
    "declined": "there is no normal approximation, for the reason that is given",
}
IN_WORDS = {name: name.replace("_", " ") for name in VERDICTS} | {"fine_for_50": "fine for 50 %"}


def verdict_rows(case: CasePart) -> list[dict]:
    """Return a row of text for each quantity of a case, as the first table of the page has it."""
    return [_row(case, name) for name in case.quantities]


def _row(case: CasePart, quantity: str) -> dict:
    judged = case.judged(quantity)
    remedy = judged["remedy"]
    return {
        "quantity": case.label(quantity),
        "verdict": judged["verdict"],
        "in_words": IN_WORDS[judged["verdict"]],
        "error_50": error_sd(judged["endpoint_error_sd"]["50"]["value"]),
        "error_95": error_sd(judged["endpoint_error_sd"]["95"]["value"]),
        "coverage": share(judged["coverage"]["95"]["value"]),
        "rests_on": RESTS_ON.get(judged["rests_on"], judged["rests_on"]),
        "why": short_reason(case.verdict, quantity) or "",
        "remedy": method_in_words(remedy) if remedy else "",
        "evaluations": count(judged["remedy_evaluations"]) if remedy else "",
        "sentence": judged["sentence"],
    }


def sentences(case: CasePart) -> list[dict]:
    """Return the verdict on each quantity in words; of a declined case, what serves all the same.

    The message of a declined case is told once, not for each quantity.
    """
    if not case.declined:
        rows = verdict_rows(case)
        return [{key: row[key] for key in ("verdict", "in_words", "sentence")} for row in rows]
    by_remedy = {}
    for name in case.quantities:
        by_remedy.setdefault(case.judged(name)["remedy"], []).append(name)
    return [
        {
            "verdict": "declined",
            "in_words": IN_WORDS["declined"],
            "sentence": _without_normal(case, remedy, names),
        }
        for remedy, names in by_remedy.items()
    ]


def _without_normal(case: CasePart, remedy: str | None, names: list[str]) -> str:
    labels = listed(case.label(name) for name in names)
    if remedy is None:
        return f"There is no normal approximation for {labels}, and no remedy tried here does."
    known = [case.judged(name)["remedy_evaluations"] for name in names]
    cost = "" if None in known else f", at {count(max(known))} evaluations"
    return (
        f"There is no normal approximation for {labels}. What serves is "
        f"{method_in_words(remedy)}{cost}."
    )


def tally(cases: list[CasePart]) -> list[dict]:
    """Return how many quantities of all cases have each verdict, from best to worst."""
    found = [case.judged(name)["verdict"] for case in cases for name in case.quantities]
    return [
        {
            "verdict": verdict,
            "in_words": IN_WORDS[verdict],
            "count": found.count(verdict),
            "meaning": MEANINGS[verdict],
        }
        for verdict in VERDICTS
    ]

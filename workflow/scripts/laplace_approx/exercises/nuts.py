"""Exercise 5: the grid, the normal and NUTS on one posterior: where they agree, and where not."""

from typing import NamedTuple

import numpy as np

from laplace_approx.comparison.rows import rows_of
from laplace_approx.exercises import wording
from laplace_approx.exercises.answers import ExerciseOutcome
from laplace_approx.figures.text import axis_texts
from laplace_approx.nuts.comparison import PROBABILITIES, interval_figure
from laplace_approx.words.blocks import Block, table
from laplace_approx.words.numbers import nominal, signed, significant

NUMBER = 5  # of the exercise
TITLE = "the grid, the normal and NUTS"
SIDES = {"grid": "grid (exact)", "nuts": "NUTS", "laplace": "normal"}


class ThreeWay(NamedTuple):
    """A case with its posterior's record, its runs of NUTS and its table of three sides."""

    name: str
    posterior: dict
    runs: list[dict]
    table: dict


def answer(cases: list[ThreeWay], tolerance: float) -> ExerciseOutcome:
    """Return the record, the text and the picture; without a case that can be told, why not."""
    described = {"exercise": NUMBER, "title": TITLE}
    usable = [case for case in cases if case.table["quantity"] and _known(case)]
    if not usable:
        reason = _why_not(cases)
        text = wording.document(NUMBER, TITLE, f"Skipped. {reason}")
        return ExerciseOutcome({**described, "status": "skipped", "reason": reason}, text, None)
    numbers = {case.name: _numbers(case) for case in usable}
    parts = [part for case in usable for part in _text(case, numbers[case.name])]
    record = {**described, "status": "ok", "reason": None, "cases": numbers}
    first = usable[0]
    figure = interval_figure(first.table, tolerance, axis_texts(first.posterior), first.name)
    return ExerciseOutcome(record, wording.document(NUMBER, TITLE, *parts), figure)


def _known(case: ThreeWay) -> bool:
    return all(np.isfinite(case.table[side]).any() for side in SIDES)


def _why_not(cases: list[ThreeWay]) -> str:
    if not cases:
        return "It looks at the cases under `nuts`, and the configuration has none."
    messages = [run["message"] for case in cases for run in case.runs if run["message"]]
    return " ".join(messages) or "The normal or the exact side of its cases is not there."


def _numbers(case: ThreeWay) -> dict:
    names = list(dict.fromkeys(case.table["quantity"]))
    each = {name: _quantity(case.table, name) for name in names}
    with np.errstate(divide="ignore", invalid="ignore"):
        scores = case.table["nuts_difference_sd"] / case.table["nuts_difference_sd_mcse"]
    scores = np.abs(scores[np.isfinite(scores)])
    return {
        "quantities": each,
        "nuts_against_grid": {
            "largest_difference_sd": float(np.nanmax(np.abs(case.table["nuts_difference_sd"]))),
            "largest_score": float(scores.max()),
            "beyond_two_errors": int(np.sum(scores > 2)),
            "compared": int(scores.size),
        },
        "runs": [{key: run[key] for key in ("sampler", "diagnostics")} for run in case.runs],
    }


def _quantity(table: dict, name: str) -> dict:
    places = rows_of(table).places(name, PROBABILITIES)
    columns = (*SIDES, "nuts_mcse", "nuts_difference_sd", "nuts_difference_sd_mcse")
    found = {key: table[key][places].tolist() for key in (*columns, "laplace_difference_sd")}
    return {"probabilities": list(PROBABILITIES), **found}


def _text(case: ThreeWay, numbers: dict) -> list[Block | str]:
    heads = ["", *(nominal(p) for p in PROBABILITIES)]
    rows = [
        [f"{name}, {label}", *(significant(x) for x in found[side])]
        for name, found in numbers["quantities"].items()
        for side, label in SIDES.items()
    ]
    return [
        f"## `{case.name}`",
        f"Prior: {case.posterior['prior']['text']}. {_runs(numbers['runs'])}{_given(case)}",
        table(heads, rows),
        _agreement(numbers["nuts_against_grid"]),
        _disagreement(numbers["quantities"]),
    ]


def _given(case: ThreeWay) -> str:
    """Return the conditions under which derived quantities are looked at."""
    conditions = {
        name: quantity["condition"]
        for name, quantity in case.posterior["quantities"].items()
        if quantity["conditional"]
    }
    shown = [f"{name} given {text or 'its condition'}" for name, text in conditions.items()]
    return f" {', '.join(shown)} throughout." if shown else ""


def _runs(runs: list[dict]) -> str:
    sampler = runs[0]["sampler"]
    each = [one for run in runs for one in run["diagnostics"]["parameters"].values()]
    r_hat = max(one["r_hat"] for one in each)
    fewest = min(min(one["bulk_ess"], one["tail_ess"]) for one in each)
    return (
        f"NUTS ({sampler['library']}): {sampler['chains']} chains of {sampler['draws']} draws "
        f"after {sampler['tune']} of tuning, R-hat at most {r_hat:.4f}, at least {fewest:.0f} "
        "effective draws, no divergence."
    )


def _agreement(found: dict) -> str:
    share = f"{found['beyond_two_errors']} of {found['compared']}"
    return (
        "**Where they agree.** NUTS and the grid: their quantiles differ by at most "
        f"{significant(found['largest_difference_sd'], 2)} exact SD, and by at most "
        f"{significant(found['largest_score'], 2)} Monte Carlo standard errors of NUTS; {share} "
        "differences exceed two (chance alone gives about 5 %, and quantiles of one quantity go "
        "together)."
    )


def _disagreement(quantities: dict) -> str:
    sentences = []
    for name, found in quantities.items():
        away = np.array(found["laplace_difference_sd"])
        errors = np.array(found["nuts_difference_sd_mcse"])
        half, wide = (float(np.max(np.abs(away[ends]))) for ends in ([1, 3], [0, 4]))
        if not np.isfinite(half + wide):
            sentences.append(f"for {name} an end of the normal's interval is not known")
            continue
        lower, upper = away[0], away[4]
        seen = float(np.max(np.abs(away) / errors))
        sentences.append(
            f"for {name} the ends of the 50 % interval are off by up to {significant(half, 2)} "
            f"SD, and those of the 95 % interval by {signed(lower)} and "
            f"{signed(upper)} SD, up to {seen:.0f} standard errors of NUTS"
        )
    return f"**Where not.** The normal against both: {'; '.join(sentences)}."

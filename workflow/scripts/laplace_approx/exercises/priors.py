"""Exercise 3: what normal priors do to the mode and to the covariance."""

import operator

import numpy as np

from laplace_approx.exercises import wording
from laplace_approx.exercises.study import BIOASSAY, ExerciseAnswer, Skipped, Study
from laplace_approx.figures.text import axis_texts
from laplace_approx.words.blocks import items, table
from laplace_approx.words.numbers import signed, significant

TITLE = "normal priors, and both readings of N(0, 4) and N(10, 10)"
PARAMETERS = ("alpha", "beta")
READINGS = ("normal_sd", "normal_variance")
NORMAL = {"normal", "multivariate_normal"}
ELLIPSE = 0.95  # of the normal's mass


def answer(study: Study) -> ExerciseAnswer:
    """Return, for each prior, where the mode moves and how the covariance tightens."""
    flat = study.usable(BIOASSAY, "flat", "natural", PARAMETERS)
    others = [prior for prior in study.priors(BIOASSAY, "natural") if _is_normal(study, prior)]
    if not others:
        raise Skipped(f"It is about normal priors, and no case of {BIOASSAY} has one.")
    cases = [flat, *(study.usable(BIOASSAY, prior, "natural", PARAMETERS) for prior in others)]
    numbers = {
        "cases": [case.name for case in cases],
        "flat": _alone(flat),
        "priors": {case.prior: _alone(case) | _against(case, flat) for case in cases[1:]},
    }
    return ExerciseAnswer(numbers, _text(cases, numbers), _figure(cases))


def _is_normal(study: Study, prior: str) -> bool:
    definition = study.definition(BIOASSAY, prior)
    families = [settings["family"] for settings in definition.values()]
    return bool(families) and set(families) <= NORMAL


def _alone(case) -> dict:
    curvature, exact = case.laplace.curvature, case.exact.record
    return {
        "prior": case.record["prior"]["text"],
        "mode": _named(case.laplace.mode["theta"]),
        "sd": _named(curvature["sd"]),
        "correlation": curvature["correlation"][0][1],
        "covariance_determinant": float(np.linalg.det(curvature["covariance"])),
        "log_evidence": {"laplace": curvature["log_evidence"], "exact": exact["log_evidence"]},
        "exact_mean": exact["mean"],
        "exact_sd": exact["sd"],
    }


def _against(case, flat) -> dict:
    """Return the shift of the mode in SDs of the normal under the flat prior, and the ratios."""
    here, there = _alone(case), _alone(flat)
    modes, means = (_each(operator.sub, here[key], there[key]) for key in ("mode", "exact_mean"))
    return {
        "mode_shift": modes,
        "mode_shift_sd": _each(operator.truediv, modes, there["sd"]),
        "sd_ratio": _each(operator.truediv, here["sd"], there["sd"]),
        "determinant_ratio": here["covariance_determinant"] / there["covariance_determinant"],
        "exact_mean_shift_sd": _each(operator.truediv, means, there["exact_sd"]),
        "exact_sd_ratio": _each(operator.truediv, here["exact_sd"], there["exact_sd"]),
    }


def _named(values) -> dict[str, float]:
    return dict(zip(PARAMETERS, map(float, values), strict=True))


def _each(function, *named) -> dict[str, float]:
    return {name: function(*(values[name] for values in named)) for name in PARAMETERS}


def _text(cases, numbers: dict) -> str:
    heads = ["prior", "mode", "moved, in flat SDs", "SDs", "SD ratios", "determinant ratio"]
    rows = [["`flat`", _pair(numbers["flat"]["mode"]), "", _pair(numbers["flat"]["sd"]), "", ""]]
    for prior, found in numbers["priors"].items():
        moved = _pair(found["mode_shift_sd"], signed)
        ratios = _pair(found["sd_ratio"])
        determinant = significant(found["determinant_ratio"])
        modes, sds = _pair(found["mode"]), _pair(found["sd"])
        rows.append([f"`{prior}`", modes, moved, sds, ratios, determinant])
    meanings = items(f"`{case.prior}`: {case.record['prior']['text']}" for case in cases)
    return wording.document(
        3,
        TITLE,
        f"The normal approximation of {BIOASSAY} in (alpha, beta) under each prior; pairs are of "
        "alpha and beta, and ratios are to the flat prior.",
        meanings,
        table(heads, rows),
        *(_moves(prior, found) for prior, found in numbers["priors"].items()),
        *_shrinking(numbers),
        *_readings(numbers["priors"]),
    )


def _pair(named: dict, write=significant) -> str:
    return f"({', '.join(write(named[name]) for name in PARAMETERS)})"


def _moves(prior: str, found: dict) -> str:
    moves = [
        f"{name} {'up' if found['mode_shift'][name] > 0 else 'down'} by "
        f"{significant(abs(found['mode_shift'][name]))} "
        f"({significant(abs(found['mode_shift_sd'][name]))} SD)"
        for name in PARAMETERS
    ]
    widths = [
        f"that of {name} by {significant(100 * (1 - found['sd_ratio'][name]), 2)} %"
        for name in PARAMETERS
    ]
    return (
        f"`{prior}` moves the mode of {' and of '.join(moves)}. It cuts the SDs, "
        f"{' and '.join(widths)}, and the determinant of the covariance to "
        f"{wording.percent(found['determinant_ratio'])} of what it was."
    )


def _shrinking(numbers: dict) -> list[str]:
    """Return what is to be said where priors that should shrink a mode move it outwards."""
    outwards = [
        name
        for name in PARAMETERS
        if all(
            found["mode_shift"][name] * numbers["flat"]["mode"][name] > 0
            for found in numbers["priors"].values()
        )
    ]
    if not outwards:
        return []
    return [
        "The exercise asks how much the prior shrinks the mode. The mode of "
        f"{' and of '.join(outwards)} is not shrunk: each of these priors moves it away from 0."
    ]


def _readings(priors: dict) -> list[str]:
    """Return what the two readings of the exercise differ by, where both are there."""
    if not all(reading in priors for reading in READINGS):
        return []
    first, second = (priors[reading] for reading in READINGS)
    ratio = first["sd"]["beta"] / second["sd"]["beta"]
    return [
        f"The exercise does not say whether its second numbers are standard deviations "
        f"(`{READINGS[0]}`) or variances (`{READINGS[1]}`). The SD of beta is "
        f"{significant(first['sd']['beta'])} in the one reading and "
        f"{significant(second['sd']['beta'])} in the other, a ratio of "
        f"{significant(ratio)}; so a prior here always says which."
    ]


def _figure(cases):
    from laplace_approx.figures.prior_effect import PriorFit, prior_effect
    from laplace_approx.figures.regions import ellipse

    fits = [
        PriorFit(
            case.prior,
            np.array(case.laplace.mode["theta"]),
            ellipse(case.laplace.mode["theta"], case.laplace.curvature["covariance"], ELLIPSE),
        )
        for case in cases
    ]
    return prior_effect(
        fits, PARAMETERS, units=axis_texts(cases[0].record), case=f"{BIOASSAY}/natural"
    )

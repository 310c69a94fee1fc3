"""Exercise 2: the bioassay in (alpha, log beta). Does the tail of beta look more Gaussian?"""

import numpy as np

from laplace_approx.exercises import wording
from laplace_approx.exercises.interval_errors import (
    PROBABILITIES,
    density_curves,
    interval_errors,
    joint_distance,
)
from laplace_approx.exercises.study import BIOASSAY, ExerciseAnswer, Study
from laplace_approx.figures.text import axis_texts
from laplace_approx.words.blocks import table
from laplace_approx.words.numbers import nominal, signed, significant

TITLE = "beta against log beta"
SPACES = ("natural", "log_beta")
PARAMETERS = ("alpha", "beta")


def answer(study: Study) -> ExerciseAnswer:
    """Return the errors of both spaces and the skewness of beta and of log beta."""
    cases = [study.usable(BIOASSAY, "flat", space, PARAMETERS) for space in SPACES]
    numbers = _numbers(cases)
    return ExerciseAnswer(numbers, _text(cases[0], numbers), _figure(cases))


def _numbers(cases) -> dict:
    exact = cases[0].exact.side
    quantiles = {name: exact.quantiles(name, PROBABILITIES).value for name in PARAMETERS}
    fits = {
        case.space: {
            name: interval_errors(
                case.side,
                name,
                quantiles[name],
                lambda x, name=name: exact.cdf(name, x).value,
                exact.scale(name),
            )
            for name in PARAMETERS
        }
        for case in cases
    }
    return {
        "cases": [case.name for case in cases],
        "density": {case.space: case.laplace.space.text for case in cases},
        "probabilities": PROBABILITIES,
        "exact": quantiles,
        "exact_sd": {name: exact.scale(name) for name in PARAMETERS},
        "laplace": fits,
        "exact_skewness": _skewness(cases[0]),
        "total_variation": {case.space: joint_distance(case) for case in cases},
    }


def _skewness(case) -> dict[str, float]:
    """Return the exact skewness of beta and, given beta > 0, of log beta.

    That of log beta is E[(x - E x)^3] / Var(x)^1.5 by a sum over narrow steps of x = log beta, each
    with the probability between its ends; exp(40) below the largest beta nothing is left.
    """
    exact = case.exact.side
    top = np.log(exact.marginals["beta"].value[-1])
    ends = np.linspace(top - 40, top, 40_001)
    mass = np.diff(exact.cdf("beta", np.exp(ends)).value)
    mass /= np.sum(mass)
    x = (ends[:-1] + ends[1:]) / 2
    away = x - mass @ x
    return {
        "beta": case.exact.record["skewness"]["beta"],
        "log_beta": float(mass @ away**3 / (mass @ away**2) ** 1.5),
    }


def _text(case, numbers: dict) -> str:
    heads = ["beta", *(nominal(p) for p in PROBABILITIES), "95 % covers"]
    rows = [["exact", *map(significant, numbers["exact"]["beta"]), "95.0 %"]]
    for space, fit in numbers["laplace"].items():
        covered = wording.percent(fit["beta"]["coverage"]["0.95"])
        rows.append([f"normal in `{space}`", *map(significant, fit["beta"]["quantiles"]), covered])
        rows.append(["error in exact SDs", *map(signed, fit["beta"]["error_sd"]), ""])
    return wording.document(
        2,
        TITLE,
        wording.setting(case) + " " + _densities(numbers["density"]),
        table(heads, rows),
        _skewed(numbers["exact_skewness"]),
        _tail(numbers),
    )


def _densities(texts: dict) -> str:
    named = "; ".join(f"in `{space}`, {text}" for space, text in texts.items())
    return f"The density that the normal approximates is, {named}."


def _skewed(skewness: dict) -> str:
    before, after = skewness["beta"], skewness["log_beta"]
    judged = "Yes" if abs(after) < abs(before) else "No"
    side = " and on the other side" if before * after < 0 else ""
    change = f"smaller{side}" if judged == "Yes" else f"larger{side}"
    return (
        f"Does beta look more Gaussian? {judged}: the exact skewness is {signed(before)} "
        f"in beta and {signed(after)} in log beta, {change}."
    )


def _tail(numbers: dict) -> str:
    ends = {space: fit["beta"]["error_sd"][-1] for space, fit in numbers["laplace"].items()}
    distance = numbers["total_variation"]
    natural, log = (_miss(ends[space]) for space in SPACES)
    return (
        f"The upper end of the 95 % interval of beta is {natural} in `natural` and {log} in "
        "`log_beta`. The total variation of the joint approximation goes from "
        f"{significant(distance['natural'])} to {significant(distance['log_beta'])}."
    )


def _miss(error: float) -> str:
    return f"{significant(abs(error))} exact SD too {'high' if error > 0 else 'low'}"


def _figure(cases):
    from laplace_approx.figures.spaces import spaces

    curves = density_curves(cases, "beta")
    name = f"{cases[0].model}/{cases[0].prior}, grid {cases[0].grid}"
    return spaces("beta", *curves, units=axis_texts(cases[0].record), case=name)

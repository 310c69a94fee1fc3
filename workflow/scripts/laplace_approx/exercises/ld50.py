"""Exercise 1: the LD50 from the Laplace draws and from the grid, and why they disagree."""

import numpy as np

from laplace_approx.comparison.sides import LATTICE_POINTS
from laplace_approx.density.model import condition_holds, evaluate_quantity
from laplace_approx.exact.derived.quantiles import DerivedQuantity
from laplace_approx.exact.draw_quantiles import draw_quantiles
from laplace_approx.exact.normal_lattice import normal_lattice
from laplace_approx.exercises import wording
from laplace_approx.exercises.study import BIOASSAY, ExerciseAnswer, Skipped, Study
from laplace_approx.figures.text import axis_texts
from laplace_approx.words.blocks import table
from laplace_approx.words.numbers import nominal, significant

TITLE = "LD50 from the draws, and where the discrepancy comes from"
PROBABILITIES = np.array([0.025, 0.25, 0.5, 0.75, 0.975])
LD50 = "ld50"


def answer(study: Study) -> ExerciseAnswer:
    """Return the LD50 of both sides, given beta > 0 and without that condition."""
    case = study.usable(BIOASSAY, "flat", "natural", ("alpha", "beta"))
    if LD50 not in case.laplace.model.quantities:
        raise Skipped(f"It is about the quantity {LD50}, which the model {case.model} has not.")
    numbers = _numbers(case)
    return ExerciseAnswer(numbers, _text(case, numbers), _figure(case))


def _numbers(case) -> dict:
    side, exact = case.side, case.exact.side
    quantiles = {
        "exact": exact.quantiles(LD50, PROBABILITIES).value,
        "grid_draws": _of_draws(case, "grid", True),
        "normal_given_condition": side.quantiles(LD50, PROBABILITIES).value,
        "normal_all": _unconditional(case).quantiles(PROBABILITIES).value,
        "laplace_draws_given_condition": _of_draws(case, "laplace", True),
        "laplace_draws_all": _of_draws(case, "laplace", False),
    }
    excess = {
        key: _length(quantiles[key]) - _length(quantiles["exact"])
        for key in ("normal_given_condition", "normal_all")
    }
    small = float(exact.quantiles("beta", PROBABILITIES[:1]).value[0])
    not_positive = {"normal": _below(side, 0.0), "exact": _below(exact, 0.0)}
    return {
        "case": case.name,
        "probabilities": PROBABILITIES,
        "ld50": quantiles,
        "interval_95_length": {key: _length(values) for key, values in quantiles.items()},
        "excess_length": excess,
        "excess_removed_by_condition": 1 - excess["normal_given_condition"] / excess["normal_all"],
        "share_beta_not_positive": {
            **not_positive,
            **{f"{source}_draws": float(np.mean(~_held(case, source))) for source in case.draws},
        },
        "count_beta_not_positive": {s: int(np.sum(~_held(case, s))) for s in case.draws},
        "n_draws": {source: _held(case, source).size for source in case.draws},
        "small_beta": {
            "below": small,
            "normal": _below(side, small) - not_positive["normal"],
            "exact": _below(exact, small) - not_positive["exact"],
        },
    }


def _below(side, value: float) -> float:
    """Return P(beta <= value)."""
    return float(side.cdf("beta", np.array([value])).value[0])


def _unconditional(case) -> DerivedQuantity:
    """Return the distribution of -alpha / beta under the normal, whatever the sign of beta."""
    model, normal, space = case.laplace.model, case.laplace.normal, case.laplace.space
    return DerivedQuantity(
        normal_lattice(normal, LATTICE_POINTS[2]),
        lambda z: evaluate_quantity(model, LD50, space.constrain(z)),
    )


def _held(case, source: str):
    theta = np.stack([case.draws[source][p] for p in case.laplace.model.parameters], axis=-1)
    return condition_holds(case.laplace.model, LD50, theta)


def _of_draws(case, source: str, conditional: bool):
    kept = _held(case, source) if conditional else slice(None)
    return draw_quantiles(case.draws[source][LD50][kept], PROBABILITIES).value


def _length(quantiles) -> float:
    return float(quantiles[-1] - quantiles[0])


_ROWS = {
    "exact": "exact, given beta > 0",
    "grid_draws": "grid draws, given beta > 0",
    "normal_given_condition": "normal, given beta > 0",
    "normal_all": "normal, all of it",
    "laplace_draws_given_condition": "Laplace draws, given beta > 0",
    "laplace_draws_all": "Laplace draws, all of them",
}


def _text(case, numbers: dict) -> str:
    rows = [
        [label, *(significant(x) for x in numbers["ld50"][key])] for key, label in _ROWS.items()
    ]
    heads = ["LD50", *(nominal(p) for p in PROBABILITIES)]
    share, count = numbers["share_beta_not_positive"], numbers["count_beta_not_positive"]
    leak = (
        f"The normal gives beta <= 0 a probability of {wording.percent(share['normal'])} "
        f"({count['laplace']} of {numbers['n_draws']['laplace']} draws); the exact posterior gives "
        f"it {wording.percent(share['exact'])}. There -alpha / beta is not the dose that kills "
        "half of the animals, but a number of no meaning, and near beta = 0 it is as large as one "
        "likes. So the LD50 has no mean under the normal, and only quantiles are compared."
    )
    return wording.document(
        1, TITLE, wording.setting(case), table(heads, rows), leak, _source(numbers)
    )


def _source(numbers: dict) -> str:
    length, excess, small = (
        numbers[key] for key in ("interval_95_length", "excess_length", "small_beta")
    )
    lengths = (
        f"The central 95 % interval is {significant(length['exact'])} long exactly, "
        f"{significant(length['normal_all'])} under the whole normal and "
        f"{significant(length['normal_given_condition'])} under the normal given beta > 0."
    )
    if not (excess["normal_all"] > 0 and excess["normal_given_condition"] > 0):
        return lengths
    removed = numbers["excess_removed_by_condition"]
    return (
        f"{lengths} So the draws with beta <= 0, at which the chapter's hint points, account for "
        f"{significant(100 * removed, 2)} % of the excess length. The rest stays when they are "
        "dropped: it comes from draws with a beta above 0 that is too small. Between 0 and "
        f"{significant(small['below'])}, the exact 2.5 % quantile of beta, the normal has "
        f"{wording.percent(small['normal'])} of its mass, the exact posterior "
        f"{wording.percent(small['exact'])}."
    )


def _figure(case):
    from laplace_approx.figures.quantities import Quantity, quantities

    held = {source: _held(case, source) for source in case.draws}
    values = {source: columns[LD50] for source, columns in case.draws.items()}
    central = tuple(case.exact.side.quantiles(LD50, np.array([0.005, 0.995])).value)
    given = Quantity(
        name=f"{LD50} given beta > 0",
        draws={source: values[source][kept] for source, kept in held.items()},
        excluded={source: int(np.sum(~kept)) for source, kept in held.items()},
        condition="beta > 0",
        central=central,
    )
    every = Quantity(name=f"{LD50}, all draws", draws=values, central=central)
    label, unit = axis_texts(case.record).get(LD50, (LD50, ""))
    units = {
        given.name: (f"{label} given beta > 0", unit),
        every.name: (f"{label}, all draws", unit),
    }
    return quantities([given, every], units=units, case=case.name)

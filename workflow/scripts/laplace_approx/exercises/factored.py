"""Exercise 4: the normal model in three spaces against its analytic factored posterior."""

import numpy as np

from laplace_approx.exercises import wording
from laplace_approx.exercises.interval_errors import (
    PROBABILITIES,
    density_curves,
    interval_errors,
    joint_distance,
)
from laplace_approx.exercises.normal_model import NormalPosterior, normal_posterior
from laplace_approx.exercises.study import WINDSHIELD, ExerciseAnswer, Skipped, Study
from laplace_approx.figures.text import axis_texts
from laplace_approx.words.blocks import Block, table
from laplace_approx.words.numbers import nominal, signed, significant

TITLE = "the normal model in (mu, log sigma), (mu, sigma) and (mu, sigma squared)"
PRIOR = "reciprocal"
SPACES = ("log_sigma", "natural", "sigma_squared")
PARAMETERS = ("mu", "sigma")
ROUNDING = 1e-14  # agreement closer than this is luck


def answer(study: Study) -> ExerciseAnswer:
    """Return the errors of the three spaces against the factored posterior, and the grid's."""
    cases = [study.usable(WINDSHIELD, PRIOR, space, PARAMETERS) for space in SPACES]
    numbers = _numbers(cases, analytic_posterior(cases[0]))
    return ExerciseAnswer(numbers, _text(cases[0], numbers), _figure(cases))


def analytic_posterior(case) -> NormalPosterior:
    """Return p(mu, sigma | y) in closed form for a case of the normal model; raises Skipped."""
    definition = case.record["prior"]["definition"]
    if definition not in ({}, {"sigma": {"family": "reciprocal"}}) or set(case.data) != {"y"}:
        raise Skipped(
            f"It compares with the factored posterior of a normal model, known for values y under "
            f"a flat prior or 1 / sigma; {case.name} has the prior {case.record['prior']['text']}."
        )
    return normal_posterior(case.data["y"], 1.0 if definition else 0.0)


def _numbers(cases, posterior: NormalPosterior) -> dict:
    quantile = {"mu": posterior.mu_quantile, "sigma": posterior.sigma_quantile}
    cdf = {"mu": posterior.mu_cdf, "sigma": posterior.sigma_cdf}
    analytic = {name: quantile[name](PROBABILITIES) for name in PARAMETERS}
    grid = cases[0].exact
    return {
        "cases": [case.name for case in cases],
        "density": {case.space: case.laplace.space.text for case in cases},
        "n": posterior.n,
        "degrees_of_freedom": posterior.df,
        "probabilities": PROBABILITIES,
        "analytic": analytic,
        "grid": {name: grid.side.quantiles(name, PROBABILITIES).value for name in PARAMETERS},
        "grid_error": {name: grid.side.quantiles(name, PROBABILITIES).error for name in PARAMETERS},
        "exact_sd": {name: grid.side.scale(name) for name in PARAMETERS},
        "log_evidence": {
            "analytic": posterior.log_evidence(),
            "grid": grid.record["log_evidence"],
            **{case.space: case.laplace.curvature["log_evidence"] for case in cases},
        },
        "laplace": {
            case.space: {
                name: interval_errors(
                    case.side, name, analytic[name], cdf[name], grid.side.scale(name)
                )
                for name in PARAMETERS
            }
            for case in cases
        },
        "total_variation": {case.space: joint_distance(case) for case in cases},
    }


def _text(case, numbers: dict) -> str:
    return wording.document(
        4,
        TITLE,
        f"{wording.setting(case)} The {numbers['n']} values give mu a Student t with "
        f"{numbers['degrees_of_freedom']:g} degrees of freedom, and sigma squared a scaled inverse "
        "chi-squared (BDA3, section 3.2): no grid and no draws are needed for the exact side.",
        _table(numbers),
        _agreement(numbers),
        _judgement(numbers),
    )


def _table(numbers: dict) -> Block:
    heads = ["", *(nominal(p) for p in PROBABILITIES), "50 % covers", "95 % covers"]
    rows = []
    for name in reversed(PARAMETERS):
        exact = map(significant, numbers["analytic"][name])
        rows.append([f"{name}, exact", *exact, "50.0 %", "95.0 %"])
        for space, fit in numbers["laplace"].items():
            ends = [signed(error) for error in fit[name]["error_sd"]]
            covered = [wording.percent(fit[name]["coverage"][level]) for level in ("0.5", "0.95")]
            rows.append([f"{name} in `{space}`, error in exact SDs", *ends, *covered])
    return table(heads, rows)


def _agreement(numbers: dict) -> str:
    apart = max(
        float(np.max(np.abs(numbers["grid"][name] - numbers["analytic"][name])))
        / numbers["exact_sd"][name]
        for name in PARAMETERS
    )
    evidence = numbers["log_evidence"]
    evidence_apart = max(abs(evidence["grid"] - evidence["analytic"]), ROUNDING)
    return (
        f"The grid agrees with these quantiles to {apart:.1g} exact SDs, and with the analytic log "
        f"evidence of {evidence['analytic']:.6f} to {evidence_apart:.1g}."
    )


def _judgement(numbers: dict) -> str:
    distance, fits = numbers["total_variation"], numbers["laplace"]
    order = sorted(SPACES, key=distance.get)
    listed = ", ".join(f"{significant(distance[space])} in `{space}`" for space in order)
    best = fits[order[0]]
    covered = [wording.percent(best[name]["coverage"]["0.95"]) for name in ("sigma", "mu")]
    worst = max(
        (float(np.nanmax(np.abs(fit[name]["error_sd"]))), name)
        for fit in [best]
        for name in PARAMETERS
    )
    return (
        f"The total variation of the joint approximation is {listed}: the space matters, and "
        f"`{order[0]}` serves best. Whether it makes Laplace work is another question: there the "
        f"95 % interval of sigma covers {covered[0]} and that of mu {covered[1]}, and the worst "
        f"end is {significant(worst[0])} exact SD off, for {worst[1]}. No transform of sigma "
        "gives mu the tails of its Student t."
    )


def _figure(cases):
    from laplace_approx.figures.spaces import spaces

    curves = density_curves(cases, "sigma")
    name = f"{cases[0].model}/{cases[0].prior}, grid {cases[0].grid}"
    return spaces("sigma", *curves, units=axis_texts(cases[0].record), case=name)

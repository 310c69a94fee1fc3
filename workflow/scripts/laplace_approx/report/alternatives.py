"""What a picture shows, in words for those who do not see it: from the numbers it is drawn from."""

import math

import numpy as np

from laplace_approx.comparison.intervals import LEVELS, percent
from laplace_approx.comparison.rows import rows_of
from laplace_approx.report.case import CasePart
from laplace_approx.verdict.decision import methods_of
from laplace_approx.verdict.sentences import method_in_words
from laplace_approx.words.numbers import (
    count,
    error_sd,
    known,
    known_pair,
    listed,
    mass,
    number,
    pair,
    share,
)
from laplace_approx.words.units import unit_in_short

LADDER = "remedy_ladder_"


def alternative(picture: str, case: CasePart) -> str:
    """Return the alternative text of a picture of a case, by the picture's file stem."""
    if picture.startswith(LADDER):
        return _ladder(case, picture.removeprefix(LADDER))
    return _BY_PICTURE.get(picture, _unknown)(case)


def caption(picture: str, case: CasePart) -> str:
    """Return the few words under a picture."""
    if picture.startswith(LADDER):
        return f"Remedies for {case.label(picture.removeprefix(LADDER))}: error against cost"
    return CAPTIONS.get(picture, picture.replace("_", " "))


CAPTIONS = {
    "declined": "Why the case is declined",
    "contours": "The exact posterior and the ellipses of the normal",
    "marginals": "The marginals with their 50 and 95 % intervals",
    "quantile_quantile": "Quantiles of the normal against the exact ones",
    "coverage": "What the intervals of the normal really hold",
    "overlay": "Exact draws under Laplace draws",
    "quantities": "The derived quantities under both",
    "tails": "The tails on a logarithmic scale",
    "newton_path": "Newton's way to the mode",
    "newton_basin": "Starts from which Newton's method finds the mode",
    "replication": "Error against the number of copies of the data",
    "laplace_draws": "Draws from the normal",
}


def _unknown(case: CasePart) -> str:
    return f"A picture of the case {case.name}."


def _declined(case: CasePart) -> str:
    reason = case.curvature["reason"].replace("_", " ")
    return f"A card that says: declined, {reason}. {case.message}"


def _at_mode(case: CasePart) -> str:
    found = zip(case.parameters, case.mode["theta"], strict=True)
    return listed(f"{name} {number(value)}" for name, value in found)


def _both_intervals(case: CasePart, quantity: str, level: str = "95") -> str:
    ends = case.judged(quantity)["intervals"][level]
    return (
        f"{case.label(quantity)}: {known_pair(ends['exact'], ends['exact_error'])} exactly, "
        f"{pair(ends['laplace'])} under the normal"
    )


def _contours(case: CasePart) -> str:
    mean = listed(
        f"{name} {known(case.grid['mean'][name], case.grid['mean_error'][name])}"
        for name in case.parameters
    )
    held = case.verdict["joint"]["ellipse_coverage"]["levels"]["95"]["value"]
    tilt = ""
    if len(case.parameters) == 2:
        exact, normal = case.grid["correlation"][0][1], case.curvature["correlation"][0][1]
        tilt = (
            f" The correlation is {number(exact, 2)} exactly and, in the space {case.key[2]}, "
            f"{number(normal, 2)} in the normal."
        )
    return (
        f"Contours of the exact posterior with ellipses of the normal around the mode, "
        f"{_at_mode(case)}. The exact mean is {mean}.{tilt} "
        f"The 95 % ellipse holds {share(held)} of the posterior."
    )


def _marginals(case: CasePart) -> str:
    each = "; ".join(_both_intervals(case, name) for name in case.parameters)
    skewness = case.grid["skewness"] or {}
    skewed = listed(f"{number(skewness.get(name), 2)} ({name})" for name in case.parameters)
    return (
        f"Marginal densities, exact and normal. 95 % intervals: {each}. Exact skewness: {skewed}."
    )


def _coverage(case: CasePart) -> str:
    each = []
    for name in case.quantities:
        held = case.judged(name)["coverage"]
        values = [share(held[percent(level)]["value"]) for level in LEVELS]
        each.append(f"{case.label(name)}: {', '.join(values)}")
    nominal = ", ".join(percent(level) for level in LEVELS)
    return f"What the nominal {nominal} % intervals hold of the posterior. {'; '.join(each)}."


def _quantile_quantile(case: CasePart) -> str:
    each = [_largest_difference(case, name) for name in case.quantities]
    return f"Quantiles of the normal against the exact ones. {' '.join(filter(None, each))}"


def _largest_difference(case: CasePart, quantity: str) -> str:
    rows = rows_of(case.quantiles).of(quantity)
    off = np.array([case.quantiles["difference_sd"][row] for row in rows], dtype=float)
    if not np.isfinite(off).any():
        return f"Nothing is known of {case.label(quantity)}."
    worst = int(np.nanargmax(np.abs(off)))
    probability = float(case.quantiles["probability"][rows[worst]])
    side = "above" if off[worst] > 0 else "below"
    return (
        f"{case.label(quantity)} is off most at {100 * probability:g} %: the normal lies "
        f"{error_sd(abs(off[worst]))} {_unit(case, quantity)} {side}."
    )


def _unit(case: CasePart, quantity: str) -> str:
    return unit_in_short(case.judged(quantity)["scale_is"])


def _ladder(case: CasePart, quantity: str) -> str:
    rungs, unit = [], _unit(case, quantity)
    for method in methods_of(case.remedies, quantity).values():
        error = max(method.off[level] + method.own[level] for level in method.off)
        if math.isfinite(error):
            name = "the normal" if method.name == "laplace" else method_in_words(method.name)
            doubt = "" if method.trusted else ", not to be trusted"
            rungs.append(
                f"{name} {error_sd(error)} {unit} at {count(method.evaluations)} evaluations{doubt}"
            )
    tolerance = number(case.verdict["tolerance"])
    return (
        f"Largest error of an endpoint of {case.label(quantity)} against cost, the tolerance being "
        f"{tolerance} {unit}: {'; '.join(rungs) or 'no method has an error that is known'}."
    )


def _far_quantiles(case: CasePart, name: str) -> list[list[float]]:
    """Return the exact 0.5 and 99.5 % quantiles of a parameter, and their errors."""
    return [
        [case.quantile(name, column, p) for p in (0.005, 0.995)]
        for column in ("grid", "grid_error")
    ]


def _tails(case: CasePart) -> str:
    each = [
        f"{name} has its 0.5 and 99.5 % quantiles at "
        f"{known_pair(*_far_quantiles(case, name))} exactly and at "
        f"{pair([case.quantile(name, 'laplace', p) for p in (0.005, 0.995)])} under the normal"
        for name in case.parameters
    ]
    return (
        "Logarithms of the exact marginal density, of the normal and of a Student t with 4 "
        f"degrees of freedom: {'; '.join(each)}."
    )


def _basin(case: CasePart) -> str:
    undamped, damped = (float(np.mean(case.basin[each])) for each in ("undamped", "damped"))
    return (
        f"Starts of Newton's method on a lattice over the box of the grid: the full step reaches "
        f"the mode from {share(undamped)} of them, the damped one from {share(damped)}."
    )


def _overlay(case: CasePart) -> str:
    each = []
    for name in case.parameters:
        exact, normal = (
            pair([case.quantile(name, column, p) for p in (0.025, 0.975)])
            for column in ("grid_draws", "laplace_draws")
        )
        each.append(f"95 % of {name} lie in {exact} for the grid, in {normal} for the normal")
    return f"Draws from the grid under draws from the normal: {'; '.join(each)}."


def _laplace_draws(case: CasePart) -> str:
    spread = zip(case.curvature["coordinates"], case.curvature["sd"], strict=True)
    sds = listed(f"{number(sd)} ({name})" for name, sd in spread)
    return f"Draws from the normal around its mode, {_at_mode(case)}, with the SDs {sds}."


def _quantities(case: CasePart) -> str:
    derived = [name for name in case.quantities if name not in case.parameters]
    each = []
    for name in derived:
        left_out = case.judged(name)["excluded"]
        each.append(
            f"{_both_intervals(case, name)}, where {mass(left_out['exact'])} of the posterior and "
            f"{mass(left_out['laplace'])} of the normal have no value or fail the condition"
        )
    return f"Draws of the derived quantities. 95 % intervals: {'; '.join(each)}."


def _newton_path(case: CasePart) -> str:
    path = case.mode["path"]
    start = listed(
        f"{name} {number(value)}"
        for name, value in zip(case.parameters, path[0]["theta"], strict=True)
    )
    return (
        f"The path of Newton's method from {start} to the mode, {_at_mode(case)}, in "
        f"{len(path) - 1} steps; the log density rises from {number(path[0]['log_density'])} to "
        f"{number(path[-1]['log_density'])}."
    )


def _replication(case: CasePart) -> str:
    found = case.verdict["replication"]["quantities"]
    each = [
        f"{case.label(name)} needs {count(found[name]['copies'])} copies"
        if found[name]["copies"] is not None
        else f"for {case.label(name)} no number was found"
        for name in case.quantities
        if name in found
    ]
    return (
        "Largest endpoint error if the data were there several times over, on logarithmic axes. "
        f"To come within the tolerance {'; '.join(each)}."
    )


_BY_PICTURE = {
    "declined": _declined,
    "contours": _contours,
    "marginals": _marginals,
    "coverage": _coverage,
    "quantile_quantile": _quantile_quantile,
    "tails": _tails,
    "newton_basin": _basin,
    "overlay": _overlay,
    "laplace_draws": _laplace_draws,
    "quantities": _quantities,
    "newton_path": _newton_path,
    "replication": _replication,
}

"""One row a case and quantity: its 50 and 95 % intervals on both sides, and how they differ."""

import itertools
import math

from laplace_approx.comparison.intervals import JUDGED, ends_of
from laplace_approx.comparison.rows import Rows, rows_of
from laplace_approx.errors import InputError
from laplace_approx.words.numbers import or_nan

INTERVALS = {round(100 * level): ends_of(level) for level in JUDGED}
SIDES = ("laplace", "grid")
MOMENTS = ("mean", "mean_error", "sd", "sd_error")
EXCLUDED = ("laplace_excluded", "grid_excluded")


def summary_step(cases) -> dict:
    """Return the table of all cases as columns; each of `cases` is what `_case_rows` takes."""
    rows = [row for case in cases for row in _case_rows(*case)]
    return {name: [row[name] for row in rows] for name in rows[0]}


def _case_rows(
    case, mode: dict, curvature: dict, grid: dict, quantiles: dict, verdict: dict
) -> list[dict]:
    """Return the rows of a case (model, prior, space, grid), one a quantity.

    `error_50_sd` and `error_95_sd` are the larger of the two endpoint errors of the equal-tailed
    interval in the unit that `scale_is` names, as the verdict has them. Beside each number that has
    an error stands the error, as NAME_error. What is not known is NaN.
    """
    rows = rows_of(quantiles)
    sd = dict(zip(mode["parameters"], _natural_sd(mode, curvature), strict=True))
    at_mode = dict(zip(mode["parameters"], mode.get("theta") or _nan(mode), strict=True))
    return [
        {
            **dict(zip(("model", "prior", "space", "grid"), case, strict=True)),
            "status": curvature["status"],
            "reason": curvature["reason"],
            "quantity": quantity,
            **verdict_columns(verdict["quantities"][quantity]),
            "mode": at_mode.get(quantity, math.nan),
            "laplace_sd": sd.get(quantity, math.nan),
            **{f"grid_{key}": _of(grid[key], quantity) for key in MOMENTS},
            "grid_outside_mass": _of(grid["outside_mass"], "total"),
            **_intervals(rows, quantity),
            **{name: float(quantiles[name][rows.of(quantity)[0]]) for name in EXCLUDED},
        }
        for quantity in dict.fromkeys(quantiles["quantity"])
    ]


def verdict_columns(of_quantity: dict) -> dict:
    """Return what the verdict on one quantity gives its row."""
    return {
        "verdict": of_quantity["verdict"],
        "rests_on": of_quantity["rests_on"],
        "remedy": of_quantity["remedy"],
        "remedy_evaluations": or_nan(of_quantity["remedy_evaluations"]),
        **_with_error("coverage_95", of_quantity["coverage"]["95"]),
        **_with_error("error_50_sd", of_quantity["endpoint_error_sd"]["50"]),
        **_with_error("error_95_sd", of_quantity["endpoint_error_sd"]["95"]),
        "scale_sd": or_nan(of_quantity["scale_sd"]),
        "scale_is": of_quantity["scale_is"],
    }


def _intervals(rows: Rows, quantity: str) -> dict[str, float]:
    columns = {}
    for level, (low, high) in INTERVALS.items():
        for side, (end, p) in itertools.product(SIDES, (("lower", low), ("upper", high))):
            name = f"{side}_{end}_{level}"
            columns[name] = rows.value(side, quantity, p)
            columns[f"{name}_error"] = rows.value(f"{side}_error", quantity, p)
    return columns


def _with_error(name: str, number: dict) -> dict[str, float]:
    """Return a number of a record, {value, error, ...}, as a column with its error beside it."""
    return {name: or_nan(number["value"]), f"{name}_error": or_nan(number["error"])}


def _natural_sd(mode: dict, curvature: dict) -> list[float]:
    """Return the normal's SD of each parameter where its coordinate is the parameter itself."""
    pairs = zip(
        mode["parameters"], mode["coordinates"], curvature.get("sd") or _nan(mode), strict=True
    )
    return [sd if parameter == coordinate else math.nan for parameter, coordinate, sd in pairs]


def _nan(mode: dict) -> list[float]:
    return [math.nan] * len(mode["parameters"])


def _of(values: dict | None, name: str) -> float:
    return or_nan((values or {}).get(name))


CASE = ("model", "prior", "space", "grid")


def require_none_declined(summary: dict) -> list[str]:
    """Return the declined cases of a summary, of which there must be none: else InputError."""
    rows = zip(*(summary[name] for name in (*CASE, "status", "reason")), strict=True)
    declined = {"/".join(case): reason for *case, status, reason in rows if status == "declined"}
    if declined:
        listed = "".join(f"\n  {case}: {reason}" for case, reason in declined.items())
        raise InputError(
            f"strict is true, and {len(declined)} of the cases could not be served by a normal "
            f"approximation:{listed}\nEverything else is made; each case's verdict.json says what "
            "to do. Set strict: false to accept declined cases."
        )
    return []

"""One row a case and quantity: its 50 and 95 % intervals on both sides, and how they differ."""

import math

from laplace_approx.comparison.intervals import JUDGED, ends_of
from laplace_approx.comparison.rows import Rows, rows_of
from laplace_approx.errors import InputError
from laplace_approx.words.numbers import or_nan

INTERVALS = {round(100 * level): ends_of(level) for level in JUDGED}
SIDES = ("laplace", "grid")
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
    interval in exact posterior SDs, as the verdict has them. What is not known is NaN.
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
            "grid_mean": _of(grid["mean"], quantity),
            "grid_sd": _of(grid["sd"], quantity),
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
        "remedy": of_quantity["remedy"],
        "coverage_95": or_nan(of_quantity["coverage"]["95"]["value"]),
        **{f"error_{level}_sd": _error(of_quantity, level) for level in INTERVALS},
    }


def _intervals(rows: Rows, quantity: str) -> dict[str, float]:
    columns = {}
    for level, (low, high) in INTERVALS.items():
        for side in SIDES:
            columns[f"{side}_lower_{level}"] = rows.value(side, quantity, low)
            columns[f"{side}_upper_{level}"] = rows.value(side, quantity, high)
    return columns


def _error(of_quantity: dict, level: int) -> float:
    return or_nan(of_quantity["endpoint_error_sd"][str(level)]["value"])


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

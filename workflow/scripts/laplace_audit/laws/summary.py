"""The laws of the summary: every cell is what the artifacts of its case say."""

import itertools
import math

import numpy as np

from laplace_audit.ledger import Page

MOMENTS = ("mean", "mean_error", "sd", "sd_error")
ENDS = {50: (0.25, 0.75), 95: (0.025, 0.975)}


def summary_laws(page: Page, columns: dict, cases: list) -> None:
    """Hold the summary against its cases, each (case, opened): `opened` maps mode, curvature, grid,
    verdict to records and quantiles to columns."""
    due = [row for case, opened in cases for row in rows_of(case, opened)]
    found = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    keys = ("model", "prior", "space", "grid", "quantity")
    named = [[tuple(row.get(key) for key in keys) for row in rows] for rows in (found, due)]
    if not page.true("a row for each case and quantity", named[0] == named[1]):
        return
    page.same("columns of the summary", sorted(columns), sorted(due[0]) if due else [])
    for name in due[0] if due else ():
        if name in columns:
            same = [_same(a[name], b[name]) for a, b in zip(found, due, strict=True)]
            page.true("summary says what the cases say", same, name)


def _same(found, due) -> bool:
    if isinstance(due, float) and math.isnan(due):
        return found is None or (not isinstance(found, str) and math.isnan(found))
    return found == due


def rows_of(case, opened: dict):
    """Yield the rows that a case gives the summary, one a quantity."""
    mode, curvature, grid = (opened[key] for key in ("mode", "curvature", "grid"))
    table, verdicts = opened["quantiles"], opened["verdict"]["quantities"]
    parameters = mode["parameters"]
    theta = dict(zip(parameters, mode.get("theta", ()), strict=False))
    own = [p == c for p, c in zip(parameters, mode["coordinates"], strict=True)]
    sds = curvature.get("sd", [math.nan] * len(own))
    sd = {p: s for p, s, same in zip(parameters, sds, own, strict=True) if same}
    for name in dict.fromkeys(table["quantity"]):
        said = verdicts[name]
        row = dict(zip(("model", "prior", "space", "grid"), case, strict=True))
        row |= {"status": curvature["status"], "reason": curvature["reason"], "quantity": name}
        row |= {key: said[key] for key in ("verdict", "rests_on", "remedy")}
        row["remedy_evaluations"] = _number(said["remedy_evaluations"])
        row |= {"scale_sd": _number(said["scale_sd"]), "scale_is": said["scale_is"]}
        numbers = {f"error_{level}_sd": said["endpoint_error_sd"][str(level)] for level in ENDS}
        for key, number in {"coverage_95": said["coverage"]["95"], **numbers}.items():
            row |= {key: _number(number["value"]), f"{key}_error": _number(number["error"])}
        row |= {"mode": _number(theta.get(name)), "laplace_sd": _number(sd.get(name))}
        row |= {f"grid_{key}": _number((grid[key] or {}).get(name)) for key in MOMENTS}
        row["grid_outside_mass"] = _number((grid["outside_mass"] or {}).get("total"))
        mine = np.array([each == name for each in table["quantity"]])
        for level, ends in ENDS.items():
            for word, p in zip(("lower", "upper"), ends, strict=True):
                at = mine & (table["probability"] == p)
                for side, error in itertools.product(("laplace", "grid"), ("", "_error")):
                    row[f"{side}_{word}_{level}{error}"] = (
                        float(table[side + error][at][0]) if at.any() else math.nan
                    )
        for key in ("laplace_excluded", "grid_excluded"):
            row[key] = float(table[key][mine][0])
        yield row


def _number(x) -> float:
    return math.nan if x is None else float(x)

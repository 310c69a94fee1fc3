"""The intervals of a case on both sides, and what every remedy makes of them, in rows of text."""

import math

from laplace_approx.comparison.intervals import JUDGED, percent
from laplace_approx.report.case import CasePart
from laplace_approx.verdict.decision import methods_of
from laplace_approx.verdict.sentences import method_in_words
from laplace_approx.words.numbers import (
    ABSENT,
    capital,
    count,
    error_sd,
    known,
    listed,
    or_nan,
    or_none,
    share,
    to_scale,
)

LEFT = 1e3  # times an error: `to_scale` shows a thousandth, the place of the error's first digit


def interval_rows(case: CasePart) -> list[dict]:
    """Return a row for each quantity and judged interval that either side knows."""
    rows = []
    for name in case.quantities:
        judged = case.judged(name)
        for level in map(percent, JUDGED):
            ends, error = judged["intervals"][level], judged["endpoint_error_sd"][level]
            rows.append(
                {
                    "quantity": case.label(name),
                    "unit": case.posterior["units"].get(name, ""),
                    "level": f"{level} %",
                    "laplace": _ends(ends["laplace"], judged["scale_sd"]),
                    "exact": _ends(ends["exact"], judged["scale_sd"], ends["exact_error"]),
                    "error": error_sd(error["value"]),
                    "reason": None if case.declined else error["reason"],
                    "coverage": share(judged["coverage"][level]["value"]),
                }
            )
    return [row for row in rows if (row["laplace"], row["exact"]) != (ABSENT, ABSENT)]


def _ends(ends, scale, errors=(0.0, 0.0)) -> str:
    """Return both ends with as many decimals as a thousandth of the scale asks for, but none that
    their errors do not leave them; with those of `known` where scale or error is not known."""
    if all(math.isnan(or_nan(end)) for end in ends):
        return ABSENT
    low, high = (_end(end, scale, error) for end, error in zip(ends, errors, strict=True))
    return f"{low} to {high}"


def _end(end, scale, error) -> str:
    if or_none(scale) is None or or_none(error) is None:
        return known(end, error)
    return to_scale(or_nan(end), max(scale, LEFT * error))


def remedy_rows(case: CasePart) -> list[dict]:
    """Return a row for each method, from the cheapest: what it costs, and its error by quantity.

    The cost is what it needs with all that it starts from; beside it stands that of the proof.
    The error is the largest of the judged ends, its own uncertainty included, as the verdict has
    it; a cell says whether it is within the tolerance, and why it is empty or not to be trusted.
    Without any error that is known there are no rows.
    """
    by_quantity = {name: methods_of(case.remedies, name) for name in case.quantities}
    methods = next(iter(by_quantity.values()))
    rows = [
        {
            "method": _title(name),
            "evaluations": count(method.evaluations),
            "proof": count(method.proof),
            "cost": method.evaluations,
            "cells": [_cell(case, by_quantity[each][name], each) for each in case.quantities],
        }
        for name, method in methods.items()
    ]
    any_known = any(cell["error"] != ABSENT for row in rows for cell in row["cells"])
    return sorted(rows, key=_cost) if any_known else []


def _cost(row: dict) -> float:
    return math.inf if math.isnan(row["cost"]) else row["cost"]


def remedy_notes(case: CasePart) -> list[str]:
    """Return why methods have no number, or none to trust, in sentences."""
    found = {}
    for name in case.quantities:
        for method in methods_of(case.remedies, name).values():
            if method.reason:
                found.setdefault((method.name, method.reason), []).append(case.label(name))
    return [
        f"{_title(method)} ({listed(labels)}): {reason.rstrip('.')}."
        for (method, reason), labels in found.items()
    ]


def _title(method: str) -> str:
    return "The normal itself" if method == "laplace" else capital(method_in_words(method))


def _cell(case: CasePart, method, quantity: str) -> dict:
    error = max(method.off[level] + method.own[level] for level in method.off)
    return {
        "error": error_sd(error),
        "meets": method.meets(case.verdict["tolerance"]),
        "named": case.judged(quantity)["remedy"] == method.name,
        "doubtful": math.isfinite(error) and not method.trusted,
        "reason": None if method.trusted and math.isfinite(error) else method.reason,
    }

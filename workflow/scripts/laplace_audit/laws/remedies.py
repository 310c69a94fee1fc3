"""The laws of the remedies: what they are held against, how far off they are, what they cost."""

import numpy as np

from laplace_audit.laws.costs import COUNTS
from laplace_audit.laws.mode import relative
from laplace_audit.laws.quantiles import CLOSED, Sides, exact_law, normal_law
from laplace_audit.ledger import Page

UNCOUNTED = ("brought_draws", "nuts")  # nobody knows what they cost
UNBOUNDED = 2**16  # evaluations that a rule may cost where the exact side bounds none
EXACT_DRAWS = {"importance": "adapted_draws"} | {name: name for name in UNCOUNTED}
STARTS = {"adapted_draws": "spaces"} | dict.fromkeys(UNCOUNTED, "nothing")  # the rest: the normal
RULES = ("nested_laplace", "tierney_kadane", "gauss_hermite")  # remedies without draws
PROBABILITIES = (0.005, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975, 0.995)
JUDGED_ENDS = (0.025, 0.25, 0.75, 0.975)  # of the intervals that a verdict is about


def remedy_laws(
    page: Page, columns: dict, sides: Sides, others: dict, further: list[str], costs: dict
) -> None:
    """Hold the table of remedies, given by columns, against both sides.

    `others` maps each other space of the model to its normal side (None: declined), `further` are
    the methods beyond those, and `costs` maps methods to their costs, recomputed from elsewhere.
    """
    if set(columns["rests_on"]) != {"grid"}:
        sides = sides._replace(exact=None)  # a grid that does not judge says nothing here
    target = sides.target
    methods = ["laplace", *(f"space:{name}" for name in others), *further, "grid"]
    due = [(q, m, p) for q in target.everything for m in methods for p in PROBABILITIES]
    rows = list(zip(columns["quantity"], columns["method"], columns["probability"], strict=True))
    wanted, there = sorted(due), sorted((q, m, float(p)) for q, m, p in rows)
    if not page.true("a row for each method, quantity and probability", wanted == there):
        return
    arithmetic_laws(page, columns)
    _costs(page, columns, further, costs)
    quantity, method = (np.array(columns[key], dtype=object) for key in ("quantity", "method"))
    for name in target.everything:
        mine = quantity == name
        for each in methods:
            rows = np.flatnonzero(mine & (method == each))
            p, value = columns["probability"][rows], columns["value"][rows]
            known = value[~np.isnan(value)]
            page.true("quantiles increase", [*(np.diff(p) > 0), *(np.diff(known) >= 0)])
            if each == "laplace" or each[6:] in others:
                side = sides.normal if each == "laplace" else others[each[6:]]
                if name in target.parameters or side is None:
                    error = columns["value_error"][rows]
                    normal_law(page, name, p, value, error, sides._replace(normal=side))
            elif each in EXACT_DRAWS.values() or (each == "grid" and sides.exact):
                off = relative(value, columns["exact"][rows])
                page.true("the exact side's own row is the exact one", off == 0)
            elif each == "grid":
                page.true("the exact side's own row is the exact one", np.isnan(value))
        rows = np.flatnonzero(mine & (method == "laplace"))
        _exact(page, columns, rows, name, sides)
        _same_truth(page, columns, np.flatnonzero(mine), rows)


def _exact(page: Page, columns: dict, rows, name: str, sides: Sides) -> None:
    p, exact, error, scale = (
        columns[key][rows] for key in ("probability", "exact", "exact_error", "scale_sd")
    )
    if sides.exact:  # without a grid, importance draws or nothing are the exact side
        exact_law(page, name, p, exact, error, scale, sides)
    known = exact[~np.isnan(exact)]
    page.true("quantiles increase", np.diff(known) >= 0)


def _same_truth(page: Page, columns: dict, rows, first) -> None:
    """Every method of a quantity is held against the same exact quantiles."""
    by_p = {columns["probability"][row]: row for row in first}
    of = np.array([by_p[columns["probability"][row]] for row in rows])
    for key in ("exact", "exact_error", "scale_sd", "scale_error"):
        a, b = columns[key][rows], columns[key][of]
        page.true("one exact side for all methods", (a == b) | (np.isnan(a) & np.isnan(b)))


def arithmetic_laws(page: Page, columns: dict) -> None:
    """Hold the rows of remedies, of any scenarios, each against itself."""
    with np.errstate(invalid="ignore", divide="ignore"):
        due = (columns["value"] - columns["exact"]) / columns["scale_sd"]
    page.most("error in exact SDs follows", relative(columns["error_sd"], due), CLOSED)
    for key in ("numerical_error", "exact_error", "scale_error"):
        page.true("errors are not negative", ~(columns[key] < 0))
    _method_errors(page, columns)
    said = np.array([reason is not None for reason in columns["reason"]])
    page.true("what is not trusted has a reason", columns["trusted"] | said)
    page.true("what is not trusted has a reason", ~np.isnan(columns["value"]) | said)
    measured = np.isfinite(columns["method_error"]) & np.isfinite(columns["error_sd"])
    judged = np.isin(columns["probability"], JUDGED_ENDS)
    owes = judged & columns["trusted"] & ~np.isnan(columns["value"])
    page.true("what is trusted is measured", ~owes | measured)
    _on_top(page, columns)


def _method_errors(page: Page, columns: dict) -> None:
    """The error of a method is its distance from the exact value, as well as both are known."""
    off, numerical = columns["method_error"], columns["numerical_error"]
    page.most("value error is the numerical one", relative(columns["value_error"], numerical), 0.0)
    known = ~np.isnan(off)
    with np.errstate(invalid="ignore"):
        apart = np.abs(columns["value"] - columns["exact"])
    page.true("method error is the distance", off[known] == apart[known])
    sides = ("grid", *EXACT_DRAWS.values())
    exact = np.array([method in sides for method in columns["method"]])
    due = columns["exact_error"] + np.where(exact, 0.0, numerical)
    stated = columns["method_error_error"]
    page.most("method error is the distance", relative(stated[known], due[known]), CLOSED)
    page.true("method error is the distance", np.isnan(stated[~known]))


def measured_laws(page: Page, columns: dict, kind: str, reliable: bool) -> None:
    """Hold where the errors of methods are known against what there is to measure them."""
    page.same("what the verdict rests on", set(columns["rests_on"]), {kind})
    finite = np.isfinite(columns["error_sd"]) & np.isfinite(columns["exact_error"])
    due = finite & (reliable and kind != "none")
    law = "method error is known where an exact side measured it"
    page.true(law, np.isfinite(columns["method_error"]) == due)
    if reliable and kind != "none":
        _rules(page, columns, kind)


def _rules(page: Page, columns: dict, kind: str) -> None:
    """What computes costs no more than the exact side that judged it, which serves too; where
    nobody knows what that cost, no more than the limit, or nothing beyond the normal."""
    cost = dict(zip(columns["method"], columns["evaluations_alone"], strict=True))
    most = cost.get(EXACT_DRAWS.get(kind, kind), np.nan)
    if kind in UNCOUNTED:
        most = UNBOUNDED
    most = max(most, cost["laplace"])  # that is spent already
    within = [cost[rule] <= most for rule in RULES if rule in cost]
    page.true("a rule costs no more than the exact side", within)


def _on_top(page: Page, columns: dict) -> None:
    """What starts from the normal costs no less than that, and its proof is that of the normal."""
    law, key = "what starts from the normal costs more", ("scenario", "quantity", "probability")
    keys = list(zip(*(columns[each] for each in key if each in columns), strict=True))
    normals = {keys[i]: i for i, method in enumerate(columns["method"]) if method == "laplace"}
    on_top = [i for i, start in enumerate(columns["starts_from"]) if start == "laplace"]
    normal = [normals[keys[i]] for i in on_top]
    alone, proof = (columns[each] for each in COUNTS)
    page.true(law, alone[on_top] >= alone[normal])
    page.true(law, proof[on_top] == proof[normal])


def _costs(page: Page, columns: dict, further: list[str], costs: dict) -> None:
    law = "evaluations are those of the method"
    for name, cost in costs.items():
        rows = [row for row, each in enumerate(columns["method"]) if each == name]
        for key, due in zip(COUNTS, cost, strict=True):
            page.most(law, relative(columns[key][rows], due), 0.0)
        starts = {columns["starts_from"][row] for row in rows}
        start = STARTS.get(name, "laplace" if name in further else "nothing")
        page.same(law, starts, {start})

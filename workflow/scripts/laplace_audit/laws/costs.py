"""The laws of what methods cost: recomputed from the counts of modes, curvatures and draws.

A cost is two counts of evaluations: what a method needs with all that it starts from, and what was
spent beyond to prove that. NaN where nothing was made.
"""

import math

from laplace_audit.ledger import Page

Cost = tuple[float, float]
UNKNOWN: Cost = (math.nan, math.nan)
COUNTS = ("evaluations_alone", "evaluations_of_proof")


def of_normal(mode: dict, curvature: dict) -> Cost:
    """Return the cost of the normal at the highest mode: the ascent, and all that checks it."""
    if curvature["status"] != "ok":
        return UNKNOWN
    return mode["evaluations_of_ascent"], mode["evaluations_of_search"] + curvature["n_evaluations"]


def of_modes(mode: dict, curvature: dict) -> Cost:
    """Return the cost of the normals at all modes, of which others come from the whole search."""
    alone, proof = of_normal(mode, curvature)
    others = mode["evaluations_of_search"] if len(mode["modes"]) > 1 else 0
    return alone + others, proof - others


def stated(record: dict) -> Cost:
    """Return the cost that a record states, of a grid or of reference draws."""
    alone, proof = (math.nan if record[key] is None else float(record[key]) for key in COUNTS)
    return alone, proof


def reference_cost_laws(page: Page, record: dict, normals: list[tuple[dict, dict]]) -> None:
    """Hold the cost of reference draws against the modes and curvatures of all spaces."""
    law = "the draws cost what they start from too"
    if record["proposal"] is None:
        page.true(law, [record[key] is None for key in COUNTS])
        return
    used = [of_modes(*each) for each in normals if each[1]["status"] == "ok"]
    alone, proof = (sum(parts) for parts in zip(*used, strict=True))
    page.same(law, stated(record), (alone + record["evaluations"], proof))


def grid_cost_laws(page: Page, record: dict) -> None:
    """Hold the counts of a grid against each other and its nodes; a box proves nothing."""
    alone, proof = (record[key] for key in COUNTS)
    law = "evaluations are those of the nodes and of the proof"
    page.same(law, record["n_evaluations"], alone + proof)
    page.true(law, alone >= math.prod(record["points"]))
    page.true(law, proof > 0 if record["kind"] == "certified" else proof == 0)

"""What the step of the remedies leaves on disk: the table, and the record beside it."""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from laplace_approx.chains.step import BROUGHT, NUTS
from laplace_approx.comparison.drift import drift_record, no_drift
from laplace_approx.comparison.intervals import JUDGED_PLACES, places
from laplace_approx.comparison.sides import laplace_side
from laplace_approx.comparison.signals import signal_records
from laplace_approx.contained import contained
from laplace_approx.exact.draw_quantiles import Estimates
from laplace_approx.normal.cost import Cost, cost_of_normal
from laplace_approx.normal.fit import quantity_names
from laplace_approx.reference.side import reference_in_short
from laplace_approx.reference.step import ReferenceTables
from laplace_approx.remedies.cost_limit import NOT_COUNTED, UNBOUNDED, CostLimit
from laplace_approx.remedies.judge import Judge, find_judge
from laplace_approx.remedies.offers import (
    Offer,
    chains_offer,
    grid_offer,
    laplace_offer,
    no_offer,
    reference_offer,
    remedy_offer,
)
from laplace_approx.remedies.repeated_data import Once, Repeated, copies_needed, distance, no_copies
from laplace_approx.remedies.table import remedy_table
from laplace_approx.remedies.trials import remedy_record, run_remedies
from laplace_approx.remedies.truth import Truth, truth_of

MONTE_CARLO_SHARE = 1 / 3  # of the tolerance: what draws may add to it by chance
IQR_SD = 1.349  # the length of the 50 % interval of a normal, in SDs


class RemedyTables(NamedTuple):
    """The columns of all remedies, and the record beside them."""

    remedies: dict
    record: dict


class Trial(NamedTuple):
    """How remedies are tried: the seed of their draws, the tolerance that they have to meet, and
    the extent: "all" of them, the "signals" alone, or "none" of both."""

    seed: int
    tolerance: float
    extent: str = "all"


def remedies_step(
    laplace, exact, reference: ReferenceTables, spaces: dict, trial: Trial
) -> RemedyTables:
    """Run every remedy on a case.

    `laplace` and `exact` are the two sides as opened from disk, `reference` the draws that stand in
    for a grid, `spaces` maps each other space of the model to its Laplace approximation. The
    extent "signals" leaves out all remedies but the exact sides.
    """
    seed, tolerance, extent = trial
    names, fit = quantity_names(laplace.model), laplace.fit()
    judge = find_judge(exact, reference, laplace.mode, tolerance)
    truth = truth_of(judge, names)
    normal = _offer("laplace", laplace, names)
    wanted = fit is not None and extent == "all"
    asked = fit is not None and extent != "none"
    others = spaces if extent == "all" else {}
    offers = [normal, *(_offer(f"space:{space}", each, names) for space, each in others.items())]
    largest = {name: _largest_error(truth, normal, name, tolerance) for name in names}
    exacts = _exact_offers(judge, truth, exact.record, reference.record)
    limit = _limit(judge, exacts[0].cost, normal.cost)
    found = run_remedies(fit, seed, largest, limit) if wanted else {}
    offers += [remedy_offer(remedy, normal.cost) for remedy in found.values()]
    offers += exacts
    has_data = laplace.posterior.record["data"] is not None

    def once() -> Once:
        return _once(fit, exact, truth, normal) if has_data else Once()

    record = {
        "case": exact.record["case"] | laplace.mode["case"],
        "status": laplace.curvature["status"],
        "reason": laplace.curvature["reason"],
        "methods": {
            method: remedy_record(remedy, exact.record, fit.modes)
            for method, remedy in found.items()
        },
        "extent": extent,
        "signals": signal_records(fit, seed) if asked else None,
        "drift": _drift(fit, normal, seed) if asked and judge.kind == "none" else None,
        "replication": _replication(fit, tolerance, has_data, once) if wanted else None,
        "reference": reference_in_short(reference.record),
    }
    return RemedyTables(remedy_table(offers, truth), record)


def _exact_offers(judge: Judge, truth: Truth, grid: dict, reference: dict) -> list[Offer]:
    """Return what the exact sides say, first that which judges; of the others only the grid."""
    rest = grid_offer(truth, grid)
    if judge.kind == "importance":
        return [reference_offer(truth, reference), rest]
    if judge.kind in (BROUGHT, NUTS):
        return [chains_offer(judge.kind, truth), rest]
    return [rest]


def _limit(judge: Judge, exact: Cost, normal: Cost) -> CostLimit:
    """Return what a remedy may cost: what the exact side does, which serves whatever it finds."""
    if judge.kind == "none" or judge.faults:
        return CostLimit(UNBOUNDED, normal.alone)
    if judge.kind in (BROUGHT, NUTS):
        return CostLimit(UNBOUNDED, normal.alone, because=NOT_COUNTED)
    means = "a grid" if judge.kind == "grid" else "adapted draws"
    return CostLimit(exact.alone, normal.alone, f"the exact side by {means}")


def _drift(fit, normal, seed: int) -> dict:
    """Return what chains say of the normal, which is asked for where no exact side can judge it."""
    told = {
        name: Estimates(*(each[name][JUDGED_PLACES] for each in (normal.values, normal.errors)))
        for name in fit.names
    }
    return contained(
        lambda: drift_record(fit, told, seed), lambda reason: no_drift(fit.names, reason)
    )


def _once(fit, exact, truth: Truth, normal: Offer) -> Once:
    """Return what is known of the data as they are, where a certified grid judges the normal."""
    if truth.rests_on != "grid" or truth.faults or not exact.record["certified"]:
        return Once()
    errors = {}
    for name, each in truth.quantiles.items():
        off = np.max(np.abs(normal.values[name] - each.value)[JUDGED_PLACES])
        scale = truth.scale[name]
        errors[name] = float(off) / scale if scale > 0 else math.nan
    evaluations = exact.record["n_evaluations"]
    return Once(Repeated(errors, distance(fit, exact.cells.lattice)), evaluations)


def _replication(fit, tolerance: float, has_data: bool, once: Callable) -> dict:
    return contained(
        lambda: copies_needed(fit, tolerance, has_data, once()),
        lambda reason: no_copies(fit.names, reason),
    )


def _largest_error(truth, normal, name: str, tolerance: float) -> float:
    """Return the Monte Carlo error that draws of a quantity may have: a third of the tolerance.

    Without an exact scale the normal's own gives it: its 50 % interval is 1.349 SDs long.
    """
    scale = truth.scale[name]
    if not scale > 0:
        low, high = normal.values[name][places(0.5)]
        scale = (high - low) / IQR_SD
    return MONTE_CARLO_SHARE * tolerance * scale


def _offer(method: str, laplace, names):
    side = laplace_side(laplace.model, laplace.space, laplace.normal)
    cost = cost_of_normal(laplace.mode, laplace.curvature)
    reason = f"declined: {laplace.curvature['message']}" if laplace.normal is None else None
    return contained(
        lambda: laplace_offer(method, side, names, laplace.fit(), cost, reason),
        lambda reason: no_offer(method, names, reason, cost, "nothing"),
    )

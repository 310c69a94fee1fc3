"""What the step of the remedies leaves on disk: the table, the reference draws, and the rest."""

from typing import NamedTuple

import numpy as np

from laplace_approx.copies import copies_needed
from laplace_approx.fit import quantity_names
from laplace_approx.reference import reference_draws, reference_side
from laplace_approx.remedy_table import (
    grid_offer,
    laplace_offer,
    remedy_offer,
    remedy_record,
    remedy_table,
    run_remedies,
)
from laplace_approx.sides import ONE_SD, laplace_side
from laplace_approx.signal_record import signal_records

MONTE_CARLO_SHARE = 1 / 3  # of the tolerance: what draws may add to it by chance


class RemedyTables(NamedTuple):
    """The columns of all remedies, of the reference draws, and the record beside them."""

    remedies: dict
    reference: dict
    record: dict


def remedy_tables(laplace, exact, spaces: dict, seed: int, tolerance: float) -> RemedyTables:
    """Run every remedy on a case.

    `laplace` and `exact` are the two sides as opened from disk, `spaces` maps each other space of
    the model to its Laplace approximation.
    """
    names, fit = quantity_names(laplace.model), laplace.fit()
    columns, reference = reference_draws(fit, names, exact.record, seed)
    side = exact.side if exact.record["status"] == "ok" else reference_side(columns)
    offers = [_offer("laplace", laplace, names)]
    offers += [_offer(f"space:{space}", other, names) for space, other in spaces.items()]
    found = run_remedies(fit, seed, _largest_errors(laplace, side, names, tolerance)) if fit else {}
    offers += [remedy_offer(remedy) for remedy in found.values()]
    offers += [grid_offer(exact.side, names, exact.record)]
    has_data = laplace.posterior.record["data"] is not None
    record = {
        "case": exact.record["case"] | laplace.mode["case"],
        "status": laplace.curvature["status"],
        "reason": laplace.curvature["reason"],
        "methods": {method: remedy_record(remedy) for method, remedy in found.items()},
        "signals": signal_records(fit, seed) if fit else None,
        "replication": copies_needed(fit, tolerance, has_data) if fit else None,
        "reference": reference,
    }
    return RemedyTables(remedy_table(offers, side, names), columns, record)


def _largest_errors(laplace, side, names, tolerance: float) -> dict:
    """Return the Monte Carlo error that each quantity may have: a third of the tolerance."""
    normal = laplace_side(laplace.model, laplace.space, laplace.normal)
    errors = {}
    for name in names:
        low, high = normal.quantiles(name, np.array([1 - ONE_SD, ONE_SD])).value
        scale = side.scale(name)
        errors[name] = MONTE_CARLO_SHARE * tolerance * (scale if scale > 0 else (high - low) / 2)
    return errors


def _offer(method: str, laplace, names):
    side = laplace_side(laplace.model, laplace.space, laplace.normal)
    cost = laplace.mode.get("n_evaluations")
    reason = f"declined: {laplace.curvature['message']}" if laplace.normal is None else None
    cost = float("nan") if cost is None else float(cost)
    return laplace_offer(method, side, names, laplace.fit(), cost, reason)

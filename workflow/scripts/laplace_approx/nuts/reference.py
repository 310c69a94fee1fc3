"""NUTS as the exact side of a posterior, where nothing that costs less can certify."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from laplace_approx.chains.belongs import seen_within
from laplace_approx.chains.side import CHAIN
from laplace_approx.chains.step import (
    NUTS,
    Brought,
    ChainTables,
    breach,
    chains_step,
    no_chains,
)
from laplace_approx.comparison.unseen import can_judge
from laplace_approx.contained import contained
from laplace_approx.density.density import Density, point_inside
from laplace_approx.nuts.sampler import NoStart, Settings, sample
from laplace_approx.reference.coordinates import Unbounded
from laplace_approx.reference.side import errors_within

LIBRARY = "nutpie"


class Cheaper(NamedTuple):
    """The records of what costs less than NUTS: grids, adapted draws, and draws that are brought
    (None where there are none)."""

    grids: list
    reference: dict
    brought: dict | None


class Sampling(NamedTuple):
    """How NUTS samples, what the check of its draws may cost, the tolerance that they are for, and
    a sentence on what is missing for it (None where nothing is)."""

    settings: Settings
    evaluations: int
    tolerance: float
    missing: str | None


def nuts_step(posterior, modes, cheaper: Cheaper, how: Sampling, say: Callable) -> ChainTables:
    """Return draws of NUTS where no cheaper side can certify, held against the same gates as draws
    that are brought; else none, and why not. `say` is told how it goes."""
    if reason := _not_needed(cheaper, modes, how.tolerance):
        return _none(posterior, how, reason, needed=False)
    if reason := how.missing or breach(modes):
        return _none(posterior, how, reason, needed=True)
    return contained(
        lambda: _sampled(posterior, modes, how, say),
        lambda reason: _none(posterior, how, f"NUTS gives no draws: {reason}", needed=True),
    )


def _sampled(posterior, modes, how: Sampling, say: Callable) -> ChainTables:
    coordinates = Unbounded(posterior.density())
    inside = posterior.model.start, coordinates.density.lower, coordinates.density.upper
    start = coordinates.unconstrain(point_inside(*inside))
    try:
        chains = sample(_without_bounds(coordinates), start, how.settings)
    except NoStart as error:
        return _none(posterior, how, f"NUTS cannot begin: {error}", needed=True)
    theta = coordinates.constrain(chains.z)
    case = posterior.record["case"]
    where = f"models.{case['model']}.reference.{case['prior']} (nuts)"
    files = {"files": [], "columns": {}}
    given = Brought(theta, int(np.sum(chains.diverging)), where, files)
    made = chains_step(posterior, modes, given, how.evaluations, NUTS)
    say(f"sampled {len(made.draws[CHAIN])}: {made.record['reason'] or 'serves'}")
    return made._replace(record=made.record | _how(how, needed=True))


def _without_bounds(coordinates: Unbounded) -> Density:
    """Return the density of z, in which a parameter with an upper bound alone has none either."""
    natural, infinite = coordinates.density, np.full(len(coordinates.density.names), np.inf)
    gradient = coordinates.gradient if natural.gradient is not None else None
    return Density(natural.names, coordinates.log_density, gradient, None, -infinite, infinite)


def _not_needed(cheaper: Cheaper, modes, tolerance: float) -> str | None:
    if all(can_judge(record, modes) for record in cheaper.grids):
        return "the grid is the exact side"
    adapted, brought = cheaper.reference, cheaper.brought
    said = "are the exact side, with errors within the tolerance"
    if _certain(adapted, tolerance):
        return f"the adapted draws {said}"
    if brought and _certain(brought, tolerance) and seen_within(brought, tolerance):
        return f"the draws that are brought {said}"
    return None


def _certain(record: dict, tolerance: float) -> bool:
    return record["serves"] and errors_within(record["errors_sd"], tolerance)


def _how(how: Sampling, needed: bool) -> dict:
    return {"sampler": {"library": LIBRARY, **how.settings._asdict()}, "needed": needed}


def _none(posterior, how: Sampling, reason: str, needed: bool) -> ChainTables:
    made = no_chains(posterior, NUTS, reason)
    return made._replace(record=made.record | _how(how, needed))

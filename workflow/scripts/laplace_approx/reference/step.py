"""The step of the reference: adapted draws of a posterior as its exact side, and their record."""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from laplace_approx.comparison.unseen import MOST, UNSURE, can_judge
from laplace_approx.contained import contained
from laplace_approx.curvature.matrices import MOST_ON_DISK, draws_within
from laplace_approx.density.model import condition_holds, evaluate_quantity
from laplace_approx.density.unbounded import transform_record
from laplace_approx.normal.cost import cost_of_modes, total
from laplace_approx.normal.fit import quantity_names
from laplace_approx.reference.adaptation import DRAWS_PER_NUMBER
from laplace_approx.reference.attempts import DrawAttempt, DrawLimits, DrawSearch
from laplace_approx.reference.coordinates import Unbounded
from laplace_approx.reference.defined import undefined_among
from laplace_approx.reference.frozen_draws import FrozenDraws, largest_k
from laplace_approx.reference.record import mixture_record
from laplace_approx.reference.side import (
    LOG_RATIO,
    REPLICATE,
    WEIGHT,
    WeightedSide,
    errors_in_sd,
)
from laplace_approx.reference.starts import starting_mixture, unseen_by
from laplace_approx.reference.tails import said_of

GRID, ADAPTED, NOTHING = "grid", "adapted_draws", "none"
FEWEST_A_DIMENSION = 2 * DRAWS_PER_NUMBER  # evaluations, below which adapting is out of reach


class ReferenceTables(NamedTuple):
    """The columns of the reference draws, without a row where none serve, and their record; and
    of draws of chains, beside them, (columns, record) each."""

    draws: dict
    record: dict
    chains: tuple = ()


class Allowance(NamedTuple):
    """How many evaluations the draws may cost at first, and the seed that they come from; and at
    most, where those do not serve or leave an end coarse (0: no more)."""

    evaluations: int
    seed: int
    at_most: int = 0

    @property
    def most(self) -> int:
        """The evaluations that all attempts together may cost."""
        return max(self.evaluations, self.at_most)


def reference_step(laplaces, grids, budget: Allowance, say: Callable = print) -> ReferenceTables:
    """Return adapted draws of a posterior, where one of its grids cannot judge.

    `laplaces` are its normals in all spaces (some perhaps declined), in any order; `grids` the
    records of the grids that it is held against. Draws are made from a mixture of Student t that
    is fitted to the posterior and then frozen; they serve where their Pareto k is at most
    min(1 - 1 / log10 n, 0.7), and modes that no t was put about hold next
    to nothing (a bound that the errors count). They cannot see a mode that no search found. `say`
    is told how it goes.
    """
    laplaces = sorted(laplaces, key=lambda each: each.mode["space"])
    names = quantity_names(laplaces[0].model)
    case = {key: laplaces[0].mode["case"][key] for key in ("model", "prior")}
    return contained(
        lambda: _reference(laplaces, grids, budget, (names, case, say)),
        lambda reason: _without(NOTHING, reason, names, case, budget),
    )


def _reference(laplaces, grids, budget: Allowance, told) -> ReferenceTables:
    names, case, say = told
    modes = [each.mode for each in laplaces]
    if all(can_judge(record, modes) for record in grids):
        return _without(GRID, "the grid is the exact side", names, case, budget)
    started = [each for each in laplaces if each.normal is not None]
    fits = [each.fit() for each in started]
    if not fits:
        return _without(NOTHING, "there is no normal to draw about", names, case, budget)
    coordinates = Unbounded(laplaces[0].posterior.density())
    unseen = unseen_by(fits, coordinates)
    if not unseen <= MOST:
        reason = _not_drawn_about(unseen)
        return _without(NOTHING, reason, names, case, budget, unseen)
    start = starting_mixture(fits, coordinates)
    if start is None:
        reason = "no mode lies within the support, where a draw about it could"
        return _without(NOTHING, reason, names, case, budget, unseen)
    kept = draws_within(budget.most, max(start.size, len(names)), MOST_ON_DISK)
    most = min(budget.evaluations, kept)
    if most < FEWEST_A_DIMENSION * start.size:
        reason = (
            f"{most} evaluations are within the budget and the memory for draws; {start.size} "
            f"dimensions need {FEWEST_A_DIMENSION * start.size}"
        )
        return _without(NOTHING, reason, names, case, budget, unseen)
    rng = np.random.default_rng([budget.seed, 1])  # not the draws of the remedies held to it
    model = laplaces[0].model

    def worst_error(attempt: DrawAttempt) -> float:
        columns = _columns(model, coordinates, attempt.drawn)
        errors = errors_in_sd(_side(columns, unseen, attempt), names).values()
        return max(math.inf if error is None else error for error in errors)

    search = DrawSearch(coordinates.log_density, start, DrawLimits(most, budget.most, kept), rng)
    last = search.best(worst_error, say)
    record = _record(case, budget, coordinates, last) | {"unseen_mass": _missed(unseen, last)}
    record |= {"heaviest_tail": said_of(last.tail, model.parameters)}
    look = undefined_among(coordinates.density, last.adapted.proposal, last.drawn)
    counts = last.evaluations + look.evaluations, look.evaluations
    record |= dict(zip(("evaluations", "evaluations_for_nan"), counts, strict=True))
    record |= _costs(started, record["evaluations"])
    reason = _too_heavy(last, model.parameters)
    reason = reason if look.declined is None else look.declined.message
    if reason:
        return ReferenceTables(
            _no_draws(names), record | {"kind": NOTHING, "serves": False, "reason": reason}
        )
    columns = _columns(model, coordinates, last.drawn)
    errors = errors_in_sd(_side(columns, unseen, last), names)
    return ReferenceTables(columns, record | {"errors_sd": errors})


def _side(columns: dict, unseen: float, attempt: DrawAttempt) -> WeightedSide:
    return WeightedSide(columns, _missed(unseen, attempt), attempt.covered.unsure)


def _missed(unseen: float, attempt: DrawAttempt) -> float:
    """Return the mass that is missed wherever it lies: modes without draws, and what chains find
    at the least."""
    thin = 0.0 if attempt.covered is None else attempt.covered.thin
    return min(1.0, unseen + thin)


def _not_drawn_about(unseen: float) -> str:
    """Return why modes about which nothing is drawn, which may hold so much, leave no reference."""
    known = "the search found modes about which nothing is drawn"
    if not unseen < 1:
        return f"{known}, and what they hold of the mass is not known; the limit is {MOST:g} of it"
    share = unseen / (unseen + UNSURE * (1 - unseen))
    return (
        f"{known}: by their Laplace masses they hold {share:.2g} of the mass, which may be "
        f"{UNSURE:g} times too little and so stand for {unseen:.2g} of it; the limit is {MOST:g}"
    )


def _too_heavy(last: DrawAttempt, names) -> str | None:
    """Return why the draws cannot be relied on, and what may help, or None where they can."""
    heavy, adapted = last.why(names), last.adapted
    if heavy is None or last.settled:
        return heavy
    return (
        f"{heavy}. The proposal was frozen with {adapted.effective:.0f} effective draws after "
        f"{adapted.evaluations} evaluations, and {adapted.wanted} are wanted: a larger "
        "`reference: {at_most: ...}` lets it adapt for longer"
    )


def _columns(model, coordinates: Unbounded, drawn: FrozenDraws) -> dict:
    theta = coordinates.constrain(drawn.z)
    columns = {name: theta[:, i] for i, name in enumerate(model.parameters)}
    for name in model.quantities:
        with np.errstate(all="ignore"):
            values = np.asarray(evaluate_quantity(model, name, theta), dtype=float)
            columns[name] = np.where(condition_holds(model, name, theta), values, np.nan)
    return {
        **columns,
        WEIGHT: drawn.weights,
        LOG_RATIO: drawn.log_ratio,
        REPLICATE: drawn.replicates.astype(float),
    }


def _record(case, budget: Allowance, coordinates, last: DrawAttempt) -> dict:
    adapted, drawn = last.adapted, last.drawn
    known = drawn.k is not None and math.isfinite(drawn.k)
    evidence, error = drawn.evidence
    return _empty(case, budget) | {
        "kind": ADAPTED,
        "serves": True,
        "reason": None,
        "pareto_k": drawn.k if known else None,
        "pareto_k_error": drawn.k_error,
        "largest_k": largest_k(drawn.log_ratio.size),
        "n_draws": int(drawn.log_ratio.size),
        "replicates": int(drawn.replicates[-1]) + 1,
        "effective_draws": drawn.effective,
        "coverage": None if last.covered is None else last.covered._asdict(),
        "adaptation": {
            "evaluations": adapted.evaluations,
            "effective_shares": list(adapted.efficiency),
            "effective_draws": adapted.effective,
        },
        "log_evidence": evidence if math.isfinite(evidence) else None,
        "log_evidence_error": error if math.isfinite(error) else None,
        "transforms": [transform_record(each) for each in coordinates.transforms],
        "proposal": mixture_record(adapted.proposal),
    }


def _costs(laplaces, evaluations: int) -> dict:
    """Return what the draws cost with the normals that they start from, and the proof of these."""
    normals = total(cost_of_modes(each.mode, each.curvature) for each in laplaces)
    cost = normals.with_further(evaluations)
    return {"evaluations_alone": int(cost.alone), "evaluations_of_proof": int(cost.proof)}


def _empty(case: dict, budget: Allowance) -> dict:
    nothing = (
        *("pareto_k", "pareto_k_error", "largest_k", "effective_draws", "adaptation", "coverage"),
        "heaviest_tail",
        *("log_evidence", "log_evidence_error", "unseen_mass", "transforms", "proposal"),
        *("errors_sd", "evaluations_alone", "evaluations_of_proof"),
    )
    counted = ("n_draws", "replicates", "evaluations", "evaluations_for_nan")
    return {
        "case": case,
        "budget": budget._asdict(),
        **dict.fromkeys(nothing),
        **dict.fromkeys(counted, 0),
    }


def _without(kind, reason, names, case, budget: Allowance, unseen=None) -> ReferenceTables:
    said = {"kind": kind, "serves": False, "reason": reason, "unseen_mass": unseen}
    return ReferenceTables(_no_draws(names), _empty(case, budget) | said)


def _no_draws(names) -> dict:
    return {name: np.empty(0) for name in (*names, WEIGHT, LOG_RATIO, REPLICATE)}

"""The step of draws of chains, brought or sampled: held against gates and posterior, recorded."""

from typing import NamedTuple

import numpy as np

from laplace_approx.chains.belongs import TERMS, Belonging, belonging
from laplace_approx.chains.gates import diagnostics, gates
from laplace_approx.chains.reached import unreached
from laplace_approx.chains.side import CHAIN, chain_side
from laplace_approx.comparison.unseen import MOST
from laplace_approx.density.model import condition_holds, evaluate_quantity
from laplace_approx.reference.coordinates import Unbounded
from laplace_approx.reference.side import errors_in_sd

BROUGHT, NUTS = "brought_draws", "nuts"


class Brought(NamedTuple):
    """Draws theta (chains, n, d) on the natural scale, as their files have them.

    `divergences` is their number where the files say it, `where` the key of the configuration and
    the files, for a person, and `sources` what the record says of the files.
    """

    theta: np.ndarray
    divergences: int | None
    where: str
    sources: dict


class ChainTables(NamedTuple):
    """The columns of draws of chains, with the number of the chain, and their record."""

    draws: dict
    record: dict


def chains_step(
    posterior, modes, brought: Brought, evaluations: int, kind: str = BROUGHT
) -> ChainTables:
    """Return the draws with their derived quantities, and whether they are an exact side.

    They serve where R-hat and both effective sizes of every quantity are within the limits of the
    gates, no transition diverged, Stein's identity holds for the posterior as far as its errors
    tell, modes that the searches (`modes`: their records) found and no draw is about hold next to
    nothing, and none of these found that the model has no value where the mass lies. `evaluations`
    bounds what the identity may cost.
    """
    chains, n, d = brought.theta.shape
    flat = brought.theta.reshape(-1, d)
    columns = _columns(posterior.model, flat)
    found = diagnostics(*_gated(columns, posterior.model, (chains, n)), brought.divergences or 0)
    held = gates(found, chains)
    record = {
        "case": {key: posterior.record["case"][key] for key in ("model", "prior")},
        "kind": kind,
        "sources": brought.sources,
        "chains": chains,
        "draws": n,
        "n_draws": chains * n,
        "divergences": brought.divergences,
        "diagnostics": found["parameters"],
        "gates": held,
        "belongs": None,
        "other_posterior": False,
        "unseen_mass": None,
        "errors_sd": None,
    }
    columns = {**columns, CHAIN: np.repeat(np.arange(chains), n).astype(float)}
    if fault := _gate_fault(found["parameters"], held, brought):
        return _refused(columns, record, f"{brought.where}: {fault}")
    fault, other, told = _belongs(posterior, brought, columns, evaluations)
    record |= {"belongs": told, "other_posterior": other}
    if fault:
        return _refused(columns, record, f"{brought.where}: {fault}")
    if fault := breach(modes):  # then the mass that is unseen is not known either
        return _refused(columns, record, f"{brought.where}: {fault}")
    effective = held["bulk_ess"]["value"]
    unseen, beyond = unreached(posterior.density(), flat, modes, effective)
    record["unseen_mass"] = unseen
    if not unseen <= MOST:
        return _refused(columns, record, f"{brought.where}: {_unreached(beyond, unseen)}")
    errors = errors_in_sd(chain_side(columns, record), posterior.quantities)
    return ChainTables(columns, record | {"errors_sd": errors, "serves": True, "reason": None})


def breach(modes) -> str | None:
    """Return why draws cannot be held against a model whose functions break their contract, as a
    search for its mode found (`modes`: their records), or None.

    Chains go around a NaN as if it were a wall, and their diagnostics see nothing of it.
    """
    for mode in modes:
        if mode.get("reason") == "model_contract_violation":
            return f"draws cannot be held against this model: {mode['message']}"
    return None


def no_chains(posterior, kind: str, reason: str) -> ChainTables:
    """Return no draws, for a reason."""
    nothing = (*("divergences", "gates", "belongs", "unseen_mass", "errors_sd"),)
    record = {
        "case": {key: posterior.record["case"][key] for key in ("model", "prior")},
        "kind": kind,
        "sources": {"files": [], "columns": {}},
        "diagnostics": {},
        "other_posterior": False,
        **dict.fromkeys(("chains", "draws", "n_draws"), 0),
        **dict.fromkeys(nothing),
    }
    columns = {name: np.empty(0) for name in (*posterior.quantities, CHAIN)}
    return _refused(columns, record, reason)


def _refused(columns: dict, record: dict, reason: str) -> ChainTables:
    return ChainTables(columns, record | {"serves": False, "reason": reason})


def _columns(model, theta) -> dict:
    columns = {name: theta[:, i] for i, name in enumerate(model.parameters)}
    for name in model.quantities:
        with np.errstate(all="ignore"):
            values = np.asarray(evaluate_quantity(model, name, theta), dtype=float)
            columns[name] = np.where(condition_holds(model, name, theta), values, np.nan)
    return columns


def _gated(columns: dict, model, shape):
    """Return the names that the gates look at and their draws (chains, n, m): every parameter, and
    every derived quantity that has a finite value at all draws, not all the same."""
    names = [
        name
        for name, values in columns.items()
        if name in model.parameters or (np.isfinite(values).all() and np.ptp(values) > 0)
    ]
    return names, np.stack([columns[name].reshape(shape) for name in names], axis=-1)


_FAULTS = {
    "r_hat": (
        "R-hat of {name} is {value:.3f}, and at most {limit:g} is let through: the chains do not "
        "agree. Let them run for longer, and look at each: one may sit in a mode of its own, or "
        "its warm-up may be among the draws"
    ),
    "bulk_ess": (
        "the bulk effective sample size of {name} is {value:.0f}, and {limit:.0f} are needed, 100 "
        "a chain. Bring more draws{thinned}"
    ),
    "tail_ess": (
        "the effective sample size of {name} in the tails is {value:.0f}, and {limit:.0f} are "
        "needed, 100 a chain. Bring more draws{thinned}"
    ),
    "divergences": (
        "{value:.0f} transitions diverged, and none may: the sampler did not reach a part of the "
        "posterior. Sample again with a larger adapt_delta, or in other coordinates"
    ),
}


def _gate_fault(each: dict, held: dict, brought: Brought) -> str | None:
    """Return in words the first gate that does not hold; None where all do."""
    failed = next((name for name, gate in held.items() if not gate["holds"]), None)
    if failed is None:
        return None
    name = None if failed == "divergences" else _worst(each, failed)
    value = held[failed]["value"] if name is None else each[name][failed]
    thin = max((file["thin"] or 1 for file in brought.sources["files"]), default=1)
    thinned = f"; these are one in {thin}, so bring all of them" if thin > 1 else ""
    return _FAULTS[failed].format(
        name=name, value=value, limit=held[failed]["limit"], thinned=thinned
    )


def _worst(each: dict, key: str) -> str:
    """Return the quantity whose diagnostic is worst: not known, the largest, or the smallest."""
    sign = 1 if key == "r_hat" else -1
    values = {name: sign * one[key] for name, one in each.items()}
    return max(values, key=lambda name: np.inf if np.isnan(values[name]) else values[name])


def _belongs(
    posterior, brought: Brought, columns: dict, evaluations: int
) -> tuple[str | None, bool, dict | None]:
    """Return why the draws are not known to be of the posterior (None where they are), whether they
    are of another, and the record of the check (None where there is a draw without density)."""
    density = posterior.density()
    flat = brought.theta.reshape(-1, brought.theta.shape[-1])
    nowhere = np.flatnonzero(~(density.log_density(flat) > -np.inf))
    if nowhere.size:
        chain, draw = divmod(int(nowhere[0]), brought.theta.shape[1])
        reason = (
            f"at {nowhere.size} draws, the first of them draw {draw + 1} of chain {chain + 1}, the "
            "posterior has no density: they are draws of another posterior. Compare model, data "
            "and prior with those that were sampled, and the names of the columns"
        )
        return reason, True, None
    derived = {name: columns[name] for name in posterior.model.quantities}
    found = belonging(Unbounded(density), brought.theta, evaluations, derived)
    fault = _foreign(found)
    return fault, fault is not None and found.known, _belongs_record(found)


_OFF = {
    "place": "lie {value:+.3g} SD from where it does in {name}",
    "width": "have a variance {value:+.0%} off in {name}",
    "skewness": "are skewed otherwise in {name}, by {value:+.3g}",
}


def _foreign(found: Belonging) -> str | None:
    if found.worst is None:
        return None
    term, name, value, error = found.worst
    if not np.isfinite(value + error):
        return (
            f"the slope of the log density along {name} is not finite at every draw, so that "
            "nothing tells whether they are draws of this posterior. A density with an edge within "
            "its support has none: declare the edge as SUPPORT in the model file"
        )
    return (
        f"they are not draws of this posterior: they {_OFF[term].format(value=value, name=name)}, "
        f"{_times(value, error)} standard errors where {found.limit:.2g} may be chance. Compare "
        "model, data, prior and the scale of every parameter with what was sampled, and the names "
        "of the columns; an edge of the density within its support, which SUPPORT in the model "
        "file would declare, can look like this too"
    )


def _times(value: float, error: float) -> str:
    return f"{abs(value) / error:.3g}" if error > 0 else "infinitely many"


def _belongs_record(found: Belonging) -> dict:
    return {
        "terms": {
            term: {name: {"value": v, "error": e} for name, (v, e) in found.terms[term].items()}
            for term in TERMS
        },
        "limit": found.limit,
        "seen": found.seen,
        "points": found.points,
        "stride": found.stride,
        "evaluations": found.evaluations,
        "shifts": found.shifts,
        "mahalanobis": found.mahalanobis,
    }


def _unreached(beyond, unseen: float) -> str:
    name, value = beyond[0]
    return (
        f"a mode at {name} = {value:.4g} lies beyond all draws, or they went past it, and may hold "
        f"{unseen:.2g} of the mass ({MOST:g} may be missed). Start chains about it too"
    )

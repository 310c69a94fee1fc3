"""The laws of the reference of a posterior: its draws, their weights, what they are good for."""

import math

import numpy as np

from laplace_audit.laws.mode import relative
from laplace_audit.ledger import Page
from laplace_audit.numerics.chains import ChainDraws
from laplace_audit.numerics.coordinates import of_lattice
from laplace_audit.numerics.mixture import mixture_log_density, pareto_shape, tail_length
from laplace_audit.numerics.target import Target
from laplace_audit.numerics.weighted import WeightedDraws, beyond_doubt, limit_of_part
from laplace_audit.reading.artifacts import Table

LARGEST_K, LARGEST_RATIO_ERROR, MOST_THIN = 0.7, 0.1, 0.005
CLOSED, RATIO, SHAPE = 1e-12, 1e-8, 1e-6
EPS, GROUPS = np.finfo(float).eps, 4
ENDS = (0.025, 0.25, 0.75, 0.975)
DRAWN = {"importance": WeightedDraws, "brought_draws": ChainDraws, "nuts": ChainDraws}
COPIED = (
    *("kind", "serves", "reason", "pareto_k", "pareto_k_error", "effective_draws", "n_draws"),
    *("evaluations", "evaluations_alone", "evaluations_of_proof", "unseen_mass"),
)


def record_laws(page: Page, record: dict, grids: list[bool], budget: dict) -> None:
    """Hold the record of a reference against the grids (whether each can judge), the configuration
    and itself."""
    page.same("reference is as configured", record["budget"], budget)
    page.same("a grid goes first", record["kind"] == "grid", all(grids))
    page.same("draws serve or have a reason", record["serves"], record["kind"] == "adapted_draws")
    page.same("draws serve or have a reason", record["serves"], record["reason"] is None)
    if record["proposal"] is None:
        page.true("draws serve or have a reason", not record["serves"])
        return
    spent = record["adaptation"]["evaluations"] + record["n_draws"]
    looked, asked = _looked(page, record), record["evaluations_for_nan"]
    page.same("evaluations are those of the draws", record["evaluations"], spent + looked + asked)
    most = max(record["budget"]["evaluations"], record["budget"]["at_most"])
    page.true("evaluations are those of the draws", spent <= most)
    weights = record["proposal"]["weights"]
    page.most("the proposal is a mixture", abs(math.fsum(weights) - 1), CLOSED)
    n = record["n_draws"]
    page.most("the limit of k follows", abs(record["largest_k"] - _limit(n)), CLOSED)
    k = record["pareto_k"]
    if k is not None:
        within = k <= record["largest_k"] and record["log_evidence_error"] <= LARGEST_RATIO_ERROR
        page.same("chains looked where the weights serve", record["coverage"] is not None, within)
        thin = 1.0 if record["coverage"] is None else record["coverage"]["thin"]
        due = within and not _refuses(page, record) and thin <= MOST_THIN
        page.same("the limit of k follows", record["serves"], due)


def _refuses(page: Page, record: dict) -> bool:
    """Whether the weights beyond an end are too heavy for all draws, by its k and their number."""
    tail = record["heaviest_tail"]
    if tail is None:
        return False
    k, n = tail["pareto_k"], tail["n_draws"]
    limit = limit_of_part(n)
    page.same("the limit of k follows", tail["limit"], limit if n > 1 else None)
    ends = 2 * len(record["proposal"]["means"][0])
    return beyond_doubt(math.nan if k is None else k, n, ends)


def _looked(page: Page, record: dict) -> int:
    """What the chains cost that looked where the draws fall short, and that it is counted."""
    law, coverage = "chains looked where the weights serve", record["coverage"]
    if coverage is None:
        page.true(law, not record["serves"])
        return 0
    page.true(law, coverage["chains"] * (coverage["steps"] + 1) == coverage["evaluations"])
    page.true(law, 0 <= coverage["thin"] <= min(coverage["unsure"], record["unseen_mass"]))
    return coverage["evaluations"]


def _limit(n: int) -> float:
    return min(1 - 1 / math.log10(n), LARGEST_K)


def draws_laws(page: Page, table: Table, target: Target, record: dict) -> None:
    """Hold the reference draws: each weight is that of the posterior against the proposal."""
    columns = table.columns
    due = record["n_draws"] if record["serves"] else 0
    page.same("reference draws", columns["weight"].size, due)
    if not due or columns["weight"].size != due:
        return
    each = np.repeat(np.arange(record["replicates"]), due // record["replicates"])
    page.true("replicates are of one size", np.array_equal(columns["replicate"], each))
    theta = np.stack([columns[name] for name in target.parameters], axis=-1)
    _ratios(page, theta, columns["log_ratio"], target, record)
    _weights(page, columns["weight"], columns["log_ratio"], record)
    for name in target.quantities:
        value = np.where(target.kept(name, theta), target.quantity(name, theta), np.nan)
        page.most("derived quantity of every row", relative(columns[name], value), CLOSED)
    _tail(page, columns, target.parameters, record)
    _errors(page, columns, target.everything, record)


def missed_by(record: dict) -> tuple[float, float]:
    """Return the mass that reference draws may miss wherever it is, and where they are uneven."""
    return record["unseen_mass"], 0.0 if record["coverage"] is None else record["coverage"][
        "unsure"
    ]


def missed_by_chains(record: dict) -> tuple[float, dict]:
    """Return the mass that draws of chains may miss, and by quantity the shift in normal scores
    that is left open; NaN where that is not known."""
    shifts = record["belongs"]["shifts"].items()
    known = {name: math.nan if shift is None else shift for name, shift in shifts}
    return record["unseen_mass"], known


def _tail(page: Page, columns: dict, parameters, record: dict) -> None:
    """The end beyond which the Pareto k of the draws is farthest above its limit."""
    found = []
    for name in parameters:
        side = WeightedDraws(columns, name, *missed_by(record))
        for i, p in enumerate((ENDS[0], ENDS[-1])):
            k, n = side.shapes(p)[i]
            k = math.inf if math.isnan(k) else k  # the heaviest are those of which it is not known
            found.append((k - limit_of_part(n), k, n))
    stated, law = record["heaviest_tail"], "Pareto k recomputed"
    _, k, n = max(found)
    page.same(law, stated is None, k == -math.inf)
    if stated is None or k == -math.inf:
        return
    page.same(law, stated["pareto_k"] is None, k == math.inf)
    if stated["pareto_k"] is not None and k < math.inf:
        page.most(law, abs(stated["pareto_k"] - k), SHAPE)
        page.same(law, stated["n_draws"], n)


def _errors(page: Page, columns: dict, names, record: dict) -> None:
    """What the reference says it is good for: the largest error of the ends in its scale."""
    for name in names:
        side = WeightedDraws(columns, name, *missed_by(record))
        due = float(np.max([side.error(p) / side.scale()[0] for p in ENDS]))  # NaN where one is
        stated = record["errors_sd"][name]
        stated = math.nan if stated is None else stated
        page.most("errors of the draws recomputed", apart(stated, due, due), SHAPE)


def _ratios(page: Page, theta, stated, target: Target, record: dict) -> None:
    """log p(theta) + log |dtheta / dz| - log q(z), where theta still has the digits of z."""
    coordinates = [of_lattice(each) for each in record["transforms"]]
    z = np.stack([c.z(theta[:, i]) for i, c in enumerate(coordinates)], axis=-1)
    slopes = np.stack([c.log_slope(z[:, i]) for i, c in enumerate(coordinates)], axis=-1)
    kept = np.max(EPS * np.abs(theta) / np.exp(slopes), axis=-1) < RATIO**1.5
    page.true("log ratio recomputed", np.mean(kept) > 0.5)
    log_p = target.log_density(theta[kept]) + slopes[kept].sum(axis=-1)
    due = log_p - mixture_log_density(record["proposal"], z[kept])
    with np.errstate(invalid="ignore"):
        off = np.abs(stated[kept] - due) / (1 + np.abs(log_p))
    same = (stated[kept] == due) | (np.isneginf(stated[kept]) & np.isneginf(due))
    page.most("log ratio recomputed", np.where(same, 0.0, off), RATIO)


def _weights(page: Page, weight, log_ratio, record: dict) -> None:
    """The weights are the ratios, but that the largest are smoothed in their order."""
    page.most("weights sum to one", abs(float(np.sum(weight)) - 1), CLOSED)
    page.true("masses lie between 0 and 1", (weight >= 0) & (weight <= 1))
    order = np.argsort(log_ratio, kind="stable")
    page.true("weights rise with the ratios", np.diff(weight[order]) >= -CLOSED * weight.max())
    plain = order[: -tail_length(weight.size) - 1]
    plain = plain[weight[plain] >= np.finfo(float).tiny]  # below it a number has lost digits
    apart = np.log(weight[plain]) - log_ratio[plain]
    limit = 10 * CLOSED * float(np.max(np.abs(log_ratio[plain]), initial=1.0))
    page.most("weights are the ratios", float(np.ptp(apart)), limit)
    effective = 1 / float(np.sum(weight**2))
    page.most("what is said of the weights", relative(record["effective_draws"], effective), 1e-9)
    top = log_ratio.max()
    evidence = float(top + np.log(np.mean(np.exp(log_ratio - top))))
    page.most("what is said of the weights", relative(record["log_evidence"], evidence), 1e-9)
    if record["pareto_k"] is not None:
        off = abs(_shape(log_ratio) - record["pareto_k"])
        page.most("Pareto k recomputed", off, SHAPE)
    blocks = log_ratio.reshape(record["replicates"], -1)
    if record["pareto_k_error"] is not None:
        shapes = [_shape(part) for part in np.array_split(blocks, GROUPS)]
        due = float(np.std(shapes, ddof=1)) / math.sqrt(GROUPS)
        page.most("Pareto k recomputed", abs(record["pareto_k_error"] - due), SHAPE)
    means = np.mean(np.exp(blocks - top), axis=1)
    error = float(np.std(means, ddof=1) / math.sqrt(means.size) / means.mean())
    page.most("what is said of the weights", relative(record["log_evidence_error"], error), 1e-9)


def _shape(log_ratio) -> float:
    return pareto_shape(log_ratio[log_ratio > -np.inf])


def exact_column_laws(page: Page, columns: dict, kind: str, draws: dict | None, missed) -> None:
    """Hold the columns of the quantiles that say what the verdict rests on.

    A grid's exact quantiles are its own; those of weighted draws, given as columns, lie between
    the draws at their mid-weights, those of chains are median-unbiased, where 20 effective draws or
    more lie beyond; what they miss is `missed` (`missed_by`, `missed_by_chains`).
    """
    page.same("what the verdict rests on", set(columns["rests_on"]), {kind})
    exact, error = columns["exact"], columns["exact_error"]
    page.true("errors are not negative", ~(error < 0))
    if kind == "grid":
        same = (exact == columns["grid"]) | (np.isnan(exact) & np.isnan(columns["grid"]))
        page.true("exact quantiles are those of the exact side", same)
        page.true("exact quantiles are those of the exact side", ~(error < columns["grid_error"]))
    elif kind == "none":
        page.true("exact quantiles are those of the exact side", np.isnan(exact))
    else:
        for name in dict.fromkeys(columns["quantity"]):
            rows = np.array([each == name for each in columns["quantity"]])
            stated = (columns["probability"][rows], exact[rows], error[rows])
            weighted_laws(page, stated, DRAWN[kind](draws, name, *missed))


def weighted_laws(page: Page, stated, draws: WeightedDraws | ChainDraws) -> None:
    """Hold exact quantiles and their errors, (probabilities, values, errors), against the draws."""
    p, exact, error = stated
    due = np.array([draws.stated(each) for each in p])
    spread = abs(due) + float(np.ptp(draws.x[[draws.x.size // 4, -(draws.x.size // 4)]]))
    page.most("exact quantiles are those of the exact side", apart(exact, due, spread), RATIO)
    due = np.array([draws.error(each) for each in p])
    page.most("errors of the draws recomputed", apart(error, due, due), SHAPE)


def apart(stated, due, size):
    """Return how far numbers are from those that are due, as a part of a size; NaN is like NaN."""
    with np.errstate(invalid="ignore", divide="ignore"):
        off = np.where(stated == due, 0.0, np.abs(stated - due) / size)
    return np.where(np.isnan(stated) & np.isnan(due), 0.0, np.where(np.isnan(off), np.inf, off))


def stated_truth_laws(page: Page, columns: dict, kind: str, draws: dict | None, missed) -> None:
    """Hold the exact side of a table of remedies: its scale too has an error where draws are it."""
    first = np.array([method == "laplace" for method in columns["method"]])
    mine = {key: value[first] for key, value in columns.items() if isinstance(value, np.ndarray)}
    names = [name for name, kept in zip(columns["quantity"], first, strict=True) if kept]
    if kind not in DRAWN:
        page.true("scale of the draws recomputed", columns["scale_error"] == 0)
        return
    for name in dict.fromkeys(names):
        rows, side = np.array([each == name for each in names]), DRAWN[kind](draws, name, *missed)
        stated = (mine[key][rows] for key in ("probability", "exact", "exact_error"))
        weighted_laws(page, tuple(stated), side)
        for key, due in zip(("scale_sd", "scale_error"), side.scale(), strict=True):
            page.most("scale of the draws recomputed", apart(mine[key][rows], due, due), SHAPE)

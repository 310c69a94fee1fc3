"""Adaptive Gauss-Hermite quadrature: a product rule placed by the normal."""

from typing import NamedTuple

import numpy as np

from laplace_approx.numerics.quadrature import product_rule
from laplace_approx.remedies.axes import axis_of, coordinate_of
from laplace_approx.remedies.cost_limit import within_limit
from laplace_approx.remedies.line import FINE, change, line_quantiles
from laplace_approx.remedies.question import Question
from laplace_approx.remedies.result import Answer, Remedy

METHOD = "gauss_hermite"
MOST_NODES = 200_000  # a side of 9 serves up to five dimensions: halved or doubled, the same five
# standard deviations to which the interpolated marginal is integrated; halved, quantiles of the
# bioassay move by 0.005 SD, doubled, by 2e-5
WIDEST = 12.0


class _Rule(NamedTuple):
    """The rule for one axis: nodes z (n, d), their masses (n,), log Z, and the marginal's shape."""

    z: np.ndarray
    masses: np.ndarray
    log_evidence: float
    t: np.ndarray  # (k,) nodes along the axis
    log_ratio: np.ndarray  # (k,) log of marginal density over the normal's, at t


@within_limit
def gauss_hermite(question: Question, points: int = 9) -> Remedy:
    """Integrate the posterior with `points` Gauss-Hermite nodes a side, placed by the normal.

    log Z and moments are weighted sums over the nodes (Naylor and Smith 1982, Applied Statistics
    31; Liu and Pierce 1994, Biometrika 81). Weighted nodes make no honest quantiles. Those come,
    for functions of one coordinate, from a rule whose first axis is that coordinate: it gives the
    marginal density at `points` values, and the log of its ratio to the normal is interpolated
    between them, monotonely because the nodes are few, and continued in a straight line (as in
    Bilodeau, Stringer and Tang 2022, "Stochastic convergence rates and applications of adaptive
    quadrature in Bayesian inference"). A quantile beyond the outermost node is withheld (NaN).
    Errors are the changes from the rule with two nodes fewer a side, whose cost is counted. Costs
    points^d + (points - 2)^d evaluations for each axis, so that it is refused beyond 200,000.
    """
    if points < 3 or points % 2 == 0:
        raise ValueError(f"points must be odd and at least 3, not {points}")
    d, normal, quantities = question.size, question.normal, question.quantities
    if points**d > MOST_NODES:
        text = f"{points}^{d} nodes for a Gauss-Hermite product; the limit is {MOST_NODES}"
        return question.refused(METHOD, text)
    density, counter = question.watched()
    served = {name: coordinate_of(q, density, normal) for name, q in quantities.items()}
    axes = sorted({j for j in served.values() if j is not None} | {0})
    reason = question.limit.refusal(len(axes) * (points**d + (points - 2) ** d))
    if reason is not None:
        return question.refused(METHOD, reason)
    rules = {j: tuple(_rule(density, normal, j, k) for k in (points, points - 2)) for j in axes}
    if not all(np.isfinite(rule.log_evidence) for pair in rules.values() for rule in pair):
        text = "every node lies outside the support"
        return question.refused(METHOD, text, counter.evaluations)
    answers = {
        name: _answer(quantity, served[name], rules, normal, question.probabilities)
        for name, quantity in quantities.items()
    }
    fine, coarse = rules[0]
    details = {
        "points": points,
        "log_evidence_error": abs(fine.log_evidence - coarse.log_evidence),
        "log_evidence_by_coordinate": {density.names[j]: rules[j][0].log_evidence for j in axes},
    }
    return Remedy(METHOD, answers, counter.evaluations, fine.log_evidence, details=details)


def _rule(density, normal, j, points):
    """Evaluate the product rule whose first side is the axis of coordinate j."""
    d = normal.mean.size
    u, log_weights = product_rule(points, d)
    z = axis_of(normal, j).point(u[:, 0], u[:, 1:])
    log_terms = log_weights + density.log_density(z) - normal.log_density(z)
    by_node = log_terms.reshape(points, -1)
    log_ratio = np.logaddexp.reduce(by_node, axis=1)
    log_evidence = float(np.logaddexp.reduce(log_ratio))
    with np.errstate(invalid="ignore"):
        masses = np.exp(log_terms - log_evidence)
    first = u.reshape(points, -1, d)[:, 0, 0]
    side = np.logaddexp.reduce(log_weights.reshape(points, -1), axis=1)
    return _Rule(z, masses, log_evidence, first, log_ratio - side)


def _answer(quantity, j, rules, normal, probabilities):
    """Put together moments from the rule of the first axis and quantiles from that of axis j."""
    (mean, sd), (other_mean, other_sd) = (_moments(quantity, rule) for rule in rules[0])
    reasons = [] if mean is not None else ["no moments: undefined or infinite at some nodes"]
    quantiles = errors = None
    excluded = 0.0
    if j is None:
        reasons.append("no quantiles: not a function of one coordinate of the space")
    else:
        quantiles, errors, excluded, reason = _quantiles(
            quantity, j, rules[j], normal, probabilities
        )
        reasons += [reason] if reason else []
    return Answer(
        quantiles,
        errors,
        mean,
        change(mean, other_mean),
        sd,
        change(sd, other_sd),
        excluded,
        "; ".join(reasons) or None,
    )


def _moments(quantity, rule):
    """Return (mean, sd) over the nodes, or None twice where one with mass has no finite value."""
    held = rule.masses > 0
    values, masses = np.asarray(quantity(rule.z), dtype=float)[held], rule.masses[held]
    if not np.isfinite(values).all():
        return None, None
    mean = np.sum(masses * values)
    return float(mean), float(np.sqrt(np.sum(masses * (values - mean) ** 2)))


def _quantiles(quantity, j, pair, normal, probabilities):
    """Return (quantiles, errors, excluded mass, reason) from the interpolated marginal.

    The error is the change from the coarser rule plus the change from monotone to spline
    interpolation, which shows where the nodes are too few to fix the marginal between them.
    """
    t = np.linspace(-WIDEST, WIDEST, FINE)
    z = np.broadcast_to(normal.mean, (t.size, normal.mean.size)).copy()
    z[:, j] += t * np.linalg.norm(normal.cholesky[j])
    values = np.asarray(quantity(z), dtype=float)
    fine, coarse, splined = (
        line_quantiles(values, _marginal_masses(rule, t, interpolation), probabilities)
        for rule, interpolation in ((pair[0], "pchip"), (pair[1], "pchip"), (pair[0], "spline"))
    )
    if fine is None or coarse is None or splined is None:
        return None, None, 1.0, "the quantity is nowhere defined"
    errors = np.abs(fine.quantiles - coarse.quantiles) + np.abs(fine.quantiles - splined.quantiles)
    place = np.interp(fine.places, np.arange(t.size), t)
    inside = np.abs(place) <= pair[0].t[-1]
    reason = None if inside.all() else "a quantile lies beyond the outermost node of the rule"
    quantiles, errors = (np.where(inside, part, np.nan) for part in (fine.quantiles, errors))
    return quantiles, errors, fine.excluded, reason


def _marginal_masses(rule, t, interpolation):
    """Return the masses at points t: the normal's times the interpolated ratio, normalised.

    Where the support ends between two nodes, nothing is known beyond the last finite one.
    """
    from scipy.interpolate import CubicSpline, PchipInterpolator

    known = np.isfinite(rule.log_ratio)
    nodes, log_ratio = rule.t[known], rule.log_ratio[known]
    if nodes.size == 1:
        height = np.full(t.size, log_ratio[0])
    else:
        kind = PchipInterpolator if interpolation == "pchip" else CubicSpline
        curve, near = kind(nodes, log_ratio), np.clip(t, nodes[0], nodes[-1])
        height = curve(near) + curve(near, 1) * (t - near)
    if not known.all():
        height = np.where((t >= nodes[0]) & (t <= nodes[-1]), height, -np.inf)
    height = height - 0.5 * t * t
    masses = np.exp(height - height.max())
    return masses / masses.sum()

"""How far the normal is from the posterior as a whole, measured on the grid."""

import math
from functools import partial
from typing import NamedTuple

import numpy as np

from laplace_approx.comparison.coverage import chi_square_quantile, ellipse_coverage
from laplace_approx.comparison.distances import (
    Measure,
    Nodes,
    compare,
    kl_exact_laplace,
    kl_laplace_exact,
    kl_laplace_exact_by_hermite,
    normalised,
    unmeasured,
)
from laplace_approx.comparison.intervals import LEVELS, percent
from laplace_approx.comparison.signal_meanings import signal
from laplace_approx.comparison.signals import reflection_bound_on_lattice
from laplace_approx.contained import contained
from laplace_approx.exact.lattice import Lattice
from laplace_approx.exact.shared import missed
from laplace_approx.normal.fit import Fit

COVERED = 1e-9  # of the mass: what sums over the nodes are not asked for
NO_SPREAD = (
    "a parameter of the posterior has no SD, or one that lies beyond any lattice: then the "
    "divergence from a normal has no bound"
)
# Total variation at which a normal is called by a word, smallest first; beyond the last: "bad".
CLASSES = {"exact": 1e-8, "good": 0.05, "fair": 0.15, "poor": 0.30}

ON_LATTICE = ("total_variation", "hellinger", "kl_exact_laplace")
TEXTS = {
    "total_variation": (
        "The largest difference, over all events, between the probability that the normal gives "
        "and the exact one.",
        "It says nothing of where the difference lies: a quantity can be right where it is large.",
    ),
    "hellinger": (
        "The Hellinger distance: its square is at most the total variation, which is at most 1.41 "
        "times the distance.",
        "Like the total variation, it says nothing of where the difference lies.",
    ),
    "kl_exact_laplace": (
        "What is lost on average, in nats, by coding the posterior as if it were the normal.",
        "It is ruled by tails that the normal lacks, and can be large while all central intervals "
        "are right.",
    ),
    "kl_laplace_exact": (
        "What is lost on average, in nats, by coding the normal as if it were the posterior.",
        "It does not see a part of the posterior that the normal leaves out.",
    ),
    "ellipse_coverage": (
        "What the ellipses of the normal, of these nominal probabilities, hold of the posterior.",
        "An ellipse can hold the right share in the wrong place.",
    ),
}


class Judged(NamedTuple):
    """The exact side of the joint measures: cells, log evidence, the mass that is left outside or
    that the cells misplace, and whether every parameter has an SD."""

    lattice: Lattice
    log_evidence: float
    log_evidence_error: float
    outside_mass: float
    has_spread: bool = True


def judged_by(record: dict, lattice: Lattice) -> Judged | None:
    """Return the exact side of a grid, or None where it has no evidence, lacks too much or
    resolves too little."""
    outside, evidence = record["outside_mass"]["total"], record["log_evidence"]
    if outside is None or evidence is None or not outside < 1:
        return None
    error, share = record["discretisation_error"]["log_evidence"], missed(record)
    if not outside + share < 1:
        return None
    has_spread = None not in record["sd"].values()
    error = math.nan if error is None else error
    return Judged(lattice, evidence, error, outside + share, has_spread)


def not_judged(record: dict) -> str:
    """Return why a grid gives no joint measures."""
    if record["status"] == "ok" and math.isnan(missed(record)):
        return "the lattice of all parameters is too coarse: see the reasons of the grid"
    return "there is no grid to measure it on"


def joint_measures(fit: Fit, exact: Judged) -> dict:
    """Return every joint measure as {value, error, reason, meaning, blind_spot}; one that fails
    has the reason."""
    given = fit.density, fit.normal, exact.log_evidence
    found = contained(
        lambda: _on_lattice(fit, exact),
        lambda reason: dict.fromkeys(ON_LATTICE, unmeasured(reason)),
    )
    divergence = contained(lambda: kl_laplace_exact_by_hermite(*given), unmeasured)
    ellipses = contained(
        lambda: ellipse_coverage(*given), lambda reason: [unmeasured(reason)] * len(LEVELS)
    )
    off = exact.log_evidence_error + exact.outside_mass
    if not exact.has_spread:
        found["kl_exact_laplace"] = unmeasured(NO_SPREAD)
    divergence, *ellipses = contained(
        lambda: _held_by_nodes(fit, exact, [divergence, *ellipses]),
        lambda reason: [unmeasured(reason)] * (1 + len(LEVELS)),
    )
    found["kl_laplace_exact"] = _widened(divergence, off)
    records = {name: described(name, measure) for name, measure in found.items()}
    records["ellipse_coverage"] = described_levels([_widened(each, off) for each in ellipses])
    return records


def _held_by_nodes(fit: Fit, exact: Judged, measures: list[Measure]) -> list[Measure]:
    """Return the divergence of the normal and the coverage of its ellipses, whose rules look at
    other places than the lattice does, with errors that bear what the nodes say.

    Where the sums over the nodes differ by more than the error and three times what leaving out
    every other node changes in them, one of both has not seen something: the difference is then
    the error.
    """
    fine = exact.lattice.odd()
    log_q = fit.log_approximation(fine.nodes())
    distance = fit.distance(fine.nodes())
    sums = [
        _sums_at(each, q, r, fit.normal.mean.size)
        for each, q, r in (
            (fine, log_q, distance),
            (fine.thin(), _every_other(log_q), _every_other(distance)),
        )
    ]
    return [_held(*each) for each in zip(measures, *sums, strict=True)]


def _sums_at(lattice: Lattice, log_q, distance, d: int) -> list[float]:
    """Return KL(q, p), NaN where the nodes do not cover q, and the mass in the ellipses."""
    nodes = normalised(Nodes(lattice.log_density, log_q, lattice.log_weights()))
    covered = float(np.sum(np.exp(nodes.log_q + nodes.log_weights)))
    divergence = kl_laplace_exact(nodes) if abs(covered - 1) < COVERED else math.nan
    limits = chi_square_quantile(d, LEVELS)
    return [divergence, *(float(nodes.mass[distance.ravel() <= limit].sum()) for limit in limits)]


def _held(measure: Measure, fine: float, coarse: float) -> Measure:
    if measure.error is None or not math.isfinite(fine + coarse):
        return measure
    apart, own = abs(measure.value - fine), abs(fine - coarse)
    if apart <= measure.error + 3 * own + COVERED:
        return measure
    return measure._replace(error=apart + own)


def _on_lattice(fit: Fit, exact: Judged) -> dict[str, Measure]:
    """Return the measures that are sums over the lattice, those of `ON_LATTICE`."""
    fine = exact.lattice.odd()
    off = exact.log_evidence_error  # of the mass by which p is normalised
    log_q = fit.log_approximation(fine.nodes())
    nodes, thin = (
        Nodes(each.log_density, part, each.log_weights())
        for each, part in ((fine, log_q), (fine.thin(), _every_other(log_q)))
    )
    found = compare(nodes, thin, exact.outside_mass)
    found["kl_exact_laplace"] = _explained(found["kl_exact_laplace"], nodes)
    return {name: _widened(measure, off) for name, measure in found.items()}


def unknown_measures(reason: str) -> dict:
    """Return the joint measures of a case without an exact side: none, and why."""
    nothing = unmeasured(reason)
    names = (name for name in TEXTS if name != "ellipse_coverage")
    records = {name: described(name, nothing) for name in names}
    return {**records, "ellipse_coverage": described_levels([nothing] * len(LEVELS))}


def described(name: str, measure: Measure) -> dict:
    """Return a measure with its two sentences; a value that is not finite has a reason."""
    meaning, blind_spot = TEXTS[name]
    return {**_plain(measure), "meaning": meaning, "blind_spot": blind_spot}


def described_levels(measures) -> dict:
    """Return the coverage of the ellipses, a value for each nominal level."""
    meaning, blind_spot = TEXTS["ellipse_coverage"]
    levels = {percent(level): _plain(each) for level, each in zip(LEVELS, measures, strict=True)}
    return {"levels": levels, "meaning": meaning, "blind_spot": blind_spot}


def _plain(measure: Measure) -> dict:
    value, reason = measure.value, measure.reason
    if value is not None and not math.isfinite(value):
        value, reason = None, f"{reason or 'not a number'} (the value is {value})"
    return {"value": value, "error": measure.error, "reason": reason}


def _explained(divergence: Measure, nodes: Nodes) -> Measure:
    """Say of an infinite divergence how much of the posterior the normal leaves without mass, and
    what the divergence is on the rest."""
    if divergence.value != math.inf:
        return divergence
    mass = normalised(nodes)[0]
    held = np.isfinite(np.ravel(nodes.log_q))
    rest = kl_exact_laplace(Nodes(*(np.ravel(part)[held] for part in nodes)))
    share = f"about {np.sum(mass[~held]):.1g} of the posterior"
    text = f"the normal puts no mass on {share}; on the rest the divergence is {rest:.6g}"
    return divergence._replace(reason=text)


def _widened(measure: Measure, error: float) -> Measure:
    """Add an error to a measure that has one."""
    return measure if measure.error is None else measure._replace(error=measure.error + error)


def reflection_signal(fit: Fit, exact: Judged):
    """Return the reflection bound by quadrature over the grid, in the coordinates of the space;
    where that fails, the reason."""
    nothing = partial(signal, "reflection_bound", None, None)
    return contained(lambda: _reflection_bound(fit, exact), nothing)


def _reflection_bound(fit: Fit, exact: Judged):
    fine = exact.lattice.odd()
    values = _reflected(fit, fine)
    parts = (
        (log_density, reflected, lattice.log_weights() - log_jacobian)
        for lattice, (log_density, reflected, log_jacobian) in (
            (fine, values),
            (fine.thin(), [_every_other(each) for each in values]),
        )
    )
    return reflection_bound_on_lattice(*parts, exact.outside_mass)


def _reflected(fit: Fit, lattice: Lattice):
    """Return (log p(z), log p(2 mode - z), log |d theta / d z|) at the nodes of a lattice.

    Nodes outside the space have no density: a space that restricts the support leaves them out.
    """
    z = fit.space.unconstrain(lattice.nodes())
    inside = np.all((z > fit.space.lower) & (z < fit.space.upper), axis=-1)
    log_density, reflected = np.full((2, *inside.shape), -np.inf)
    log_jacobian = np.zeros(inside.shape)
    log_jacobian[inside] = fit.space.log_jacobian(z[inside])
    log_density[inside] = lattice.log_density[inside] + log_jacobian[inside]
    reflected[inside] = fit.density.log_density(2 * fit.normal.mean - z[inside])
    return log_density, reflected, log_jacobian


def _every_other(values):
    """Return the values at every other node along every axis, as `Lattice.thin` keeps them."""
    return values[(slice(None, None, 2),) * values.ndim]


def total_variation_class(measure: dict) -> str | None:
    """Return the word for a total variation: "exact", "good", "fair", "poor" or "bad"."""
    value = measure["value"]
    if value is None:
        return None
    return next((word for word, most in CLASSES.items() if value <= most), "bad")

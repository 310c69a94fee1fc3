"""How far the normal is from the posterior as a whole, measured on the grid."""

import math
from collections.abc import Callable
from functools import cache, partial
from typing import NamedTuple

import numpy as np

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
from laplace_approx.comparison.ellipses import ellipses_by_two_rules
from laplace_approx.comparison.exact import Exact
from laplace_approx.comparison.intervals import LEVELS, percent
from laplace_approx.comparison.nodes import COVERED, Laid, every_other, held, laid_out
from laplace_approx.comparison.on_a_line import Line, line_of
from laplace_approx.comparison.sides import ExactSide
from laplace_approx.comparison.signal_meanings import signal
from laplace_approx.comparison.signals import reflection_bound_on_lattice
from laplace_approx.contained import contained
from laplace_approx.exact.lattice import LARGEST, Lattice
from laplace_approx.exact.off_the_nodes import misplaced
from laplace_approx.exact.shared import entropy_missed, missed
from laplace_approx.normal.fit import Fit

NO_SPREAD = (
    "a parameter of the posterior has no SD, or one that lies beyond any lattice: then the "
    "divergence from a normal has no bound"
)
# Total variation at which a normal is called by a word, smallest first; beyond the last: "bad".
CLASSES = {"exact": 1e-8, "good": 0.05, "fair": 0.15, "poor": 0.30}

# Of two reflected places the one where nodes lie closer counts as the power of how much closer: at
# 1 a hole a thousand times as wide on the other side would still take a thousandth.
SHARPNESS = 4.0
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
    """The exact side of the joint measures: its cells and its side, log evidence, the mass that is
    left outside or that the cells misplace, whether every parameter has an SD, and what the mean of
    the log density over the cells may be off by."""

    lattice: Lattice
    side: ExactSide
    log_evidence: float
    log_evidence_error: float
    outside_mass: float
    has_spread: bool = True
    entropy_error: float = 0.0

    @property
    def off(self) -> float:
        """What the mass by which p is normalised, and what is left out of it, can move."""
        return self.log_evidence_error + self.outside_mass


def judged_by(exact: Exact) -> Judged | None:
    """Return the exact side of a grid, or None where it has no evidence, lacks too much or
    resolves too little."""
    record = exact.record
    outside, evidence = record["outside_mass"]["total"], record["log_evidence"]
    if outside is None or evidence is None or not outside < 1:
        return None
    error = record["discretisation_error"]["log_evidence"]
    share = missed(record) + misplaced(record)
    if not outside + share < 1:
        return None
    has_spread = None not in record["sd"].values()
    error = math.nan if error is None else error
    lattice, off = exact.cells.lattice, outside + share
    entropy = entropy_missed(record)
    return Judged(lattice, exact.side, evidence, error, off, has_spread, entropy)


def not_judged(record: dict) -> str:
    """Return why a grid gives no joint measures."""
    if record["status"] == "ok" and math.isnan(missed(record)):
        return "the lattice of all parameters is too coarse: see the reasons of the grid"
    return "there is no grid to measure it on"


def joint_measures(fit: Fit, exact: Judged) -> dict:
    """Return every joint measure as {value, error, reason, meaning, blind_spot}; one that fails
    has the reason."""
    laid = cache(lambda: laid_out(fit, exact.lattice))
    found = contained(
        lambda: _on_lattice(laid(), exact),
        lambda reason: dict.fromkeys(ON_LATTICE, unmeasured(reason)),
    )
    if not exact.has_spread:
        found["kl_exact_laplace"] = unmeasured(NO_SPREAD)
    found["total_variation"] = _cut(found["total_variation"], fit, exact, Line.total_variation)
    found["kl_laplace_exact"] = contained(lambda: _divergence(fit, exact, laid()), unmeasured)
    ellipses = contained(
        lambda: ellipses_by_two_rules(fit, exact, laid()),
        lambda reason: [unmeasured(reason)] * len(LEVELS),
    )
    records = {name: described(name, measure) for name, measure in found.items()}
    records["ellipse_coverage"] = described_levels([_widened(each, exact.off) for each in ellipses])
    return records


def _cut(measure: Measure, fit: Fit, exact: Judged, of_line: Callable) -> Measure:
    """Return a measure that is a sum over nodes, of one parameter by what its densities are cut
    into where they cross."""
    if fit.normal.mean.size != 1:
        return measure
    nodes = exact.lattice.nodes()
    line = line_of(fit, exact.side, exact.log_evidence, nodes)
    return _widened(of_line(line), exact.off) if line else measure


def _divergence(fit: Fit, exact: Judged, laid: tuple[Laid, Laid]) -> Measure:
    """Return KL(q, p) by a rule of the normal, held against the nodes where these cover q."""
    by_rule = kl_laplace_exact_by_hermite(fit.density, fit.normal, exact.log_evidence)
    return _widened(held(by_rule, *(_divergence_at(each.nodes) for each in laid)), exact.off)


def _divergence_at(nodes: Nodes) -> float:
    covered = float(np.sum(np.exp(nodes.log_q + nodes.log_weights)))
    return kl_laplace_exact(normalised(nodes)) if abs(covered - 1) < COVERED else math.nan


def _on_lattice(laid: tuple[Laid, Laid], exact: Judged) -> dict[str, Measure]:
    """Return the measures that are sums over the lattice, those of `ON_LATTICE`."""
    nodes, thin = (each.nodes for each in laid)
    found = compare(nodes, thin, exact.outside_mass)
    divergence = _widened(found["kl_exact_laplace"], exact.entropy_error)
    found["kl_exact_laplace"] = _explained(divergence, nodes)
    # p is normalised by the evidence, which has an error of its own
    return {name: _widened(measure, exact.log_evidence_error) for name, measure in found.items()}


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
    *values, log_jacobian, share = _reflected(fit, fine)
    thinned = [every_other(each) for each in (*values, log_jacobian, share)]
    parts = (
        (log_density, reflected, lattice.log_weights() - jacobian, share)
        for lattice, (log_density, reflected, jacobian, share) in (
            (fine, (*values, log_jacobian, share)),
            (fine.thin(), thinned),
        )
    )
    found = reflection_bound_on_lattice(*parts, exact.outside_mass)
    measure = Measure(found.value, found.error)
    value, error, _ = _cut(measure, fit, exact, Line.reflection_bound)
    return found._replace(value=value, error=error)


def _reflected(fit: Fit, lattice: Lattice):
    """Return (log p(z), log p(2 mode - z), log |d theta / d z|, share) at the nodes of a lattice,
    the share being that of a node in what it and its reflection stand for.

    Nodes outside the space have no density: a space that restricts the support leaves them out.
    """
    z = fit.space.unconstrain(lattice.nodes())
    inside = np.all((z > fit.space.lower) & (z < fit.space.upper), axis=-1)
    log_density, reflected = np.full((2, *inside.shape), -np.inf)
    log_jacobian, share = np.zeros(inside.shape), np.full(inside.shape, 0.5)
    log_jacobian[inside] = fit.space.log_jacobian(z[inside])
    log_density[inside] = lattice.log_density[inside] + log_jacobian[inside]
    opposite = 2 * fit.normal.mean - z[inside]
    reflected[inside] = fit.density.log_density(opposite)
    if any(axis.centres for axis in lattice.frame.axes):
        with np.errstate(invalid="ignore"):  # beyond the lattice both: neither is closer
            closer = _closeness(fit, lattice, z[inside]) - _closeness(fit, lattice, opposite)
        closer = np.where(np.isnan(closer), 0.0, np.clip(closer, -LARGEST, LARGEST))
        share[inside] = 1 / (1 + np.exp(-closer))
    return log_density, reflected, log_jacobian, share


def _closeness(fit: Fit, lattice: Lattice, z):
    """Return `SHARPNESS` times the log of how many nodes there are per volume of z (..., d) about
    it, -inf beyond the lattice."""
    u = lattice.frame.locate(fit.space.constrain(z))
    ends = np.array([(axis.lower, axis.upper) for axis in lattice.frame.axes]).T
    within = np.all((u >= ends[0]) & (u <= ends[1]), axis=-1)
    log_nodes = fit.space.log_jacobian(z) - lattice.frame.log_slope(u)
    return SHARPNESS * np.where(within, log_nodes, -np.inf)


def total_variation_class(measure: dict) -> str | None:
    """Return the word for a total variation: "exact", "good", "fair", "poor" or "bad"."""
    value = measure["value"]
    if value is None:
        return None
    return next((word for word, most in CLASSES.items() if value <= most), "bad")

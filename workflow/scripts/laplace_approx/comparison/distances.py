"""Distances between the exact posterior and an approximation, by quadrature over both."""

import math
from typing import NamedTuple

import numpy as np

from laplace_approx.contained import contained
from laplace_approx.density.density import Density
from laplace_approx.density.evaluation import counted
from laplace_approx.normal.normal import Normal
from laplace_approx.numerics.quadrature import product_rule


class Nodes(NamedTuple):
    """Nodes of a quadrature rule, all arrays of one shape.

    `log_p` is the exact log density (unnormalised: it is normalised by the lattice itself), `log_q`
    the normalised log density of the approximation, `log_weights` the log quadrature weights. The
    lattice must cover p; where it need cover q as well, the function says so.
    """

    log_p: np.ndarray
    log_q: np.ndarray
    log_weights: np.ndarray


class Measure(NamedTuple):
    """A number with its numerical error; the value is None or infinite only with a reason."""

    value: float | None
    error: float | None
    reason: str | None = None


def unmeasured(reason: str) -> Measure:
    """Return the measure that there is not, for this reason."""
    return Measure(None, None, reason)


class Normalised(NamedTuple):
    """The mass of p at each node, summing to 1, and log p with it; log q; log weights: all flat."""

    mass: np.ndarray
    log_p: np.ndarray
    log_q: np.ndarray
    log_weights: np.ndarray


def normalised(lattice: Nodes | Normalised) -> Normalised:
    """Return nodes with p normalised; as they are where it is already."""
    if isinstance(lattice, Normalised):
        return lattice
    log_p, log_q, log_weights = (np.ravel(np.asarray(part, dtype=float)) for part in lattice)
    log_mass = log_p + log_weights
    top = log_mass.max()
    if not (np.isfinite(top) and (log_q < np.inf).all()):
        raise ValueError("the lattice needs a node with a finite log density, and no NaN or +inf")
    mass = np.exp(log_mass - top)
    total = mass.sum()
    return Normalised(mass / total, log_p - top - math.log(total), log_q, log_weights)


def total_variation(lattice: Nodes | Normalised) -> float:
    """Return TV(p, q) = integral of (p - q)+, in [0, 1]: half of the integral of |p - q|."""
    mass, log_p, log_q, log_weights = normalised(lattice)
    shared = np.exp(np.minimum(log_p, log_q) + log_weights)
    return float(np.clip(np.sum(mass - shared), 0.0, 1.0))


def hellinger(lattice: Nodes | Normalised) -> float:
    """Return H = sqrt(1 - integral of sqrt(p q)), in [0, 1], so that H^2 <= TV <= sqrt(2) H."""
    _, log_p, log_q, log_weights = normalised(lattice)
    affinity = np.sum(np.exp(0.5 * (log_p + log_q) + log_weights))
    return float(np.sqrt(np.maximum(0.0, 1.0 - affinity)))


def kl_exact_laplace(lattice: Nodes | Normalised) -> float:
    """Return KL(p || q) = integral of p log(p/q); infinite where q leaves out mass of p."""
    mass, log_p, log_q, _ = normalised(lattice)
    held = mass > 0
    return float(np.maximum(0.0, np.sum(mass[held] * (log_p[held] - log_q[held]))))


def kl_laplace_exact(lattice: Nodes | Normalised) -> float:
    """Return KL(q || p) = integral of q log(q/p); the lattice must cover q as well as p.

    Infinite where q puts mass outside the support of p.
    """
    _, log_p, log_q, log_weights = normalised(lattice)
    mass = np.exp(log_q + log_weights)
    held = mass > 0
    return float(np.maximum(0.0, np.sum(mass[held] * (log_q[held] - log_p[held]))))


def compare(fine: Nodes, coarse: Nodes, outside_mass: float = 0.0) -> dict[str, Measure]:
    """Return `total_variation`, `hellinger` and `kl_exact_laplace` with their errors.

    The error is the change from the coarse lattice to the fine one, plus, of the total variation,
    what the rule makes of the kink where p = q (`kink_error`; that change may be 0 by accident),
    plus what the mass of p outside the lattice, `outside_mass`, can do: it moves TV by at most
    itself, H^2 by at most its square root times that of the mass of q out there, and KL by about
    itself times the largest |log p/q| seen. For the kink the nodes have the shape of the lattice.
    """
    if not 0 <= outside_mass < 1:
        raise ValueError(f"the mass outside the lattice must lie in [0, 1), not {outside_mass}")
    shape = np.shape(fine.log_p)
    fine, coarse = normalised(fine), normalised(coarse)
    mass_q = np.exp(fine.log_q + fine.log_weights)
    measures = {
        "total_variation": (
            total_variation,
            lambda: outside_mass + kink_error(*(x.reshape(shape) for x in (fine.mass, mass_q))),
        ),
        "hellinger": (hellinger, lambda: _hellinger_tail(fine, coarse, outside_mass)),
        "kl_exact_laplace": (kl_exact_laplace, lambda: outside_mass * _largest_log_ratio(fine)),
    }
    return {
        name: contained(
            lambda function=function, tail=tail: _measured(
                function(fine), function(coarse), tail()
            ),
            unmeasured,
        )
        for name, (function, tail) in measures.items()
    }


def kink_error(mass, other):
    """Return what sums over nodes are off the integral of (p - q)+ by at its kinks, from the masses
    of p and q at the nodes of a lattice, both of its shape.

    Where p - q changes its sign between two nodes, from a to -b, the trapezoid rule is above the
    triangle that is there by a b / (2 (a + b)), and so are the errors of all such places, along
    every axis. Where p ends between two nodes, half of the mass of the last one is open.
    """
    total = 0.0
    for axis in range(mass.ndim):
        p, d = (np.moveaxis(x, axis, 0) for x in (mass, mass - other))
        a, b = np.abs(d[:-1]), np.abs(d[1:])
        crossed = (d[:-1] > 0) != (d[1:] > 0)
        total += np.sum(a[crossed] * b[crossed] / np.maximum(2 * (a + b)[crossed], 1e-300))
        ends = (p[:-1] > 0) != (p[1:] > 0)
        total += 0.5 * np.sum(np.maximum(p[:-1], p[1:])[ends])
    return float(total)


def edge_error(mass, other):
    """Return what sums over nodes are off the integral of (p - q)+ by where q ends between two
    nodes: half of what q takes from p at the last one, which may lie on either side of the edge."""
    total = 0.0
    for axis in range(mass.ndim):
        q, shared = (np.moveaxis(x, axis, 0) for x in (other, np.minimum(mass, other)))
        ends = (q[:-1] > 0) != (q[1:] > 0)
        total += 0.5 * np.sum(np.maximum(shared[:-1], shared[1:])[ends])
    return float(total)


def _measured(fine, coarse, tail):
    if fine == np.inf:
        return Measure(np.inf, None, "the approximation puts no mass on part of the support")
    return Measure(fine, float(abs(fine - coarse) + tail))


def _hellinger_tail(fine, coarse, outside_mass):
    """Bound the change of H from that of H^2: by the mass outside (Cauchy-Schwarz), by rounding,
    and by the mass of q that the nodes, laid for p, do not resolve: what leaving out every other
    one changes in it. A normal far narrower than p may fall between them."""
    mass_q, thin = (float(np.sum(np.exp(x.log_q + x.log_weights))) for x in (fine, coarse))
    unresolved = abs(mass_q - thin) + max(0.0, mass_q - 1.0)
    outside_q = max(0.0, 1.0 - mass_q)
    square = math.sqrt(outside_mass * outside_q) + 0.5 * outside_mass + 4 * np.finfo(float).eps
    square += unresolved
    return square / max(hellinger(fine), math.sqrt(square))


def _largest_log_ratio(lattice):
    mass, log_p, log_q, _ = normalised(lattice)
    held = mass > 0
    return float(np.max(np.abs(log_p[held] - log_q[held])))


def kl_laplace_exact_by_hermite(
    density: Density, normal: Normal, log_evidence: float, points: int = 25
) -> Measure:
    """Return KL(q || p) = -entropy(q) - E_q[log p] + log Z with E_q by a Gauss-Hermite product.

    The integrand is a log density, smooth where p is, so that a few points a side suffice and no
    lattice need cover the normal's tails. A bounded support makes the divergence infinite: the
    normal puts mass where the posterior has none. The error is the largest change from 3/5, 4/5
    and one less of the points: at a kink rules with and without a node there lie on its two sides.
    """
    if np.any(np.isfinite(density.lower)) or np.any(np.isfinite(density.upper)):
        return Measure(np.inf, None, "the support is bounded: the normal has mass outside it")
    if not math.isfinite(log_evidence):
        raise ValueError(f"the log evidence must be finite, not {log_evidence}")
    d = normal.mean.size
    if points**d > 2_000_000:
        return Measure(None, None, f"{points**d} nodes in {d} dimensions; the limit is 2000000")
    density, _ = counted(density)
    entropy = 0.5 * d * (1 + math.log(2 * math.pi)) + np.sum(np.log(np.diag(normal.cholesky)))
    orders = (points, points - 1, (4 * points) // 5, (3 * points) // 5)
    means = [_expected_log_density(density, normal, order) for order in orders]
    if not np.all(np.isfinite(means)):
        return Measure(np.inf, None, "the log density is -inf at points that the normal reaches")
    value = float(log_evidence - entropy - means[0])
    return Measure(max(0.0, value), max(abs(means[0] - mean) for mean in means[1:]))


def _expected_log_density(density, normal, points):
    u, log_weights = product_rule(points, normal.mean.size)
    values = density.log_density(normal.mean + u @ normal.cholesky.T)
    return float(np.sum(np.exp(log_weights) * values))

"""Signals that the normal approximation is poor, none of which needs the exact answer."""

import math
from functools import cache, partial
from typing import NamedTuple

import numpy as np

from laplace_approx.comparison.distances import edge_error, kink_error
from laplace_approx.comparison.signal_meanings import Signal, signal
from laplace_approx.contained import contained
from laplace_approx.curvature.matrices import draws_within
from laplace_approx.density.density import Density
from laplace_approx.density.evaluation import counted
from laplace_approx.normal.fit import Fit
from laplace_approx.normal.normal import Normal
from laplace_approx.normal.third_derivatives import ThirdDerivatives, third_derivatives
from laplace_approx.numerics.monte_carlo import TRUSTED_K, pareto_smoothed

SIZES = (1000, 4000)  # draws in a block, for the spread of k and of the effective sample size


class ProbedDraws(NamedTuple):
    """Draws of the normal with what the log density says of them; all but `z` of shape (n,).

    `log_density` and `log_reflected` are unnormalised log densities at z (n, d) and at
    2 mean - z; `log_approximation` is the normalised log density of the normal at z (and, being
    symmetric, at 2 mean - z).
    """

    z: np.ndarray
    log_density: np.ndarray
    log_reflected: np.ndarray
    log_approximation: np.ndarray


def probe(density: Density, normal: Normal, rng: np.random.Generator, n: int) -> ProbedDraws:
    """Draw n points of the normal and evaluate the log density there and at their reflections.

    Costs 2n evaluations, which every signal below shares.
    """
    density, _ = counted(density)
    z = normal.draw(rng, n)
    log_density = density.log_density(z)
    return ProbedDraws(
        z, log_density, density.log_density(2 * normal.mean - z), normal.log_density(z)
    )


def pareto_k(draws: ProbedDraws, sizes=SIZES) -> Signal:
    """Return the Pareto k of the weights p/q, with its spread over seeds and over sizes.

    k is estimated from all draws; `error` is its standard deviation over blocks of independent
    draws, extrapolated as n^-1/4 from the largest block size that fits twice (k comes from about
    3 sqrt(n) tail draws). `details["by_size"]` gives the 5, 50 and 95 % points of k over the blocks
    of each size: the spread that a seed of that many draws makes.
    """
    log_weights = draws.log_density - draws.log_approximation
    whole = pareto_smoothed(log_weights)
    by_size = {}
    error = 0.0 if whole.k == -np.inf else None
    for size in sorted(s for s in sizes if 2 * s <= log_weights.size):
        shapes = [pareto_smoothed(block).k for block in _blocks(log_weights, size)]
        found = np.array([k for k in shapes if k is not None])
        if found.size >= 2 and np.isfinite(found).all():
            by_size[str(size)] = _spread(found)
            error = float(found.std(ddof=1) * (size / log_weights.size) ** 0.25)
    return signal("pareto_k", whole.k, error, whole.reason, n=log_weights.size, by_size=by_size)


def _blocks(values, size):
    """Return the consecutive blocks of `size` values, (n_blocks, size)."""
    return values[: values.size // size * size].reshape(-1, size)


def _spread(values):
    low, middle, high = np.quantile(values, [0.05, 0.5, 0.95])
    return {"blocks": values.size, "q05": float(low), "median": float(middle), "q95": float(high)}


def effective_sample_size(draws: ProbedDraws, sizes=SIZES) -> Signal:
    """Return (sum w)^2 / (n sum w^2), the effective fraction of the draws (Kong 1992).

    The error is the standard deviation of the fraction over blocks of the largest of `sizes` that
    fits twice, divided by the square root of their number; it is itself too small where k > 0.5.
    """
    log_weights = draws.log_density - draws.log_approximation
    if not np.isfinite(log_weights).any():
        return signal("effective_sample_size", None, None, "every weight is zero or not a number")
    by_size, error = {}, None
    for size in sorted(s for s in sizes if 2 * s <= log_weights.size):
        fractions = _effective_fraction(_blocks(log_weights, size))
        by_size[str(size)] = _spread(fractions)
        error = float(fractions.std(ddof=1) / math.sqrt(fractions.size))
    value = float(_effective_fraction(log_weights))
    return signal("effective_sample_size", value, error, n=log_weights.size, by_size=by_size)


def _effective_fraction(log_weights):
    """Return (sum w)^2 / (n sum w^2) over the last axis; 0 where every weight is zero."""
    top = log_weights.max(axis=-1, keepdims=True)
    weights = np.exp(log_weights - np.where(np.isfinite(top), top, 0.0))
    squares = np.sum(weights**2, axis=-1)
    total = np.sum(weights, axis=-1)
    return np.divide(
        total**2, squares * weights.shape[-1], out=np.zeros_like(total), where=squares > 0
    )


def reflection_bound(draws: ProbedDraws) -> Signal:
    """Return half of TV(p, p reflected about the mean of the normal), from draws of the normal.

    For q symmetric about m and p'(z) = p(2m - z): TV(p, p') <= TV(p, q) + TV(q, p') = 2 TV(p, q).
    With a = p(z)/q(z) and b = p(2m - z)/q(z), both of mean Z, half of TV is
    E|a - b| / (2 E(a + b)), a ratio of means, whose standard error is that of the linearised ratio.
    Weights of too heavy a tail, a Pareto k above `TRUSTED_K`, have no standard error.
    """
    a, b = _scaled_pair(draws)
    total = a + b
    mass = total.sum()
    if not mass > 0:
        return signal("reflection_bound", None, None, "every draw lies outside the support")
    half_difference = 0.5 * np.abs(a - b)
    value = float(half_difference.sum() / mass)
    error = float(np.sqrt(np.sum((half_difference - value * total) ** 2)) / mass)
    with np.errstate(divide="ignore"):
        tail = pareto_smoothed(np.log(total))
    k = tail.k if tail.k is not None and np.isfinite(tail.k) else None
    if tail.k is not None and tail.k <= TRUSTED_K:
        return signal("reflection_bound", value, error, method="draws", pareto_k=k)
    shape = "is not known" if k is None else f"is {k:.2f}, above {TRUSTED_K}"
    reason = f"the Pareto k of these weights {shape}: no error can be told"
    return signal("reflection_bound", value, None, reason, method="draws", pareto_k=k)


def _scaled_pair(draws):
    """Return p(z)/q(z) and p(2m - z)/q(z) up to one common factor."""
    log_a = draws.log_density - draws.log_approximation
    log_b = draws.log_reflected - draws.log_approximation
    top = np.max(np.maximum(log_a, log_b))
    top = top if np.isfinite(top) else 0.0
    return np.exp(log_a - top), np.exp(log_b - top)


class Reflected(NamedTuple):
    """The unnormalised log density at the nodes of a lattice that covers the posterior, at the
    nodes reflected about the mode, the log quadrature weights, all of the shape of the lattice; and
    the `share` of a place in what it and its reflection, with the rest, stand for."""

    log_density: np.ndarray
    log_reflected: np.ndarray
    log_weights: np.ndarray
    share: np.ndarray | float = 0.5


def reflection_bound_on_lattice(fine, coarse, outside_mass=0.0) -> Signal:
    """Return the reflection bound by quadrature over a lattice, and every other node of it, as they
    are `Reflected`; it supersedes the one from draws.

    |p - p'| is the same at a place and at its reflection, so that its integral with the share as
    weight is TV(p, p'): what is narrow is summed where nodes lie close. With halves throughout that
    is the integral of (p - p')+, which needs nodes only where p lives. The error is the change from
    coarse to fine, plus what the rule makes of the kink where p = p' (`distances.kink_error`), plus
    what it makes of the edge of the support of p', plus `outside_mass`, plus what the integral of
    share times p + p', which is 1, is off by: that is what narrow parts of p' cost.
    """
    fine, coarse = Reflected(*fine), Reflected(*coarse)
    value, other = _reflected_half(fine), _reflected_half(coarse)
    shared = [2 * fine.share * each for each in _masses_of_both(fine)]
    rough = kink_error(*shared) + edge_error(*shared) + _unresolved(fine, shared)
    error = abs(value - other) + 0.5 * (rough + float(outside_mass))
    return signal("reflection_bound", value, error, method="lattice")


def _reflected_half(at: Reflected):
    """Return half of TV(p, p') with p normalised by the same lattice."""
    mass, reflected = _masses_of_both(at)
    if np.all(np.asarray(at.share) == 0.5):
        return float(0.5 * np.sum(mass - np.minimum(mass, reflected)))
    return float(0.5 * np.sum(at.share * np.abs(mass - reflected)))


def _unresolved(at: Reflected, shared) -> float:
    """Return what the integral of share times p + p' is off 1 by; where nodes lie only where p
    lives, it is not known, and the shares are halves."""
    if np.all(np.asarray(at.share) == 0.5):
        return 0.0
    return abs(0.5 * float(np.sum(shared)) - 1.0)


def _masses_of_both(at: Reflected):
    """Return the masses of p and of p' at the nodes, with p normalised by the same lattice."""
    log_density, log_reflected, log_weights = (np.asarray(part, dtype=float) for part in at[:3])
    top = np.max(log_density)
    mass = np.exp(log_density - top + log_weights)
    with np.errstate(over="ignore"):
        reflected = np.exp(np.minimum(log_reflected - top + log_weights, 700.0))
    return mass / np.sum(mass), reflected / np.sum(mass)


def skewness(third: ThirdDerivatives, normal: Normal, names) -> Signal:
    """Return the first-order skewness of each coordinate and each whitened axis.

    With T the third derivatives in whitened coordinates u, p is N(0, I) (1 + T[u, u, u]/6) to
    first order. Under it the coordinate z_j = mean_j + |L_j| a.u, |a| = 1, has the third
    standardised cumulant T[a, a, a], and its mean lies sum_jk a_j T[j, k, k]/2 standard deviations
    above the mode (Lindley 1980, "Approximate Bayesian methods"). The value is the largest skewness
    of a coordinate in absolute value, with its sign.
    """
    if third.tensor is None:
        return signal("skewness", None, None, third.reason)
    directions = normal.cholesky / np.linalg.norm(normal.cholesky, axis=1)[:, None]
    coordinate = np.einsum("ijk,ai,aj,ak->a", third.tensor, *[directions] * 3, optimize=True)
    mean_shift = 0.5 * directions @ np.einsum("ijj->i", third.tensor)
    axes = np.einsum("iii->i", third.tensor)
    value = float(coordinate[np.argmax(np.abs(coordinate))])
    # |T[a, a, a]| changes by at most the entrywise error times |a|_1^3 <= d^1.5 of a unit vector.
    error = third.error * normal.mean.size**1.5
    return signal(
        "skewness",
        value,
        error,
        method=third.method,
        coordinates=dict(zip(names, coordinate.tolist(), strict=True)),
        mean_shift_sd=dict(zip(names, mean_shift.tolist(), strict=True)),
        whitened_axes=axes.tolist(),
        norm=float(np.sqrt(np.sum(third.tensor**2))),
    )


def outside_support(draws: ProbedDraws, density: Density, normal: Normal) -> Signal:
    """Return the mass of the normal where the log density is -inf.

    The share of the draws, with its binomial standard error (at least 3/n, the 95 % bound where
    there are none). `details["by_coordinate"]` holds the exact mass beyond each finite bound, one
    coordinate at a time; where only one coordinate is bounded and the draws find -inf nowhere else,
    that is the value, and it is exact.
    """
    n = draws.log_density.size
    empty = ~(draws.log_density > -np.inf)
    share = float(empty.mean())
    by_coordinate = _mass_beyond_bounds(density, normal)
    inside_box = np.all((draws.z > density.lower) & (draws.z < density.upper), axis=1)
    if len(by_coordinate) == 1 and not (empty & inside_box).any():
        exact = next(iter(by_coordinate.values()))
        return signal("outside_support", exact, 0.0, method="exact", by_coordinate=by_coordinate)
    if not by_coordinate and not empty.any():
        return signal("outside_support", 0.0, 3.0 / n, method="draws", by_coordinate={})
    error = max(math.sqrt(share * (1 - share) / n), 3.0 / n)
    return signal("outside_support", share, error, method="draws", by_coordinate=by_coordinate)


def _mass_beyond_bounds(density, normal):
    """Return {name: mass of the normal beyond that coordinate's bounds} for the bounded ones."""
    sd = np.linalg.norm(normal.cholesky, axis=1)
    low = (np.asarray(density.lower) - normal.mean) / sd
    high = (np.asarray(density.upper) - normal.mean) / sd
    return {
        name: 0.5 * math.erfc(-a / math.sqrt(2)) + 0.5 * math.erfc(b / math.sqrt(2))
        for name, a, b in zip(density.names, low.tolist(), high.tolist(), strict=True)
        if math.isfinite(a) or math.isfinite(b)
    }


def number_of_modes(count: int) -> Signal:
    """Return the number of modes that the search found, as a signal."""
    return signal("number_of_modes", float(count), None)


def all_signals(
    density: Density,
    normal: Normal,
    third: ThirdDerivatives,
    rng: np.random.Generator,
    n_modes: int,
    n_draws: int = 16_000,
) -> dict[str, Signal]:
    """Return every signal by name, from 2 n_draws evaluations and the given third derivatives; one
    that fails has the reason."""
    draws = cache(lambda: probe(density, normal, rng, n_draws))
    found = {
        "pareto_k": lambda: pareto_k(draws()),
        "effective_sample_size": lambda: effective_sample_size(draws()),
        "reflection_bound": lambda: reflection_bound(draws()),
        "skewness": lambda: skewness(third, normal, density.names),
        "outside_support": lambda: outside_support(draws(), density, normal),
        "number_of_modes": lambda: number_of_modes(n_modes),
    }
    return {name: contained(run, partial(signal, name, None, None)) for name, run in found.items()}


N_DRAWS = 16_000  # of the signals: four times as many halve their standard errors
FOLD = 4  # arrays of draws and their reflections, at once


def signal_records(fit: Fit, seed: int) -> dict:
    """Return every signal of `signals.all_signals` as a record, by name."""
    third = contained(
        lambda: third_derivatives(fit.density, fit.normal),
        lambda reason: ThirdDerivatives(None, None, "none", reason),
    )
    rng = np.random.default_rng([seed, 2])
    n_draws = draws_within(N_DRAWS, FOLD * fit.normal.mean.size)
    found = all_signals(fit.density, fit.normal, third, rng, len(fit.modes), n_draws)
    return {name: signal_as_record(each) for name, each in found.items()}


def signal_as_record(signal) -> dict:
    """Return a signal as a record; a value that is not finite becomes None, with the reason."""
    record = signal._asdict()
    record.pop("name")
    value = record["value"]
    if value is not None and not math.isfinite(value):
        record["value"] = None
        record["reason"] = f"{record['reason'] or 'not finite'} (the value is {value})"
    return record

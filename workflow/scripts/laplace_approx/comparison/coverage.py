"""What nominal intervals and ellipses of the normal truly cover."""

import math
from functools import cache
from typing import NamedTuple

import numpy as np

from laplace_approx.comparison.distances import Measure
from laplace_approx.comparison.intervals import LEVELS, ends_of
from laplace_approx.density.density import Density
from laplace_approx.density.evaluation import counted
from laplace_approx.normal.normal import Normal


class Coverage(NamedTuple):
    """Exact probability of nominal central intervals, each field an array over the levels."""

    level: np.ndarray
    coverage: np.ndarray
    below: np.ndarray
    above: np.ndarray


def interval_coverage(cdf, lower, upper, levels=LEVELS) -> Coverage:
    """Return what the intervals [lower, upper] truly cover, with the mass left out on either side.

    `cdf` is the exact distribution function of a quantity without atoms, vectorised; `lower` and
    `upper` are the ends that the approximation gives for each of `levels`. Coverage alone hides a
    shifted interval: read it together with `below` and `above`.
    """
    below = np.asarray(cdf(np.asarray(lower, dtype=float)), dtype=float)
    above = 1.0 - np.asarray(cdf(np.asarray(upper, dtype=float)), dtype=float)
    return Coverage(np.asarray(levels, dtype=float), 1.0 - below - above, below, above)


class Held(NamedTuple):
    """What nominal intervals leave out below and above them, and the error of their sum, each an
    array over the levels; NaN where an end, or the exact side, is not known."""

    below: np.ndarray
    above: np.ndarray
    error: np.ndarray

    @property
    def value(self):
        """What the intervals hold."""
        return np.maximum(1 - self.below - self.above, 0.0)


def held_by_intervals(laplace, exact, quantity: str, levels=LEVELS, found=None) -> Held:
    """Return what the normal's central intervals [a, b] of a quantity leave out.

    Both ends are parts of the interval: it holds P(a <= quantity <= b), so that below it lies
    P(quantity < a), which for a quantity with an atom in a is less than its CDF there. An end that
    the normal puts beyond the support of a parameter leaves out nothing. `laplace` and `exact` are
    the two sides, `found` the normal's quantiles at both ends of each level where they are known
    already, as those by draws; the error adds those of the exact CDF and what the error of the end
    itself can move.
    """
    ends = np.array([end for level in levels for end in ends_of(level)])
    found = laplace.quantiles(quantity, ends) if found is None else found
    values = found.value
    parameter = quantity in laplace.model.parameters
    if not parameter:  # an atom is known without error
        lower = (np.arange(ends.size) % 2 == 0) & (found.error == 0)
        values = np.where(lower, np.nextafter(values, -np.inf), values)
    cdf, error = exact.cdf(quantity, values)
    if np.any(found.error > 0):
        error = error + np.abs(exact.moved(quantity, found.value, found.error))
    if parameter:
        beyond = np.isnan(found.value) & (laplace.excluded(quantity) > 0)
        cdf = np.where(beyond, np.tile([0.0, 1.0], len(levels)), cdf)
        error = np.where(beyond, 0.0, error)
    below, above = cdf[::2], 1 - cdf[1::2]
    known = np.isfinite(below + above)
    return Held(below, above, np.where(known, np.fmin(error[::2] + error[1::2], 1.0), np.nan))


def chi_square_quantile(dimension: int, levels):
    """Return the squared radius of the ellipse that holds each level of a d-dimensional normal."""
    from scipy.special import gammaincinv

    return 2.0 * gammaincinv(0.5 * dimension, np.asarray(levels, dtype=float))


def ellipse_coverage(
    density: Density, normal: Normal, log_evidence: float, levels=LEVELS, order: int = 32
) -> list[Measure]:
    """Return the exact mass within each of the normal's ellipses {|u|^2 <= chi^2_d quantile}.

    Integrates the density in polar coordinates of u about the mode, in one to three dimensions:
    Gauss-Legendre in the radius (and in the cosine), the trapezoid rule in the angle. The error is
    the larger change from half and from three quarters of the order; where these do not fall fast,
    as where the support ends within the ellipse, chance may make them small, and it is three times
    that. In one dimension the interval is cut to the support, and the rule is the double
    exponential one, which bears a pole at an end of it (Takahasi and Mori 1974, Publications of the
    Research Institute for Mathematical Sciences 9, p. 721).
    """
    if not math.isfinite(log_evidence):
        raise ValueError(f"the log evidence must be finite, not {log_evidence}")
    d = normal.mean.size
    if d > 3:
        text = f"polar quadrature serves at most three dimensions, not {d}"
        return [Measure(None, None, text) for _ in levels]
    density, _ = counted(density)
    radii = np.sqrt(chi_square_quantile(d, levels))
    mass = _mass_in_intervals if d == 1 else _mass_in_balls
    fine, near, coarse = (
        mass(density, normal, log_evidence, radii, n) for n in (order, 3 * order // 4, order // 2)
    )
    near, coarse = np.abs(fine - near), np.abs(fine - coarse)
    error = np.where(near < coarse / FAST, coarse, SLOW * np.maximum(near, coarse))
    return [Measure(float(a), float(min(e, 1.0))) for a, e in zip(fine, error, strict=True)]


FAST = 4.0  # gain from half to three quarters of the order, from which on it is believed
SLOW = 3.0  # times the larger change where it is not: two rules may agree by chance
FARTHEST = 4.0  # of t in the double exponential rule: exp(-pi sinh t) is then 1e-37


def _mass_in_intervals(density, normal, log_evidence, radii, order):
    """Integrate p over |z - mode| <= radius SDs, cut to the support: z = low + width / (1 + e),
    e = exp(-pi sinh t), with equally spaced t; next to either end its distance is exact."""
    mean, sd = float(normal.mean[0]), float(normal.cholesky[0, 0])
    low = np.maximum(mean - sd * radii, density.lower[0])[:, None]
    high = np.minimum(mean + sd * radii, density.upper[0])[:, None]
    t = FARTHEST * np.linspace(-1, 1, 4 * order + 1)
    e = np.exp(-math.pi * np.sinh(np.abs(t)))
    gap = (high - low) * (e / (1 + e))
    z = np.where(t < 0, low + gap, high - gap)
    slope = (high - low) * math.pi * np.cosh(t) * e / (1 + e) ** 2
    values = np.exp(density.log_density(z[..., None]) - log_evidence)
    values = np.where((z > low) & (z < high), values, 0.0)
    return np.sum(values * slope, axis=1) * (t[1] - t[0])


def _mass_in_balls(density, normal, log_evidence, radii, order):
    """Integrate p over the balls |u| <= radius; the log determinant turns du into dz."""
    d = normal.mean.size
    node, weight = _legendre(order)
    r = 0.5 * radii[:, None] * (1 + node)  # (levels, order)
    dr = 0.5 * radii[:, None] * weight * r ** (d - 1)
    direction, area = _sphere(d, order)
    u = r[:, :, None, None] * direction
    log_determinant = np.sum(np.log(np.diag(normal.cholesky)))
    z = normal.mean + u.reshape(-1, d) @ normal.cholesky.T
    values = np.exp(density.log_density(z) - log_evidence + log_determinant)
    return np.einsum("lr,lra,a->l", dr, values.reshape(u.shape[:-1]), area)


_legendre = cache(np.polynomial.legendre.leggauss)


@cache
def _sphere(d, order):
    """Return directions (n, d) and weights (n,) of a rule on the unit sphere of d dimensions."""
    if d == 1:
        return np.array([[1.0], [-1.0]]), np.ones(2)
    angle = 2 * math.pi * np.arange(2 * order) / (2 * order)
    circle = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    step = math.pi / order
    if d == 2:
        return circle, np.full(angle.size, step)
    node, weight = _legendre(order)
    ring = np.sqrt(1 - node**2)[:, None, None] * circle
    height = np.broadcast_to(node[:, None, None], (*ring.shape[:-1], 1))
    direction = np.concatenate([ring, height], axis=-1).reshape(-1, 3)
    return direction, np.repeat(step * weight, angle.size)

"""Whether draws are of a posterior: Stein's identity, term by term, with Monte Carlo errors.

For a density p of z that falls to 0 at infinity, and a function g, E_p[g dlog p/dv + dg/dv] = 0 in
every direction v (Stein 1972; Gorham and Mackey 2015, NeurIPS 28). Under draws of another posterior
it is not. With g = 1 that shows where they lie, with g = u how wide they are, and with g = u^2 - 1
how skewed, u being the parameter in SDs from its middle (bounded: 3 tanh(x / 3) for x, so that the
terms have a variance where the posterior has none). It costs slopes of the log density, and asks
for neither its constant nor another sampler. What it cannot see is a part of the posterior in which
no draw lies: within each of two modes it holds.
"""

import math
from typing import NamedTuple

import numpy as np
from scipy.special import ndtri

from laplace_approx.exact.marginal import MIDDLE
from laplace_approx.numerics.monte_carlo import mean_error
from laplace_approx.reference.coordinates import Unbounded

STEP = 1e-3  # of an SD, for slopes by differences: rounding 1e-13 against truncation 1e-6
FAR = 3.0  # SDs at which u is bounded; twice it, and a heavy tail weighs more than the middle
FALSE_ALARMS = 1e-4  # of posteriors whose draws are their own: twice it lowers the limit by 2 %
MATTERS = 0.01  # what is smaller moves no end by a tenth of the usual tolerance, and is let be
SURE = 2.0  # standard errors beyond the limit: what is so far off is seen 98 times in a hundred
TERMS = ("place", "width", "skewness")


class Belonging(NamedTuple):
    """What draws say of whether they are of a posterior.

    `terms` maps each of `TERMS` to {parameter: (value, error)}: how far the draws lie above the
    posterior in SDs, by how much their variance is larger, as a share, and their skewness. `limit`
    is in standard errors, `seen` by term the smallest difference that would be seen in every
    parameter, `points` the number of draws that were looked at, of each chain one in `stride`, and
    `evaluations` what that cost.
    """

    terms: dict[str, dict[str, tuple[float, float]]]
    limit: float
    seen: dict[str, float]
    points: int
    stride: int
    evaluations: int

    @property
    def known(self) -> bool:
        """Whether every term and its error is a number."""
        found = [each for of in self.terms.values() for each in of.values()]
        return bool(np.isfinite(found).all())

    @property
    def worst(self) -> tuple[str, str, float, float] | None:
        """The (term, parameter, value, error) that is most standard errors from 0, of those that
        are beyond the limit and matter, or are not known; None where there is none."""
        found = [
            (term, name, value, error)
            for term, of in self.terms.items()
            for name, (value, error) in of.items()
            if not (abs(value) <= max(self.limit * error, MATTERS))  # a NaN is beyond
        ]
        return max(found, key=_standard_errors, default=None)


def _standard_errors(found) -> float:
    *_, value, error = found
    known = np.isfinite(value) and error > 0
    return abs(value) / error if known else np.inf


def belonging(coordinates: Unbounded, theta, evaluations: int) -> Belonging:
    """Return what draws theta (chains, n, d), on the natural scale, say of where they are from.

    Where the density has no gradient, slopes are differences, two evaluations a dimension and draw:
    of each chain every so manyth draw is looked at, so many that `evaluations` suffice. Derivatives
    are along v_i = Cov e_i / sd_i, which for a normal tells the parameter alone.
    """
    density = coordinates.density
    d = theta.shape[-1]
    cost = 1 if density.gradient is not None else 2 * d
    stride = max(1, -(-theta.shape[0] * theta.shape[1] * cost // evaluations))
    kept = theta[:, ::stride]
    shape = kept.shape[:2]
    z = coordinates.unconstrain(kept.reshape(-1, d))
    every = coordinates.unconstrain(theta.reshape(-1, d))
    middle, scale = _middle(every)
    directions = _directions(every, scale)
    slope = _slopes(coordinates, z, directions)
    u = FAR * np.tanh((z - middle) / scale / FAR)
    rise = 1 - (u / FAR) ** 2  # du / dv
    series = (slope, u * slope + rise, (u**2 - 1) * slope + 2 * u * rise)
    terms = {
        term: {name: _estimate(-each[:, i].reshape(shape)) for i, name in enumerate(density.names)}
        for term, each in zip(TERMS, series, strict=True)
    }
    limit = float(-ndtri(FALSE_ALARMS / (2 * len(TERMS) * d)))
    seen = {
        term: float(np.max([(limit + SURE) * error for _, error in of.values()]))
        for term, of in terms.items()
    }
    return Belonging(terms, limit, seen, len(z), stride, len(z) * cost)


def seen_within(record: dict, tolerance: float) -> bool:
    """Return whether draws with this record would have shown a shift from their posterior of the
    size of the tolerance, in SDs; where that is not known they would not."""
    place = record["belongs"] and record["belongs"]["seen"]["place"]
    return place is not None and place <= tolerance


def open_shifts(record: dict, tolerance: float) -> dict[str, float]:
    """Return by parameter how far, in SDs, draws with this record may be shifted from their
    posterior, as an RMS error; {} where a shift of the size of the tolerance would have been seen.

    The term `place` estimates the shift: with its value v and standard error e, sqrt(v^2 + e^2).
    Where draws show shifts only that are larger than what they are to tell, they may be of another
    posterior by so much, and their own errors know nothing of it.
    """
    if seen_within(record, tolerance):
        return {}
    said = record["belongs"]["terms"]["place"]
    return {name: math.hypot(each["value"], each["error"]) for name, each in said.items()}


def _middle(z):
    """Return the median and half the central 68.3 % interval of each column of z (n, d)."""
    low, middle, high = np.quantile(z, [MIDDLE[0], 0.5, MIDDLE[1]], axis=0)
    return middle, 0.5 * (high - low)


def _directions(z, scale):
    """Return v (d, d), a column a parameter: Cov e_i over its variance, times its scale."""
    unit = (z - np.mean(z, axis=0)) / scale
    covariance = np.atleast_2d(np.cov(unit, rowvar=False))
    return scale[:, None] * covariance / np.diag(covariance)


def _slopes(coordinates: Unbounded, z, directions):
    """Return the derivative of log p at z (n, d) along each column of `directions`, (n, d)."""
    if coordinates.density.gradient is not None:
        return coordinates.gradient(z) @ directions
    move = STEP * directions.T
    ahead = np.stack([coordinates.log_density(z + each) for each in move], axis=1)
    behind = np.stack([coordinates.log_density(z - each) for each in move], axis=1)
    with np.errstate(invalid="ignore"):
        return (ahead - behind) / (2 * STEP)


def _estimate(series) -> tuple[float, float]:
    return float(np.mean(series)), float(mean_error(series))

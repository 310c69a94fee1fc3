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
from scipy.linalg import solve_triangular
from scipy.special import ndtri

from laplace_approx.exact.marginal import MIDDLE
from laplace_approx.numerics.monte_carlo import mean_error
from laplace_approx.reference.coordinates import Unbounded

STEP = 1e-3  # of an SD, for slopes by differences: rounding 1e-13 against truncation 1e-6
# of each variance, for a root where draws are in a plane: an error of 1e-6 SD at the most; without
# it there may be none, and a thousand times as much hides correlations above 1 - 1e-9
RIDGE = 1e-12
FAR = 3.0  # SDs at which u is bounded; twice it, and a heavy tail weighs more than the middle
FALSE_ALARMS = 1e-4  # of posteriors whose draws are their own: twice it lowers the limit by 2 %
MATTERS = 0.01  # what is smaller moves no end by a tenth of the usual tolerance, and is let be
SURE = 2.0  # standard errors beyond the limit: what is so far off is seen 98 times in a hundred
TERMS = ("place", "width", "skewness")


class Belonging(NamedTuple):
    """What draws say of whether they are of a posterior.

    `terms` maps each of `TERMS` to {parameter: (value, error)}: how far the draws lie above the
    posterior in SDs (of derived quantities too), by how much their variance is larger, as a share,
    and their skewness. `limit` is in standard errors, `seen` by term the smallest difference that
    would be seen in every one, `points` the number of draws that were looked at, of each chain one
    in `stride`, and `evaluations` what that cost. `shifts` says by quantity how far, in normal
    scores, the draws may be shifted, an RMS error, and `mahalanobis` how far in all together.
    """

    terms: dict[str, dict[str, tuple[float, float]]]
    limit: float
    seen: dict[str, float]
    points: int
    stride: int
    evaluations: int
    shifts: dict[str, float]
    mahalanobis: float

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


def belonging(
    coordinates: Unbounded, theta, evaluations: int, derived: dict | None = None
) -> Belonging:
    """Return what draws theta (chains, n, d), on the natural scale, say of where they are from.

    Where the density has no gradient, slopes are differences, two evaluations a dimension and draw:
    of each chain every so manyth draw is looked at, so many that `evaluations` suffice. Derivatives
    are along v_i = Cov e_i / sd_i, which for a normal tells the parameter alone. Of `derived`
    quantities, their values (chains * n,) by name, NaN where a condition fails, only the place is
    asked for: along Cov(z, s), s their normal scores (`_loadings`).
    """
    density, derived = coordinates.density, derived or {}
    d = theta.shape[-1]
    cost = 1 if density.gradient is not None else 2 * d
    stride = max(1, -(-theta.shape[0] * theta.shape[1] * cost // evaluations))
    kept = theta[:, ::stride]
    shape = kept.shape[:2]
    z = coordinates.unconstrain(kept.reshape(-1, d))
    every = coordinates.unconstrain(theta.reshape(-1, d))
    middle, scale = _middle(every)
    frame = _frame(every, scale)
    white = _slopes(coordinates, z, scale, frame.root)
    slope = white @ (frame.root.T / frame.variance)
    u = FAR * np.tanh((z - middle) / scale / FAR)
    rise = 1 - (u / FAR) ** 2  # du / dv
    series = (slope, u * slope + rise, (u**2 - 1) * slope + 2 * u * rise)
    terms = {
        term: {name: _estimate(-each[:, i].reshape(shape)) for i, name in enumerate(density.names)}
        for term, each in zip(TERMS, series, strict=True)
    }
    loadings = {name: _loadings(frame.white, values) for name, values in derived.items()}
    terms["place"] |= {
        name: _estimate(-(white @ along).reshape(shape)) for name, (along, _) in loadings.items()
    }
    limit = float(-ndtri(FALSE_ALARMS / (2 * sum(map(len, terms.values())))))
    seen = {
        term: float(np.max([(limit + SURE) * error for _, error in of.values()]))
        for term, of in terms.items()
    }
    square = sum(v**2 + e**2 for v, e in (_estimate(x.reshape(shape)) for x in white.T))
    shifts = {name: math.hypot(*found) for name, found in terms["place"].items()} | {
        name: math.hypot(*terms["place"][name], square * rest / math.sqrt(2))
        for name, (_, rest) in loadings.items()
    }
    looked_at = len(z), stride, len(z) * cost
    return Belonging(terms, limit, seen, *looked_at, shifts, math.sqrt(square))


def seen_within(record: dict, tolerance: float) -> bool:
    """Return whether draws with this record would have shown a shift from their posterior of the
    size of the tolerance, in SDs; where that is not known they would not."""
    place = record["belongs"] and record["belongs"]["seen"]["place"]
    return place is not None and place <= tolerance


def open_shifts(record: dict) -> dict[str, float]:
    """Return by quantity how far, in normal scores, draws with this record may be shifted from
    their posterior, as an RMS error; NaN where that is not known.

    The term `place` estimates the shift b: with its value v and standard error e, and nothing known
    of b before, E b^2 = v^2 + e^2. Draws may be of another posterior by so much, of which their own
    errors know nothing. A derived quantity q that is no linear function moves in the second order
    too: with draws of N(0, I) shifted by b, E of the score s moves by b'E[s (zz' - I)]b / 2, which
    is at most |b|^2 r / sqrt(2), r the SD of what of s no linear function of z explains (Parseval,
    in Hermite polynomials).
    """
    said = record["belongs"]["shifts"]
    return {name: math.nan if shift is None else float(shift) for name, shift in said.items()}


def _middle(z):
    """Return the median and half the central 68.3 % interval of each column of z (n, d)."""
    low, middle, high = np.quantile(z, [MIDDLE[0], 0.5, MIDDLE[1]], axis=0)
    return middle, 0.5 * (high - low)


class _Frame(NamedTuple):
    """Draws z (n, d) in units of their scale: a root of their covariance, lower triangular, their
    variances (d,), and `white`, the draws over the root, of covariance I."""

    root: np.ndarray
    variance: np.ndarray
    white: np.ndarray


def _frame(z, scale) -> _Frame:
    unit = (z - np.mean(z, axis=0)) / scale
    covariance = np.atleast_2d(np.cov(unit, rowvar=False))
    variance = np.diag(covariance)
    root = np.linalg.cholesky(covariance + RIDGE * np.diag(variance))
    return _Frame(root, variance, solve_triangular(root, unit.T, lower=True).T)


def _loadings(white, values):
    """Return Cov(white, s) (d,), s the normal scores of values (n,), and the SD of s that no linear
    function of the draws explains.

    Any E s moves with the draws by its covariance with their slopes, so that no derivative of the
    quantity is needed, and none of its moments: s are ranks. Where values are NaN it is 0, and
    elsewhere over the share that is held, so that E s is the mean given the condition.
    """
    from scipy.stats import rankdata  # dear, and only chains need it

    held = ~np.isnan(values)
    score = np.zeros(values.size)
    if held.any():
        score[held] = ndtri((rankdata(values[held]) - 0.375) / (held.sum() + 0.25)) / held.mean()
    along = white.T @ score / score.size
    return along, math.sqrt(max(float(np.mean(score**2) - along @ along), 0.0))


def _slopes(coordinates: Unbounded, z, scale, root):
    """Return the derivative of log p at z (n, d) along each column of the root, (n, d)."""
    directions = scale[:, None] * root
    if coordinates.density.gradient is not None:
        return coordinates.gradient(z) @ directions
    # of heavy tails an SD is many scales: no step is more than STEP of one
    steps = STEP / np.maximum(1, np.max(np.abs(root), axis=0))
    moves = (steps * directions).T
    ahead = np.stack([coordinates.log_density(z + each) for each in moves], axis=1)
    behind = np.stack([coordinates.log_density(z - each) for each in moves], axis=1)
    with np.errstate(invalid="ignore"):
        return (ahead - behind) / (2 * steps)


def _estimate(series) -> tuple[float, float]:
    return float(np.mean(series)), float(mean_error(series))

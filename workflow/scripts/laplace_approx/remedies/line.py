"""Quantiles and moments of a quantity from masses on a line of points."""

from typing import NamedTuple

import numpy as np

from laplace_approx.remedies.result import Answer

FINE = 8001  # points on which an interpolated marginal is integrated
NEGLIGIBLE_EDGE = 1e-3  # largest share of the variance that 1 % of the line at its ends may carry


class LineQuantiles(NamedTuple):
    """Quantiles (m,), their places (m,) on the line as fractional indices, and excluded mass."""

    quantiles: np.ndarray
    places: np.ndarray
    excluded: float


def refined(nodes, log_integrand):
    """Return (points (FINE,), masses (FINE,), log integral) of a density known at even nodes.

    The log of the integrand is interpolated by a cubic spline, and that is integrated by the
    trapezoid rule.
    """
    from scipy.interpolate import CubicSpline

    points = np.linspace(nodes[0], nodes[-1], FINE)
    top = log_integrand.max()
    values = np.exp(CubicSpline(nodes, log_integrand - top)(points))
    values[[0, -1]] *= 0.5
    total = values.sum()
    return points, values / total, float(top + np.log(total * (points[1] - points[0])))


def line_quantiles(values, masses, probabilities) -> LineQuantiles | None:
    """Return the quantiles of a quantity with these values and masses, both (n,), on a line.

    NaN values are excluded. The distribution function is taken to be linear between the mid-masses
    of the sorted values, so the error is of the order of the mass of a point, squared. None where
    the quantity is nowhere defined.
    """
    held = np.flatnonzero(~np.isnan(values) & (masses > 0))
    total = masses[held].sum()
    if not total > 0:
        return None
    order = held[np.argsort(values[held], kind="stable")]
    middle = (np.cumsum(masses[order]) - 0.5 * masses[order]) / total
    return LineQuantiles(
        np.interp(probabilities, middle, values[order]),
        np.interp(probabilities, middle, order),
        float(np.clip(1 - total / masses.sum(), 0.0, 1.0)),
    )


def line_moments(values, masses):
    """Return (mean, sd, reason); both are None, with a reason, where they seem not to exist.

    A variance that exists has decayed at the ends of the line; one that does not has not. Where
    the mass is 0 in floating point, a value may be infinite.
    """
    held = ~np.isnan(values)
    values, masses = values[held], masses[held] / masses[held].sum()
    values = np.where(masses > 0, values, 0.0)
    if not np.isfinite(values).all():
        return None, None, "no moments: some values are infinite"
    mean = np.sum(masses * values)
    squares = masses * (values - mean) ** 2
    variance = squares.sum()
    edge = values.size // 100 + 1
    if not squares[:edge].sum() + squares[-edge:].sum() <= NEGLIGIBLE_EDGE * variance:
        return None, None, "no moments: they have not decayed in the tail"
    return float(mean), float(np.sqrt(variance)), None


def answer_on_line(fine, coarse, probabilities) -> Answer:
    """Return the answer from (values, masses) on a line, with the change from `coarse` as error."""
    found, other = (line_quantiles(*part, probabilities) for part in (fine, coarse))
    if found is None or other is None:
        return Answer(excluded=1.0, reason="the quantity is nowhere defined")
    mean, sd, reason = line_moments(*fine)
    other_mean, other_sd, _ = line_moments(*coarse)
    return Answer(
        found.quantiles,
        np.abs(found.quantiles - other.quantiles),
        mean,
        change(mean, other_mean),
        sd,
        change(sd, other_sd),
        found.excluded,
        reason,
    )


def change(value, other):
    """Return |value - other|, or None where either is missing."""
    return None if value is None or other is None else abs(value - other)

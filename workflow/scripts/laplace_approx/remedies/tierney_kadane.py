"""Tierney-Kadane moments: an expectation as a ratio of two Laplace approximations."""

from typing import NamedTuple

import numpy as np

from laplace_approx.density.density import Density
from laplace_approx.derivatives.central import slope_and_curvature
from laplace_approx.normal.normal import Normal
from laplace_approx.numerics.batched import MANY
from laplace_approx.numerics.climb import climb
from laplace_approx.remedies.axes import probes
from laplace_approx.remedies.cost_limit import within_limit
from laplace_approx.remedies.question import Question
from laplace_approx.remedies.result import Answer, Remedy

METHOD = "tierney_kadane"
TILT = 0.05  # of the tilt s times sd(g), over which the cumulant generating function is differenced


class _Tilted(NamedTuple):
    """log p(mean + cholesky v) + weight * g(mean + cholesky v), one weight a row."""

    density: Density
    tilt: Density
    weight: np.ndarray
    normal: Normal

    def _point(self, v):
        return self.normal.mean + v @ self.normal.cholesky.T

    def value(self, rows, v):
        z = self._point(v)
        weight = self.weight[rows]
        tilt = np.where(weight == 0, 0.0, weight * self.tilt.log_density(z))
        total = self.density.log_density(z) + tilt
        return np.where(np.isnan(total), -np.inf, total)

    def derivatives(self, rows, v, scale):
        z, factor = self._point(v), self.normal.cholesky
        slope, curvature = slope_and_curvature(self.density, z, factor, scale)
        tilt_slope, tilt_curvature = slope_and_curvature(self.tilt, z, factor, scale)
        weight = self.weight[rows]
        curvature = curvature + weight[:, None, None] * tilt_curvature
        return slope + weight[:, None] * tilt_slope, curvature

    def log_integrals(self):
        """Return the Laplace approximations of the log integrals, up to one constant, (m,)."""
        start = np.zeros((self.weight.size, self.normal.mean.size))
        top = climb(self.value, self.derivatives, start)
        return top.value - 0.5 * top.log_determinant


@within_limit
def tierney_kadane(question: Question) -> Remedy:
    """Return E[g] and sd(g), each from ratios of Laplace approximations of order n^-2 error.

    Where log g is the straighter function (a positive quantity such as a variance or a predictive
    probability), E[g] = integral of g p / integral of p with g p maximised anew, and E[g^2]
    likewise (Tierney and Kadane 1986, JASA 81). Elsewhere from K(s) = log E[exp(s g)] in the same
    way, E[g] = K'(0) and var(g) = K''(0) (Tierney, Kass and Kadane 1989, JASA 84: the limit of the
    ratio for g + c as the shift c grows, and in no need of a shift). Moments only: the quantiles
    have a reason. The errors are numerical (differencing of K); None for the ratio form.
    """
    d, quantities = question.size, question.quantities
    if d > MANY:
        text = f"maximisations in {d} dimensions for each of {len(quantities)} quantities"
        return question.refused(METHOD, f"{text}; the limit is {MANY} dimensions")
    density, counter = question.watched()
    answers = {name: _answer(density, question.normal, g) for name, g in quantities.items()}
    return Remedy(METHOD, answers, counter.evaluations)


def _answer(density, normal, quantity):
    z = probes(density, normal)
    values = np.asarray(quantity(z), dtype=float)
    if not np.isfinite(values).all():
        text = "Tierney-Kadane needs a quantity that is defined and finite everywhere"
        return Answer(reason=text)
    if np.ptp(values) == 0:
        reason = "Tierney-Kadane gives moments, no quantiles"
        return Answer(None, None, float(values[0]), 0.0, 0.0, 0.0, 0.0, reason)
    forms = [_by_cumulants, _by_ratio]
    if _log_is_straighter(quantity, normal, z):
        forms.reverse()
    return _first_with_sd(form(density, normal, quantity, float(values.std())) for form in forms)


def _first_with_sd(found):
    """Return the first answer with a variance above zero, else the first with a mean.

    Both forms are expansions: where g is far from straight their variance can come out negative.
    """
    kept = Answer(reason="no maximum of a tilted density was found")
    for moments in found:
        if moments is None:
            continue
        if moments[2] is not None:
            return Answer(None, None, *moments, 0.0, "Tierney-Kadane gives moments, no quantiles")
        if kept.mean is None:
            reason = "Tierney-Kadane gives moments, no quantiles; its variance is not positive here"
            kept = Answer(mean=moments[0], mean_error=moments[1], reason=reason)
    return kept


def _log_is_straighter(quantity, normal, z):
    """Say whether log g bends less than half as much as g between points and their reflections."""
    away, back = (np.asarray(quantity(x), dtype=float) for x in (z, 2 * normal.mean - z))
    centre = float(quantity(normal.mean[None])[0])
    kept = np.isfinite(back)
    away, back = away[kept], back[kept]
    if not (centre > 0 and kept.any() and (away > 0).all() and (back > 0).all()):
        return False
    bend = np.sum(np.abs(away + back - 2 * centre)) / np.sum(np.abs(away - back))
    log_away, log_back = np.log(away), np.log(back)
    log_bend = np.sum(np.abs(log_away + log_back - 2 * np.log(centre)))
    return bool(log_bend / np.sum(np.abs(log_away - log_back)) < 0.5 * bend)


def _by_ratio(density, normal, quantity, _):
    """Return (mean, None, sd or None, None) with g p and g^2 p maximised; None where it fails."""

    def log_quantity(z):
        with np.errstate(all="ignore"):
            return np.log(np.asarray(quantity(z), dtype=float))

    tilt = density._replace(log_density=log_quantity, gradient=None, hessian=None)
    log_integrals = _Tilted(density, tilt, np.arange(3.0), normal).log_integrals()
    if not np.isfinite(log_integrals).all():
        return None
    mean, square = np.exp(log_integrals[1:] - log_integrals[0])
    sd = float(np.sqrt(square - mean**2)) if square > mean**2 else None
    return float(mean), None, sd, None


def _by_cumulants(density, normal, quantity, sd):
    """Return (mean, error, sd or None, error) from differences of K(s) at steps h and 2h."""
    h = TILT / sd
    tilt = density._replace(log_density=quantity, gradient=None, hessian=None)
    weights = h * np.array([0.0, 1.0, -1.0, 2.0, -2.0])
    log_integrals = _Tilted(density, tilt, weights, normal).log_integrals()
    if not np.isfinite(log_integrals).all():
        return None
    k = log_integrals - log_integrals[0]
    means = np.array([k[1] - k[2], (k[3] - k[4]) / 2]) / (2 * h)
    variances = np.array([k[1] + k[2], (k[3] + k[4]) / 4]) / h**2
    mean, variance = (4 * means[0] - means[1]) / 3, (4 * variances[0] - variances[1]) / 3
    mean_error, variance_error = abs(np.diff(means)[0]) / 3, abs(np.diff(variances)[0]) / 3
    if not variance > 0:
        return float(mean), float(mean_error), None, None
    spread = float(np.sqrt(variance))
    return float(mean), float(mean_error), spread, float(variance_error / (2 * spread))

"""The two sides of a comparison, each with the quantiles and the CDF of every quantity.

Neither uses draws: the Laplace side is analytic for a parameter and a quadrature over the normal
for a derived quantity; the exact side is the grid's marginal, or a quadrature over the grid.
"""

import math
from collections.abc import Callable
from functools import cache
from statistics import NormalDist

import numpy as np

from laplace_approx.comparison.condition_share import condition_share
from laplace_approx.comparison.intervals import LEVELS, PROBABILITIES, places
from laplace_approx.density.quantities import coordinate_quantity, natural_quantity
from laplace_approx.exact.derived.quantiles import DerivedQuantity
from laplace_approx.exact.draw_quantiles import Estimates
from laplace_approx.exact.marginal import (
    MIDDLE,
    ROUNDING,
    cdf_from_marginal,
    half_interval,
    interpolation_error,
    interpolation_error_at,
    on_plateau,
    quantile_from_marginal,
    quantile_moved,
    row_width,
)
from laplace_approx.exact.normal_lattice import normal_lattice
from laplace_approx.exact.off_the_nodes import misplaced
from laplace_approx.exact.shared import missed
from laplace_approx.remember import remembering
from laplace_approx.words.numbers import or_nan

LATTICE_POINTS = {1: 1001, 2: 101, 3: 61}  # nodes an axis under the normal, by dimension
KNOWN = 1e-3  # of a scale: what it may be off by
LEAST = 1e-290  # of a scale: so many times as much, up to 1e18, is still a number
# The steps of a comparison ask for these quantiles one after another: they are found together.
USUAL = np.append(PROBABILITIES, MIDDLE)


def unknown(probabilities) -> Estimates:
    """Return the estimates of what is not known: NaN throughout."""
    nothing = np.full(np.shape(probabilities), math.nan)
    return Estimates(nothing, nothing)


def normal_cdf(x):
    """Return the standard normal CDF, elementwise."""
    return np.vectorize(NormalDist().cdf, otypes=[float])(x)


def normal_quantile(probabilities):
    """Return the standard normal quantiles, elementwise (Wichura 1988, algorithm AS 241)."""
    return np.vectorize(NormalDist().inv_cdf, otypes=[float])(probabilities)


class NoSide:
    """A side that is not there: a posterior declined, or too many parameters for a grid."""

    def quantiles(self, name, probabilities) -> Estimates:
        return unknown(probabilities)

    def cdf(self, name, values) -> Estimates:
        return unknown(values)

    def excluded(self, name) -> float:
        return math.nan

    def scale(self, name) -> float:
        return math.nan


class NoDerived:
    """A derived quantity of which nothing is known."""

    excluded_mass = math.nan

    def quantiles(self, probabilities) -> Estimates:
        return unknown(probabilities)

    def cdf(self, values) -> Estimates:
        return unknown(values)

    def moved(self, values, errors):
        return np.full(np.shape(values), math.nan)


class LaplaceSide:
    """The normal N(mode, covariance) in a space, seen on the natural scale."""

    def __init__(self, model, space, normal):
        self.model, self.space, self.normal = model, space, normal
        self.sd = np.sqrt(np.sum(normal.cholesky**2, axis=1))
        self.derived = cache(self._derived)
        self.failing = cache(lambda name: or_nan(condition_share(model, space, normal, name)))

    def quantiles(self, name: str, probabilities) -> Estimates:
        """Return the quantiles of a quantity given its condition, with their errors.

        For parameter i: constrain(mode_i + sd_i Phi^-1(p)), exact as the transform is monotone;
        NaN where that lies outside the support.
        """
        p = np.asarray(probabilities, dtype=float)
        if name not in self.model.parameters:
            derived = self.derived(name)
            return unknown(p) if derived is None else derived.quantiles(p)
        i = self.model.parameters.index(name)
        sign = self._sign(i)
        z = np.tile(self.normal.mean, (p.size, 1))
        z[:, i] += sign * self.sd[i] * normal_quantile(p)
        value = self.space.constrain(z)[:, i]
        return Estimates(value, np.where(np.isnan(value), math.nan, 0.0))

    def cdf(self, name: str, values) -> Estimates:
        """Return P(quantity <= value | condition) under the normal, with its error."""
        values = np.asarray(values, dtype=float)
        if name not in self.model.parameters:
            derived = self.derived(name)
            return unknown(values) if derived is None else derived.cdf(values)
        i = self.model.parameters.index(name)
        theta = np.tile(self.space.constrain(self.normal.mean), (values.size, 1))
        theta[:, i] = values.ravel()
        z = self.space.unconstrain(theta)[:, i].reshape(values.shape)
        cdf = normal_cdf(self._sign(i) * (z - self.normal.mean[i]) / self.sd[i])
        return Estimates(cdf, np.zeros(values.shape))

    def density(self, parameter: str, values):
        """Return the density of a parameter on the natural scale: of z, times |dz / dtheta|.

        It is 0 where the value has no coordinate z.
        """
        values = np.asarray(values, dtype=float)
        i = self.model.parameters.index(parameter)
        theta = np.tile(self.space.constrain(self.normal.mean), (values.size, 1))
        theta[:, i] = values.ravel()
        z = self.space.unconstrain(theta)
        with np.errstate(invalid="ignore", divide="ignore", under="ignore"):
            density = np.exp(-0.5 * ((z[:, i] - self.normal.mean[i]) / self.sd[i]) ** 2)
            slope = np.abs(self.space.constrain_d1(z)[:, i])
            density /= self.sd[i] * math.sqrt(2 * math.pi) * slope
        return np.where(np.isfinite(density), density, 0.0).reshape(values.shape)

    def excluded(self, name: str) -> float:
        """Return the normal's mass where the quantity has no value or its condition fails.

        Of a condition on one parameter alone its marginal tells, to rounding; of another a lattice.
        NaN where there is neither.
        """
        if name not in self.model.parameters:
            share = self.failing(name)
            derived = self.derived(name) if math.isnan(share) else None
            return share if derived is None else derived.excluded_mass
        i = self.model.parameters.index(name)
        ends = np.array([self.space.lower[i], self.space.upper[i]])
        below, above = normal_cdf((ends - self.normal.mean[i]) / self.sd[i] * [1, -1])
        return float(below + above)

    def _sign(self, i: int) -> int:
        """Return 1 where parameter i rises with its coordinate, -1 where it falls."""
        return -1 if self.space.constrain_d1(self.normal.mean)[i] < 0 else 1

    def quantity(self, name: str) -> Callable:
        """Return a quantity as a function of the coordinates, NaN where its condition fails."""
        return coordinate_quantity(self.model, self.space, name)

    def _derived(self, name: str) -> DerivedQuantity | None:
        points = LATTICE_POINTS.get(self.normal.mean.size)
        if points is None:
            return None
        lattice = normal_lattice(self.normal, points)
        return DerivedQuantity(lattice, self.quantity(name), usual=USUAL)


class ExactSide:
    """The exact posterior on a grid, from the grid's record, lattice and marginal tables."""

    def __init__(self, model, record: dict, lattice, marginals, unseen: float = 0.0):
        self.model, self.record, self.lattice, self.marginals = model, record, lattice, marginals
        total = record["outside_mass"]["total"]
        self.outside_mass = None if total is None else total + misplaced(record) + unseen
        self.derived = cache(self._derived)
        self.interpolation = cache(lambda name: interpolation_error(marginals[name]))
        self.half_interval = cache(lambda name: half_interval(marginals[name]))

    def with_unseen(self, mass: float) -> "ExactSide":
        """Return the same side with so much more of the mass outside its box."""
        return ExactSide(self.model, self.record, self.lattice, self.marginals, mass)

    def quantiles(self, name: str, probabilities) -> Estimates:
        """Return the quantiles of a quantity given its condition, with their errors.

        The error adds what the spacing costs, the last digit of the value, and what the mass
        outside the lattice and the interpolation between the rows of the table can move; NaN where
        that is anywhere.
        """
        p = np.asarray(probabilities, dtype=float)
        if name not in self.model.parameters:
            return self.derived(name).quantiles(p)
        marginal = self.marginals[name]
        value = quantile_from_marginal(marginal, p)
        outside, between = self._cdf_errors(name, value, p)
        # interpolation moves nothing out of its row of the table
        moved = np.fmin(quantile_moved(marginal, p, between), row_width(marginal, value))
        moved = moved + np.minimum(quantile_moved(marginal, p, outside), self._room(name, value))
        error = moved + self._spacing(name) + self._in_a_gap(name, p)
        error = error + np.spacing(np.abs(value))
        return Estimates(value, np.where(np.isfinite(error), error, math.nan))

    def cdf(self, name: str, values) -> Estimates:
        """Return P(quantity <= value | condition), with its error."""
        if name not in self.model.parameters:
            return self.derived(name).cdf(values)
        marginal, values = self.marginals[name], np.asarray(values, dtype=float)
        cdf = cdf_from_marginal(marginal, values)
        shift = self._spacing(name) + np.spacing(np.abs(values))
        ends = (cdf_from_marginal(marginal, x) for x in _around(values, shift))
        moved = np.max([np.abs(end - cdf) for end in ends], axis=0)
        error = sum(self._cdf_errors(name, values, cdf)) + moved
        return Estimates(cdf, np.minimum(error, np.maximum(cdf, 1 - cdf)))

    def moved(self, name: str, values, errors):
        """Return what errors of values can move the CDF there by."""
        if name not in self.model.parameters:
            return self.derived(name).moved(values, errors)
        below, above = (cdf_from_marginal(self.marginals[name], x) for x in _around(values, errors))
        return 0.5 * (above - below)

    def density(self, parameter: str, values):
        """Return the density of a parameter, 0 outside the bounds of the grid."""
        marginal = self.marginals[parameter]
        return np.interp(values, marginal.value, marginal.density, left=0.0, right=0.0)

    def excluded(self, name: str) -> float:
        """Return the mass where the condition of the quantity fails."""
        return 0.0 if name in self.model.parameters else self.derived(name).excluded_mass

    def scale(self, name: str) -> float:
        """Return the SD of a parameter where it is known to a thousandth; for what may have none,
        half the central 68.3 % interval, NaN where that of a parameter is not known so well.

        The two agree for a normal. A derived quantity always takes the second: a ratio such as
        -alpha / beta has no SD. One that is a single number there has half of the first wider
        central interval that has a width, and a constant its last digit: what is equal is then off
        by nothing, and what is not by far too much.
        """
        sd = self.known_sd(name)
        if sd is not None:
            return sd
        found = self.quantiles(name, MIDDLE)
        half = (found.value[1] - found.value[0]) / 2
        if name in self.model.parameters:
            return half if np.sum(found.error) <= 2 * KNOWN * half else math.nan
        return half if half != 0 else self._wider(name)

    def _wider(self, name: str) -> float:
        """Return half of the first of the nominal central intervals that has a width."""
        value = self.quantiles(name, PROBABILITIES).value
        widths = [float(np.ptp(value[places(level)])) / 2 for level in LEVELS]
        return next((half for half in widths if half > 0), last_digit(value[0]))

    def _sd_error(self, name: str) -> float:
        """Return what is known of the SD: of a box that was asked for, its own sums are taken."""
        error, named = self.record["sd_error"][name], self.record["kind"] == "named"
        return error if error is not None else 0.0 if named else math.inf

    def known_sd(self, name: str) -> float | None:
        """Return the SD of a parameter where it is known to a thousandth, else None."""
        sd = self.record["sd"].get(name)
        return None if sd is None or not self._sd_error(name) <= KNOWN * sd else sd

    def _outside(self) -> float:
        return or_nan(self.outside_mass)

    def _spacing(self, name: str) -> float:
        in_sd = self.record["discretisation_error"]["quantiles_sd"].get(name)
        return math.nan if in_sd is None else in_sd * self.half_interval(name)

    def _cdf_errors(self, name: str, values, cdf):
        """Return what the mass outside, and what interpolation, can be off by in the CDF."""
        between = interpolation_error_at(self.marginals[name], self.interpolation(name), values)
        return self._outside() * np.maximum(cdf, 1 - cdf), between

    def _in_a_gap(self, name: str, p):
        """Return what moves quantiles where there is no density, for which no spacing answers: the
        error of the CDF, rounding and what the spacing makes where the density is highest."""
        marginal = self.marginals[name]
        flat = on_plateau(marginal, p)
        if not flat.any():
            return 0.0
        cdf = ROUNDING + self._spacing(name) * float(np.max(marginal.density))
        with np.errstate(invalid="ignore"):
            return np.where(flat, quantile_moved(marginal, p, np.full(p.shape, cdf)), 0.0)

    def _room(self, name: str, values):
        """Return how far each value is from the farther end of the support."""
        i = self.lattice.frame.names.index(name)
        lower, upper = self.lattice.frame.support[:, i]
        return np.maximum(values - lower, upper - values)

    def _derived(self, name: str) -> DerivedQuantity | NoDerived:
        """Return a derived quantity; none where the lattice resolves too little of the mass."""
        share = missed(self.record)
        if math.isnan(share):
            return NoDerived()
        quantity = natural_quantity(self.model, name)
        return DerivedQuantity(self.lattice, quantity, None, self._outside() + share, USUAL)


def last_digit(value: float) -> float:
    """Return the distance to the next number; of 0 one that others can be divided by."""
    return max(float(np.spacing(abs(value))), LEAST)


def _around(values, errors):
    return values - errors, values + errors


def laplace_side(model, space, normal) -> LaplaceSide | NoSide:
    """Return the side of a normal in a space; of no normal (a posterior declined), none.

    Of the same objects as a little before, it is the same side, with all that it has found.
    """
    return _side(model, space, normal) if normal else NoSide()


@remembering(4)
def _side(model, space, normal) -> LaplaceSide:
    return LaplaceSide(model, space, normal)

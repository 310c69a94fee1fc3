"""Both sides of a comparison as the audit sees them: quantiles, CDFs, scales, what is left out."""

import math
from functools import cache, cached_property

import numpy as np
from scipy.special import ndtr, ndtri

from laplace_audit.numerics.normal import Normal
from laplace_audit.numerics.regions import Region, lattice_lines, normal_lines
from laplace_audit.numerics.target import Target

KNOWN = 1e-3  # of a scale: what it may be off by
ONE_SD = np.array([float(ndtr(-1.0)), float(ndtr(1.0))])
WIDER = tuple(np.array([tail, 1 - tail]) for tail in (0.1, 0.05, 0.025, 0.005))
LEAST = 1e-290  # of a scale
LOOKS, LOOKS_SEED = 4096, 0  # draws that see whether a quantity has a value: those of the run
SHARES = 2**16  # of a normal, each with a place in its middle: an end is known to half of one
ROUGH = 1e-5  # mean excess off the nodes that interpolation explains


class NormalSide:
    """The normal approximation; a derived quantity is measured, not inverted."""

    def __init__(self, target: Target, normal: Normal):
        self.target, self.normal = target, normal
        self.region, self.failing = cache(self._region), cache(self._failing)
        self._lines = cache(lambda: normal_lines(normal))

    def _region(self, name: str) -> Region | None:
        bundles = self._lines()
        return Region(bundles, self.target, name) if bundles else None

    def quantiles(self, name: str, p):
        return self.normal.quantiles(self.target.parameters.index(name), p)

    def excluded(self, name: str) -> float:
        if name in self.target.parameters:
            return self.normal.excluded(self.target.parameters.index(name))
        share, _ = self.failing(name)
        region = self.region(name) if math.isnan(share) else None
        return region.excluded if region else share

    def excluded_error(self, name: str, of_lines: float) -> float:
        """Return how well the excluded mass is known; `of_lines` is what lines of a lattice leave
        open."""
        share, error = self.failing(name)
        return of_lines if math.isnan(share) else error

    def _failing(self, name: str) -> tuple[float, float]:
        """Return the mass where a condition on one parameter fails, by equal shares of its normal,
        and half a share for each end of a stretch; NaN where it is on another number of them, or
        draws show that the quantity lacks a value."""
        target, normal = self.target, self.normal
        named = target.conditioned_on(name)
        unknown = math.nan, math.nan
        if len(named) != 1:
            return unknown
        u = np.random.default_rng(LOOKS_SEED).standard_normal((LOOKS, normal.mean.size))
        theta = normal.space.theta(normal.mean + u @ normal.factor.T)
        if np.isnan(target.quantity(name, theta[target.meets(name, theta)])).any():
            return unknown
        z = np.tile(normal.mean, (SHARES, 1))
        z[:, named[0]] += normal.sd[named[0]] * ndtri((np.arange(SHARES) + 0.5) / SHARES)
        fails = ~target.meets(name, normal.space.theta(z))
        ends = np.count_nonzero(fails[1:] != fails[:-1])
        return float(np.mean(fails)), max(ends, 1) / 2 / SHARES


class GridSide:
    """The exact posterior on a grid: its record, lattice, cells and marginals (or none of them)."""

    def __init__(self, target: Target, record: dict, lattice, cells, marginals):
        self.target, self.record, self.lattice = target, record, lattice
        self.cells, self.marginals = cells, marginals
        self.region, self.scale = cache(self._region), cache(self._scale)
        self._lines = cache(lambda: lattice_lines(lattice, cells.columns["log_density"]))

    def _region(self, name: str) -> Region:
        return Region(self._lines(), self.target, name)

    def cdf(self, name: str, x):
        if name in self.marginals:
            return self.marginals[name].cdf_at(x)
        return self.region(name).cdf(x)

    def excluded(self, name: str) -> float:
        return 0.0 if name in self.target.parameters else self.region(name).excluded

    def excluded_error(self, name: str, of_lines: float) -> float:
        """Return how well the excluded mass of a derived quantity is known, as for the normal."""
        return of_lines + self.straddling

    @property
    def outside(self) -> float:
        """The share of the mass outside the lattice, and what places off its nodes show to be
        missed or invented there."""
        total, seen = self.record["outside_mass"]["total"], self.record["off_the_nodes"]
        if total is None or seen is None:
            return math.nan if total is None else total
        rough = seen["roughness"] if seen["roughness"] > ROUGH else 0.0
        return total + min(seen["missed"] + seen["invented"] + rough, 1.0)

    @cached_property
    def straddling(self) -> float:
        """Return the mass of the nodes whose neighbour on an axis lies outside the support: the
        density breaks off between the two, which no rule over the nodes sees."""
        theta = self.lattice.theta
        inside = np.all((theta > self.target.lower) & (theta < self.target.upper), axis=1)
        if inside.all():
            return 0.0
        cube, edge = inside.reshape(self.lattice.points), np.zeros(self.lattice.points, dtype=bool)
        for axis in range(cube.ndim):
            a, b = (np.moveaxis(c, axis, 0) for c in (cube, edge))
            b[:-1] |= a[:-1] & ~a[1:]
            b[1:] |= a[1:] & ~a[:-1]
        return float(np.sum(self.cells.columns["mass"][edge.ravel()]))

    def table_scale(self, name: str) -> float:
        """Return half the central 68.3 % interval of a parameter."""
        table = self.marginals.get(name)
        low, high = table.quantile(ONE_SD) if table else self._inverted(name, ONE_SD)[0]
        return float(high - low) / 2

    def _scale(self, name: str) -> float:
        """Return the SD of a parameter where it is known to a thousandth; of what may have none,
        half the central 68.3 % interval, NaN where that of a parameter is not known so well."""
        if name not in self.target.parameters:
            return self._half_width(name)
        sd, own = self.record["sd"][name], self.record["sd_error"][name]
        if own is None:
            own = 0.0 if self.record["kind"] == "named" else math.inf
        if sd is not None and own <= KNOWN * sd:
            return sd
        half, p = self.table_scale(name), ONE_SD
        error = self.error(name, self.marginals[name].quantile(p), p)
        return half if np.mean(error) <= KNOWN * half else math.nan

    def _half_width(self, name: str) -> float:
        """Return half of the first central interval of a derived quantity that has a width, the
        68.3 % one or a wider one; of a constant the distance to the next number."""
        for p in (ONE_SD, *WIDER):
            (low, high), near = self._inverted(name, p)
            if not high - low <= 4 * near:
                return (high - low) / 2
        return max(float(np.spacing(abs(low))), LEAST)

    def _inverted(self, name: str, probabilities):
        """Return the quantiles of a derived quantity at two probabilities, NaN where no cell with
        any mass has a value of it, and how well they are known."""
        from scipy.optimize import brentq

        region = self.region(name)
        value = self.target.quantity(name, self.lattice.theta)
        kept = self.target.kept(name, self.lattice.theta) & np.isfinite(value)
        kept &= self.cells.columns["mass"] > 0
        if not np.any(kept):
            return (math.nan, math.nan), 0.0
        order = np.argsort(value[kept])
        value, rising = value[kept][order], np.cumsum(self.cells.columns["mass"][kept][order])
        found, known = [], 0.0
        for p in probabilities:
            at = np.clip([p - 0.05, p + 0.05], 0.0, 1.0)
            ends = np.interp(at, rising / rising[-1], value)
            near = 1e-7 * abs(ends[1] - ends[0])  # far below what the scale is held to
            known = max(known, near)
            short = region.cdf(ends) - p
            if short[0] >= 0 or short[1] <= 0:  # an atom at an end
                found.append(ends[0] if short[0] >= 0 else ends[1])
            else:
                found.append(brentq(lambda x, p=p: region.cdf([x])[0] - p, *ends, xtol=near))
        return found, known

    def error(self, name: str, value, p):
        """Return the error of a parameter's quantiles: what the mass outside can move, within the
        support, what lies between the rows of the table, the spacing, and the last digit."""
        in_sd = self.record["discretisation_error"]["quantiles_sd"][name]
        spacing = math.nan if in_sd is None else in_sd * self.table_scale(name)
        table, k = self.marginals[name], self.target.parameters.index(name)
        between, width = table.between(value)
        lower, upper = (end[k] for end in self.lattice.support)
        room = np.maximum(value - lower, upper - value)
        outside = table.moved(p, self.outside * np.maximum(p, 1 - p))
        error = np.minimum(outside, room) + np.fmin(table.moved(p, between), width)
        error = error + spacing + np.spacing(np.abs(value))
        return np.where(np.isfinite(error), error, math.nan)

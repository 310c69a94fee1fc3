"""Quantiles of any quantity on a lattice, without randomness."""

import math
from collections.abc import Callable
from functools import cached_property
from typing import NamedTuple

import numpy as np

from laplace_approx.density.quantities import given
from laplace_approx.exact.derived.atoms import atoms_at, flat_values
from laplace_approx.exact.derived.lines import Lines, Masses
from laplace_approx.exact.derived.panels import Cut, Kept
from laplace_approx.exact.derived.rough_cells import RoughCells
from laplace_approx.exact.draw_quantiles import Estimates
from laplace_approx.exact.lattice import Lattice
from laplace_approx.numerics.inverse_cdf import Guess, SecantSearch, guessed, invert_cdf, rough_odds

# of the largest error: what another one is; halved or doubled, nothing changes, as no two rules
# agree by accident there
AT_LEAST = 0.05
DOUBLINGS = 60  # of the way that a CDF is followed; 2^60 times the way is the last digit of a tail
# of what a CDF was taken to rise by: what it rises at the least; doubled, the LD50 of the bioassay
# states twice the error, as more of its CDF is followed
RISES = 0.5
# of the local scale: how far from a quantile a search by bracketing begins; doubled, 0.96 times the
# evaluations of a product of coordinates, halved, 1.01
BESIDE = 0.03


class DerivedQuantity:
    """The distribution of quantity(theta) given condition(theta), under the density of a lattice.

    `quantity` maps theta (..., d) to (...) and `condition` to booleans; a NaN of the quantity
    counts as a condition that fails. `excluded_mass` is the share of the mass where it fails. The
    CDF is that of `lines.Lines` along the axis along which it changes fastest (`axis`). Its error
    adds what leaving out every other node changes, which is more than what the full lattice is off
    by, what the integration over the lines may be off by, and what `outside_mass`, the share of the
    mass that the lattice is known to leave out, can move. The quantiles at `usual` probabilities
    are found together, when one is first asked for. No answer depends on what was asked for before.
    """

    def __init__(
        self,
        lattice: Lattice,
        quantity: Callable,
        condition: Callable | None = None,
        outside_mass: float = 0.0,
        usual=(),
    ):
        lattice = lattice.odd()
        evaluate_quantity = given(quantity, condition)
        self.outside_mass = outside_mass
        self._cells = RoughCells(lattice.thin(), evaluate_quantity)
        self._lines = Lines(lattice, self._cells.axis, evaluate_quantity)
        self.axis = self._lines.axis
        self._usual = np.unique(np.asarray(usual, dtype=float))
        self._found: dict[tuple, dict] = {}  # what was found together, by its probabilities

    @cached_property
    def excluded_mass(self) -> float:
        included, total = self._included, self._lines.total
        if not total > 0:  # all mass of the grid on nodes that no line has a part of
            return math.nan
        return max(total - included.fine, 0.0) / total

    def cdf(self, values) -> Estimates:
        """Return P(quantity <= value | condition) for values of any shape; NaN at NaN."""
        values = np.asarray(values, dtype=float)
        if not self._included.fine > 0:
            return Estimates(np.full(values.shape, np.nan), np.full(values.shape, np.nan))
        cdf, error = self._cdf(self._masses_near(values.ravel()), self._included)
        cdf, error = (np.where(np.isnan(values.ravel()), np.nan, x) for x in (cdf, error))
        return Estimates(cdf.reshape(values.shape), error.reshape(values.shape))

    def moved(self, values, errors):
        """Return what errors of values (n,) can move the CDF there by: half of the difference
        between their ends, from the lines of the lattice alone."""
        return self._moved(values, errors) / self._included.fine

    def _moved(self, values, errors):
        """Return the same of the mass."""
        ends = np.concatenate([values - errors, values + errors])
        mass = np.reshape(self._lines.rough_masses(ends), (2, -1))
        return 0.5 * np.abs(mass[1] - mass[0])

    def quantiles(self, probabilities) -> Estimates:
        """Return the quantiles given the condition for probabilities (n,), all NaN if it never
        holds."""
        p = np.asarray(probabilities, dtype=float)
        if not np.all((p > 0) & (p < 1)):
            raise ValueError(f"a probability lies between 0 and 1: {p}")
        if self._cells.value.size == 0 and not self._included.fine > 0:
            return Estimates(np.full(p.shape, np.nan), np.full(p.shape, np.nan))
        usual = self._usually_found.estimates
        others = tuple(sorted(set(p.tolist()) - set(usual)))
        found = usual | self._together(others) if others else usual
        value, error = np.array([found[x] for x in p.tolist()]).reshape(-1, 2).T
        return Estimates(value, error)

    @cached_property
    def _usually_found(self) -> "_Found":
        """The quantiles at the usual probabilities, and what was found on the way."""
        if self._usual.size and self._cells.value.size:
            return self._quantiles(self._usual)
        return self._whole()

    def _whole(self) -> "_Found":
        """Return no quantile, but the mass of all that the quantity is defined on."""
        masses = self._lines.masses([np.inf])
        return _Found({}, np.array([np.inf]), _last(masses), masses.cut, masses.kept)

    def _masses_near(self, levels) -> Masses:
        """Return masses, from the panels that served the levels next to these in the usual
        search."""
        found = self._usually_found
        order = np.argsort(found.levels)
        middles = (found.levels[order[1:]] + found.levels[order[:-1]]) / 2
        cut = self._lines.cut_of(found.cut, order[np.searchsorted(middles, levels)])
        return self._lines.masses(levels, found.kept, cut)

    @property
    def _included(self) -> Masses:
        """The mass of all that the quantity is defined on."""
        return self._usually_found.included

    def _together(self, probabilities: tuple) -> dict[float, tuple[float, float]]:
        """Return (value, error) by probability, of a search for all of them at once."""
        if probabilities not in self._found:
            p = np.array(probabilities)
            self._found[probabilities] = self._quantiles(p, self._included).estimates
        return self._found[probabilities]

    def rough_quantiles(self, probabilities):
        """Return the quantiles without their errors, from the lines of the lattice alone: far
        cheaper, and good to about a thousandth of an SD."""
        p = np.asarray(probabilities, dtype=float)
        if self._cells.value.size == 0:
            return np.full(p.shape, np.nan)
        with np.errstate(all="ignore"):
            return self._guessed(p).x

    def _cdf(self, mass: Masses, included: Masses):
        """Return the CDF (C,) and its error, from masses of levels and that of all."""
        cdf = np.clip(mass.fine / included.fine, 0.0, 1.0)
        error = np.abs(cdf - mass.coarse / included.coarse)
        error += (mass.error + cdf * included.error) / included.fine
        return cdf, error + self.outside_mass * np.maximum(cdf, 1 - cdf)

    def _guessed(self, p) -> Guess:
        """Return where the quantiles are, from the lines of the lattice alone."""
        levels = np.unique(self._cells.quantiles(rough_odds(p)))
        rough = self._lines.rough_masses(np.append(levels, np.inf))
        return guessed(p, levels, rough[:-1] / rough[-1], self._cells.quantiles(p))

    def _quantiles(self, p, included: Masses | None = None) -> "_Found":
        """Return the quantiles at p: atoms, which have no error, and what a search finds."""
        atoms = self._atoms(p)
        known = ~np.isnan(atoms)
        found = self._searched(p[~known], included) if not known.all() else self._whole()
        exact = Estimates(atoms[known], np.zeros(np.count_nonzero(known))).by(p[known])
        return found._replace(estimates=found.estimates | exact)

    def _atoms(self, p):
        """Return the atoms in which the CDF passes p, NaN where it passes p elsewhere."""
        flat = flat_values(self._lines.bundle, self._lines.shape)
        if flat.size == 0:
            return np.full(p.shape, np.nan)

        def rough(levels):
            masses = self._lines.rough_masses(np.append(levels, np.inf))
            return masses[:-1] / masses[-1]

        def cdf(levels):
            masses = self._lines.masses(np.append(levels, np.inf))
            return self._cdf(masses.first(levels.size), _last(masses))

        with np.errstate(all="ignore"):
            return atoms_at(p, flat, rough, cdf)

    def _searched(self, p, included: Masses | None) -> "_Found":
        """Solve cdf(x) = p by a few steps of a secant, all in one; where that does not settle, as
        where the CDF jumps, by bracketing.

        The mass of all that is `included` is found on the way, unless it is known.
        """
        with np.errstate(all="ignore"):
            search = SecantSearch(p, self._guessed(p))
            levels = search.x if included else np.append(search.x, np.inf)
            mass = self._masses_near(levels) if included else self._lines.masses(levels)
            included, place = included or _last(mass), np.arange(p.size)
            begun = (levels, included, mass.cut)
            if not included.fine > 0:
                return _Found({}, *begun, mass.kept)
            mass = mass.first(p.size)
            search.begin(self._cdf(mass, included)[0])
            while search.active.any():
                which = np.flatnonzero(search.active)
                cut = self._lines.cut_of(mass.cut, np.searchsorted(place, which))
                mass, place = self._lines.masses(search.x[which], mass.kept, cut), which
                search.step(which, *self._cdf(mass, included))
            rest = np.flatnonzero(~search.settled)
            if rest.size:
                search.value[rest] = self._bracketed(p[rest], mass.kept, included)
            sure = search.settled & search.measured & self._rises(search, included)
            search.error[sure] = _like_others(p[sure], search.error[sure], search.density[sure])
            rest = np.flatnonzero(~sure)
            if rest.size:
                given = (p[rest], search.value[rest], search.density[rest])
                search.error[rest] = self._followed(*given, mass.kept, included)
        return _Found(Estimates(search.value, search.error).by(p), *begun, mass.kept)

    def _rises(self, search: SecantSearch, included: Masses):
        """Return whether the CDF rises about each value that was found as the search took it to,
        on the lines of the lattice: in a gap of the distribution it does not."""
        due = search.error * search.density * included.fine
        return self._moved(search.value, search.error) >= RISES * due

    def _bracketed(self, p, kept: Kept | None, included: Masses):
        """Return quantiles by bracketing."""
        low, high = self._cells.around(p, BESIDE)

        def cdf(x):
            return self._cdf(self._lines.masses(x, kept), included)[0]

        return invert_cdf(cdf, p, low, high)

    def _followed(self, p, x, density, kept: Kept | None, included: Masses):
        """Return the errors of quantiles at x whose density was not measured: how far each way
        the CDF is to be followed until it has moved by its own error, within a factor of two.

        A density says nothing of that where the CDF jumps or is flat; there a quantile is as
        uncertain as the gap in the distribution is wide.
        """
        cdf, error = self._cdf(self._lines.masses(x, kept), included)
        due = error + np.abs(cdf - p)
        due = np.minimum(due, 0.5 * np.minimum(cdf, 1 - cdf))  # a tail has no more to give
        low, high = self._cells.around(p, BESIDE)
        half = np.fmin(np.where(density > 0, due / density, np.nan), (high - low) / 2)
        half = np.maximum(half, 1e-15 * np.abs(x) + 1e-300)
        short = np.arange(p.size)
        for _ in range(DOUBLINGS):
            ends = np.concatenate([x[short] - half[short], x[short] + half[short]])
            there, _ = self._cdf(self._lines.masses(ends, kept), included)
            below, above = np.reshape(there, (2, -1))
            moved = np.minimum(cdf[short] - below, above - cdf[short])
            short = short[~(moved >= due[short])]
            if short.size == 0:
                return half
            half[short] *= 2
        half[short] = np.nan
        return half


def _like_others(p, error, density):
    """Return errors of quantiles of which none is far smaller than the others'.

    Two rules may agree at one level by accident, as symmetry makes them do at a median. In units
    of p (1 - p), an error of the CDF is taken to be at least a twentieth of the largest one.
    """
    unit = p * (1 - p) / density
    largest = np.max(np.where(np.isfinite(error), error / unit, 0.0), initial=0.0)
    return np.maximum(error, AT_LEAST * largest * unit)


def _last(masses: Masses) -> Masses:
    """Return the last of several masses, as numbers."""
    return Masses(*(float(x[-1]) for x in masses[:4]))


class _Found(NamedTuple):
    """Quantiles and their errors by probability; the levels that were looked at first; the mass of
    all that the quantity is defined on; the panels of those levels, and the lines of all."""

    estimates: dict[float, tuple[float, float]]
    levels: np.ndarray
    included: Masses
    cut: Cut | None
    kept: Kept | None

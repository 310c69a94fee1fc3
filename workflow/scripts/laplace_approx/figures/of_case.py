"""The pictures of one case, from its approximation, its exact side and the draws of both."""

import itertools
import math

import numpy as np

from laplace_approx.comparison.intervals import JUDGED, ends_of
from laplace_approx.density.model import condition_holds
from laplace_approx.figures.contours import Pair, contours
from laplace_approx.figures.declined import declined
from laplace_approx.figures.laplace_draws import laplace_draws as laplace_draws_figure
from laplace_approx.figures.marginals import MarginalPanel, marginals
from laplace_approx.figures.newton_path import newton_path
from laplace_approx.figures.overlay import overlay
from laplace_approx.figures.quantities import Quantity, quantities
from laplace_approx.figures.regions import ELLIPSES, ellipse, widths
from laplace_approx.figures.shown import shown_names
from laplace_approx.figures.text import axis_texts

INTERVALS = {level: ends_of(level) for level in JUDGED}
CENTRAL = (0.005, 0.995)  # the quantiles between which draws are shown
EDGE = 2e-5  # of the probability, left out on each side: below the 99 % region of a contour
MESH = {2: 161, 3: 61}  # nodes an axis of the density under the contours, by dimension
CURVE = 801  # points of a curve: finer than a page shows


class CaseFigures:
    """The pictures of a case, by name; those that its posterior has no use for are left out.

    Of many parameters only those are shown that the `verdict` finds furthest off.
    """

    def __init__(self, laplace, side, exact, draws, verdict: dict, case: str):
        self.laplace, self.side, self.exact, self.draws = laplace, side, exact, draws
        self.model, self.verdict = laplace.model, verdict
        self.names, left_out = shown_names(self.model.parameters, verdict)
        self.places = [self.model.parameters.index(name) for name in self.names]
        self.record = laplace.posterior.record
        case = f"{case}. Of the parameters {left_out}" if left_out else case
        self.drawn = {"units": axis_texts(self.record), "case": case}

    def all(self) -> dict:
        """Return {name: figure}. A declined case has its reason and its exact draws."""
        if self.laplace.normal is None:
            return {"declined": self._declined(), **self._overlay()}
        return {
            "laplace_draws": self._laplace_draws(),
            **self._overlay(),
            **self._contours(),
            "marginals": self._marginals(),
            **self._quantities(),
            "newton_path": self._path(),
        }

    def _declined(self):
        curvature = self.laplace.curvature
        return declined(curvature["reason"], curvature["message"], case=self.drawn["case"])

    def _theta(self, source: str, names=None):
        return np.stack([self.draws[source][name] for name in names or self.names], axis=-1)

    def _mode(self):
        return np.array(self.laplace.mode["theta"])[self.places]

    def _laplace_draws(self):
        curve = None
        if len(self.names) == 1:
            x = np.linspace(*self._range(self.side, self.names[0]), CURVE)
            curve = (x, self.side.density(self.names[0], x))
        theta = self._theta("laplace")
        return laplace_draws_figure(theta, self._mode(), self.names, curve=curve, **self.drawn)

    def _overlay(self) -> dict:
        sources = {source: self._theta(source) for source in self.draws}
        present = {source: theta for source, theta in sources.items() if theta.size}
        if "grid" not in present:
            return {}
        mode = self._mode() if "laplace" in present else None
        return {"overlay": overlay(present, self.names, mode=mode, **self.drawn)}

    def _contours(self) -> dict:
        if self.exact.cells is None or len(self.names) not in MESH:
            return {}
        axes, density = self._mesh()
        pairs = [
            Pair(
                names=(self.names[i], self.names[j]),
                x=axes[i],
                y=axes[j],
                density=_pair_density(density, axes, i, j),
                ellipses={level: self._outline(i, j, level) for level in ELLIPSES},
                mode=self._mode()[[i, j]],
            )
            for i, j in itertools.combinations(range(len(self.names)), 2)
        ]
        return {"contours": contours(pairs, **self.drawn)}

    def _mesh(self):
        """Return axes over the bulk of both sides, and the density on them relative to its peak."""
        points = MESH[len(self.names)]
        axes = [self._places(name, points) for name in self.names]
        theta = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
        log_density = self.laplace.posterior.density().log_density(theta)
        with np.errstate(under="ignore"):
            return axes, np.exp(log_density - log_density.max())

    def _places(self, name: str, points: int):
        """Return about `points` rising places: half evenly spaced, half where the mass is.

        A long tail stretches an even mesh until it no longer sees the peak.
        """
        even = np.linspace(*self._range(self.exact.side, name), points - points // 2)
        held = np.linspace(EDGE, 1 - EDGE, points // 2)
        return np.unique(np.concatenate([even, self.exact.side.quantiles(name, held).value]))

    def _outline(self, i: int, j: int, level: float):
        """Return the ellipse of coordinates i and j, mapped to the natural scale, (k, 2)."""
        normal, pair = self.laplace.normal, [i, j]
        covariance = (normal.cholesky @ normal.cholesky.T)[np.ix_(pair, pair)]
        outline = ellipse(normal.mean[pair], covariance, level)
        z = np.tile(normal.mean, (outline.shape[0], 1))
        z[:, pair] = outline
        return self.laplace.space.constrain(z)[:, pair]

    def _range(self, side, name: str):
        """Return the ends of a parameter's bulk; where the normal leaves the support, its end."""
        value = side.quantiles(name, np.array([EDGE, 1 - EDGE])).value
        return np.where(np.isnan(value), np.array(self.record["support"][name], float), value)

    def _marginals(self):
        panels = [self._marginal(name) for name in self.names]
        return marginals(panels, **self.drawn)

    def _marginal(self, name: str) -> MarginalPanel:
        exact = {}
        ends = self._range(self.side, name)
        if self.exact.cells is not None:
            ends = np.concatenate([ends, self._range(self.exact.side, name)])
        x = np.linspace(np.nanmin(ends), np.nanmax(ends), CURVE)
        sides = [self.side] if self.exact.cells is None else [self.side, self.exact.side]
        held = np.linspace(EDGE, 1 - EDGE, CURVE // 2)
        x = np.unique(np.concatenate([x, *(side.quantiles(name, held).value for side in sides)]))
        x = x[np.isfinite(x)]
        if self.exact.cells is not None:
            exact = {
                "exact": (x, self.exact.side.density(name, x)),
                "exact_intervals": _intervals(self.exact.side, name),
            }
        else:
            exact = {"exact_intervals": self._exact_ends(name)}
        low, high = self.record["support"][name]
        return MarginalPanel(
            name=name,
            laplace=(x, self.side.density(name, x)),
            laplace_intervals=_intervals(self.side, name),
            lower=-math.inf if low is None else low,
            upper=math.inf if high is None else high,
            **exact,
        )

    def _exact_ends(self, name: str) -> dict:
        """Return the intervals that the verdict knows of an exact side by draws, {} of none."""
        known = self.verdict["quantities"][name]["intervals"]
        ends = {level: known[f"{100 * level:.0f}"]["exact"] for level in INTERVALS}
        return {level: tuple(each) for level, each in ends.items() if None not in each}

    def _quantities(self) -> dict:
        items = [self._quantity(name) for name in self.model.quantities]
        return {"quantities": quantities(items, **self.drawn)} if items else {}

    def _quantity(self, name: str) -> Quantity:
        held = {
            source: condition_holds(self.model, name, self._theta(source, self.model.parameters))
            for source, columns in self.draws.items()
            if columns[name].size
        }
        central = None
        if self.exact.cells is not None:
            central = tuple(self.exact.side.quantiles(name, np.array(CENTRAL)).value)
        return Quantity(
            name=name,
            draws={source: self.draws[source][name][kept] for source, kept in held.items()},
            excluded={source: int(np.sum(~kept)) for source, kept in held.items()},
            condition=self.record["quantities"][name]["condition"] or "",
            central=central,
        )

    def _path(self):
        path = self.laplace.mode["path"]
        theta = np.array([point["theta"] for point in path], dtype=float)[:, self.places]
        log_density = np.array([point["log_density"] for point in path], dtype=float)
        exact = None
        if len(self.names) == 2 and self.exact.cells is not None:
            axes, density = self._mesh()
            exact = (*axes, density)
        return newton_path(theta, log_density, self.names, exact=exact, **self.drawn)


def _pair_density(density, axes, i: int, j: int):
    """Integrate the density on a mesh over every axis but i and j, by the trapezoid rule."""
    for k in reversed(range(len(axes))):
        if k not in (i, j):
            density = np.moveaxis(density, k, -1) @ widths(axes[k])
    return density


def _intervals(side, name: str) -> dict:
    return {
        level: tuple(side.quantiles(name, np.array(ends)).value)
        for level, ends in INTERVALS.items()
    }

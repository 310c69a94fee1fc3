"""The pictures of a verdict: what the intervals hold, where they go wrong, and what would serve."""

import math

import numpy as np

from laplace_approx.comparison.intervals import LEVELS, PROBABILITIES, percent
from laplace_approx.comparison.rows import rows_of
from laplace_approx.figures.basin import basin
from laplace_approx.figures.coverage import coverage
from laplace_approx.figures.quantile_quantile import Quantiles, quantile_quantile
from laplace_approx.figures.remedy_ladder import Rung, remedy_ladder
from laplace_approx.figures.replication import replication
from laplace_approx.figures.shown import shown_names
from laplace_approx.figures.tails import TailPanel, tails
from laplace_approx.figures.text import axis_texts
from laplace_approx.normal.fit import quantity_names
from laplace_approx.verdict.decision import Method, methods_of
from laplace_approx.words.numbers import or_nan
from laplace_approx.words.units import unit_of_axis

FAR = 1e-8  # probability beyond which a tail is not drawn
POINTS = 601  # of a curve: finer than a page shows
RESOLVED = 1e-13  # of the peak: a marginal is a sum over a lattice, and below this its rounding
DEGREES_OF_FREEDOM = 4  # of the Student t that importance draws come from


class VerdictFigures:
    """The pictures of a verdict by name; what cannot be drawn of a case is left out.

    `laplace`, `side` and `exact` are as for `CaseFigures`; `verdict` is the record, `remedies` and
    `basin` are columns.
    """

    def __init__(self, laplace, side, exact, verdict: dict, tables: dict, case: str):
        self.laplace, self.side, self.exact = laplace, side, exact
        # a record on disk has its keys sorted
        names, left_out = shown_names(quantity_names(laplace.model), verdict)
        quantities = {name: verdict["quantities"][name] for name in names}
        self.verdict = verdict | {"quantities": quantities}
        self.remedies, self.starts = tables["remedies"], tables["basin"]
        self.case = f"{case}. Of the quantities {left_out}" if left_out else case
        self.units = axis_texts(laplace.posterior.record)

    def all(self) -> dict:
        """Return {name: figure}; a declined case has only the remedies."""
        if self.laplace.normal is None:
            return self._ladders()
        return {
            **self._coverage(),
            **self._quantiles(),
            **self._ladders(),
            **self._tails(),
            **self._replication(),
            **self._basin(),
        }

    def _coverage(self) -> dict:
        held = {
            self._label(name): np.array(
                [or_nan(each["coverage"][percent(level)]["value"]) for level in LEVELS]
            )
            for name, each in self.verdict["quantities"].items()
        }
        known = {name: values for name, values in held.items() if np.isfinite(values).any()}
        if not known:
            return {}
        return {"coverage": coverage(np.array(LEVELS), known, case=self.case)}

    def _label(self, name: str) -> str:
        """Return what a quantity is called where no other of the case is called so."""
        spoken = [self.units.get(each, (each, ""))[0] for each in self.verdict["quantities"]]
        label = self.units.get(name, (name, ""))[0]
        return label if spoken.count(label) == 1 else name

    def _quantiles(self) -> dict:
        items = [self._pair(name) for name in self.verdict["quantities"]]
        drawn = [item for item in items if np.isfinite(item.exact * item.laplace).any()]
        if not drawn:
            return {}
        return {"quantile_quantile": quantile_quantile(drawn, units=self.units, case=self.case)}

    def _pair(self, name: str) -> Quantiles:
        rows = rows_of(self.remedies).of(name, "laplace")
        return Quantiles(
            name, PROBABILITIES, self.remedies["exact"][rows], self.remedies["value"][rows]
        )

    def _ladders(self) -> dict:
        """Return a ladder for each quantity for which the normal is not fine."""
        found = {}
        for name, each in self.verdict["quantities"].items():
            rungs = [_rung(method) for method in methods_of(self.remedies, name).values()]
            drawable = any(math.isfinite(rung.error_sd) for rung in rungs)
            if each["verdict"] != "fine" and drawable:
                found[f"remedy_ladder_{name}"] = remedy_ladder(
                    rungs,
                    self.verdict["tolerance"],
                    quantity=name,
                    units=self.units,
                    scale_is=each["scale_is"],
                    case=self.case,
                )
        return found

    def _tails(self) -> dict:
        if self.exact.cells is None:
            return {}
        names = enumerate(self.laplace.model.parameters)
        panels = [self._tail(i, name) for i, name in names if name in self.verdict["quantities"]]
        return {"tails": tails(panels, units=self.units, case=self.case)}

    def _tail(self, i: int, name: str) -> TailPanel:
        ends = [
            side.quantiles(name, np.array([FAR, 1 - FAR])).value
            for side in (self.side, self.exact.side)
        ]
        x = np.linspace(np.nanmin(ends), np.nanmax(ends), POINTS)
        table = self.exact.side.marginals[name]
        density = np.interp(x, table.value, table.density, left=0.0, right=0.0)
        known = density > RESOLVED * np.max(table.density)
        exact = np.log(density, out=np.full(x.shape, -np.inf), where=known)
        return TailPanel(name, x, exact, *self._log_densities(i, x))

    def _log_densities(self, i: int, x):
        """Return the log densities of parameter i under the normal and under the Student t."""
        normal, space = self.laplace.normal, self.laplace.space
        theta = np.tile(np.array(self.laplace.mode["theta"]), (x.size, 1))
        theta[:, i] = x
        with np.errstate(all="ignore"):
            z = space.unconstrain(theta)
            sd = math.sqrt(np.sum(normal.cholesky[i] ** 2))
            t = (z[:, i] - normal.mean[i]) / sd
            slope = np.log(np.abs(space.constrain_d1(z)[:, i]))
        nu = DEGREES_OF_FREEDOM
        log_t_constant = (
            math.lgamma((nu + 1) / 2) - math.lgamma(nu / 2) - 0.5 * math.log(nu * math.pi)
        )
        as_normal = -0.5 * t**2 - 0.5 * math.log(2 * math.pi)
        as_t = log_t_constant - 0.5 * (nu + 1) * np.log1p(t**2 / nu)
        return tuple(
            np.where(np.isfinite(value - slope), value - slope, -np.inf) - math.log(sd)
            for value in (as_normal, as_t)
        )

    def _replication(self) -> dict:
        tried = [
            each
            for each in (self.verdict["replication"] or {"tried": []})["tried"]
            if each["copies"].bit_count() == 1  # the doublings: evenly spaced on the axis
        ]
        copies = np.array([each["copies"] for each in tried], dtype=float)
        errors = {
            self._label(name): np.array([or_nan(each["errors"][name]) for each in tried])
            for name in self.verdict["quantities"]
        }
        if not any(np.any(np.isfinite(error) & (error > 0)) for error in errors.values()):
            return {}
        kinds = (each["scale_is"] for each in self.verdict["quantities"].values())
        unit = unit_of_axis(kinds).replace(", or ", ",\nor ")  # two do not fit into a line
        label = f"largest endpoint error\n({unit})"
        return {"replication": replication(copies, errors, label=label, case=self.case)}

    def _basin(self) -> dict:
        names = self.laplace.model.parameters
        if len(names) != 2 or not self.starts["undamped"].size:
            return {}
        x, y = (np.unique(self.starts[name]) for name in names)
        undamped, damped = (
            self.starts[method].reshape(x.size, y.size) > 0 for method in ("undamped", "damped")
        )
        mode = self.laplace.mode["theta"]
        figure = basin(x, y, undamped, damped, names, mode=mode, units=self.units, case=self.case)
        return {"newton_basin": figure}


def _rung(method: Method) -> Rung:
    """Return a method with the error that the verdict goes by, its uncertainty included."""
    error = max(method.off[level] + method.own[level] for level in method.off)
    kind, _, space = method.name.partition(":")
    name = f"space {space}" if space else kind.replace("_", " ")
    return Rung(name, method.evaluations, error)

"""The error of the normal approximation as the data are repeated, judged by certified grids."""

import math
from functools import cached_property
from typing import NamedTuple

import numpy as np

from laplace_approx.comparison.distances import Nodes, total_variation
from laplace_approx.comparison.intervals import JUDGED_ENDS
from laplace_approx.comparison.sides import LaplaceSide
from laplace_approx.density.density import Density, density_in
from laplace_approx.density.evaluation import counted
from laplace_approx.density.posterior import natural_density
from laplace_approx.density.priors import build_prior
from laplace_approx.density.quantities import natural_quantity
from laplace_approx.derivatives.central import slope_and_curvature
from laplace_approx.errors import Declined
from laplace_approx.exact.budget import Budget, OutOfBudget
from laplace_approx.exact.certified import certified_grid
from laplace_approx.exact.derived.quantiles import DerivedQuantity
from laplace_approx.exact.lattice import Lattice
from laplace_approx.exact.marginal import MIDDLE, quantile_from_marginal
from laplace_approx.exact.near_normal import NearNormal, close_evaluations, close_look, glimpse
from laplace_approx.exact.normal_lattice import normal_lattice
from laplace_approx.mode.search import find_mode
from laplace_approx.normal.fit import Fit
from laplace_approx.normal.normal import Normal
from laplace_approx.numerics.climb import climb
from laplace_approx.numerics.precision import lower_factor
from laplace_approx.remedies.replication import MOST_COPIES, Replication, replicated, replication

MOST_PARAMETERS = 3  # of a grid
WANTED = np.array([*JUDGED_ENDS, *MIDDLE])
NODES = {1: 401, 2: 81, 3: 41}  # an axis under the normal, by dimension
RESOLUTION = 0.05  # of the number of copies: no one needs it better
SHOWN = (1, 2, 4, 8, 16, 64, 256)  # always tried: the rate at which the error falls
MANY = SHOWN[-1]  # copies at which the modes are searched for
STARTS = 10  # of that search
# Evaluations that all looks may take where few nodes do not tell: a close one takes 50 thousand in
# two dimensions and 1.6 million in three, a search for the mass 1 and 3 million. Doubled or halved,
# twice or half as many numbers of copies are judged at which a posterior is far from normal
MOST_SEARCHED = 2**21
# What a posterior with other data may do: have no mode, or a curvature that no normal can have.
FAILURES = (Declined, np.linalg.LinAlgError)


class Repeated(NamedTuple):
    """What was found with the data repeated: the largest endpoint error of the 50 and 95 %
    intervals of each quantity in exact SDs, and the joint total variation; NaN where unknown."""

    errors: dict[str, float]
    total_variation: float


class Once(NamedTuple):
    """What the exact side says of the data as they are: the errors of the normal (None where no
    certified grid judges it), and the evaluations that a search for the mass takes."""

    repeated: Repeated | None = None
    evaluations: int = 0


def copies_needed(fit: Fit, tolerance: float, has_data: bool, once: Once = Once()) -> dict:  # noqa: B008
    """Return for each quantity how many times the data must be repeated to be within tolerance.

    `quantities` holds `copies` (None with a `reason`) and the `rate` of the last doublings;
    `tried` lists the errors of all numbers of copies tried. The posterior with k copies is
    k log likelihood + log prior, with a mode, a curvature and an exact side of its own; that of one
    copy is known beforehand where `once` has it. Searches for the mass take `MOST_SEARCHED`
    evaluations in all: an error that would need more is not known.
    """
    reason = _why_not(fit, has_data)
    if reason:
        return no_copies(fit.names, reason)
    at = _Copies(fit, once)
    found = {
        name: replication(
            lambda copies, name=name: at(copies).errors[name],
            tolerance,
            resolution=RESOLUTION,
            last_first=len(fit.modes) > 1,
        )
        for name in fit.names
    }
    for copies in SHOWN:
        at(copies)
    return {
        "quantities": {name: at.told(each) for name, each in found.items()},
        "tried": [
            {"copies": copies, **at(copies)._asdict()}
            for copies in sorted(at.found)
            if copies <= MOST_COPIES
        ],
    }


def no_copies(names, reason: str) -> dict:
    """Return the record of a search for copies that was not made, or that failed."""
    nothing = {"copies": None, "rate": None, "reason": reason}
    return {"quantities": {name: nothing for name in names}, "tried": []}


def _why_not(fit: Fit, has_data: bool) -> str | None:
    if not has_data:
        return "the model has no data to repeat"
    if len(fit.model.parameters) > MOST_PARAMETERS:
        return f"above {MOST_PARAMETERS} parameters there is no grid to judge by"
    return None


class _Copies:
    """The posterior with its data repeated any number of times, each looked at once."""

    def __init__(self, fit: Fit, once: Once):
        self.fit, self.search, self.left = fit, once.evaluations, MOST_SEARCHED
        flat = build_prior({}, fit.model.parameters)
        self.likelihood = natural_density(fit.model, flat)
        prior = fit.prior
        self.prior = Density(
            fit.natural.names,
            prior.log_density,
            prior.gradient,
            prior.hessian,
            fit.natural.lower,
            fit.natural.upper,
        )
        self.found: dict[int, Repeated] = {} if once.repeated is None else {1: once.repeated}
        self.not_sought: set[int] = set()
        self.normals = {1: fit.normal}

    def __call__(self, copies: int) -> Repeated:
        if copies not in self.found:
            self.found[copies] = self._measured(copies)
        return self.found[copies]

    def _measured(self, copies: int) -> Repeated:
        nothing = Repeated(dict.fromkeys(self.fit.names, math.nan), math.nan)
        natural = replicated(self.likelihood, self.prior, copies)
        try:
            normal = self._normal(natural, copies)
            if normal is None:
                return nothing
            fit = self.fit._replace(natural=natural, normal=normal)
            exact = self._exact(natural, self.fit.space.constrain(normal.mean), copies)
            return nothing if exact is None else _judged(fit, exact)
        except FAILURES:
            return nothing

    def _normal(self, natural: Density, copies: int) -> Normal | None:
        """Return the normal of so many copies, climbed to from that of the nearest number."""
        near = min(self.normals, key=lambda other: abs(math.log(other / copies)))
        found = refitted(density_in(natural, self.fit.space), self.normals[near], copies / near)
        if found is not None:
            self.normals[copies] = found
        return found

    def _exact(self, natural: Density, mode, copies: int) -> NearNormal | None:
        """Return the exact side: without a search where there is one mode, else certified, or
        none where that would cost more than is left."""
        exact = glimpse(natural, mode) if self.one_mode else None
        if exact is not None:
            return exact
        natural, counter = counted(natural)
        try:
            if self.one_mode and close_evaluations(len(natural.names)) <= self.left:
                exact = close_look(natural, mode)
            if exact is None:
                exact = self._searched(natural, mode, self.left - counter.evaluations)
        except OutOfBudget:
            self.not_sought.add(copies)
        finally:  # whatever it ends in has been spent
            self.left -= counter.evaluations
        return exact

    def _searched(self, natural: Density, mode, left: int) -> NearNormal | None:
        """Return the exact side after a search for the mass, for which so many evaluations are
        left."""
        if self.search > left:
            raise OutOfBudget(f"{left} evaluations are left for copies of the data")
        budget = Budget(evaluations=left, seconds=math.inf)
        try:
            return _certified(natural, mode, budget)
        finally:
            self.search = max(self.search, budget.tally.evaluations)

    def told(self, found: Replication) -> dict:
        """Return what is told of a quantity: no number of copies where the error with fewer of them
        was not sought, as they might do."""
        copies, reason = found.copies, found.reason
        below = max((n for n in found.tried if copies and n < copies), default=None)
        if below in self.not_sought:
            reason = (
                f"the error is within the tolerance with the data repeated {copies} times, and not "
                f"known with {below} times: its exact side would take more than "
                f"{MOST_SEARCHED} evaluations"
            )
            copies = None
        return {"copies": copies, "rate": found.rate, "reason": reason}

    @cached_property
    def one_mode(self) -> bool:
        """Whether a search finds one mode only, with the data as they are and repeated often:
        the modes in between come from those."""
        if len(self.fit.modes) > 1:
            return False
        natural = replicated(self.likelihood, self.prior, MANY)
        density = density_in(natural, self.fit.space)
        return len(find_mode(density, self.fit.normal.mean, 0, STARTS).modes) == 1


def _certified(natural: Density, mode, budget: Budget) -> NearNormal | None:
    grid = certified_grid(natural, mode, budget=budget)
    if not grid.marginals:
        return None
    sd = dict(zip(natural.names, grid.sd, strict=True))
    return NearNormal(grid.lattice, grid.lattice, sd, grid.marginals)


def _judged(fit: Fit, exact: NearNormal) -> Repeated:
    laplace = _quantiles_of_normal(fit)
    errors = {
        name: _largest_error(laplace[name], quantiles, exact.sd.get(name))
        for name, quantiles in _exact_quantiles(fit, exact).items()
    }
    return Repeated(errors, distance(fit, exact.lattice))


def distance(fit: Fit, lattice: Lattice) -> float:
    """Return the total variation between the normal and what a lattice holds."""
    log_q, log_weights = fit.log_approximation(lattice.nodes()), lattice.log_weights()
    return total_variation(Nodes(lattice.log_density, log_q, log_weights))


def _largest_error(laplace, exact, sd) -> float:
    """Return the largest error of an end in exact SDs; the last two quantiles give the scale
    where there is no SD."""
    known = sd is not None and math.isfinite(sd)
    scale = sd if known else (exact[-1] - exact[-2]) / 2
    return float(np.max(np.abs(laplace - exact)[:-2]) / scale)


def _exact_quantiles(fit: Fit, exact: NearNormal) -> dict:
    return {
        name: quantile_from_marginal(exact.marginals[name], WANTED)
        if name in exact.marginals
        else _derived(exact.for_derived, natural_quantity(fit.model, name))
        for name in fit.names
    }


def _quantiles_of_normal(fit: Fit) -> dict:
    side = LaplaceSide(fit.model, fit.space, fit.normal)
    lattice = normal_lattice(fit.normal, NODES[fit.normal.mean.size])
    return {
        name: side.quantiles(name, WANTED).value
        if name in fit.model.parameters
        else _derived(lattice, side.quantity(name))
        for name in fit.names
    }


def _derived(lattice, quantity):
    return DerivedQuantity(lattice, quantity).rough_quantiles(WANTED)


def refitted(density: Density, start: Normal, copies: int = 1) -> Normal | None:
    """Return the normal at the mode of a density, climbed to from the mean of another.

    `start` is taken to be sqrt(copies) times as wide as the one looked for. None where the ascent
    ends in no mode.
    """
    factor = start.cholesky / math.sqrt(copies)

    def point(v):
        return start.mean + v @ factor.T

    def value(rows, v):
        return density.log_density(point(v))

    def derivatives(rows, v, scale):
        return slope_and_curvature(density, point(v), factor, scale)

    top = climb(value, derivatives, np.zeros((1, start.mean.size)))
    if not top.converged[0]:
        return None
    mean = point(top.v)[0]
    _, curvature = slope_and_curvature(density, mean[None], factor, np.ones((1, mean.size)))
    return Normal(mean, _cholesky_of_inverse(factor, -curvature[0]))


def _cholesky_of_inverse(factor, precision) -> np.ndarray:
    """Return the lower factor of factor precision^-1 factor^T, which is the covariance."""
    return lower_factor(factor @ np.linalg.inv(np.linalg.cholesky(precision)).T)

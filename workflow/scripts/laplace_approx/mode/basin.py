"""The starts from which Newton's method finds the mode: a lattice of them over the grid's box."""

import numpy as np

from laplace_approx.normal.fit import Fit
from laplace_approx.numerics.newton import newton_many

POINTS = (25, 51)  # starts along the two parameters
ITERATIONS = 50  # as many as the chapter's own code makes
NEAR = 1e-3  # SDs of the normal from the mode, at which a start has found it
REACH = 5.0  # SDs
METHODS = {"undamped": False, "damped": True}


def basin_step(laplace, grid: dict) -> tuple[dict, str | None]:
    """Return the table of starts over the box of a grid, and why it is empty, by its record."""
    return basin_table(laplace.fit(), box_of(grid))


def basin_table(fit: Fit | None, bounds: dict | None) -> tuple[dict, str | None]:
    """Return (columns, reason): for each start whether undamped and damped Newton find the mode.

    The starts are a lattice over the box `bounds` of the natural scale (`box_of` a grid), and stand
    in the parameters' columns; the ascent is in the coordinates of the space, and a start outside
    it finds nothing.
    There are no rows, and a reason, unless the model has two parameters and both derivatives.
    """
    reason = _why_not(fit, bounds)
    if reason:
        names = fit.model.parameters if fit else ()
        return {name: np.empty(0) for name in (*names, *METHODS)}, reason
    axes = [
        np.linspace(*bounds[name], points)
        for name, points in zip(fit.model.parameters, POINTS, strict=True)
    ]
    theta = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 2)
    found = {method: _finds(fit, theta, damped) for method, damped in METHODS.items()}
    return {**dict(zip(fit.model.parameters, theta.T, strict=True)), **found}, None


def box_of(record: dict) -> dict | None:
    """Return the box of starts: that of a named grid; of a certified one, whose bounds follow the
    tails, no more than five SDs each way from the mean."""
    bounds, mean, sd = record["bounds"], record["mean"], record["sd"]
    if record["kind"] != "certified" or bounds is None:
        return bounds
    box = {}
    for name, (low, high) in bounds.items():
        if None in (low, high, mean[name], sd[name]):
            return None
        reach = REACH * sd[name]
        box[name] = [max(low, mean[name] - reach), min(high, mean[name] + reach)]
    return box


def _why_not(fit: Fit | None, bounds: dict | None) -> str | None:
    if fit is None:
        return "the case is declined: there is no mode to find"
    if len(fit.model.parameters) != len(POINTS):
        return f"a map of starts needs {len(POINTS)} parameters"
    if fit.natural.gradient is None or fit.natural.hessian is None:
        return "the model gives no gradient and Hessian for Newton's own step"
    if bounds is None or any(end is None for ends in bounds.values() for end in ends):
        return "there is no box of starts: the grid has no bounds"
    return None


def _finds(fit: Fit, theta, damped: bool):
    """Return as 0 or 1 whether each start (n, 2) ends at the mode within the iterations."""
    z = fit.space.unconstrain(theta)
    inside = np.isfinite(z).all(axis=1)
    density = fit.density
    found = np.zeros(theta.shape[0])
    with np.errstate(all="ignore"):
        ends = newton_many(
            density.log_density,
            density.gradient,
            density.hessian,
            z[inside],
            damped=damped,
            max_iterations=ITERATIONS,
        )
    reached = np.array([end.x for end in ends]).reshape(-1, 2)
    away = np.linalg.norm(fit.normal.standardise(reached), axis=1)
    found[inside] = [end.converged and d < NEAR for end, d in zip(ends, away, strict=True)]
    return found

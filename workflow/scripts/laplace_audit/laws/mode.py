"""The laws of a mode: it is one, and everything that is said of it is so."""

import numpy as np

from laplace_audit.ledger import Page
from laplace_audit.numerics.derivatives import derivatives
from laplace_audit.numerics.target import Target

ROUNDING = 1e-14  # a few dozen units in the last place
SUM = 1e-12  # of a sum of a few thousand terms, relative
STILL = 1e-6  # SDs: a Newton step that is no step; the mode is found to 1e-3 at the worst
HIGHER = 1e-9  # of a log density


def mode_laws(page: Page, record: dict, target: Target, definition: dict) -> None:
    """Hold the record of a mode against the posterior, in the space of this definition."""
    page.same("space is as configured", record["space_definition"], definition)
    page.same("parameters", record["parameters"], list(target.parameters))
    if record["status"] != "ok":
        _declined(page, record)
        return
    space = target.space(definition)
    density = target.log_density_in(space)
    z = np.array(record["z"])
    page.most("theta is z constrained", relative(record["theta"], space.theta(z)), ROUNDING)
    page.most("log density at the mode", relative(record["log_density"], density(z)), SUM)
    _others(page, record, space, density)
    _counts(page, record)
    page.true("mode is converged", record["converged"] is True and record["shift_sd"] <= 1e-3)
    page.true("support contains the mode", np.all((z > space.lower) & (z < space.upper)))


def stationary_law(page: Page, mode: dict, curvature: dict, target: Target) -> None:
    """Hold the gradient at the mode against zero, in the SDs of the normal."""
    density = target.log_density_in(target.space(mode["space_definition"]))
    factor = np.array(curvature["cholesky"])
    found = derivatives(density, mode["z"], factor)
    # in u the Newton step is the gradient itself, and L moves it to z: |L g| / sd <= |g|
    limit = STILL + min(found.slope_error, 0.01)
    page.most("gradient vanishes at the mode", np.abs(found.slopes), limit)
    stored = factor.T @ np.array(mode["gradient"])
    page.most("stored gradient", np.abs(stored - found.slopes), limit)
    step = np.abs(np.array(curvature["covariance"]) @ np.array(mode["gradient"]))
    due = np.max(step / np.array(curvature["sd"]))
    page.most("shift follows from the gradient", abs(mode["shift_sd"] - due), STILL)
    decrement = np.linalg.norm(stored)
    page.most("shift follows from the gradient", abs(mode["newton_decrement"] - decrement), STILL)


def _others(page: Page, record: dict, space, density) -> None:
    for key in ("modes", "path"):
        rows = record[key]
        if not rows:
            continue
        z = np.array([row["z"] for row in rows])
        theta, values = ([row[name] for row in rows] for name in ("theta", "log_density"))
        page.most("theta is z constrained", relative(theta, space.theta(z)), ROUNDING)
        page.most("log density at the mode", relative(values, density(z)), SUM)
    best = max(mode["log_density"] for mode in record["modes"])
    page.most("no mode is higher", best - record["log_density"], HIGHER)
    shares = [mode["share"] for mode in record["modes"]]
    page.most("shares of the modes sum to one", abs(sum(shares) - 1), 1e-9)
    page.true("a share lies between 0 and 1", [0 <= share <= 1 for share in shares])


def _counts(page: Page, record: dict) -> None:
    """Hold the counts of evaluations against each other, the attempts and the path."""
    ascent, search = record["evaluations_of_ascent"], record["evaluations_of_search"]
    attempts = record["attempts"]
    made = sum(attempt["evaluations"] for attempt in attempts)
    parts = [ascent > 0, search >= 0, ascent + search == record["n_evaluations"]]
    page.true("evaluations are those of the ascent and of the search", parts)
    # the last point of the path is from the proof, and it takes a value at least
    least = len(record["path"]) - 1
    taken = np.cumsum([attempt["evaluations"] for attempt in attempts])
    rows = [i for i, a in enumerate(attempts) if a["method"] == record["method"]]
    held = any(
        least <= attempts[i]["evaluations"] < ascent
        and (search == 0 or (taken[i] < ascent and made - taken[i] <= search))
        for i in rows
    )
    page.true("the ascent that is counted is one of the attempts", held)


def _declined(page: Page, record: dict) -> None:
    given = record["reason"] is not None and bool(record["message"])
    page.true("a declined step says why", given)


def relative(found, due):
    """Return |found - due| / max(1, |due|), 0 where both are NaN, None or the same infinity."""
    found, due = np.broadcast_arrays(np.array(found, dtype=float), np.asarray(due, dtype=float))
    with np.errstate(invalid="ignore"):
        off = np.abs(found - due) / np.maximum(1.0, np.abs(due))
    same = (found == due) | (np.isnan(found) & np.isnan(due))
    return np.where(same, 0.0, np.where(np.isnan(off), np.inf, off))

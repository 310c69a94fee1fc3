"""Moments of a remedy, with errors that bear what the exact side says of them.

A standard error is of the draws and a numerical one of the rule: neither knows of a mode that the
remedy never reaches, or of a tail that its proposal lacks. Where a grid knows the moment, an error
that it contradicts is replaced by the difference, and that of a rule without draws is no smaller
than what the grid tells; where the grid finds none, there is none; and
where nobody knows any moment, or other modes may hold mass, it has no error.
"""

import math
from typing import NamedTuple

from laplace_approx.comparison.unseen import MOST, unseen_mass
from laplace_approx.remedies.result import Answer, Remedy

# Standard errors of draws that a moment may be off its exact value: one in four hundred is by
# chance, and at two it would be one in twenty. The error of a rule without draws knows no chance.
CHANCE = 3.0
MOMENTS = ("mean", "sd")
# SDs that a moment of the grid may be off by to tell anything; halved or doubled, grids that are
# not certified tell of fewer or more remedies what they are off by
TOLD = 0.1
FIELDS = ("mean", "mean_error", "sd", "sd_error", "excluded", "reason")


class Off(NamedTuple):
    """What a moment may be off by (its `size`), and whether that is `beyond` what its own error
    and that of the grid tell."""

    size: float
    beyond: bool


def moments_of(remedy: Remedy, grid: dict, modes) -> dict:
    """Return the moments of every quantity as records.

    `grid` is the record of the exact side, `modes` are those that the search found. A quantity of
    which the grid knows no moment has an error where those of the parameters that it knows are
    told as they are.
    """
    times = 1.0 if remedy.z is None else CHANCE
    off = {
        name: {
            moment: _off(answer, moment, times, exact)
            for moment, exact in _exact(grid, name).items()
        }
        for name, answer in remedy.answers.items()
    }
    absent = {name: _absent(grid, name) for name in remedy.answers}
    false = any(each is not None and each.beyond for x in off.values() for each in x.values())
    nobody = not any(off.values())  # then no error knows what the method itself is off by
    elsewhere = bool(modes and not unseen_mass(modes) <= MOST)
    doubtful = false or nobody or any(absent.values()) or elsewhere
    return {
        name: _record(answer, off[name], absent[name], doubtful)
        for name, answer in remedy.answers.items()
    }


def _absent(grid: dict, name: str) -> tuple[str, ...]:
    """Return the moments that a certified grid finds not to exist, or to lie beyond any lattice."""
    if grid["status"] != "ok" or grid["kind"] != "certified":
        return ()
    return tuple(moment for moment in MOMENTS if grid[moment].get(name, 0.0) is None)


def _exact(grid: dict, name: str) -> dict[str, tuple[float, float]]:
    """Return what the grid knows of a quantity: (value, error) by moment."""
    found, sd = {}, (grid.get("sd") or {}).get(name)
    most = math.inf if sd is None else TOLD * sd
    for moment in MOMENTS:
        values, errors = grid.get(moment) or {}, grid.get(f"{moment}_error") or {}
        if None not in (values.get(name), errors.get(name)) and errors[name] <= most:
            found[moment] = values[name], errors[name]
    return found


def _off(answer: Answer, moment: str, times: float, exact: tuple[float, float]) -> Off | None:
    """Return what a moment may be off by as far as the grid tells, None of one without an error."""
    value, error = getattr(answer, moment), getattr(answer, f"{moment}_error")
    if value is None or error is None or not math.isfinite(value):
        return None
    apart = abs(value - exact[0])
    beyond = apart > times * error + exact[1]
    chance = times > 1 and not beyond  # then the difference is one draw of what the error tells
    return Off(error if chance else max(error, apart + exact[1]), beyond)


def _record(answer: Answer, off: dict[str, Off | None], absent, doubtful: bool) -> dict:
    """Return the moments of an answer; `off` has an entry for each that the grid knows."""
    record = {field: getattr(answer, field) for field in FIELDS}
    said = [answer.reason] if answer.reason else []
    for moment in MOMENTS:
        key = f"{moment}_error"
        if moment in absent and record[moment] is not None:
            record[moment] = record[key] = None
            said.append(f"no {moment}: the grid finds none, as the tail is too heavy")
        elif off.get(moment) is not None:
            record[key] = off[moment].size
            if off[moment].beyond:
                said.append(f"its {moment} is off the grid's by more than its own error tells")
        elif moment not in off and doubtful and record[key] is not None:
            record[key] = None
            said.append(f"how far off its {moment} is was not measured")
    return record | {"reason": "; ".join(said) or None}

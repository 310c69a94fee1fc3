"""What a lattice leaves out on each side of each parameter, as numbers and in words."""

import math
from typing import NamedTuple

import numpy as np

from laplace_approx.tails import Tail, beyond

NEGLIGIBLE_MASS = 1e-8  # on a side of a certified grid, and beyond all sides together
ENDS = ("lower", "upper")


class Side(NamedTuple):
    """One end of the axis of one parameter; masses are shares of the mass inside.

    `edge` is the mass of the outermost cells and `outside` an estimate of the mass beyond the last
    node, None with a `fault` in words where there is none. `closed`: the support itself ends at the
    last node, so that nothing is lost however heavy the edge.
    """

    parameter: str
    end: str
    bound: float
    edge: float
    outside: float | None
    fault: str | None
    closed: bool

    @property
    def words(self) -> str:
        """Return 'beta > 40': the region beyond this side."""
        return f"{self.parameter} {'<' if self.end == 'lower' else '>'} {self.bound:.6g}"


def find_sides(name: str, marginal, bounds, step: float, gaps=(math.inf, math.inf)) -> list[Side]:
    """Return the lower and the upper side of a parameter.

    `marginal` is its density at the equally spaced nodes of an axis (in any unit), `bounds` the
    values of the parameter at the two ends, and `gaps` how far the support goes on beyond them,
    in units of the axis.
    """
    inside = float(np.sum(marginal))
    found = []
    for end, bound, gap in zip(ENDS, bounds, gaps, strict=True):
        outward = marginal if end == "lower" else marginal[::-1]
        edge, closed = float(outward[0]) / inside, not gap > 0
        beyond_it = Tail(0.0, None) if closed else beyond(outward / (inside * step), step, gap)
        found.append(Side(name, end, float(bound), edge, *beyond_it, closed))
    return found


def edge_record(sides: list[Side]) -> dict:
    """Return {parameter: {lower, upper}} of the edge masses."""
    record = {}
    for side in sides:
        record.setdefault(side.parameter, {})[side.end] = side.edge
    return record


def outside_record(sides: list[Side]) -> dict:
    """Return {parameter: {lower, upper}, "total"} as shares of the whole, None where unknown.

    With s_i the masses beyond each side in units of the mass inside, the shares are
    s_i / (1 + sum s): the corners beyond two sides are counted twice.
    """
    known = all(side.outside is not None for side in sides)
    whole = 1 + sum(side.outside or 0.0 for side in sides)
    record = {}
    for side in sides:
        share = None if side.outside is None else side.outside / whole
        record.setdefault(side.parameter, {})[side.end] = share
    record["total"] = sum(side.outside for side in sides) / whole if known else None
    return record


def side_faults(sides: list[Side]) -> list[str]:
    """Return a sentence for every side that loses more than a negligible mass."""
    whole = 1 + sum(side.outside or 0.0 for side in sides)
    faults = []
    for side in sides:
        if side.closed:
            continue
        if side.outside is None:
            faults.append(f"how much mass lies at {side.words} is not known: {side.fault}")
        elif not side.outside / whole < NEGLIGIBLE_MASS:
            faults.append(f"{side.words} holds about {side.outside / whole:.1e} of the mass")
        elif not side.edge < NEGLIGIBLE_MASS:
            faults.append(f"the outermost cells before {side.words} hold {side.edge:.1e}")
    return faults

"""What a lattice says of the parameter of its first axis: its numbers, and how two lattices differ.

The numbers are those by which a lattice is judged while it is refined, and most of those that are
stated of the parameter in the end.
"""

import math
from typing import NamedTuple

import numpy as np

from laplace_approx.exact.axis import trapezoid_weights
from laplace_approx.exact.axis_ends import ORDERS
from laplace_approx.exact.frame import Frame
from laplace_approx.exact.marginal import (
    MIDDLE,
    Marginal,
    levels_about,
    quantile_from_marginal,
    spans_a_gap,
)
from laplace_approx.exact.marginal_table import DENSE, first_marginal, first_table
from laplace_approx.exact.spacing import PROBES, largest_change

# of the middle two thirds, in units of the last digit of the parameter; halved, its ends may be
# four neighbouring numbers apart, of which quantiles make steps of an eighth of an SD
LEAST_WIDTH = 8


class Numbers(NamedTuple):
    """What a lattice says of its own parameter; a moment is NaN where it does not exist. `density`
    is the marginal's at the nodes, and `probed` are those quantiles of it that are held against
    those of other lattices; `middle` are the ends of the central 68.3 % interval, half of which is
    the unit of all changes: it is there for every posterior. `flat` says which of the quantiles lie
    where there is no density, as between two humps: their places are not told, and what rounding
    moves them by is their error."""

    log_evidence: float
    mean: float
    sd: float
    skewness: float
    density: np.ndarray
    probed: np.ndarray
    middle: tuple[float, float]
    flat: np.ndarray


def numbers_of(
    frame: Frame, parameter: int, p, shift: float, absent: set[int], dense: int = DENSE
) -> Numbers | None:
    """Return the numbers of a lattice whose density per unit of u is p exp(shift), None where no
    node of it has any density, or where the nodes are one and the same number. A moment of one of
    the orders that are `absent` is none, nor is one of a higher order. The marginal is held against
    others at `dense` places a node."""
    return numbers_of_marginal(frame, parameter, first_marginal(frame, p), shift, absent, dense)


def numbers_of_marginal(
    frame: Frame, parameter: int, density, shift: float, absent: set[int], dense: int = DENSE
) -> Numbers | None:
    """Return the same from the marginal density along axis 0, (points,)."""
    axis = frame.axes[0]
    mass = density * trapezoid_weights(axis)
    total = mass.sum()
    values = frame.values(parameter, axis.nodes())
    if not (total > 0 and np.nanmax(values) > np.nanmin(values)):
        return None
    mass = mass / total
    theta = np.where(mass > 0, values, 0.0)
    with np.errstate(all="ignore"):
        mean = mass @ theta
        sd = np.sqrt(mass @ (theta - mean) ** 2)
        moments = (mean, sd, mass @ ((theta - mean) / sd) ** 3)
    exist = [not absent & set(ORDERS[: k + 1]) for k in range(len(ORDERS))]
    kept = [
        float(x) if there and math.isfinite(x) else math.nan
        for x, there in zip(moments, exist, strict=True)
    ]
    table = first_table(frame, parameter, density, dense, rows=1)
    return Numbers(shift + math.log(total), *kept, density, *_probed(table))


def moved(one: Numbers | None, other: Numbers | None):
    """Return the changes of log evidence, quantiles, mean, SD and skewness; infinite where
    they cannot be told, and 0 of a moment that does not exist."""
    if one is None or other is None:
        return np.full(5, math.inf)
    low, high = one.middle
    scale = max((high - low) / 2, LEAST_WIDTH * np.spacing(max(abs(low), abs(high))))
    moments = [
        abs(one.mean - other.mean) / scale,
        abs(one.sd - other.sd) / scale,
        abs(one.skewness - other.skewness),
    ]
    told = ~(one.flat | other.flat)
    quantiles = largest_change(one.probed[told], other.probed[told], scale)
    evidence = abs(one.log_evidence - other.log_evidence)
    return np.array([evidence, quantiles, *(0.0 if math.isnan(x) else x for x in moments)])


def _probed(table: Marginal):
    """Return the quantiles of a table that are held against others, the ends of the central
    68.3 %, and which of the quantiles lie where there is no density."""
    n = len(PROBES)
    levels = np.concatenate([PROBES, MIDDLE, levels_about(np.array(PROBES)).ravel()])
    found = quantile_from_marginal(table, levels)  # all at once: a search for one costs as much
    middle = float(found[n]), float(found[n + 1])
    return found[:n], middle, spans_a_gap(found[n + 2 :].reshape(-1, n))

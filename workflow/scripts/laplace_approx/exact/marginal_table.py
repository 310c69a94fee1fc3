"""The table of a marginal, made from the density at the nodes of an axis."""

import math
from functools import cache

import numpy as np

from laplace_approx.exact.axis import trapezoid_weights
from laplace_approx.exact.frame import Frame
from laplace_approx.exact.marginal import Marginal
from laplace_approx.numerics.quadrature import (
    ORDER,
    applied,
    band_limited,
    bounded_increments,
    interpolation_weights,
    partial_weights,
)

# places a node at which a marginal is tabulated; doubled, quantiles move by 1e-7, halved, those of
# a funnel by 5e-6, within their errors
DENSE = 4
# rows of a table per posterior SD: cubic interpolation is then good to 1e-8 SD; doubled, quantiles
# move by 4e-9, halved, by 7e-8
ROWS_PER_SD = 80
# of a table; halved or doubled, nothing changes: it is for boxes with few nodes an SD
MOST_ROWS_PER_NODE = 64


def build_marginal(frame: Frame, parameter: int, density_u, rows: int | None = None) -> Marginal:
    """Return the table of a parameter from its marginal density per unit of u, at the nodes.

    The parameter must vary along one axis of the lattice only. Density and CDF between the nodes
    come from the polynomials of `quadrature`; a part of an interval never holds less
    than nothing or more than the whole, so the CDF rises even where the spacing is too coarse.
    There are `rows` of the table a node, or as many as `ROWS_PER_SD` asks for.
    """
    k = frame.axis_of(parameter)
    axis = frame.axes[k]
    cdf = np.zeros(density_u.size)
    np.cumsum(bounded_increments(density_u), out=cdf[1:])
    rows = _rows_per_node(density_u) if rows is None else rows
    fine_density, fine_cdf = _refined(np.maximum(density_u, 0.0), cdf, rows)
    u = np.linspace(axis.lower, axis.upper, fine_cdf.size)
    slope = frame.slopes(parameter, u) * axis.step
    with np.errstate(divide="ignore", invalid="ignore"):
        density = np.where(slope > 0, fine_density / (slope * fine_cdf[-1]), 0.0)
    return _strictly_rising(frame.values(parameter, u), density, fine_cdf / fine_cdf[-1])


def first_marginal(frame: Frame, p):
    """Return the marginal density along axis 0 of a density p at the nodes, per unit of u."""
    for axis in reversed(frame.axes[1:]):
        p = p @ trapezoid_weights(axis)
    return p


def first_table(
    frame: Frame, parameter: int, density, dense: int = DENSE, rows: int | None = None
) -> Marginal:
    """Return the table of the parameter of axis 0 from its marginal density at the nodes (points,),
    filled in at `dense` places a node by Fourier's series."""
    axis = frame.axes[0]
    filled = axis._replace(points=(axis.points - 1) * dense + 1)
    frame = frame._replace(axes=(filled, *frame.axes[1:]))
    return build_marginal(frame, parameter, band_limited(density, dense), rows)


def _rows_per_node(density_u) -> int:
    nodes = np.arange(density_u.size)
    density_u = np.maximum(density_u, 0.0)  # a rule of high order on too few nodes can go below
    total = np.sum(density_u)
    mean = np.sum(nodes * density_u) / total
    sd = math.sqrt(np.sum((nodes - mean) ** 2 * density_u) / total)
    wanted = ROWS_PER_SD / sd if sd > 0 else math.inf
    return max(1, math.ceil(min(MOST_ROWS_PER_NODE, wanted)))


def _refined(density_u, cdf, rows: int):
    """Return density and CDF on nodes `rows` times as close, in units of the coarse step."""
    if rows == 1:
        return density_u, cdf
    found = applied(_refining_weights(rows, min(ORDER, density_u.size)), density_u)
    density, part = found[:, :rows], found[:, rows:]
    part = np.minimum(np.maximum(part, 0.0), np.diff(cdf)[:, None])
    part = np.maximum.accumulate(part, axis=1)
    fine_density, fine_cdf = np.empty((2, (density_u.size - 1) * rows + 1))
    np.maximum(density, 0.0, out=fine_density[:-1].reshape(-1, rows))
    np.add(cdf[:-1, None], part, out=fine_cdf[:-1].reshape(-1, rows))
    fine_density[-1], fine_cdf[-1] = density_u[-1], cdf[-1]
    return fine_density, fine_cdf


@cache
def _refining_weights(rows: int, order: int):
    """Return the weights (2 rows, order - 1, order) of the values at `rows` places an interval, and
    then of the integrals up to them."""
    fraction, places = np.arange(rows)[:, None] / rows, np.arange(order - 1)
    values = interpolation_weights(fraction, places, order)
    return np.concatenate([values, partial_weights(fraction, places, order)])


def _strictly_rising(value, density, cdf) -> Marginal:
    """Drop rows whose value does not rise: far out, a transform can run out of digits.

    What lies at the last value or beyond is at it, as what lies at the first is.
    """
    if np.all(value[1:] > value[:-1]) and math.isfinite(value[0]) and math.isfinite(value[-1]):
        return Marginal(value, density, cdf)
    keep = np.concatenate([[True], np.diff(np.maximum.accumulate(value)) > 0])
    keep &= np.isfinite(value)
    value, density, cdf = value[keep], density[keep], cdf[keep]
    cdf[-1] = 1.0
    return Marginal(value, density, cdf)

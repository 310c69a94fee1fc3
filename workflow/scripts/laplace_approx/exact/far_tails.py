"""Whether the moments of a parameter exist, as far as floating-point numbers go.

A lattice ends where no mass is left, and takes it that a tail goes on falling as it does there. The
tail that decides on a moment may lie far beyond: of a Weibull scale it begins where the mass is
e^-40, and no moment exists. So the crest of the density is followed along each parameter from the
bulk out to where numbers end, at the place of all others that is best there; with the widths of the
density about it (Laplace) that is the marginal but for a factor, and times the power of the
distance the integrand of the moment. A moment is stated where that is seen to fall.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from laplace_approx.density.transforms import Identity
from laplace_approx.density.unbounded import constrained
from laplace_approx.exact.alignment import local_factor
from laplace_approx.exact.axis_ends import ORDERS
from laplace_approx.exact.grid import Grid
from laplace_approx.exact.marginal import MIDDLE, quantile_from_marginal
from laplace_approx.numerics.precision import lower_factor

PLACES = 40  # along a tail: half as many step over a bend within a factor e^9 of the distance
FARTHEST = 1e150  # of a parameter: its square is a number still
FARTHEST_LOG = 690.0  # of its logarithm, which is squared and need not be: e to this is a number
FALL = 1.0  # in log, over the outer half of the places: with less a moment may as well not exist
LADDER = 2.0 ** -np.arange(32)  # of the distance: steps across the crest, and widths of it
ROUNDS = 12  # of these at a place: a crest that bends more is followed late, and lower than it is
RISE = 3.0  # in log: what widths of the wrong power of 2 may add, in two directions
FAINT = math.log(1e-12)  # of a moment: what lies beyond the lattice and rises may have no more


def with_moments_that_exist(grid: Grid, of_z: Callable, mode) -> Grid:
    """Return the grid without the moments whose integrand is not seen to fall.

    `of_z` is the log density of the unconstrained coordinates, Jacobian included, and the crest is
    followed from its `mode` z (d,).
    """
    factor = local_factor(of_z, mode)
    if not (grid.marginals and np.isfinite(factor).all()):
        return grid
    values = np.array([grid.mean, grid.sd, grid.skewness])
    for parameter in range(values.shape[1]):
        order = _first_absent(grid, of_z, mode, factor, parameter)
        values[order - 1 :, parameter] = np.nan
    errors = np.array([grid.mean_error, grid.sd_error, grid.skewness_error])
    errors = np.where(np.isnan(values), np.nan, errors)
    without = np.isnan(values[1])
    absent = without[:, None] | without
    return grid._replace(
        **dict(zip(("mean", "sd", "skewness"), values, strict=True)),
        **dict(zip(("mean_error", "sd_error", "skewness_error"), errors, strict=True)),
        correlation=np.where(absent, np.nan, grid.correlation),
        correlation_error=np.where(absent, np.nan, grid.correlation_error),
    )


def _first_absent(grid: Grid, of_z, mode, factor, parameter: int) -> int:
    """Return the lowest order of a moment that is not seen to exist; 4 where all are."""
    frame = grid.lattice.frame
    names, transforms = frame.names, frame.transforms
    low, high = quantile_from_marginal(grid.marginals[names[parameter]], MIDDLE)
    middle, unit = (low + high) / 2, (high - low) / 2
    absent = len(ORDERS) + 1
    for side, way in enumerate((-1.0, 1.0)):
        if math.isfinite(frame.support[side, parameter]):
            continue
        walk = _walk(factor, transforms, mode, parameter)
        z, log_density = _crest(of_z, mode, walk, way)
        with np.errstate(all="ignore"):
            theta = constrained(transforms, z)[:, parameter]
            beyond = way * theta > way * grid.bounds[parameter, side]
            log_away = np.log(np.abs(theta - middle) / unit)
        # without any density there is none of a moment, wherever the place rounds to
        log_away[log_density == -math.inf] = 0.0
        for order in ORDERS:
            part = (log_density + order * log_away - (grid.log_evidence or 0.0))[beyond]
            if not _falls(part):
                absent = min(absent, order)
    return absent


def _falls(part) -> bool:
    """Return whether the log of an integrand per log distance, from the end of a lattice outward,
    is seen to fall to the last, or to where the density ends, and nowhere to rise to what counts;
    what is not a number does not fall."""
    if part.size == 0 or part[0] == -math.inf:
        return True
    bounded = np.max(part) <= max(part[0] + RISE, FAINT)
    ends = part[-1] == -math.inf
    return bool(bounded and (ends or part[-1] < part[part.size // 2] - FALL))


class _Walk(NamedTuple):
    """How the crest is followed: by the first column of a lower factor (d, d) with the parameter
    first, whose other columns leave that as it is, to so many times its length."""

    factor: np.ndarray
    distances: np.ndarray


def _walk(factor, transforms, mode, parameter: int) -> _Walk:
    """Return the walk from the mode z (d,) to where the parameter is a number yet in any unit."""
    factor = lower_factor(factor, first=parameter)
    far = FARTHEST if isinstance(transforms[parameter], Identity) else FARTHEST_LOG
    step = abs(float(factor[parameter, 0]))
    longest = max(math.log(max(far - abs(float(mode[parameter])), step) / step), 1.0)
    return _Walk(factor, np.exp(longest * np.linspace(0.0, 1.0, PLACES) ** 2))


def _crest(of_z, mode, walk: _Walk, way: float):
    """Return places z (n, d) along the crest of a density, and the log there of its integral over
    all coordinates but the parameter's, per log of the distance from the mode. The walk ends where
    the density does."""
    along, axes = walk.factor[:, 0], walk.factor[:, 1:]
    across, before, places, heights = np.zeros(axes.shape[1]), 1.0, [], []
    for t in walk.distances:
        base = mode + way * t * along
        across, height, log_width = _best(of_z, base, axes, across, t, t / before)
        places.append(base + axes @ across)
        heights.append(height + log_width + math.log(t))
        before = t
        if not math.isfinite(height):
            break
    _, log_size = np.linalg.slogdet(walk.factor)
    constant = float(log_size) + 0.5 * across.size * math.log(2 * math.pi)
    return np.array(places), np.array(heights) + constant


def _best(of_z, base, axes, across, t: float, ratio: float):
    """Return where (d - 1,) across the crest the density is best, by steps of all sizes along its
    axes, the log density there, and the log of its widths."""
    choices = np.array([across, across * ratio])
    values = of_z(base + choices @ axes.T)
    across, height = choices[np.argmax(values)], float(np.max(values))
    if not across.size:
        return across, height, 0.0
    steps = t * np.concatenate([LADDER, -LADDER])[:, None, None] * np.eye(across.size)
    steps = steps.reshape(-1, across.size)
    for _ in range(ROUNDS):
        values = of_z(base + (across + steps) @ axes.T)
        best = int(np.argmax(values))
        if not values[best] > height:
            break
        across, height = across + steps[best], float(values[best])
    else:
        values = of_z(base + (across + steps) @ axes.T)
    with np.errstate(invalid="ignore"):
        fall = height - values.reshape(2, LADDER.size, -1)
    lower = np.mean(np.minimum(fall, 1e3), axis=0) > 0.5  # at one SD of a normal
    widths = t * np.where(lower.any(axis=0), LADDER[LADDER.size - 1 - np.argmax(lower[::-1], 0)], 1)
    return across, height, float(np.sum(np.log(widths)))

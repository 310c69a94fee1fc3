"""Where a model gives NaN inside its support, and whether that is where the mass lies.

A NaN is no density of 0: what lies there is not known, and numbers of the rest would be numbers of
another posterior. Where only places far outside the bulk overflow (inf - inf at forty SDs), nothing
that counts is lost, and a refusal would hurt. So it is decided by where: on the way from the mass
to a NaN the border is found, and the density on this side of it is held against the level of the
region of highest density with all but a share of the mass (`BEYOND`). Below that level the NaN lies
outside of the region, and holds less than the share unless the density rises where it has no value;
at or above, it lies in the region or next to it. Where the level is that of a grid or of draws,
the share is one of the posterior. Where only a mode is known it is that of a normal
(`normal_level`), and so is the share: beyond that level a posterior with heavier tails holds more,
of which the grid or the draws tell.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.special import chdtri

from laplace_approx.errors import Declined
from laplace_approx.words import places

# of the mass, outside of the region that may not touch a NaN: as much as a certified grid may leave
# outside; doubled, the border may lie 0.1 SD nearer to the mode of a normal
BEYOND = 1e-8
# of the way to a NaN: as often as a float can be halved; halved, a density that falls to 0 like a
# root at the border is refused
HALVINGS = 60
# frames from a place that is NaN: what is as narrow holds 0.4 times as much of a normal and less,
# which is below `BEYOND`; doubled, twice as much may be left out
NARROW = 1e-8
ULPS = 64  # of a coordinate, where these are more: as near as its digits leave room for
# of a hole, each looked along both ways; a smooth border of one has NaN on one side of each, and a
# wedge of NaN with 4 degrees about its tip is missed by half of as many in a plane
DIRECTIONS = 16
SEED = 0  # of these directions: any other serves as well
MOST = 64  # ways that are halved at once; doubled, twice the evaluations where there is a NaN
MOST_ASKED = 2**12  # places without density that are asked for a NaN; doubled, twice as many calls
CURE = (
    "Return -inf where the density is 0; where the formula has no value, narrow the SUPPORT of the "
    "model, or the support of the prior, to where it has one; and if there is a density, mend the "
    "formula: 0 * log(0), inf - inf and the log of a negative number are NaN"
)


class Border(NamedTuple):
    """A place `x` (d,) at which there is NaN, and the log density `value` right before it."""

    x: np.ndarray
    value: float


def normal_level(top: float, d: int) -> float:
    """Return the log density of a normal of d dimensions with its maximum at `top` on the border of
    the region of highest density with all but `BEYOND` of its mass: top - chi2_d(1 - BEYOND) / 2.

    Of another density that falls more slowly more lies below that level.
    """
    return top - 0.5 * float(chdtri(d, BEYOND))


def level_of(log_density, weight, beyond: float = BEYOND) -> float:
    """Return the lowest log density of the draws or nodes (n,) that are needed for all but `beyond`
    of the `weight` (n,), which sums to one, the highest first."""
    order = np.argsort(-log_density, kind="stable")
    held = np.cumsum(weight[order])
    last = min(int(np.searchsorted(held, held[-1] * (1 - beyond))), order.size - 1)
    return float(log_density[order[last]])


def alone(undefined: Callable, holes, frame):
    """Return which of the holes (n, d), which are NaN, lie alone, (n,): there are values on both
    sides of them in every direction that is tried, `NARROW` of the `frame` (d, d) away.

    A formula such as sin(t) / t lacks its value at a point, or on a line or a plane, of which no
    integral knows. Most of what is NaN on a stretch is found so along the first direction.
    """
    left = np.arange(len(holes))
    ways = np.random.default_rng(SEED).standard_normal((DIRECTIONS, holes.shape[1]))
    for way in ways / np.linalg.norm(ways, axis=1, keepdims=True):
        move = NARROW * (frame @ way)
        near = holes[left]
        step = np.copysign(np.maximum(np.abs(move), ULPS * np.spacing(np.abs(near))), move)
        left = left[~(undefined(near + step) | undefined(near - step))]
        if not left.size:
            break
    return np.isin(np.arange(len(holes)), left)


def border_next_to(density_at: Callable, undefined: Callable, origins, holes, levels):
    """Return the `Border` on the ways from `origins` to `holes` (n, d) each, where the density
    right before it is highest above the `levels` (n,) or (); None where it is below on all.

    `density_at` maps x (n, d) to the log density (n,), and `undefined` to whether it is NaN. A way
    that meets a density of 0 before the NaN says nothing of that.
    """
    near, far = np.array(origins, dtype=float), np.array(holes, dtype=float)
    value = density_at(near)
    for _ in range(HALVINGS):
        middle = 0.5 * near + 0.5 * far
        found = density_at(middle)
        inside = np.isfinite(found)
        value = np.where(inside, found, value)
        near = np.where(inside[:, None], middle, near)
        far = np.where(inside[:, None], far, middle)
        if not np.any(value >= levels):
            return None
    above = np.where(undefined(far) & np.isfinite(value), value - levels, -np.inf)
    best = int(np.argmax(above))
    return Border(far[best], float(value[best])) if above[best] >= 0 else None


def refusal(names, border: Border, top: float, seen: str) -> Declined:
    """Return the `Declined` for a NaN in the region of the mass; `seen` says how much of it."""
    return Declined(
        "model_contract_violation",
        f"the log likelihood is NaN at {places.point(names, border.x)}, in the region that holds "
        f"the mass or next to it: right beside it the log density is {border.value:.6g}, "
        f"{max(top - border.value, 0.0):.2g} below its highest. {seen}. {CURE}.",
        point=[float(value) for value in border.x],
    )

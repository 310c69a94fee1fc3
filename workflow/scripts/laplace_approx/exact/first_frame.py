"""The frame that the lattice of a parameter begins with, before anything is integrated.

Its first axis is that parameter by itself, and the others run along what a factor of the covariance
leaves of the other parameters, given the first.
"""

import math

import numpy as np

from laplace_approx.density.density import Density
from laplace_approx.exact.alignment import Alignment, conditional_widths
from laplace_approx.exact.axis import Axis
from laplace_approx.exact.bounds import STEP, Reach, axis_between, within_limit
from laplace_approx.exact.frame import Frame
from laplace_approx.exact.refined import MOST_CELLS
from laplace_approx.numerics.precision import lower_factor

# scales, by dimension, from which refinement begins; doubled, 0.7 to 1.02 times the evaluations of
# all, halved, 0.9 (a banana) to 1.9 (the bioassay)
FIRST_STEP = {1: 0.05, 2: 0.12, 3: 0.25}
# cells above which axes follow the modes' own widths; doubled, even axes may take twice the nodes
# before these are tried
ONE_SCALE = {1: 2**13, 2: 2**19, 3: 2**21}
# times the cells of such axes: more are not laid evenly for several parameters; doubled, even axes
# may take twice the nodes all the same
FEWER = 2
# of such an axis; doubled, quantiles of a narrow hump beside a wide one move by 1e-9, halved, by no
# more than rounding
HUMP_STEP = {1: 0.1, 2: 0.15, 3: 0.25}
# steps are at most this share of the narrowest known width of a mode; doubled, such humps take 1.4
# times the evaluations, halved, as many
PER_WIDTH = 0.5
# scales each way; doubled, 2.5 times the evaluations of the bioassay, halved, 0.8 to 1.3 of all,
# since lattices that end too early grow
REACH = 8.0


def first_frame(density: Density, transforms, alignment: Alignment, parameter: int) -> Frame:
    """Return the frame whose first axis is a parameter by itself, over a few scales each way of
    the modes, with nodes just near enough to judge its bounds."""
    d = len(transforms)
    shear = lower_factor(alignment.factor, first=parameter)
    w = np.linalg.solve(shear, (alignment.modes - alignment.centre).T).T
    step = np.full(d, STEP[d])
    if len(w) > 1:  # narrow modes, far apart
        widths = [conditional_widths(np.linalg.solve(shear, f)) for f in alignment.mode_factors]
        step = np.minimum(step, PER_WIDTH * np.min(widths, axis=0))
    low, high = np.minimum(w.min(axis=0), 0) - REACH, np.maximum(w.max(axis=0), 0) + REACH
    axes = tuple(axis_between(low[k], high[k], step[k]) for k in range(d))
    if len(w) > 1:
        humps = _of_humps(w, np.array(widths), low, high)
        even, close = (math.prod(axis.points for axis in each) for each in (axes, humps))
        stretched = any(axis.stretch for axis in axes)  # these lie close about their centre alone
        if stretched or even > ONE_SCALE[d] or (d > 1 and even > FEWER * close):
            axes = humps
    support = np.array([density.lower, density.upper], dtype=float)
    frame = Frame(tuple(density.names), transforms, alignment.centre, shear, axes, support)
    return within_limit(frame, MOST_CELLS)


def _of_humps(w, widths, low, high) -> tuple[Axis, ...]:
    """Return the axes, from `low` to `high` (d,), that lie close at each mode w (m, d), as wide as
    its `widths` (m, d)."""
    axes = []
    for k, step in enumerate(np.full(w.shape[1], HUMP_STEP[w.shape[1]])):
        centres = tuple((float(c), float(s)) for c, s in zip(w[:, k], widths[:, k], strict=True))
        axes.append(axis_between(low[k], high[k], float(step), centres))
    return tuple(axes)


def spaced_reach(reach: Reach, first: Frame, most: int, finer: int = 1) -> Reach:
    """Return the frame that was grown from `first` with the nodes that refinement begins with,
    closer by the factor `finer`."""
    steps = [min(axis.step, FIRST_STEP[len(first.axes)]) / finer for axis in first.axes]
    axes = (axis.spaced(step) for axis, step in zip(reach.frame.axes, steps, strict=True))
    return reach._replace(frame=within_limit(reach.frame._replace(axes=tuple(axes)), most))

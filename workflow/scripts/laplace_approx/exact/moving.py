"""What is tried for a parameter whose sheared lattice does not serve.

First a lattice that follows the ridge of the density (`following`), and where that takes too many
nodes, the marginal from the lattice of another parameter (`projected`). Both are held against the
sheared lattice, which knows nothing of a ridge: mass that it sees and the ridge does not hold, or
another evidence, is a fault.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from laplace_approx.density.transforms import Identity
from laplace_approx.exact.bounds import Reach, within_limit
from laplace_approx.exact.budget import Budget
from laplace_approx.exact.ends import NEGLIGIBLE_MASS
from laplace_approx.exact.following import moving_reach
from laplace_approx.exact.frame import Frame
from laplace_approx.exact.lattice import Lattice, evaluate
from laplace_approx.exact.parameter_lattice import ParameterLattice
from laplace_approx.exact.projected import CELLS, projected
from laplace_approx.exact.refined import doubled, lattice_of_parameter
from laplace_approx.exact.spacing import NEGLIGIBLE

# e to this power is nearly the largest floating-point number, which is e^709; halved, a cliff
# e^-300 from an end of the support passes for the end of the digits
LAST_DIGITS = 600.0
# SDs of the conditional density; doubled, 0.8 to 1.0 times the evaluations, halved, 0.8 to 1.1,
# with up to four times the cells of the lattice of all parameters
FIRST_STEP = {2: 0.12, 3: 0.25}
# of a lattice that follows a ridge; doubled, one that never resolves its density takes twice the
# evaluations to say so
MOST_CELLS = {2: 2**19, 3: 2**22}
# cells of a sheared lattice where there is no better one; doubled, twice the evaluations of this
# look, and mass off the ridge is seen where it is half as wide
GLIMPSE = 2**16
# cells above which a ridge is looked for though the sheared lattice serves; doubled, 0.8 times the
# evaluations of a normal of unknown scale, halved, 1.3 of the bioassay
BENT = {2: 2**15}
# of the mass of a sheared lattice: the most that may lie off the ridge's lattice; doubled, twice as
# much may be left out of all numbers
LEFT_OUT = 1e-6
# of the highest node: nodes with less are not looked at; doubled, a million of them hold 2e-4 of
# the highest one instead of 1e-4
FAINT = 1e-10
ENDS = ("lower", "upper")
# in log evidence: the most that two lattices may differ by; halved or doubled, nothing changes
APART = 0.05
# or so many times what is said of the sheared one, which is a guess where it is large; halved or
# doubled, nothing changes
TIMES = 30.0


class Found(NamedTuple):
    """The lattice of a parameter, None where there is none, and why not, in sentences."""

    own: ParameterLattice | None
    faults: list[str]

    @property
    def serves(self) -> bool:
        """Whether there is a lattice whose spacing costs next to nothing."""
        own = self.own
        return own is not None and not own.faults and self.cost < NEGLIGIBLE

    @property
    def cost(self) -> float:
        """What the spacing costs the worst number."""
        return math.inf if self.own is None else max(self.own.evidence_change, self.own.change)


def along_ridges(
    frames: list[Frame], log_density: Callable, straight: list[Found], budget: Budget
) -> list[Found]:
    """Return what is found for every parameter whose sheared lattice does not serve: by a lattice
    along its own ridge, or as a marginal of that of another parameter."""
    pairs = list(enumerate(zip(frames, straight, strict=True)))
    along = []
    for i, (frame, each) in pairs:
        most = budget.cells(MOST_CELLS[len(frames)], 2 * (len(frames) - i))
        along.append(_for_lines(_followed(frame, log_density, i, each, most), log_density, each))
    sources = [each.own for each in along if each.serves]
    if not sources:
        return [_best(*pair) for pair in zip(straight, along, strict=True)]
    source = min(sources, key=lambda own: own.lattice.log_density.size)
    found = []
    for i, (frame, each) in pairs:
        if each.serves or along[i].serves:
            found.append(_best(each, along[i]))
            continue
        own = projected(source, log_density, i, budget.cells(CELLS, len(frames) - i))
        other = _held(own, source.lattice.frame, _seen(frame, log_density, each), each)
        found.append(_best(each, along[i], other))
    return found


def thinner(
    frames: list[Frame], log_density: Callable, straight: list[Found], budget: Budget
) -> list[Found]:
    """Return what is found for parameters whose sheared lattices serve, but with so many nodes that
    the density may be bent: a lattice along the ridge where that serves with far fewer."""
    found = []
    for i, (frame, each) in enumerate(zip(frames, straight, strict=True)):
        cells = each.own.lattice.log_density.size
        if cells > BENT.get(len(frames), math.inf):
            along = _followed(frame, log_density, i, each, budget.cells(cells, 2))
            finer = _for_lines(along, log_density, each)
            each = each if finer is along else finer
        found.append(each)
    return found


def _for_lines(along: Found, log_density: Callable, straight: Found) -> Found:
    """Return a lattice along a ridge with its nodes doubled, so that half of them serve whoever
    sums over lines of them, where the sheared lattice takes as many nodes as that: the same where
    it does not, or does not serve."""
    if not along.serves or straight.own is None or along.own.lattice.log_density.ndim not in BENT:
        return along
    cells = straight.own.lattice.log_density.size
    if along.own.lattice.log_density.size * 2**along.own.lattice.log_density.ndim > cells:
        return along
    own = doubled(along.own, log_density)
    return along if own is None else Found(own, [])


def _followed(
    frame: Frame, log_density: Callable, parameter: int, straight: Found, most: int
) -> Found:
    """Return what the lattice that follows the ridge gives."""
    reach, d = moving_reach(frame, log_density, parameter), len(frame.axes)
    if reach is None or lost_ends(reach, parameter):
        return Found(None, straight.faults)
    steps = [min(axis.step, FIRST_STEP[d]) for axis in reach.frame.axes]
    axes = (axis.spaced(step) for axis, step in zip(reach.frame.axes, steps, strict=True))
    spaced = within_limit(reach.frame._replace(axes=tuple(axes)), most)
    own = lattice_of_parameter(reach._replace(frame=spaced), log_density, parameter, most)
    if own is None:
        return Found(None, straight.faults)
    return _held(own, own.lattice.frame, _seen(frame, log_density, straight), straight)


def _best(*found: Found) -> Found:
    """Return that of the least cost, of those without faults if there are any."""
    return min(found, key=lambda each: (bool(each.own and each.own.faults), each.cost))


def _seen(frame: Frame, log_density: Callable, straight: Found) -> Lattice:
    """Return a lattice of straight axes, to hold another one against."""
    if straight.own is not None:
        return straight.own.lattice
    return evaluate(within_limit(frame, GLIMPSE), log_density)


def _held(own: ParameterLattice | None, frame: Frame, seen: Lattice, straight: Found) -> Found:
    """Return the lattice of a parameter, whose nodes are those of a frame or come from these, with
    its faults when it is held against a sheared lattice."""
    if own is None:
        return Found(None, straight.faults)
    faults, name = list(own.faults), frame.names[own.parameter]
    left_out = _left_out(seen, frame)
    if not left_out < LEFT_OUT:
        faults.append(
            f"the lattice along the ridge of {name} leaves out {left_out:.1e} of the mass"
        )
    if straight.own is not None:
        apart = abs(own.numbers.log_evidence - straight.own.numbers.log_evidence)
        if not apart <= max(APART, TIMES * straight.own.evidence_change):
            faults.append(
                f"two lattices of {name}, one of straight axes and one along the ridge, differ by "
                f"{apart:.1e} in log evidence"
            )
    return Found(own._replace(faults=faults), [])


def _left_out(seen: Lattice, frame: Frame) -> float:
    """Return the share of the mass of a lattice that lies beyond the axes of a frame."""
    p, _ = seen.relative()
    total, outside = float(np.sum(p)), 0.0
    lower, upper = (np.array([getattr(axis, end) for axis in frame.axes]) for end in ENDS)
    if not total > 0:
        return 0.0
    for rows, theta in seen.frame.blocks():
        kept = p[rows] > FAINT
        with np.errstate(all="ignore"):
            u = frame.locate(theta[kept])
        beyond = ~np.all((u >= lower) & (u <= upper), axis=-1)
        outside += float(np.sum(p[rows][kept][beyond]))
    return outside / total


def lost_ends(reach: Reach, parameter: int) -> list[str]:
    """Return a sentence for every end at which the density does not fall, so that there is no
    telling what lies beyond: then there are no numbers."""
    frame, name = reach.frame, reach.frame.names[parameter]
    lost = []
    for k, pair in enumerate(reach.ends):
        axis = name if k == 0 else f"the other parameters, given {name}"
        ends = (frame.axes[k].lower, frame.axes[k].upper)
        for end, u, way in zip(pair, ends, ("downward", "upward"), strict=True):
            if end.holds(NEGLIGIBLE_MASS, NEGLIGIBLE_MASS) and end.tail.mass is None:
                what = f"does not decay ({end.tail.reason})"
            elif end.cliff and _out_of_digits(frame, k, u):
                what = "has not decayed where floating-point numbers end"
            else:
                continue
            lost.append(f"improper, or too heavy a tail: along {axis}, {way}, the density {what}")
    return lost


def _out_of_digits(frame: Frame, k: int, u: float) -> bool:
    """Whether the place u on axis k carries a transformed parameter to where its distance from
    the bound is no longer a number."""
    z = frame.origin + frame.shear[:, k] * frame.axes[k].stretched(u)
    transformed = [not isinstance(t, Identity) for t in frame.transforms]
    return bool(np.any(np.abs(z[transformed]) > LAST_DIGITS))

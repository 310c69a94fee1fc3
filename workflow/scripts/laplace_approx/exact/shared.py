"""The lattice of all parameters: which one it is, and how far it is off.

The numbers of each parameter come from a lattice of its own. Derived quantities and joint measures
need one for all: one of these, with as few nodes as the sums over it allow. It is held against
each parameter's own lattice by the evidence and by the CDF of the parameter at several quantiles,
each step of the CDF smoothed into that of a normal, E Phi((q - theta) / s): of such a smooth
function the trapezoid rule is as exact as of the density itself, so that what is seen is the
spacing and not the step.
"""

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from laplace_approx.exact.axis import LEAST_POINTS, along_axis, trapezoid_weights
from laplace_approx.exact.frame import Frame
from laplace_approx.exact.lattice import Lattice
from laplace_approx.exact.marginal_lines import MarginalLines
from laplace_approx.exact.parameter_lattice import ParameterLattice
from laplace_approx.exact.spacing import PROBES, owed
from laplace_approx.words.numbers import or_nan, or_none

# of the lattice of all parameters, in scales; doubled, it has a quarter to two thirds of the cells,
# halved, 1.2 to 2 times as many, with the same evaluations
WIDEST_STEP = {1: 0.05, 2: 0.13, 3: 0.26}
# of that lattice, where they are enough; halved or doubled, nothing changes below three parameters
MAIN_CELLS = 2**20
# of a probability and of the log evidence: the most that half of the nodes are off by; doubled,
# nothing changes, halved, a normal of unknown scale has 1.3 times the cells
STILL = 3e-7
# or so many times what the lattices of the parameters may be off by themselves; halved or doubled,
# nothing changes
TIMES = 2.0
# last digits of a number that two quantiles are apart, at the least; halved, a step between them is
# one of eight neighbouring numbers
FEW_DIGITS = 16
# of the highest node: nodes with less move no probability; doubled, a million of them move one by
# less than 2e-10, far below `STILL`
FAINT = 1e-16
# of a probability: a lattice that is off by more serves no sum; doubled, derived quantities may be
# stated with errors of 2 % in probability
UNRESOLVED = 0.01
MEANING = (
    "how far the lattice of all parameters, which derived quantities and joint measures are summed "
    "over, is from the lattices of the single parameters, and what these may be off by: of the log "
    "evidence, and of a probability (the largest over the parameters, at the quantiles 0.005 to "
    "0.995, by steps that are smoothed or line by line, as nodes resolve the one or the other), "
    "and in nats, of the mean of the log density, since of few waves the logarithm has many"
)


class Errors(NamedTuple):
    """What a lattice is off by, in log evidence and in probability; and, in nats, in the mean of
    the log density, which decides of no sum but that."""

    log_evidence: float
    probability: float
    entropy: float = math.nan

    @property
    def worst(self) -> float:
        return float(np.max([self.log_evidence, self.probability]))  # NaN where one is

    def record(self) -> dict:
        """Return the errors for grid.json, None where one is no number."""
        return {
            **{key: or_none(x) for key, x in self._asdict().items()},
            "means": MEANING,
        }


class Shared(NamedTuple):
    """The lattice of all parameters, and what it is off by."""

    lattice: Lattice
    errors: Errors


class _Steps(NamedTuple):
    """The smoothed CDF of a parameter on its own lattice: E Phi((q - theta) / s) is `value` at the
    places q = `places`, s = `widths`, which are its quantiles at `probabilities`; and `error` is
    what it may be off by."""

    parameter: int
    probabilities: np.ndarray
    places: np.ndarray
    widths: np.ndarray
    value: np.ndarray
    error: float


def shared_lattice(own: list[ParameterLattice]) -> Shared:
    """Return the lattice of all parameters: of the single parameters' lattices, thinned axis by
    axis, the smallest of which half of the nodes would do.

    Those who sum over it take what leaving out every other node changes for its error, which says
    something only where these still resolve the density. Where no lattice is so fine, it is the
    one whose half is off by least.
    """
    steps = [_steps(each) for each in own]
    evidence = [each.numbers.log_evidence for each in own]
    whole = [each.lattice for each in own if each.lattice.log_density.ndim == len(own)]
    stages = (stage for lattice in whole for stage in stages_of(lattice))
    best, least = None, math.inf
    for lattice in sorted(stages, key=lambda lattice: lattice.log_density.size):
        of_half = _errors(lattice.odd().thin(), steps, evidence).worst
        if best is None or of_half < least:
            best, least = lattice, of_half
        if of_half <= max(STILL, TIMES * sum(each.error for each in steps)):
            break
    best = best._replace(log_density=np.ascontiguousarray(best.log_density))
    return Shared(best, _errors(best, steps, evidence)._replace(entropy=_entropy_off(best, whole)))


def missed(record: dict) -> float:
    """Return the share of the mass that sums over the lattice of a grid may be off by, from the
    grid's record: NaN where it is so large that such a sum says nothing."""
    errors = record["lattice_error"]
    if errors is None:  # there is but one lattice, and its errors are those of the grid
        return 0.0
    known = (errors["log_evidence"], errors["probability"])
    shares = [math.inf if each is None else each for each in known]
    return max(shares) if max(shares) <= UNRESOLVED else math.nan


def entropy_missed(record: dict) -> float:
    """Return what the mean of the log density over the lattice of a grid may be off by, in nats:
    NaN where that is not known."""
    errors = record["lattice_error"]
    return 0.0 if errors is None else or_nan(errors["entropy"])


def unresolved(errors: Errors) -> list[str]:
    """Return a sentence where the lattice of all parameters resolves too little."""
    if errors.worst <= UNRESOLVED:
        return []
    return [
        "too coarse for all parameters at once: the lattice of derived quantities and joint "
        f"measures is off by {errors.probability:.1e} in probability and {errors.log_evidence:.1e} "
        f"in log evidence (at most {UNRESOLVED:g}), so there are none"
    ]


def stages_of(lattice: Lattice) -> Iterator[Lattice]:
    """Yield a lattice and what is left of it as its axes are thinned, the closest nodes first, as
    far as their spacing allows. A short axis, on which little of the alignment's scale holds all
    the mass, keeps its nodes."""
    frame, log_density = lattice
    axes, widest = list(frame.axes), WIDEST_STEP[log_density.ndim]
    while True:
        yield Lattice(frame._replace(axes=tuple(axes)), log_density)
        long = [k for k, axis in enumerate(axes) if axis.points >= 2 * LEAST_POINTS - 1]
        k = min(long, key=lambda k: axes[k].step, default=None)
        if k is None or (2 * axes[k].step > widest and log_density.size <= MAIN_CELLS):
            return
        axes[k] = axes[k].thin()
        log_density = log_density[(slice(None),) * k + (slice(None, None, 2),)]


def _errors(lattice: Lattice, steps: list[_Steps], evidence: list[float]) -> Errors:
    """Return what a lattice is off by, against the numbers of the parameters' own lattices."""
    p, shift = lattice.relative()
    p = _weighed(lattice.frame, p)
    total = float(p.sum())
    if not total > 0:
        return Errors(math.inf, math.inf)
    apart = [abs(shift + math.log(total) - each) for each in evidence]
    sums = _smoothed(lattice.frame, p / total, steps)
    off = []
    for found, each in zip(sums, steps, strict=True):
        apart_here = float(np.max(np.abs(found - each.value), initial=0.0))
        if apart_here > STILL:
            apart_here = min(apart_here, _off_line_by_line(lattice, each))
        off.append(apart_here + each.error)
    return Errors(max(apart), max(off))


def _entropy_off(lattice: Lattice, whole: list[Lattice]) -> float:
    """Return what the mean of the log density over a lattice is off the means over whole ones, the
    most.

    A density (1 + a cos w x) exp(-x^2 / 2) has one wave, and its logarithm all multiples of it:
    nodes that are close enough for the one need not be so for the other. Nor need leaving out half
    of the nodes tell, since both halves, and the whole, have the same multiples of their own wave.
    """
    mean = _mean_log_density(lattice)
    return float(np.max([abs(mean - _mean_log_density(each)) for each in whole]))


def _mean_log_density(lattice: Lattice) -> float:
    p, _ = lattice.relative()
    p = _weighed(lattice.frame, p)
    held = p > 0
    return float(np.sum(p[held] * lattice.log_density[held]) / p.sum())


def _off_line_by_line(lattice: Lattice, step: _Steps) -> float:
    """Return what the CDF of a parameter is off by when the lines along which it runs are each
    integrated up to a quantile: where these are far longer in some places than in others, it is
    the smoothed step that their nodes cannot resolve, and not the density."""
    transform = lattice.frame.transforms[step.parameter]
    z = transform.unconstrain(step.places)
    found = MarginalLines(lattice, step.parameter).cdf(z)
    return float(np.max(np.abs(found - step.probabilities), initial=0.0))


def _weighed(frame: Frame, p):
    """Return p times the trapezoid weight of every node."""
    for k, axis in enumerate(frame.axes):
        p = p * along_axis(trapezoid_weights(axis), k, p.ndim)
    return p


def _smoothed(frame: Frame, mass, steps: list[_Steps]):
    """Return the smoothed CDF of every parameter at its places under the masses of the nodes."""
    sums = []
    for each in steps:
        theta = frame.spread(each.parameter)
        still = tuple(k for k in range(mass.ndim) if theta.shape[k] == 1)
        summed = mass.sum(axis=still, keepdims=True)
        kept = summed > FAINT * np.max(summed)
        theta = np.broadcast_to(theta, summed.shape)[kept]
        sums.append(_sum(summed[kept], theta, each.places, each.widths))
    return sums


def _sum(mass, theta, places, widths):
    from scipy.special import ndtr

    with np.errstate(invalid="ignore"):
        # a sum and no product of vectors, whose last digits depend on the threads of the library
        steps = (ndtr((q - theta) / s) for q, s in zip(places, widths, strict=True))
        return np.array([np.sum(mass * step) for step in steps])


def _steps(own: ParameterLattice) -> _Steps:
    """Return the smoothed CDF of a parameter on its own lattice, as wide at each quantile as the
    nearest other one is far away; what it is off by shows where nodes are left out."""
    places = own.numbers.probed
    gaps = np.maximum(np.diff(places), np.finfo(float).tiny)
    widths = np.minimum(np.append(gaps, np.inf), np.insert(gaps, 0, np.inf))
    seen = widths > FEW_DIGITS * np.spacing(np.abs(places))  # next to an end all are one number
    places, widths = places[seen], widths[seen]
    density = own.numbers.density

    def smoothed(every: int):
        kept = np.flatnonzero(density[::every] > 0)
        mass, values = density[::every][kept], own.values[::every][kept]
        return _sum(mass / mass.sum(), values, places, widths)

    value, *thinner = (smoothed(every) for every in (1, 2, 4, 8))
    changes = [np.abs(value - each) for each in thinner]
    owes = owed(changes[0], changes[1:2], changes[2:3])
    error = min(float(np.max(owes, initial=0.0)) + own.evidence_change, 1.0)
    return _Steps(own.parameter, np.array(PROBES)[seen], places, widths, value, error)

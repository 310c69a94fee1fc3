"""The lattice of one parameter: refined until the numbers that it gives stand still."""

import math
from collections.abc import Callable

from laplace_approx.exact.bounds import Reach, sharper
from laplace_approx.exact.parameter_lattice import ParameterLattice
from laplace_approx.exact.spacing import NEGLIGIBLE
from laplace_approx.exact.trial import SMALL, LatticeTrial

# 64 MiB of log densities and densities; doubled, twice that, and a density that no lattice resolves
# takes twice the time to say so
MOST_CELLS = 2**22
# of an axis; doubled, a density of one parameter that is never resolved takes twice the evaluations
MOST_POINTS = 2**16
# doublings for the sake of what can be stated; halved or doubled, nothing changes: they are for
# densities with jumps
TOLD = 2
# points from which an axis may be sharpened instead of doubled; doubled, 0.8 (a funnel) to 1.06
# times the evaluations, halved, 0.6 (a normal of unknown scale) to 1.2
SHARPEN_FROM = 257
# times that the bounds grow after the nodes became finer; doubled, a Student t takes 1.1 times the
# evaluations, halved, 0.95, and a banana 0.75
REGROWN = 4
# refinements in a row that change nothing for the better, after which they end; doubled, nothing
# changes, halved, a banana takes 0.93 times the evaluations
IDLE = 3


def lattice_of_parameter(
    reach: Reach, log_density: Callable, parameter: int, most: int = MOST_CELLS
) -> ParameterLattice | None:
    """Return the refined lattice of a parameter, of `most` cells, which varies along axis 0 of the
    frame alone; None where no lattice tells how wide the density is.

    The points of an axis double while doubling them can still be expected to move a number (or
    the axis is sharpened, where that serves better); what they take is known before they are
    laid, and the limits are `most` and `MOST_POINTS`. Where the finer lattice shows mass at
    an end that the coarse one did not, the bounds grow once more.
    """
    trial, regrown, idle = LatticeTrial(reach, log_density, parameter), 0, 0
    best = trial
    while True:
        if regrown < REGROWN and trial.must_grow:
            regrown += 1
            best = trial = trial.grown()
            continue
        candidates = _refinements(trial, most) if trial.excess > 1 and idle < IDLE else []
        if not candidates:
            return _told(best, most).result() if best.resolved and trial.resolved else None
        trials = [LatticeTrial(candidate, log_density, parameter) for candidate in candidates]
        trial = min(trials, key=lambda candidate: candidate.excess)
        idle = 0 if trial.excess < best.excess / 2 else idle + 1
        best = min(best, trial, key=lambda candidate: candidate.excess)


def _told(trial: LatticeTrial, most: int) -> LatticeTrial:
    """Return a lattice whose nodes tell that they are enough: all axes are doubled while what can
    be stated of the spacing, which goes by more than one doubling, is more than a certified grid
    may owe, and that helps."""
    for _ in range(TOLD):
        axes = tuple(axis._replace(points=2 * axis.points - 1) for axis in trial.frame.axes)
        finer = trial.frame._replace(axes=axes)
        large = math.prod(finer.shape) > most or max(finer.shape) > MOST_POINTS
        if large or not trial.stated > NEGLIGIBLE:
            break
        other = LatticeTrial(Reach(finer, trial.reach.ends), trial.log_density, trial.parameter)
        if not (other.resolved and other.stated < trial.stated):
            break
        trial = other
    return trial


def doubled(own: ParameterLattice, log_density: Callable) -> ParameterLattice | None:
    """Return the lattice of a parameter with the nodes of all axes at half their distances; None
    where it tells no width."""
    frame = own.lattice.frame
    axes = tuple(axis._replace(points=2 * axis.points - 1) for axis in frame.axes)
    trial = LatticeTrial(Reach(frame._replace(axes=axes), own.ends), log_density, own.parameter)
    if not trial.resolved:
        return None
    found = trial.result()
    return found._replace(faults=list(dict.fromkeys([*own.faults, *found.faults])))


def _refinements(trial: LatticeTrial, most: int) -> list[Reach]:
    """Return the frames worth trying, within the limit of cells: with the worst axis doubled (all
    that move a number, while the lattice is small), and with the worst axis sharpened."""
    frame, axes = trial.frame, list(trial.frame.axes)
    worst = max(range(len(axes)), key=lambda k: trial.excesses[k])
    for k in range(len(axes)):
        if k == worst or (trial.excesses[k] > 1 and math.prod(frame.shape) < SMALL):
            axes[k] = axes[k]._replace(points=2 * axes[k].points - 1)
    found = [frame._replace(axes=tuple(axes))]
    if frame.axes[worst].points >= SHARPEN_FROM:
        found.append(sharper(frame, worst))
    found = [
        finer
        for finer in found
        if math.prod(finer.shape) <= most and max(finer.shape) <= MOST_POINTS
    ]
    return [Reach(finer, trial.reach.ends) for finer in found]


def changes_by(reach: Reach, log_density: Callable, others: list[Callable]) -> list:
    """Return what each of the `others` changes in the numbers of one parameter, given its log
    density by all nodes and by fewer: log evidence, quantiles, mean and SD (these in half the
    central 68.3 % interval) and skewness, (5,)."""
    whole = LatticeTrial(reach, log_density, 0)
    return [whole.moved_from(LatticeTrial(reach, other, 0)) for other in others]
